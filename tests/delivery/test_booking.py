"""Booking on real databases: no window is ever overdrawn, nothing is lost, nobody blocks others."""

# ruff: noqa: ARG002 - a false outlet has the face of a true one

from __future__ import annotations

import threading
import uuid
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, insert, select, update

from app.core.db import Database, unit_of_work
from app.core.tokens import Keys
from app.delivery.actions import close_gate, mailbox_for
from app.delivery.booking import close_gaps, set_budget
from app.delivery.budgets import BadBudget, Budget, Hours
from app.delivery.channels.base import Envelope, HandOver, Receipt, Steps, TryLater
from app.delivery.claims import Claim, Holder, Outcome, claim_due, settle
from app.delivery.models import Dispatch, DispatchState, Gate, Lane, Mailbox, MailboxUse, Span
from app.delivery.rules import Ruling, Verdict
from tests.delivery.outbox import NOON, Killed, Outbox, a_message, killing

OFFICE = "office@ministry.example.org"
MINUTE = timedelta(minutes=1)


@pytest.fixture
def outbox(database: Database, keys: Keys, tmp_path: Path) -> Iterator[Outbox]:
    opened = Outbox.on(database, keys, tmp_path / "mail")
    yield opened
    opened.hang_up()


def fill(outbox: Outbox, times: int, address: str = OFFICE) -> None:
    """So many confirmed letters to one mailbox, put there in bulk."""
    with unit_of_work(outbox.database.writing) as session:
        mailbox = mailbox_for(session, address)
        session.execute(
            insert(Dispatch),
            [
                {
                    "id": uuid.uuid4(),
                    "once_key": f"letter:{address}:{number}",
                    "lane": Lane.LETTER,
                    "gate_id": outbox.gate.id,
                    "gate_epoch": 1,
                    "mailbox_id": mailbox.id,
                    "key_id": outbox.seal.id,
                    "payload": b"sealed",
                    "due_at": outbox.clock.now,
                    "expires_at": NOON + timedelta(days=365),
                }
                for number in range(times)
            ],
        )


def budget(outbox: Outbox, minute: int, hour: int, day: int, ever: int, **hours: object) -> None:
    with unit_of_work(outbox.database.writing) as session:
        ceilings = {Span.MINUTE: minute, Span.HOUR: hour, Span.DAY: day, Span.EVER: ever}
        mailbox = mailbox_for(session, OFFICE)
        set_budget(session, mailbox, ceilings=ceilings, hours=Hours(**hours), now=outbox.clock.now)


def claim(outbox: Outbox, limit: int = 50) -> list[Claim]:
    with unit_of_work(outbox.database.writing) as session:
        now, lease = outbox.clock.now, timedelta(minutes=1)
        return claim_due(
            session, outbox.keys, limit, Holder("here", tuple(Lane), lease), now, only_local=False
        )[0]


def hand_over(outbox: Outbox, claims: list[Claim]) -> None:
    with unit_of_work(outbox.database.writing) as session:
        for one in claims:
            assert settle(session, one, Outcome(DispatchState.SENT), outbox.clock.now)


def used(outbox: Outbox, span: Span) -> int:
    with outbox.database.reading() as session:
        booked = select(func.sum(MailboxUse.used)).where(MailboxUse.span == span)
        return session.scalar(booked) or 0


def next_due(outbox: Outbox) -> object:
    with outbox.database.reading() as session:
        queued = select(func.min(Dispatch.due_at)).where(Dispatch.state == DispatchState.QUEUED)
        return session.scalar(queued)


