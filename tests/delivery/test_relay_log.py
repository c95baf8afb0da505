"""What the log of a Postfix proves, and what it does not: asked of a real one, and of odd files."""

from __future__ import annotations

import os
import smtplib
import time
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app.core.db import Database, unit_of_work
from app.core.tokens import Keys
from app.delivery.actions import open_gate
from app.delivery.channels.base import HandOver
from app.delivery.channels.relay_log import RelayLog
from app.delivery.channels.smtp import Relay, RelayAddress
from app.delivery.models import DispatchState, Gate
from tests.delivery.outbox import Clock, Killed, Outbox, a_sink, killing
from tests.delivery.postfix import Postfix, a_postfix, missing
from tests.faults.service import wait_for

DAY = timedelta(days=1)
NOW = datetime(2026, 5, 12, 12, 0, tzinfo=UTC)
ID = "<one@act.example.org>"
QUEUE_ID = "4jYwzX0nhszK5XK"
JUST_NOW = HandOver(NOW - timedelta(minutes=2), NOW - timedelta(minutes=1))


def line(said: str, at: datetime = NOW - timedelta(minutes=2), program: str = "cleanup") -> str:
    stamp = at.strftime("%b %e %H:%M:%S")
    return f"{stamp} relay postfix/{program}[10415]: {QUEUE_ID}: {said}\n"


OLD = line("removed", NOW - timedelta(hours=3), "qmgr").replace(QUEUE_ID, "4jYwzX0nhszK111")
ARRIVES = line(f"message-id={ID}")
ACTIVE = line("from=<a@act.example.org>, size=308, nrcpt=1 (queue active)", program="qmgr")


_opened: list[RelayLog] = []


@pytest.fixture(autouse=True)
def _close() -> Iterator[None]:
    yield
    while _opened:
        _opened.pop().close()


def kept(book: RelayLog) -> RelayLog:
    _opened.append(book)
    return book


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "postfix.log"


def book(path: Path, listed: str = "", **options: object) -> RelayLog:
    listing = path.with_name("queue")
    listing.write_text(listed)
    return kept(
        RelayLog(
            path,
            **{
                "grace": timedelta(seconds=20),
                "queue": ("cat", str(listing)),
                "clock": Clock(NOW),
                **options,
            },
        )
    )


@pytest.mark.parametrize(
    "proof",
    [
        ACTIVE,
        line("to=<b@x.example>, relay=y, dsn=2.0.0, status=sent (250 ok)", program="smtp"),
        line("to=<b@x.example>, relay=none, dsn=4.4.1, status=deferred (x)", program="smtp"),
        line("removed", program="qmgr"),
    ],
)
def test_what_shows_in_the_queue_was_taken(path: Path, proof: str) -> None:
    path.write_text(OLD + ARRIVES + proof)
    assert book(path).has(ID, JUST_NOW) is True


def test_an_id_alone_was_not_taken_unless_the_queue_lists_it(path: Path) -> None:
    """Postfix names the id while the body arrives, and drops it when the line breaks."""
    path.write_text(OLD + ARRIVES)
    assert book(path).has(ID, JUST_NOW) is False
    listed = f'{{"queue_name": "incoming", "queue_id": "{QUEUE_ID}"}}\n'
    assert book(path, listed).has(ID, JUST_NOW) is True
    assert book(path, f"{QUEUE_ID}*  308 Tue May 12 a@b\n").has(ID, JUST_NOW) is True
    assert book(path, "not json {\n{").has(ID, JUST_NOW) is False
    assert book(path, queue=("false",)).has(ID, JUST_NOW) is None
    assert book(path, queue=()).has(ID, JUST_NOW) is None


def test_no_is_said_only_after_the_grace_and_only_where_the_log_reaches_back(path: Path) -> None:
    path.write_text(OLD)
    assert book(path).has(ID, JUST_NOW) is False
    assert book(path).has(ID, HandOver(NOW, NOW - timedelta(seconds=19))) is None
    assert book(path).has(ID, HandOver(NOW - timedelta(hours=4), JUST_NOW.latest)) is None
    path.write_text("")
    assert book(path).has(ID, JUST_NOW) is None
    path.unlink()
    assert book(path).has(ID, JUST_NOW) is None
    path.mkdir()
    assert book(path).has(ID, JUST_NOW) is None


def test_it_reads_on_and_follows_a_rotation(path: Path) -> None:
    path.write_text(OLD)
    reading = book(path)
    assert reading.has(ID, JUST_NOW) is False
    with path.open("a") as log:
        log.write(ARRIVES)
        log.flush()
        # The end comes after the rename, into the file that is still open.
        path.rename(path.with_name("postfix.log.1"))
        log.write(ACTIVE)
    path.write_text(OLD.replace("111", "222"))
    assert reading.has(ID, JUST_NOW) is True
    assert reading.has("<two@x>", JUST_NOW) is False, "no gap between the two files"
    assert book(path).has(ID, JUST_NOW) is True, "one that starts now reads the file before too"


