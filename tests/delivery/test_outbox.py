"""Putting in, taking out, and the gates."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from app.core.db import Database, unit_of_work
from app.core.tokens import Keys
from app.delivery.actions import cancel, close_gate, enqueue, forget_expired, pause_gate, retry
from app.delivery.models import Dispatch, DispatchState, Gate, Lane, Mailbox
from app.delivery.queries import (
    backlog,
    count_by_state,
    get_dispatch,
    list_failed,
    list_held,
    outbox_status,
)
from app.delivery.rules import BACKOFF, CannotRetry, next_try
from app.tally.models import Figure
from tests.delivery.outbox import LABELS, NOON, Killed, Outbox, a_message


@pytest.fixture
def outbox(database: Database, keys: Keys, tmp_path: Path) -> Iterator[Outbox]:
    opened = Outbox.on(database, keys, tmp_path / "mail")
    yield opened
    opened.hang_up()


def test_the_same_key_twice_adds_nothing(outbox: Outbox) -> None:
    outbox.put()
    first = outbox.get()
    outbox.put(message=a_message(subject="Another"))

    assert outbox.get().id == first.id
    with outbox.database.reading() as session:
        assert session.scalar(select(func.count(Dispatch.id))) == 1
    assert outbox.counted(Figure.QUEUED) == 1


def test_two_that_put_the_same_key_at_once_add_one(outbox: Outbox) -> None:
    ready = threading.Barrier(8)
    found: list[object] = []

    def put() -> None:
        ready.wait()
        for number in range(10):
            with unit_of_work(outbox.database.writing) as session:
                added = enqueue(
                    session,
                    outbox.seal,
                    a_message(to_address=f"office{number}@ministry.example.org"),
                    once_key=f"letter:{number}",
                    lane=Lane.LETTER,
                    now=NOON,
                    counted_as=LABELS,
                )
                found.append(added.id)

    threads = [threading.Thread(target=put) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(found) == 80
    assert len(set(found)) == 10
    assert outbox.counted(Figure.QUEUED) == 10


def test_an_error_after_putting_in_takes_it_out_again(outbox: Outbox) -> None:
    def put_and_fail() -> None:
        with unit_of_work(outbox.database.writing) as session:
            enqueue(session, outbox.seal, a_message(), once_key="x", lane=Lane.LETTER, now=NOON)
            raise Killed

    with pytest.raises(Killed):
        put_and_fail()
    with outbox.database.reading() as session:
        assert sum(count_by_state(session).values()) == 0


def test_one_office_has_one_mailbox_however_it_is_spelled(outbox: Outbox) -> None:
    outbox.put("a", message=a_message(to_address="Office@Ministry.example.org"))
    outbox.put("b", message=a_message(to_address="office+press@ministry.example.org"))

    assert outbox.get("a").mailbox_id == outbox.get("b").mailbox_id
    with outbox.database.reading() as session:
        assert session.scalars(select(Mailbox.address)).all() == ["office@ministry.example.org"]


def test_a_notice_leaves_no_address_in_clear(outbox: Outbox) -> None:
    outbox.put("n", lane=Lane.NOTICE, message=a_message(to_address="sam@example.org"))

    assert outbox.get("n").mailbox_id is None
    payload = outbox.get("n").payload
    assert payload is not None
    assert b"sam" not in payload


def test_closing_takes_back_all_that_waits_and_names_what_is_leaving(outbox: Outbox) -> None:
    for number in range(5):
        outbox.put(f"letter:{number}")
    soon = NOON + timedelta(minutes=1)
    outbox.set("letter:3", state=DispatchState.SENDING, lease_until=soon)
    outbox.set("letter:4", state=DispatchState.SENDING, lease_until=soon, past_dot=True)

    with unit_of_work(outbox.database.writing) as session:
        report = close_gate(session, session.get_one(Gate, outbox.gate.id), "stopped", NOON)

    assert (report.cancelled, report.in_flight) == (4, 1)
    assert outbox.counted(Figure.CANCELLED) == 4
    taken_back = outbox.get("letter:0")
    assert (taken_back.state, taken_back.payload) == (DispatchState.CANCELLED, None)
    assert taken_back.reason == "stopped"
    assert outbox.state("letter:4") is DispatchState.SENDING


def test_closing_leaves_other_gates_alone(outbox: Outbox) -> None:
    other = Outbox.on(outbox.database, outbox.keys, outbox.folder)
    outbox.put("mine")
    other.put("other")

    with unit_of_work(outbox.database.writing) as session:
        close_gate(session, session.get_one(Gate, outbox.gate.id), "stopped", NOON)

    assert outbox.state("other") is DispatchState.QUEUED


def test_cancelling_takes_back_what_waits_only(outbox: Outbox) -> None:
    outbox.put("waits")
    outbox.put("sent")
    outbox.set("sent", state=DispatchState.SENT, payload=None)

    with unit_of_work(outbox.database.writing) as session:
        taken = cancel(session, [outbox.get("waits"), outbox.get("sent")], "withdrawn", NOON)

    assert taken == 1
    assert outbox.state("waits") is DispatchState.CANCELLED
    assert outbox.state("sent") is DispatchState.SENT


def test_a_person_sends_again_what_failed_and_the_figures_stay_true(outbox: Outbox) -> None:
    outbox.put()
    outbox.set(state=DispatchState.FAILED, reason="smtp_550", finished_at=NOON, gate_epoch=0)

    with unit_of_work(outbox.database.writing) as session:
        retry(session, outbox.get().id, NOON)

    again = outbox.get()
    assert (again.state, again.gate_epoch) == (DispatchState.QUEUED, 1)
    assert outbox.counted(Figure.FAILED) == -1


@pytest.mark.parametrize(
    "values",
    [
        {"state": DispatchState.QUEUED},
        {"state": DispatchState.SENT, "payload": None},
        {"state": DispatchState.CANCELLED, "payload": None},
        {"state": DispatchState.FAILED, "payload": None},
        {"state": DispatchState.HELD, "expires_at": NOON},
    ],
)
def test_nobody_sends_again_what_is_over(outbox: Outbox, values: dict[str, object]) -> None:
    outbox.put()
    outbox.set(**values)

    with pytest.raises(CannotRetry), unit_of_work(outbox.database.writing) as session:
        retry(session, outbox.get().id, NOON)


def test_words_go_when_nobody_may_send_them_again(outbox: Outbox) -> None:
    outbox.put("over", expires_at=NOON)
    outbox.put("open", expires_at=NOON + timedelta(days=1))
    for name in ("over", "open"):
        outbox.set(name, state=DispatchState.HELD)

    with unit_of_work(outbox.database.writing) as session:
        assert forget_expired(session, NOON) == 1

    assert outbox.get("over").payload is None
    assert outbox.get("open").payload is not None


def test_the_status_names_every_state_and_the_oldest(outbox: Outbox) -> None:
    outbox.put("letter:1")
    outbox.put("notice:1", lane=Lane.NOTICE)
    outbox.put("notice:2", lane=Lane.NOTICE)
    outbox.set("notice:2", state=DispatchState.HELD, finished_at=NOON)

    with outbox.database.reading() as session:
        status = outbox_status(session, NOON + timedelta(minutes=5))
        assert [held.once_key for held in list_held(session)] == ["notice:2"]
        assert list_failed(session) == []
        assert get_dispatch(session, outbox.get().id).once_key == "letter:1"

    notices, letters = status.lanes
    assert (notices.lane, letters.lane) == (Lane.NOTICE, Lane.LETTER)
    assert (notices.total, notices.by_state[DispatchState.HELD]) == (2, 1)
    assert letters.by_state[DispatchState.QUEUED] == 1
    assert letters.oldest_queued == timedelta(minutes=5)


def test_the_backlog_is_what_the_status_says_without_what_is_over(outbox: Outbox) -> None:
    for number in range(4):
        outbox.put(f"letter:{number}")
    outbox.set("letter:0", state=DispatchState.HELD, finished_at=NOON)
    outbox.set("letter:1", state=DispatchState.FAILED, finished_at=NOON)
    outbox.set("letter:2", state=DispatchState.CANCELLED, payload=None, finished_at=NOON)

    with outbox.database.reading() as session:
        waiting = backlog(session, NOON + timedelta(minutes=5))
        whole = outbox_status(session, NOON + timedelta(minutes=5))

    for few, all_of_it in zip(waiting.lanes, whole.lanes, strict=True):
        assert few.oldest_queued == all_of_it.oldest_queued
        assert few.by_state == {state: all_of_it.by_state[state] for state in few.by_state}
    assert (waiting.lanes[1].total, whole.lanes[1].total) == (3, 4)


def test_pausing_keeps_what_waits(outbox: Outbox) -> None:
    outbox.put()
    with unit_of_work(outbox.database.writing) as session:
        pause_gate(session, session.get_one(Gate, outbox.gate.id))

    assert outbox.state() is DispatchState.QUEUED


def test_pauses_grow_to_an_hour_and_never_pass_the_end() -> None:
    assert [next_try(n, NOON, None) - NOON for n in (1, 2, 3)] == list(BACKOFF[:3])
    assert next_try(500, NOON, None) - NOON == timedelta(hours=1)

    end = NOON + timedelta(minutes=30)
    assert next_try(6, NOON, end) == end - timedelta(minutes=1)
    assert next_try(7, end - timedelta(seconds=20), end) == end
