"""kill -9 of web, worker, scheduler at any moment: no accepted signature is lost, none doubled.

Real processes, real HTTP, a book of every answer, and an oracle at the end (reliability.md 3.3).
"""

from __future__ import annotations

import random
import re
import time
import urllib.request
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from app.core.db import Database, connect
from app.delivery.models import DispatchState, Lane
from tests.faults.ledger import Ledger, Maildir
from tests.faults.oracle import Oracle, is_drained
from tests.faults.run import a_server, open_campaign, run_faults
from tests.faults.service import HAS_PROC, KINDS, Service, wait_for
from tests.faults.sink import Sink, a_slow_sink

pytestmark = pytest.mark.skipif(not HAS_PROC, reason="finds its processes in /proc")

PAGE = re.compile(r'href="(/en/campaigns/([a-z0-9]{5})/janbolat-mamai)"')
DRAINED_WITHIN = 300.0
BACK_WITHIN = 90.0


def find_page(service: Service) -> tuple[str, str]:
    with urllib.request.urlopen(f"{service.base}/en/campaigns", timeout=20) as answer:
        found = PAGE.search(answer.read().decode())
    assert found is not None
    return found[1], found[2]


def kill_all_kinds(service: Service, ledger: Ledger, times: int, chance: random.Random) -> None:
    """Kill each kind so often, mostly when something has just been asked of it."""
    # In turns of random order: while one kind comes back, another is killed.
    for kind in [kind for _ in range(times) for kind in chance.sample(KINDS, len(KINDS))]:
        wait_for(lambda kind=kind: service.is_working(kind), BACK_WITHIN, f"{kind} again")
        ledger.stirred.clear()
        ledger.stirred.wait(1.0)
        time.sleep(chance.uniform(0.0, 0.25 if kind == "worker" else 0.05))
        wait_for(lambda kind=kind: service.kill(kind, chance), BACK_WITHIN, kind, pause=0.02)


def run_kills(
    service: Service, url: str, times: int, seed: int, report: Callable[..., None]
) -> None:
    chance = random.Random(seed)
    service.settings["OUTCRY_DATABASE_URL"] = url
    service.start("--demo")
    page, reference = find_page(service)
    mails = Maildir(service.var / "mail")
    ledger = Ledger(lambda: service.base, page, mails, seed)
    ledger.open()
    time.sleep(0.5)
    kill_all_kinds(service, ledger, times, chance)
    for kind in KINDS:
        wait_for(lambda kind=kind: service.is_working(kind), BACK_WITHIN, f"{kind} at the end")
    database = connect(url)
    try:
        close(ledger, database)
        # The last thank-you is written between two rounds of the worker.
        time.sleep(1.5)
        wait_for(lambda: is_drained(database), DRAINED_WITHIN, "empty outbox")
        report(service, ledger, seed)
        service.stop()
        oracle = Oracle.of(database, service.var, ledger, mails(), reference)
        oracle.require_everything()
        oracle.require_notices_once()
    finally:
        database.dispose()
    assert all(service.kills[kind] == times for kind in KINDS)
    assert len(ledger.confirmed) == len(ledger.signed) > times


def close(ledger: Ledger, database: Database) -> None:
    """Let in nobody new, let everybody confirm, and everything leave."""
    ledger.stop()
    wait_for(lambda: is_drained(database) and ledger.is_done, DRAINED_WITHIN, "end", pause=0.5)
    wait_for(lambda: is_drained(database), DRAINED_WITHIN, "empty outbox")


@pytest.fixture
def report(record_property: Callable[[str, object], None]) -> Callable[..., None]:
    def write(service: Service, ledger: Ledger, seed: int) -> None:
        record_property("seed", seed)
        record_property("kills", dict(service.kills))
        record_property("answers", dict(ledger.answers))
        print(  # noqa: T201 - shown with -s, or when it failed
            f"\nseed {seed}: kills {dict(service.kills)}, {len(ledger.signed)} signed,"
            f" {len(ledger.confirmed)} confirmed, answers {dict(ledger.answers)}"
        )

    return write


