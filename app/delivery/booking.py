"""Booking letters on the budgets of mailboxes, in the transaction that claims them.

Each mailbox has one counter row for each window; nothing here counts dispatches. What is booked
and does not leave is given back, also when the worker that booked it is gone: the row itself says
in which minute it was booked.
"""

from __future__ import annotations

import uuid
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from random import SystemRandom
from typing import Final
from zoneinfo import available_timezones

from sqlalchemy import (
    and_,
    case,
    column,
    delete,
    func,
    or_,
    select,
    update,
    values,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.core.db import Instant
from app.delivery.budgets import (
    EVER,
    ONE_COMPLAINT,
    SLOW_STEPS,
    BadBudget,
    Budget,
    Hours,
    Outlook,
    outlook,
    slots,
    slowness,
)
from app.delivery.models import Dispatch, DispatchState, Mailbox, MailboxUse, Mixing, Span
from app.delivery.queries import Standing

# One claim gives so many their turn, and the next claim the next ones: none ever rewrites a queue
# of a million while others wait for it.
PLANNED_AT_ONCE: Final = 2_000
# With a ceiling reached for good, a letter is looked at once a day: somebody may raise it.
LOOKS_AGAIN: Final = timedelta(days=1)
# A window is of no use once it is over; a day of play for clocks that differ.
KEPT: Final = timedelta(days=3)
_CHANCE: Final = SystemRandom()
_NEVER: Final = datetime.max.replace(tzinfo=UTC)


def admit(session: Session, standings: Sequence[Standing], now: datetime) -> list[Standing]:
    """Those of the candidates that may leave now, booked; the others get their turn later.

    What stays on this machine reaches no office and is not booked. The rows behind a mailbox that
    is full are moved in the same transaction, so that no worker meets them again before their time.
    """
    by_mailbox: defaultdict[uuid.UUID, list[Standing]] = defaultdict(list)
    admitted = []
    for standing in standings:
        if standing.mailbox is None or standing.dispatch.keep_local:
            admitted.append(standing)
        else:
            by_mailbox[standing.mailbox.id].append(standing)
    # In one order for every worker, so that two of them never wait for each other.
    for mailbox_id in sorted(by_mailbox):
        admitted += _admit_to(session, mailbox_id, by_mailbox[mailbox_id], now)
    places = {standing.dispatch.id: place for place, standing in enumerate(standings)}
    return sorted(admitted, key=lambda standing: places[standing.dispatch.id])


def used_now(
    session: Session, mailbox_id: uuid.UUID, budget: Budget, now: datetime
) -> dict[Span, int]:
    """What is booked in the windows of now."""
    windows = [(span, budget.starts(span, now)) for span in Span]
    booked = select(MailboxUse.span, MailboxUse.used).where(
        MailboxUse.mailbox_id == mailbox_id,
        or_(*(and_(MailboxUse.span == s, MailboxUse.starts == at) for s, at in windows)),
    )
    return {row.span: row.used for row in session.execute(booked)}


def give_back(session: Session, whose: Iterable[uuid.UUID]) -> None:
    """Take what these dispatches had booked out of their windows again. Twice is harmless."""
    booked = session.execute(
        select(Dispatch.id, Dispatch.mailbox_id, Dispatch.booked_at)
        .where(Dispatch.id.in_(list(whose)), Dispatch.booked_at.is_not(None))
        .with_for_update()
    ).all()
    returned = Counter((row.mailbox_id, row.booked_at) for row in booked)
    for (mailbox_id, booked_at), times in sorted(returned.items()):
        budget = Budget.of(session.get_one(Mailbox, mailbox_id), booked_at)
        windows = [(span, budget.starts(span, booked_at)) for span in Span]
        session.execute(
            update(MailboxUse)
            .where(
                MailboxUse.mailbox_id == mailbox_id,
                or_(*(and_(MailboxUse.span == s, MailboxUse.starts == at) for s, at in windows)),
            )
            # A day that has moved with its zone may hold fewer; below nothing it never falls.
            .values(used=case((MailboxUse.used < times, 0), else_=MailboxUse.used - times))
            .execution_options(synchronize_session=False)
        )
    if booked:
        session.execute(
            update(Dispatch)
            .where(Dispatch.id.in_([row.id for row in booked]))
            .values(booked_at=None)
            .execution_options(synchronize_session=False)
        )


def slow_down(session: Session, dispatch_id: uuid.UUID, now: datetime) -> None:
    """Halve the pace of the dispatch's mailbox: its server has asked for less."""
    mailbox = session.scalars(
        select(Mailbox)
        .join(Dispatch, Dispatch.mailbox_id == Mailbox.id)
        .where(Dispatch.id == dispatch_id)
        .with_for_update(of=Mailbox, key_share=True)
        .execution_options(populate_existing=True)
    ).one_or_none()
    if mailbox is None:
        return
    if mailbox.slowed_at is not None and timedelta() <= now - mailbox.slowed_at < ONE_COMPLAINT:
        return
    steps = slowness(mailbox.slow_steps, mailbox.slowed_at, now) + 1
    mailbox.slow_steps, mailbox.slowed_at = min(steps, SLOW_STEPS), now


def set_budget(
    session: Session,
    mailbox: Mailbox,
    *,
    ceilings: Mapping[Span, int | None],
    hours: Hours,
    now: datetime,
) -> None:
    """Give a mailbox ceilings and hours of its own (None: the default).

    What waits is planned anew.
    """
    if any(ceiling is not None and ceiling < 1 for ceiling in ceilings.values()):
        raise BadBudget
    if not 0 <= hours.opens < hours.closes <= 24 * 60 or not hours.days:
        raise BadBudget
    if not set(hours.days) <= set("1234567") or hours.time_zone not in available_timezones():
        raise BadBudget
    mailbox.per_minute, mailbox.per_hour = ceilings.get(Span.MINUTE), ceilings.get(Span.HOUR)
    mailbox.per_day, mailbox.at_most = ceilings.get(Span.DAY), ceilings.get(Span.EVER)
    mailbox.time_zone = hours.time_zone
    mailbox.open_days = "".join(sorted(set(hours.days)))
    mailbox.opens, mailbox.closes = hours.opens, hours.closes
    plan_anew(session, mailbox, now)


def plan_anew(session: Session, mailbox: Mailbox, now: datetime) -> None:
    """Let everything that waits for the mailbox be looked at again."""
    mailbox.planned_until = None
    session.flush()  # claims look at the row, not at this object
    session.execute(
        update(Dispatch)
        .where(
            Dispatch.mailbox_id == mailbox.id,
            Dispatch.state == DispatchState.QUEUED,
            Dispatch.due_at > now,
        )
        .values(due_at=now)
        .execution_options(synchronize_session=False)
    )


def close_gaps(session: Session, now: datetime, limit: int = 200) -> int:
    """Plan mailboxes anew whose plan is longer than their queue; return how many.

    Letters that were taken back leave gaps, and nobody shall wait behind a gap. Safe to run twice.
    """
    last = (
        select(func.max(Dispatch.due_at))
        .where(Dispatch.mailbox_id == Mailbox.id, Dispatch.state == DispatchState.QUEUED)
        .correlate(Mailbox)
        .scalar_subquery()
    )
    gapped = (
        select(Mailbox)
        .where(
            Mailbox.planned_until.is_not(None), func.coalesce(last, EVER) < Mailbox.planned_until
        )
        .order_by(Mailbox.id)
        .limit(limit)
        .with_for_update(of=Mailbox, key_share=True, skip_locked=True)
    )
    found = session.scalars(gapped).all()
    for mailbox in found:
        plan_anew(session, mailbox, now)
    return len(found)


def foresee(
    session: Session, mailbox: Mailbox, gate_id: uuid.UUID, until: datetime | None, now: datetime
) -> Outlook:
    """What becomes of what waits behind a gate for a mailbox, with everybody else's before it."""
    budget = Budget.of(mailbox, now)
    waiting = select(func.count()).where(
        Dispatch.mailbox_id == mailbox.id, Dispatch.state == DispatchState.QUEUED
    )
    everybody = session.scalar(waiting) or 0
    ours = session.scalar(waiting.where(Dispatch.gate_id == gate_id)) or 0
    used = used_now(session, mailbox.id, budget, now)
    return outlook(budget, used, ours, now, until, behind=everybody - ours)


def list_waiting(session: Session, gate_id: uuid.UUID, limit: int = 50) -> Sequence[Mailbox]:
    """The mailboxes that something waits for behind a gate."""
    queued = (
        select(Dispatch.id)
        .where(
            Dispatch.mailbox_id == Mailbox.id,
            Dispatch.gate_id == gate_id,
            Dispatch.state == DispatchState.QUEUED,
        )
        .exists()
    )
    return session.scalars(
        select(Mailbox).where(queued).order_by(Mailbox.address).limit(limit)
    ).all()


def forget_windows(session: Session, now: datetime) -> None:
    """Drop counters of windows that are long over."""
    session.execute(
        delete(MailboxUse).where(MailboxUse.span != Span.EVER, MailboxUse.starts < now - KEPT)
    )


def _admit_to(
    session: Session, mailbox_id: uuid.UUID, candidates: list[Standing], now: datetime
) -> list[Standing]:
    mailbox = session.scalars(
        select(Mailbox)
        .where(Mailbox.id == mailbox_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).one()
    budget = Budget.of(mailbox, now)
    used = used_now(session, mailbox_id, budget, now)
    is_open = budget.hours.next_open(now) == now
    taken = candidates[: budget.room(used) if is_open else 0]
    if taken:
        _book(session, mailbox_id, budget, len(taken), now)
        for standing in taken:
            standing.dispatch.booked_at = budget.starts(Span.MINUTE, now)
        used = {span: used.get(span, 0) + len(taken) for span in Span}
    if len(taken) < len(candidates):
        session.flush()  # the statement below moves rows as they stand in the database
        _plan(session, mailbox, budget, used, {s.dispatch.id for s in taken}, now)
    return taken


def _book(
    session: Session, mailbox_id: uuid.UUID, budget: Budget, times: int, now: datetime
) -> None:
    is_sqlite = session.get_bind().dialect.name == "sqlite"
    insert = (sqlite.insert if is_sqlite else postgresql.insert)(MailboxUse)
    for span in Span:
        starts = budget.starts(span, now)
        added = insert.values(mailbox_id=mailbox_id, span=span, starts=starts, used=times)
        # The condition is what holds the ceiling, whatever was read before.
        booked = session.execute(
            added.on_conflict_do_update(
                index_elements=["mailbox_id", "span", "starts"],
                set_={"used": MailboxUse.used + times},
                where=MailboxUse.used + times <= budget.ceiling(span),
            ).returning(MailboxUse.used)
        ).scalar_one_or_none()
        if booked is None:
            raise RuntimeError("a budget was overdrawn")


def _plan(
    session: Session,
    mailbox: Mailbox,
    budget: Budget,
    used: Mapping[Span, int],
    taken: set[uuid.UUID],
    now: datetime,
) -> None:
    """Give the due rows of a full mailbox their turns, in one statement."""
    until = mailbox.planned_until
    if until is not None and until > now:
        # Behind those who have theirs. Of that hour the even share is taken until there.
        begun = until - budget.starts(Span.HOUR, until)
        share = int(budget.per_hour * begun / timedelta(hours=1))
        today = _planned_on(session, mailbox.id, budget, until, now)
        if budget.starts(Span.DAY, until) == budget.starts(Span.DAY, now):
            today += used.get(Span.DAY, 0)
        used = {Span.HOUR: share, Span.DAY: today, Span.EVER: used.get(Span.EVER, 0)}
    else:
        until = now
    plan = [
        slot.at for slot in slots(budget, used, until, PLANNED_AT_ONCE) for _ in range(slot.room)
    ]
    _move_due(session, mailbox.id, plan, max([now, *plan[-1:]]) + LOOKS_AGAIN, taken, now)
    _deal(session, mailbox.id, now)
    if plan:
        last = select(func.max(Dispatch.due_at)).where(
            Dispatch.mailbox_id == mailbox.id, Dispatch.state == DispatchState.QUEUED
        )
        mailbox.planned_until = session.scalar(last)


def _planned_on(
    session: Session, mailbox_id: uuid.UUID, budget: Budget, until: datetime, now: datetime
) -> int:
    """How many have their turn on the day of `until`: at most what a day may bring, so few."""
    begins = max(budget.starts(Span.DAY, until), now)
    planned = select(func.count()).where(
        Dispatch.mailbox_id == mailbox_id,
        Dispatch.state == DispatchState.QUEUED,
        Dispatch.due_at > begins,
        Dispatch.due_at <= until,
    )
    return session.scalar(planned) or 0


def _move_due(
    session: Session,
    mailbox_id: uuid.UUID,
    plan: list[datetime],
    otherwise: datetime,
    taken: set[uuid.UUID],
    now: datetime,
) -> None:
    """Give the n-th due row the n-th moment of the plan, and those beyond it another day."""
    turns = (
        values(column("place", Dispatch.attempts.type), column("turn_at", Instant()), name="turns")
        .data(list(enumerate(plan, 1)) or [(0, otherwise)])
        .cte("turn")
    )
    due = (
        select(Dispatch.id, Dispatch.expires_at, Dispatch.due_at)
        .where(
            Dispatch.mailbox_id == mailbox_id,
            Dispatch.state == DispatchState.QUEUED,
            Dispatch.due_at <= now,
            Dispatch.id.not_in(taken),
        )
        .order_by(Dispatch.due_at)
        .limit(PLANNED_AT_ONCE)
        # A row in another worker's hands is that worker's to move.
        .with_for_update(skip_locked=True, of=Dispatch)
        .cte("due")
    )
    # Who has the earliest end goes first.
    order = (func.coalesce(due.c.expires_at, _NEVER), due.c.due_at, due.c.id)
    ranked = select(due.c.id, func.row_number().over(order_by=order).label("place")).cte("ranked")
    planned = (
        select(ranked.c.id, func.coalesce(turns.c.turn_at, otherwise).label("turn_at"))
        .select_from(ranked.outerjoin(turns, turns.c.place == ranked.c.place))
        .cte("planned")
    )
    session.execute(
        update(Dispatch)
        .where(Dispatch.id == planned.c.id)
        .values(
            due_at=planned.c.turn_at,
            mixing=case(
                (Dispatch.mixing == Mixing.DRAWN, Mixing.DEALT.value), else_=Dispatch.mixing
            ),
        )
        .execution_options(synchronize_session=False)
    )


def _deal(session: Session, mailbox_id: uuid.UUID, now: datetime) -> None:
    """Deal the turns of mixed letters among them anew.

    In a queue that only grows at its end, whoever writes first would leave first again, however
    the moments before it were drawn. Only turns of one gate and one end are exchanged, so that
    none passes its deadline.
    """
    waiting = session.execute(
        select(Dispatch.id, Dispatch.due_at, Dispatch.gate_id, Dispatch.expires_at)
        .where(
            Dispatch.mailbox_id == mailbox_id,
            Dispatch.state == DispatchState.QUEUED,
            Dispatch.mixing == Mixing.DEALT,
            Dispatch.attempts == 0,
            Dispatch.due_at > now,
        )
        .order_by(Dispatch.due_at)
        .limit(PLANNED_AT_ONCE)
        .with_for_update(skip_locked=True, of=Dispatch)
    ).all()
    decks: defaultdict[tuple[uuid.UUID | None, datetime | None], list[uuid.UUID]]
    decks, turns = defaultdict(list), defaultdict(list)
    for row in waiting:
        decks[row.gate_id, row.expires_at].append(row.id)
        turns[row.gate_id, row.expires_at].append(row.due_at)
    for deck, ids in decks.items():
        _CHANCE.shuffle(ids)
        moved = [{"id": row, "due_at": turn} for row, turn in zip(ids, turns[deck], strict=True)]
        session.execute(update(Dispatch), moved)
