"""Several relays: the next one while one is in trouble, and a way back for each."""

# ruff: noqa: ARG002 - a false outlet has the face of a true one

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from app.core.db import Database, unit_of_work
from app.core.tokens import Keys
from app.delivery.actions import cancel, mute, unmute
from app.delivery.channels.base import Envelope, HandOver, NobodyThere, Receipt, Steps, TryLater
from app.delivery.channels.relays import FAILURES_AT_MOST, Breaker, Health, Relays
from app.delivery.channels.smtp import Relay, RelayAddress
from app.delivery.crew import Crew
from app.delivery.models import DispatchState, Lane
from tests.delivery.outbox import Outbox, a_listener, a_sink, free_port

FROM_TO = Envelope("a@act.example.org", "b@ministry.example.org")
MAIL = b"Subject: x\r\n\r\nText\r\n"


@pytest.fixture
def outbox(database: Database, keys: Keys, tmp_path: Path) -> Iterator[Outbox]:
    opened = Outbox.on(database, keys, tmp_path / "mail")
    yield opened
    opened.hang_up()


class Ticking:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def line_to(port: int) -> Relay:
    return Relay(RelayAddress.from_url(f"smtp://127.0.0.1:{port}"), timeout=3)


def send(relays: Relays) -> Receipt:
    return relays.send(FROM_TO, MAIL, message_id="<a@b>", steps=Steps())


def test_twenty_failures_pause_a_relay_and_the_next_one_carries_the_mail() -> None:
    clock, told = Ticking(), []
    first = Breaker("first:25", clock, told.append)
    with a_sink() as bad, a_sink() as good:
        bad.at_rcpt = ["451 4.3.0 trouble"] * (FAILURES_AT_MOST + 1)
        relays = Relays(
            [(first, line_to(bad.port)), (Breaker("second:25", clock), line_to(good.port))]
        )
        for _ in range(FAILURES_AT_MOST):
            with pytest.raises(TryLater):
                send(relays)
        assert told == [Health("first:25", 20, "smtp_451", timedelta(minutes=1))]
        for _ in range(3):
            send(relays)
        assert (len(good.accepted), len(bad.accepted)) == (3, 0)

        clock.now += 61
        with pytest.raises(TryLater):
            send(relays)  # one message asks whether it is back
        assert told[-1].pause == timedelta(minutes=2)
        send(relays)
        clock.now += 121
        send(relays)
        send(relays)
        assert (len(good.accepted), len(bad.accepted)) == (4, 2)
        assert told[-1] == Health("first:25", 0, "", None)
        relays.close()


def test_a_relay_that_answers_nobody_is_passed_over_at_once() -> None:
    clock = Ticking()
    with a_sink() as good:
        dead = Breaker("dead", clock)
        relays = Relays(
            [(dead, line_to(free_port())), (Breaker("good", clock), line_to(good.port))]
        )
        for _ in range(5):
            send(relays)
        assert (len(good.accepted), dead.failures) == (5, 1)
        clock.now += 21
        send(relays)
        assert dead.failures == 2
        relays.close()


def test_a_relay_alone_is_tried_again_soon_and_its_pauses_do_not_grow() -> None:
    clock = Ticking()
    breaker = Breaker("only", clock)
    relays = Relays([(breaker, line_to(free_port()))])
    for _ in range(FAILURES_AT_MOST):
        with pytest.raises(NobodyThere):
            send(relays)
    for _ in range(5):
        with pytest.raises(NobodyThere) as paused:
            send(relays)
        assert paused.value.reason == "relays_paused"
        clock.now += 15
        with pytest.raises(NobodyThere) as tried:
            send(relays)
        assert tried.value.reason == "no_connection"


def test_only_a_relay_that_is_alone_can_be_asked() -> None:
    class Telling(Relay):
        def has(self, message_id: str, hand_over: HandOver) -> bool:
            return True

    def telling() -> Relay:
        line = Telling(RelayAddress("127.0.0.1", 25), timeout=1)
        line.can_tell = True
        return line

    assert Relays([(Breaker("a"), telling())]).can_tell
    assert not Relays([(Breaker("a"), telling()), (Breaker("b"), telling())]).can_tell


def test_body_and_dot_leave_in_one_write_without_delay(monkeypatch: pytest.MonkeyPatch) -> None:
    """A dot of its own waits about 40 ms for an acknowledgement of the body."""
    writes: list[bytes] = []
    sendall = socket.socket.sendall

    def watched(self: socket.socket, content: bytes, *flags: int) -> None:
        writes.append(bytes(content))
        sendall(self, content, *flags)

    with a_sink() as sink:
        relay = line_to(sink.port)
        monkeypatch.setattr(socket.socket, "sendall", watched)
        relay.send(FROM_TO, MAIL, message_id="<a@b>", steps=Steps())
        monkeypatch.undo()
        assert MAIL + b".\r\n" in writes
        assert relay._line is not None
        assert relay._line.sock is not None
        assert relay._line.sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        relay.close()


