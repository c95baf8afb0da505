"""The worker: nothing lost, nothing twice, nothing after the end."""

# ruff: noqa: ARG002 - a false outlet has the face of a true one

from __future__ import annotations

import mailbox
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete

from app.core.db import Database, unit_of_work
from app.core.models import DataKey
from app.core.tokens import Keys
from app.delivery.actions import close_gate, open_gate, pause_gate, retry
from app.delivery.channels.base import (
    Envelope,
    HandOver,
    NobodyThere,
    Receipt,
    Steps,
    TryLater,
    Unknown,
)
from app.delivery.message import Attachment
from app.delivery.models import DispatchState, Gate, Lane, Mailbox
from app.delivery.queries import count_by_state
from app.delivery.rules import RELAY_REST
from app.tally.models import Figure
from tests.delivery.outbox import NOON, Killed, Outbox, a_message, killing

STEPS = ("claimed", "connected", "before_data", "dot_flag", "dot_sent", "answered", "marked")
ENDS = {
    DispatchState.SENT: Figure.HANDED_OVER,
    DispatchState.FAILED: Figure.FAILED,
    DispatchState.HELD: Figure.HELD,
    DispatchState.CANCELLED: Figure.CANCELLED,
}


@pytest.fixture
def outbox(database: Database, keys: Keys, tmp_path: Path) -> Iterator[Outbox]:
    opened = Outbox.on(database, keys, tmp_path / "mail")
    yield opened
    opened.hang_up()


class Odd:
    """An outlet that does as it is told."""

    def __init__(
        self,
        *answers: Exception | None,
        has: bool | None = None,
        in_between: Callable[[], None] = lambda: None,
    ) -> None:
        self.answers = list(answers)
        self.in_between = in_between
        self.ids: list[str] = []
        self.let_through = 0
        self._has = has
        self.can_tell = has is not None
        self.patience = timedelta()

    def send(self, envelope: Envelope, content: bytes, *, message_id: str, steps: Steps) -> Receipt:
        steps.connected()
        steps.before_data()
        self.let_through += 1
        self.in_between()
        steps.before_body()
        self.ids.append(message_id)
        answer = self.answers.pop(0) if self.answers else None
        if answer is not None:
            raise answer
        return Receipt(250, "Q1")

    def has(self, message_id: str, hand_over: HandOver) -> bool | None:
        return self._has

    def hang_up(self) -> None:
        pass

    def close(self) -> None:
        pass


def require_sums(outbox: Outbox) -> None:
    """Every dispatch is in one state, and every end is counted once."""
    with outbox.database.reading() as session:
        states = count_by_state(session)
    assert sum(states.values()) == outbox.counted(Figure.QUEUED)
    for state, figure in ENDS.items():
        assert outbox.counted(figure) == states[state], state


def test_a_letter_arrives_and_its_words_go(outbox: Outbox) -> None:
    outbox.put()

    assert outbox.worker().drain() == 1

    sent = outbox.get()
    assert (sent.state, sent.payload, sent.reply_code) == (DispatchState.SENT, None, 250)
    assert sent.finished_at == NOON.replace(hour=0, second=0)
    assert sent.due_at == sent.finished_at, "the second of the act is not kept"
    (mail,) = mailbox.Maildir(outbox.folder)
    assert mail["To"] == "office@ministry.example.org"
    assert mail["Message-ID"].endswith("@act.example.org>")
    require_sums(outbox)


def test_notices_leave_before_letters(outbox: Outbox) -> None:
    for number in range(3):
        outbox.put(f"letter:{number}")
    outbox.clock.pass_by(timedelta(minutes=1))
    outbox.put("notice:1", lane=Lane.NOTICE)

    assert outbox.worker().run_once(limit=1) == 1

    assert outbox.state("notice:1") is DispatchState.SENT


def test_what_is_due_later_waits(outbox: Outbox) -> None:
    outbox.put()
    outbox.set(due_at=NOON + timedelta(seconds=1))
    worker = outbox.worker()

    assert worker.drain() == 0
    outbox.clock.pass_by(timedelta(seconds=1))
    assert worker.drain() == 1