def send_all(outbox: Outbox) -> dict[Span, Counter[object]]:
    """Drive the clock from one due moment to the next until nothing comes due within a day."""
    left: dict[Span, Counter[object]] = {span: Counter() for span in Span}
    with outbox.database.reading() as session:
        rules = Budget.of(session.scalars(select(Mailbox)).one(), NOON)
    still = 0
    # A claim that gives two thousand their turn takes none itself; ten thousand need five of them.
    while still < 10 and (due := next_due(outbox)) is not None:
        outbox.clock.now = max(due, outbox.clock.now)
        claims = claim(outbox)
        hand_over(outbox, claims)
        still = 0 if claims else still + 1
        for span in Span:
            left[span][rules.starts(span, outbox.clock.now)] += len(claims)
    return left


def require_ceilings(left: dict[Span, Counter[object]], **ceilings: int) -> None:
    for name, ceiling in ceilings.items():
        assert max(left[Span(name)].values()) <= ceiling, name


def test_no_window_is_ever_overdrawn_and_all_leave(outbox: Outbox) -> None:
    fill(outbox, 400)
    budget(outbox, 7, 60, 300, 1_000)
    left = send_all(outbox)
    require_ceilings(left, minute=7, hour=60, day=300)
    assert sum(left[Span.EVER].values()) == 400
    assert used(outbox, Span.EVER) == 400


@pytest.mark.long
@pytest.mark.timeout(900)
def test_ten_thousand_letters_never_pass_a_ceiling(outbox: Outbox) -> None:
    fill(outbox, 10_000)
    budget(outbox, 50, 1_000, 4_000, 9_000)
    left = send_all(outbox)
    require_ceilings(left, minute=50, hour=1_000, day=4_000)
    assert sum(left[Span.EVER].values()) == 8_910, "the rest waits for a digest or a person"


def test_the_total_stops_everything_whatever_the_deadline_says(outbox: Outbox) -> None:
    fill(outbox, 30)
    budget(outbox, 10, 100, 100, 12)
    assert sum(send_all(outbox)[Span.EVER].values()) == 12
    assert outbox.clock.now > NOON + timedelta(days=1), "it is looked at once a day, not more"

    budget(outbox, 10, 100, 100, 30)
    assert sum(send_all(outbox)[Span.EVER].values()) == 18


def test_a_worker_does_not_spin_on_a_full_mailbox_and_others_flow(outbox: Outbox) -> None:
    fill(outbox, 200)
    assert len(claim(outbox)) == 10
    outbox.put("letter:other", message=a_message(to_address="other@ministry.example.org"))

    (other,) = claim(outbox)

    assert outbox.state("letter:other") is DispatchState.SENDING
    assert claim(outbox) == []
    with outbox.database.reading() as session:
        due = select(func.count()).where(
            Dispatch.state == DispatchState.QUEUED, Dispatch.due_at <= outbox.clock.now
        )
        assert session.scalar(due) == 0, "nothing of it is met again before its time"
    assert other.id == outbox.get("letter:other").id


def test_who_comes_later_stands_behind(outbox: Outbox) -> None:
    fill(outbox, 100)
    budget(outbox, 2, 100, 1_000, 1_000)
    claim(outbox)
    outbox.put("letter:late")
    claim(outbox)
    with outbox.database.reading() as session:
        last = session.scalar(
            select(func.max(Dispatch.due_at)).where(Dispatch.once_key != "letter:late")
        )
    assert outbox.get("letter:late").due_at >= last


def test_what_does_not_leave_is_given_back(outbox: Outbox) -> None:
    fill(outbox, 10)
    claims = claim(outbox)
    assert used(outbox, Span.MINUTE) == used(outbox, Span.EVER) == 10
    void = Outcome.of_ruling(Ruling(Verdict.WAIT, "gate_paused"), NOON)
    with unit_of_work(outbox.database.writing) as session:
        assert settle(session, claims[0], void, NOON)
        assert settle(session, claims[1], Outcome(DispatchState.HELD, "outdated"), NOON)
        assert not settle(session, claims[0], void, NOON), "nor is it given back twice"
    assert used(outbox, Span.MINUTE) == used(outbox, Span.EVER) == 8