@pytest.mark.timeout(600)
def test_a_few_kills_lose_nothing(
    service: Service, tmp_path: Path, report: Callable[..., None]
) -> None:
    run_kills(service, f"sqlite:///{tmp_path}/var/outcry.db", 2, random.randrange(10_000), report)


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_two_hundred_kills_beside_a_rude_relay_break_no_promise(
    service: Service, tmp_path: Path, engine: str
) -> None:
    """Fifty of each kind and of the database's own processes, and workers at every named step."""
    with ExitStack() as stack:
        url, server = f"sqlite:///{tmp_path}/var/outcry.db", None
        if engine == "postgresql":
            folder = Path(stack.enter_context(TemporaryDirectory(prefix="outcry-faults-")))
            folder.chmod(0o755)  # the server runs as another user where the tests run as root
            plain, server = stack.enter_context(a_server(folder))
            url = plain.replace("postgresql://", "postgresql+psycopg://", 1)
        stack.callback(service.sweep)
        seed = random.randrange(10_000)
        report = run_faults(
            service, url, kills=200, each=50, seconds=1200, seed=seed, server=server
        )
    assert sum(report.kills.values()) >= 200
    kinds = (*KINDS, *(("database",) if server else ()))
    assert {kind: report.kills[kind] >= 50 for kind in kinds} == dict.fromkeys(kinds, True)
    assert report.extra_copies == 0


@pytest.mark.long
@pytest.mark.timeout(1200)
def test_kills_beside_a_relay_double_no_more_than_the_window(
    service: Service, tmp_path: Path, report: Callable[..., None]
) -> None:
    """Nobody can ask this relay what it took: one second copy is risked, then a person decides."""
    seed = random.randrange(10_000)
    chance = random.Random(seed)
    url = f"sqlite:///{tmp_path}/var/outcry.db"
    page, reference = open_campaign(url, service.var)
    with a_slow_sink(pause=0.03) as sink:
        service.settings |= {
            "OUTCRY_DATABASE_URL": url,
            "OUTCRY_MAIL_URL": f"smtp://127.0.0.1:{sink.port}",
            "OUTCRY_DEMO": "0",
        }
        service.start()
        ledger = Ledger(lambda: service.base, page, sink, seed)
        ledger.open(a_second=3.0)
        in_window = kill_senders(service, sink, 20, chance)
        database = connect(url)
        try:
            close(ledger, database)
            report(service, ledger, seed)
            service.stop()
            oracle = Oracle.of(database, service.var, ledger, sink(), reference)
            oracle.require_sound_database()
            oracle.require_nothing_lost()
            oracle.require_sums(ends=(DispatchState.SENT, DispatchState.HELD))
            oracle.require_sent_or_held()
            extra = oracle.extra_copies()
        finally:
            database.dispose()
    assert ledger.surprises == []
    # A worker that is killed may have a body on its way in each of its lanes.
    assert len(extra) <= len(Lane) * service.kills["worker"]
    print(f"{len(extra)} extra copies, {in_window} kills inside the window")  # noqa: T201 - as above
    assert not list((service.var / "mail").glob("new/*")), "what leaves does not stay here"


def kill_senders(service: Service, sink: Sink, times: int, chance: random.Random) -> int:
    """Kill the worker again and again while a body is on its way; return how often it was."""
    inside = 0
    for _ in range(times):
        wait_for(lambda: service.is_working("worker"), BACK_WITHIN, "worker again")
        sink.in_window.wait(5.0)
        time.sleep(chance.choice((0.0, 0.0, chance.uniform(0.0, 0.06))))
        inside += sink.in_window.is_set()
        wait_for(lambda: service.kill("worker", chance), BACK_WITHIN, "worker", pause=0.02)
    return inside