@pytest.mark.parametrize("step", STEPS)
def test_killed_anywhere_the_maildir_gets_it_exactly_once(outbox: Outbox, step: str) -> None:
    for number in range(3):
        outbox.put(f"letter:{number}")
    with pytest.raises(Killed):
        outbox.worker(at=killing(step)).run_once()

    outbox.run_out()
    outbox.worker(name="second").drain()

    assert len(outbox.in_maildir()) == 3
    assert {outbox.state(f"letter:{n}") for n in range(3)} == {DispatchState.SENT}
    require_sums(outbox)


def test_a_leased_dispatch_is_nobody_elses(outbox: Outbox) -> None:
    outbox.put()
    with pytest.raises(Killed):
        outbox.worker(at=killing("claimed")).run_once()

    assert outbox.worker(name="second").drain() == 0
    assert outbox.state() is DispatchState.SENDING


def test_a_worker_that_lost_its_lease_sends_and_writes_nothing(outbox: Outbox) -> None:
    outbox.put()
    second = outbox.worker(name="second")

    def overtaken(step: str) -> None:
        if step == "before_data":
            outbox.run_out()
            assert second.drain() > 0

    odd = Odd()
    outbox.worker(name="first", relay=odd, at=overtaken).run_once()

    assert (odd.ids, odd.let_through) == ([], 0)
    assert outbox.get().fence == 2
    assert outbox.state() is DispatchState.SENT
    require_sums(outbox)


def test_a_late_mark_is_refused(outbox: Outbox) -> None:
    outbox.put()
    second = outbox.worker(name="second", relay=Odd(TryLater(451)))

    def overtaken(step: str) -> None:
        if step == "dot_flag":
            outbox.run_out()
            outbox.set(past_dot=False)
            second.run_once()

    outbox.worker(name="first", relay=Odd(), at=overtaken).run_once()

    assert outbox.state() is DispatchState.QUEUED
    assert outbox.counted(Figure.HANDED_OVER) == 0


def test_leases_are_renewed_while_an_answer_is_awaited(outbox: Outbox) -> None:
    outbox.put()
    second = outbox.worker(name="second", relay=Odd())
    taken: list[int] = []

    def slow(step: str) -> None:
        if step == "dot_sent":
            time.sleep(1.5)
            taken.append(second.run_once())

    outbox.worker(lease=timedelta(seconds=0.6), at=slow).run_once()

    assert taken == [0]
    assert outbox.state() is DispatchState.SENT


def test_after_the_body_without_an_answer_one_more_try_then_a_person(outbox: Outbox) -> None:
    outbox.put()
    odd = Odd(Unknown(), Unknown(), None)
    worker = outbox.worker(relay=odd)

    worker.drain()
    assert outbox.state() is DispatchState.QUEUED
    outbox.clock.pass_by(timedelta(hours=1))
    worker.drain()
    assert outbox.state() is DispatchState.HELD
    outbox.clock.pass_by(timedelta(days=1))
    worker.drain()

    assert len(odd.ids) == 2
    assert len(set(odd.ids)) == 1
    assert outbox.get().payload is not None, "a person may still decide to send it"
    require_sums(outbox)

    with unit_of_work(outbox.database.writing) as session:
        retry(session, outbox.get().id, outbox.clock.now)
    worker.drain()
    assert outbox.state() is DispatchState.SENT
    require_sums(outbox)


@pytest.mark.parametrize("step", ["dot_flag", "marked"])
def test_killed_after_the_flag_without_a_way_to_ask(outbox: Outbox, step: str) -> None:
    outbox.put()
    odd = Odd()

    with pytest.raises(Killed):
        outbox.worker(relay=odd, at=killing(step)).run_once()
    outbox.run_out()
    outbox.worker(relay=odd).drain()
    outbox.clock.pass_by(timedelta(hours=1))
    with pytest.raises(Killed) if step == "dot_flag" else nullcontext():
        outbox.worker(relay=odd, at=killing(step)).run_once()
    outbox.run_out()
    outbox.worker(relay=odd).drain()

    wanted = DispatchState.HELD if step == "dot_flag" else DispatchState.SENT
    assert outbox.state() is wanted
    assert len(odd.ids) <= 2
    require_sums(outbox)


@pytest.mark.parametrize(("has", "times"), [(True, 1), (False, 2)])
def test_a_channel_that_can_tell_is_asked(outbox: Outbox, *, has: bool, times: int) -> None:
    outbox.put()
    odd = Odd(Unknown(), has=has)

    outbox.worker(relay=odd).drain()

    assert outbox.state() is DispatchState.SENT
    assert (len(odd.ids), outbox.get().unknowns) == (times, 0)
    require_sums(outbox)