def test_what_a_killed_worker_had_booked_is_given_back(outbox: Outbox) -> None:
    outbox.put()
    with pytest.raises(Killed):
        outbox.worker(at=killing("before_data")).run_once()
    assert used(outbox, Span.EVER) == 1
    outbox.run_out()

    outbox.worker().drain()

    assert outbox.state() is DispatchState.SENT
    assert used(outbox, Span.EVER) == 1, "it left once"


def test_closing_gives_back_what_was_claimed(outbox: Outbox) -> None:
    fill(outbox, 10)
    assert len(claim(outbox)) == 10
    with unit_of_work(outbox.database.writing) as session:
        assert close_gate(session, session.get_one(Gate, outbox.gate.id), "stopped", NOON).cancelled
    assert used(outbox, Span.EVER) == 0


class Busy:
    """An outlet whose server asks for less."""

    can_tell = False
    patience = timedelta()

    def send(self, envelope: Envelope, content: bytes, *, message_id: str, steps: Steps) -> Receipt:
        steps.connected()
        raise TryLater(421)

    def has(self, message_id: str, hand_over: HandOver) -> None:
        return None

    def hang_up(self) -> None:
        pass

    def close(self) -> None:
        pass


def test_a_complaint_halves_the_pace_once_however_many_answers_it_has(outbox: Outbox) -> None:
    for number in range(6):
        outbox.put(f"letter:{number}")
    outbox.worker(relay=Busy()).run_once()
    with outbox.database.reading() as session:
        mailbox = session.scalars(select(Mailbox)).one()
        assert Budget.of(mailbox, NOON).per_minute == 5
        assert Budget.of(mailbox, NOON + timedelta(hours=1)).per_minute == 10
    assert used(outbox, Span.EVER) == 0


def test_outside_its_hours_nothing_leaves_and_at_nine_it_does(outbox: Outbox) -> None:
    fill(outbox, 3)
    budget(outbox, 10, 100, 100, 100, time_zone="Asia/Almaty", opens=540, closes=1020)
    assert claim(outbox) == [], "noon in London is five in the afternoon in Almaty"
    outbox.clock.now = next_due(outbox)
    assert outbox.clock.now == NOON.replace(day=13, hour=4, minute=0, second=0)
    assert claim(outbox) != []


def test_many_workers_at_once_never_overdraw(outbox: Outbox) -> None:
    fill(outbox, 120)
    budget(outbox, 25, 60, 60, 60)
    ready, taken, broken = threading.Barrier(6), [], []

    def work() -> None:
        ready.wait()
        try:
            for _ in range(4):
                taken.extend(claim(outbox, 5))
        except Exception as error:  # noqa: BLE001 - whatever it is, the test must hear of it
            broken.append(error)

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert broken == []
    assert len({one.id for one in taken}) == len(taken) == 25 == used(outbox, Span.MINUTE)


def test_gaps_of_what_was_taken_back_are_closed(outbox: Outbox) -> None:
    fill(outbox, 100)
    claim(outbox)
    with unit_of_work(outbox.database.writing) as session:
        late = select(Dispatch.id).order_by(Dispatch.due_at.desc()).limit(50)
        session.execute(
            update(Dispatch)
            .where(Dispatch.id.in_(late))
            .values(state=DispatchState.CANCELLED, payload=None)
        )
        assert close_gaps(session, outbox.clock.now) == 1
    claim(outbox)
    with unit_of_work(outbox.database.writing) as session:
        assert close_gaps(session, outbox.clock.now) == 0


def test_a_budget_that_is_none_is_refused(outbox: Outbox) -> None:
    with pytest.raises(BadBudget):
        budget(outbox, 0, 1, 1, 1)
    with pytest.raises(BadBudget):
        budget(outbox, 1, 1, 1, 1, opens=600, closes=600)
    with pytest.raises(BadBudget):
        budget(outbox, 1, 1, 1, 1, time_zone="Mars/Olympus")