@pytest.mark.parametrize("lanes", [(Lane.NOTICE,), (Lane.LETTER,)])
def test_a_worker_of_one_lane_leaves_the_other_alone(
    outbox: Outbox, lanes: tuple[Lane, ...]
) -> None:
    outbox.put("letter")
    outbox.put("notice", lane=Lane.NOTICE)
    outbox.worker(lanes=lanes).drain()
    assert (outbox.state("letter") is DispatchState.SENT) == (Lane.LETTER in lanes)
    assert (outbox.state("notice") is DispatchState.SENT) == (Lane.NOTICE in lanes)


def _until_the_dot(connection: socket.socket) -> None:
    stream = connection.makefile("rwb", buffering=0)
    stream.write(b"220 hello\r\n")
    for answer in (b"250 hi\r\n", b"250 ok\r\n", b"250 ok\r\n", b"354 go\r\n"):
        stream.readline()
        stream.write(answer)
    time.sleep(60)


def test_a_stalled_letter_holds_up_no_notice_and_no_end(
    outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.delivery.crew.FINISH_WITHIN", 1.0)
    outbox.put("letter")
    stop = threading.Event()
    with a_listener(_until_the_dot) as port:
        letters = outbox.worker(
            relay=Relay(RelayAddress.from_url(f"smtp://127.0.0.1:{port}"), timeout=600),
            lanes=(Lane.LETTER,),
        )
        crew = Crew([outbox.worker(lanes=(Lane.NOTICE,)), letters], stop=stop, poll=0.05)
        running = threading.Thread(target=crew.run, args=(lambda: 0,))
        running.start()
        while not outbox.get("letter").past_dot:
            time.sleep(0.02)
        outbox.put("notice", lane=Lane.NOTICE)
        ends = time.monotonic() + 5
        while outbox.state("notice") is not DispatchState.SENT and time.monotonic() < ends:
            time.sleep(0.02)
        assert outbox.state("notice") is DispatchState.SENT
        begun = time.monotonic()
        stop.set()
        running.join(25)
        assert not running.is_alive()
        assert time.monotonic() - begun < 20
    left = outbox.get("letter")
    assert (left.state, left.unknowns) == (DispatchState.QUEUED, 1)


def test_muted_nothing_leaves_not_even_what_is_claimed(outbox: Outbox) -> None:
    from app.core.sealing import require_own_key

    with unit_of_work(outbox.database.writing) as session:
        require_own_key(session, outbox.keys)
    for number in range(3):
        outbox.put(f"letter:{number}")

    def muting(step: str) -> None:
        if step == "guarded":
            with unit_of_work(outbox.database.writing) as session:
                mute(session, "by_hand")

    outbox.worker(at=muting).run_once()
    assert outbox.worker().run_once() == 0
    assert outbox.in_maildir() == []
    assert {outbox.state(f"letter:{n}") for n in range(3)} == {DispatchState.QUEUED}
    with unit_of_work(outbox.database.writing) as session:
        unmute(session)
    outbox.worker().drain()
    assert len(outbox.in_maildir()) == 3


@pytest.mark.parametrize("answer", ["451 4.7.1 later", "lose"])
def test_taken_back_on_its_way_and_then_deferred_it_is_not_tried_again(
    outbox: Outbox, answer: str
) -> None:
    outbox.put()
    with a_sink() as sink:
        sink.at_dot = [answer]
        taken_back: list[int] = []

        def withdrawing(step: str) -> None:
            if step == "dot_sent":
                with unit_of_work(outbox.database.writing) as session:
                    taken_back.append(
                        cancel(session, [outbox.get()], "withdrawn", outbox.clock.now)
                    )

        worker = outbox.worker(sink.port, at=withdrawing)
        worker.drain()
        outbox.clock.pass_by(timedelta(hours=2))
        worker.drain()
        assert len(sink.seen) == 1
    assert taken_back == [0], "it was leaving"
    wanted = DispatchState.CANCELLED if answer.startswith("451") else DispatchState.HELD
    assert outbox.state() is wanted


def test_an_idle_worker_takes_no_lock(outbox: Outbox) -> None:
    """Somebody writes for long; a worker that only looks must not wait for it, nor write."""
    worker = outbox.worker()
    with unit_of_work(outbox.database.writing) as session:
        mute(session, "")  # holds the write lock of SQLite
        begun = time.monotonic()
        assert worker.run_once() == 0
        assert time.monotonic() - begun < 2


def test_another_machines_open_case_is_left_to_it_for_a_while(outbox: Outbox) -> None:
    from datetime import UTC, datetime

    from tests.delivery.outbox import Killed, killing

    outbox.put()
    with a_sink() as sink:
        with pytest.raises(Killed):
            outbox.worker(sink.port, at=killing("dot_sent"), host="one").run_once()
        just_over = datetime.now(UTC) - timedelta(seconds=30)
        outbox.set(lease_until=just_over)
        assert outbox.worker(sink.port, host="two").run_once() == 0
        outbox.set(lease_until=just_over - timedelta(minutes=15))
        assert outbox.worker(sink.port, host="two").run_once() == 1
        assert outbox.get().unknowns == 1