def test_a_worker_killed_again_and_again_by_one_letter_serves_the_others(outbox: Outbox) -> None:
    outbox.put("deadly", message=a_message(sender_address="deadly@act.example.org"))
    outbox.put("good")
    outbox.set("good", due_at=NOON + timedelta(seconds=1))

    class Deadly(Odd):
        def send(
            self, envelope: Envelope, content: bytes, *, message_id: str, steps: Steps
        ) -> Receipt:
            if envelope.sender.startswith("deadly"):
                raise Killed
            return super().send(envelope, content, message_id=message_id, steps=steps)

    outbox.clock.pass_by(timedelta(seconds=1))
    for _ in range(3):
        with pytest.raises(Killed):
            outbox.worker(relay=Deadly()).run_once(limit=1)
        outbox.run_out()
    outbox.worker(relay=Deadly()).drain()

    assert outbox.state("good") is DispatchState.SENT
    assert outbox.state("deadly") is DispatchState.QUEUED


def test_closed_between_claim_and_data_nothing_leaves(outbox: Outbox) -> None:
    outbox.put()
    reports = []

    def closing(step: str) -> None:
        if step == "claimed":
            with unit_of_work(outbox.database.writing) as session:
                gate = session.get_one(Gate, outbox.gate.id)
                reports.append(close_gate(session, gate, "stopped", NOON))

    odd = Odd()
    outbox.worker(relay=odd, at=closing).drain()

    assert (odd.ids, odd.let_through) == ([], 0)
    assert outbox.state() is DispatchState.CANCELLED
    assert [(r.cancelled, r.in_flight) for r in reports] == [(1, 0)]
    require_sums(outbox)


def test_closed_in_the_last_moment_the_flag_is_refused(outbox: Outbox) -> None:
    outbox.put()

    def close() -> None:
        with unit_of_work(outbox.database.writing) as session:
            close_gate(session, session.get_one(Gate, outbox.gate.id), "stopped", NOON)

    odd = Odd(in_between=close)
    outbox.worker(relay=odd).drain()

    assert odd.ids == []
    assert outbox.state() is DispatchState.CANCELLED
    require_sums(outbox)


@pytest.mark.parametrize("moment", ["claimed", "before_data", "last"])
def test_paused_nothing_leaves_until_it_is_opened_again(outbox: Outbox, moment: str) -> None:
    outbox.put()

    def pause() -> None:
        with unit_of_work(outbox.database.writing) as session:
            pause_gate(session, session.get_one(Gate, outbox.gate.id))

    odd = Odd(in_between=lambda: pause() if moment == "last" else None)
    worker = outbox.worker(relay=odd, at=lambda step: pause() if step == moment else None)
    worker.drain()
    assert outbox.state() is DispatchState.QUEUED
    assert outbox.get().attempts == 0
    assert worker.run_once() == 0, "a paused gate keeps no worker busy"

    with unit_of_work(outbox.database.writing) as session:
        open_gate(session, session.get_one(Gate, outbox.gate.id), NOON + timedelta(days=1))
    outbox.worker(relay=Odd()).drain()
    assert outbox.state() is DispatchState.SENT
    assert odd.ids == []


def test_at_the_last_second_it_leaves_and_at_the_deadline_no_more(outbox: Outbox) -> None:
    end = NOON + timedelta(days=30)
    outbox.put("in time")
    outbox.clock.now = end - timedelta(seconds=1)
    outbox.worker().drain()
    outbox.put("late")
    outbox.clock.now = end
    outbox.worker().drain()

    assert outbox.state("in time") is DispatchState.SENT
    assert outbox.state("late") is DispatchState.CANCELLED
    assert outbox.get("late").reason == "too_late"
    assert len(outbox.in_maildir()) == 1
    require_sums(outbox)


def test_the_deadline_passes_between_claim_and_data(outbox: Outbox) -> None:
    outbox.put()

    def passing(step: str) -> None:
        if step == "before_data":
            outbox.clock.now = NOON + timedelta(days=30)

    odd = Odd()
    outbox.worker(relay=odd, at=passing).drain()

    assert (odd.ids, odd.let_through) == ([], 0)
    assert outbox.state() is DispatchState.CANCELLED