def test_a_log_that_was_emptied_proves_nothing_of_before(path: Path) -> None:
    path.write_text(OLD + ARRIVES + ACTIVE)
    reading = book(path)
    assert reading.has(ID, JUST_NOW) is True
    path.write_text(line("removed", NOW - timedelta(seconds=30), "qmgr"))
    assert reading.has(ID, JUST_NOW) is None


def test_garbage_is_passed_over_and_memory_stays_flat(path: Path) -> None:
    with path.open("wb") as log:
        log.write(OLD.encode())
        log.write(b"\xff\x00garbage\n\n[[[\nFeb 31 99:99:99 x postfix/qmgr[1]: A: removed\n")
        for _ in range(300):
            log.write(b"x" * 100_000)
        log.write(b"\n" + ARRIVES.encode() + ACTIVE.encode())
    tracemalloc.start()
    try:
        assert book(path).has(ID, JUST_NOW) is True
        assert tracemalloc.get_traced_memory()[1] < 4_000_000
    finally:
        tracemalloc.stop()
    short = book(path, window=10_000)
    assert short.has(ID, JUST_NOW) is True
    assert short.has("<two@x>", HandOver(NOW - timedelta(hours=1), JUST_NOW.latest)) is None


@pytest.mark.parametrize("zone", ["UTC", "Asia/Almaty", "America/New_York"])
def test_a_stamp_without_a_zone_never_claims_too_much(
    path: Path, zone: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        path.write_text(line("removed", NOW - timedelta(minutes=1), "qmgr"))
        assert book(path).has(ID, HandOver(NOW - timedelta(minutes=3), JUST_NOW.latest)) is None
    finally:
        monkeypatch.undo()
        time.tzset()
    stamp = (NOW - timedelta(hours=1)).isoformat()
    path.write_text(f"{stamp} relay postfix/qmgr[1]: 4jYwzX0nhszK111: removed\n")
    assert book(path).has(ID, JUST_NOW) is False


@pytest.fixture(scope="module")
def postfix() -> Iterator[Postfix]:
    if missing():
        if os.environ.get("CI") and os.geteuid() == 0:
            pytest.fail(missing())
        pytest.skip(missing())
    with a_sink() as sink, a_postfix(sink.port) as started:
        time.sleep(3)  # so that its log begins well before the first hand-over
        yield started


def the_book(postfix: Postfix) -> RelayLog:
    return kept(
        RelayLog(
            postfix.log,
            grace=timedelta(seconds=1),
            queue=postfix.queue,
            clock=lambda: datetime.now(UTC),
        )
    )


def test_a_real_postfix_that_was_cut_off_in_the_body_has_not_taken_it(postfix: Postfix) -> None:
    begun = datetime.now(UTC)
    half = "<half@act.example.org>"
    with smtplib.SMTP("127.0.0.1", postfix.port) as line:
        line.ehlo()
        for command in ("MAIL FROM:<a@act.example.org>", "RCPT TO:<b@x.example.org>", "DATA"):
            line.docmd(command)
        line.send(f"Subject: x\r\nMessage-ID: {half}\r\n\r\nhal".encode())
        line.close()
    wait_for(lambda: half in postfix.log.read_text(), 10, "half a message in the log")
    reading, hand_over = the_book(postfix), HandOver(begun, datetime.now(UTC))
    assert reading.has(half, hand_over) is None, "the grace is not over"
    time.sleep(1.2)
    assert reading.has(half, hand_over) is False


# A single letter is flagged alone, so nobody can die between its flag and the others'.
STEPS = ("before_data", "dot_flag", "dot_sent", "answered")


@pytest.mark.parametrize(
    ("step", "letters"),
    [
        ("guarded", 5),
        *((step, 5) for step in STEPS),
        *(pytest.param(step, 1, marks=pytest.mark.long) for step in STEPS),
    ],
)
def test_killed_anywhere_beside_a_real_postfix_nothing_leaves_twice(
    postfix: Postfix, database: Database, keys: Keys, tmp_path: Path, step: str, letters: int
) -> None:
    outbox = Outbox.on(database, keys, tmp_path / "mail")
    outbox.clock.now = datetime.now(UTC)
    with unit_of_work(database.writing) as session:
        open_gate(session, session.get_one(Gate, outbox.gate.id), outbox.clock.now + DAY)
    real = {"clock": lambda: datetime.now(UTC)}
    before = postfix.log.read_text().count("queue active")
    for number in range(letters):
        outbox.put(f"letter:{number}")
    url = RelayAddress.from_url(f"smtp://127.0.0.1:{postfix.port}")

    def relay() -> Relay:
        return Relay(url, timeout=5, book=the_book(postfix))

    with pytest.raises(Killed):
        outbox.worker(relay=relay(), at=killing(step), **real).run_once()
    outbox.hang_up()
    time.sleep(1.2)
    outbox.run_out()
    second = outbox.worker(relay=relay(), **real)
    second.drain()

    assert {outbox.state(f"letter:{n}") for n in range(letters)} == {DispatchState.SENT}
    wait_for(
        lambda: postfix.log.read_text().count("queue active") - before >= letters, 10, "letters"
    )
    time.sleep(0.3)
    assert postfix.log.read_text().count("queue active") - before == letters
    outbox.hang_up()