def test_paused_past_the_deadline_is_cancelled(outbox: Outbox) -> None:
    outbox.put()
    with unit_of_work(outbox.database.writing) as session:
        pause_gate(session, session.get_one(Gate, outbox.gate.id))
    outbox.clock.pass_by(timedelta(days=31))

    outbox.worker().drain()

    assert outbox.state() is DispatchState.CANCELLED


def test_a_closed_gate_cancels_what_was_put_in_beside_it(outbox: Outbox) -> None:
    with unit_of_work(outbox.database.writing) as session:
        close_gate(session, session.get_one(Gate, outbox.gate.id), "stopped", NOON)
    outbox.put()

    outbox.worker().drain()

    assert outbox.state() is DispatchState.CANCELLED
    require_sums(outbox)


def test_written_for_an_older_text_is_held(outbox: Outbox) -> None:
    outbox.put()
    with unit_of_work(outbox.database.writing) as session:
        session.get_one(Gate, outbox.gate.id).epoch = 2

    outbox.worker().drain()

    assert (outbox.state(), outbox.get().reason) == (DispatchState.HELD, "outdated")
    require_sums(outbox)


def test_a_suppressed_mailbox_gets_nothing(outbox: Outbox) -> None:
    outbox.put()
    with unit_of_work(outbox.database.writing) as session:
        session.get_one(Mailbox, outbox.get().mailbox_id).suppressed = True

    outbox.worker().drain()

    assert (outbox.state(), outbox.get().reason) == (DispatchState.HELD, "suppressed")


def test_without_its_key_a_letter_fails_and_others_flow(outbox: Outbox) -> None:
    other = Outbox.on(outbox.database, outbox.keys, outbox.folder)
    outbox.put("gone")
    other.put("good")
    outbox.put("moved")
    outbox.set("moved", payload=other.get("good").payload, key_id=other.seal.id)
    with unit_of_work(outbox.database.writing) as session:
        session.execute(delete(DataKey).where(DataKey.id == outbox.seal.id))

    outbox.worker().drain()

    for name in ("gone", "moved"):
        assert (outbox.state(name), outbox.get(name).reason) == (
            DispatchState.FAILED,
            "key_destroyed",
        )
    assert outbox.state("good") is DispatchState.SENT
    require_sums(outbox)


@pytest.mark.parametrize(
    "message",
    [
        a_message(subject="a\r\nBcc: x@evil.example"),
        a_message(sender_name="=?utf-8?q?a=0D=0ABcc=3A_x=40evil=2Eexample?="),
        a_message(to_address="a@b>\r\nRCPT TO:<x@evil.example"),
        a_message(text=None),
        a_message(language=""),
        a_message(attachments=(Attachment("a", "message/rfc822", b"x"),)),
    ],
)
def test_what_cannot_be_built_fails_and_others_flow(outbox: Outbox, message: object) -> None:
    outbox.put("bad", message=message)
    outbox.put("good")

    outbox.worker().drain()

    assert (outbox.state("bad"), outbox.get("bad").reason) == (
        DispatchState.FAILED,
        "cannot_be_built",
    )
    assert outbox.state("good") is DispatchState.SENT
    require_sums(outbox)


def test_a_payload_of_another_shape_fails_alone(outbox: Outbox) -> None:
    outbox.put("bad")
    outbox.put("good")
    row = outbox.get("bad").id
    sealed = outbox.seal.close_bytes(
        b'{"headers":[],"attachments":[],"new":1}', table="dispatch", column="payload", row=row
    )
    outbox.set("bad", payload=sealed)

    outbox.worker().drain()

    assert outbox.get("bad").reason == "cannot_be_built"
    assert outbox.state("good") is DispatchState.SENT


def test_deferred_letters_wait_longer_each_time_until_their_end(outbox: Outbox) -> None:
    end = NOON + timedelta(minutes=10)
    outbox.put(expires_at=end)
    odd = Odd(*[TryLater(451)] * 50)
    worker = outbox.worker(relay=odd)
    tries = []
    while outbox.state() is DispatchState.QUEUED:
        tries.append(outbox.clock.now - NOON)
        worker.drain()
        outbox.clock.now = max(outbox.get().due_at, outbox.clock.now)

    minutes = [round(t.total_seconds() / 60) for t in tries]
    assert minutes == [0, 1, 3, 7, 9, 10]
    assert len(odd.ids) == 5, "nothing is tried at the end itself"
    assert (outbox.state(), outbox.get().reason) == (DispatchState.CANCELLED, "too_late")
    require_sums(outbox)


def test_without_an_end_trying_stops_after_about_five_days(outbox: Outbox) -> None:
    outbox.put()
    outbox.set(attempts=124)

    outbox.worker(relay=Odd(TryLater(451))).drain()

    assert (outbox.state(), outbox.get().reason) == (DispatchState.FAILED, "gave_up")
    require_sums(outbox)


def test_with_nobody_at_the_relay_only_one_letter_of_a_batch_is_tried(outbox: Outbox) -> None:
    for number in range(3):
        outbox.put(f"letter:{number}")
    odd = Odd(NobodyThere(0, reason="no_connection"))
    worker = outbox.worker(relay=odd)

    worker.drain()
    assert len(odd.ids) == 1
    outbox.clock.pass_by(RELAY_REST)
    worker.drain()

    assert {outbox.state(f"letter:{n}") for n in range(3)} == {DispatchState.SENT}
    assert {outbox.get(f"letter:{n}").attempts for n in range(3)} == {1}


def test_a_demonstration_stays_here_whatever_relay_there_is(outbox: Outbox) -> None:
    outbox.put(keep_local=True)
    odd = Odd()

    outbox.worker(relay=odd).drain()

    assert odd.ids == []
    assert len(outbox.in_maildir()) == 1


def test_a_full_disk_only_delays(outbox: Outbox) -> None:
    outbox.put()
    outbox.folder.write_text("not a folder")

    outbox.worker().drain()
    assert (outbox.state(), outbox.get().reason) == (DispatchState.QUEUED, "local_mail")
    outbox.folder.unlink()
    outbox.clock.pass_by(timedelta(minutes=1))
    outbox.worker().drain()

    assert outbox.state() is DispatchState.SENT


def test_a_mail_program_may_move_what_it_has_shown(outbox: Outbox) -> None:
    outbox.put()
    with pytest.raises(Killed):
        outbox.worker(at=killing("answered")).run_once()
    (arrived,) = outbox.in_maildir()
    arrived.rename(outbox.folder / "cur" / f"{arrived.name}:2,S")
    outbox.run_out()

    outbox.worker().drain()

    assert outbox.in_maildir() == []
    assert outbox.state() is DispatchState.SENT


def test_four_workers_share_and_nothing_leaves_twice(outbox: Outbox) -> None:
    outbox.widen()
    for number in range(60):
        outbox.put(f"letter:{number}")
    odd = Odd()
    ready = threading.Barrier(4)

    def work(name: str) -> None:
        worker = outbox.worker(relay=odd, name=name)
        ready.wait()
        while worker.run_once(limit=5):
            pass

    threads = [threading.Thread(target=work, args=(f"w{n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (len(odd.ids), len(set(odd.ids))) == (60, 60)
    require_sums(outbox)


def test_told_to_stop_a_worker_ends_its_letter_and_gives_back_the_rest(outbox: Outbox) -> None:
    for number in range(5):
        outbox.put(f"letter:{number}")
    stop = threading.Event()
    rounds = []

    outbox.worker(at=lambda step: stop.set() if step == "dot_sent" else None).run(
        stop, 0.01, lambda: rounds.append(1)
    )

    with outbox.database.reading() as session:
        states = count_by_state(session)
    assert (states[DispatchState.SENT], states[DispatchState.QUEUED]) == (1, 4)
    assert rounds == [1]
    outbox.worker().drain()
    require_sums(outbox)


def test_names_and_words_stand_nowhere_in_clear(outbox: Outbox, tmp_path: Path) -> None:
    outbox.put(message=a_message(text="canary-4711\n", to_name="canary-0815"))
    outbox.put("n", lane=Lane.NOTICE, message=a_message(to_address="canary@example.org"))
    if outbox.database.is_sqlite:
        outbox.database.dispose()
        held = b"".join(path.read_bytes() for path in tmp_path.glob("test.db*"))
        assert b"canary" not in held
    assert "canary" not in repr(a_message(text="canary"))


def test_the_message_id_says_nothing_and_stays(outbox: Outbox) -> None:
    outbox.put()
    row = outbox.get().id
    odd = Odd(TryLater(451))
    worker = outbox.worker(relay=odd)
    worker.drain()
    outbox.clock.pass_by(timedelta(hours=1))
    worker.drain()

    assert len(odd.ids) == 2
    assert len(set(odd.ids)) == 1
    assert str(row) not in odd.ids[0]
    assert row.hex not in odd.ids[0]
