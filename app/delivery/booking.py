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
    CursorResult,
    and_,
    bindparam,
    case,
    column,
    delete,
    func,
    or_,
    select,
    tuple_,
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
from app.delivery.models import (
    Dispatch,
    DispatchState,
    Mailbox,
    MailboxUse,
    Mixing,
    Span,
    stands,
)
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
# Letters that leave each for itself: what rides in a digest takes no turn.
_SINGLE: Final = and_(Dispatch.carried_by.is_(None), Dispatch.opened_at.is_(None))


def admit(session: Session, standings: Sequence[Standing], now: datetime) -> list[Standing]:
    """Those of the candidates that may leave now, booked; the others get their turn later.

    What stays on this machine reaches no office and is not booked. The rows behind a mailbox that
    is full are moved in the same transaction, so that no worker meets them again before their time.
    Whoever takes the admitted ones writes `booked_at` on them.
    """
    by_mailbox: defaultdict[uuid.UUID, list[Standing]] = defaultdict(list)
    admitted = []
    for standing in standings:
        if standing.mailbox_id is None or standing.keep_local:
            admitted.append(standing)
        else:
            by_mailbox[standing.mailbox_id].append(standing)
    if by_mailbox:
        admitted += _admit_to_all(session, by_mailbox, now)
    places = {standing.id: place for place, standing in enumerate(standings)}
    return sorted(admitted, key=lambda standing: places[standing.id])


def booked_at(now: datetime) -> datetime:
    """The minute in whose windows a booking of now lies; the same for every mailbox."""
    return Budget().starts(Span.MINUTE, now)


def used_now(
    session: Session, mailbox_id: uuid.UUID, budget: Budget, now: datetime
) -> dict[Span, int]:
    """What is booked in the windows of now."""
    return _used_now_of(session, {mailbox_id: budget}, now)[mailbox_id]


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
            stands(DispatchState.QUEUED),
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
        .where(Dispatch.mailbox_id == Mailbox.id, stands(DispatchState.QUEUED), _SINGLE)
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
    budget = Budget.of(mailbox, now).for_letters()
    waiting = select(func.count()).where(
        Dispatch.mailbox_id == mailbox.id, stands(DispatchState.QUEUED), _SINGLE
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
            stands(DispatchState.QUEUED),
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


def _admit_to_all(
    session: Session, by_mailbox: Mapping[uuid.UUID, list[Standing]], now: datetime
) -> list[Standing]:
    """All mailboxes of a batch together: a few statements, however many offices it goes to."""
    # Locked in one order by every worker, so that two of them never wait for each other.
    mailboxes = session.scalars(
        select(Mailbox)
        .where(Mailbox.id.in_(by_mailbox))
        .order_by(Mailbox.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).all()
    budgets = {mailbox.id: Budget.of(mailbox, now) for mailbox in mailboxes}
    used = _used_now_of(session, budgets, now)
    taken: dict[uuid.UUID, list[Standing]] = {}
    for mailbox in mailboxes:
        those = _admitted(
            session, budgets[mailbox.id], used[mailbox.id], by_mailbox[mailbox.id], now
        )
        taken[mailbox.id] = those
    _book(session, budgets, {of: len(those) for of, those in taken.items() if those}, now)
    for mailbox in mailboxes:
        those, wanted = taken[mailbox.id], by_mailbox[mailbox.id]
        if _singles(those) < _singles(wanted):
            after = {span: used[mailbox.id].get(span, 0) + len(those) for span in Span}
            ids = {standing.id for standing in those}
            _plan(session, mailbox, budgets[mailbox.id].for_letters(), after, ids, now)
    return [standing for those in taken.values() for standing in those]


def _singles(standings: Sequence[Standing]) -> int:
    return sum(not standing.is_digest for standing in standings)


def _admitted(
    session: Session,
    budget: Budget,
    used: Mapping[Span, int],
    wanted: Sequence[Standing],
    now: datetime,
) -> list[Standing]:
    """Those of one mailbox that there is room for; digests that must wait get their turn."""
    is_open = budget.hours.next_open(now) == now
    digests = [standing for standing in wanted if standing.is_digest]
    letters = [standing for standing in wanted if not standing.is_digest]
    # Digests first: hundreds of letters wait in each.
    taken = digests[: budget.room(used) if is_open else 0]
    late = [standing.id for standing in digests[len(taken) :]]
    if late:
        session.execute(
            update(Dispatch)
            .where(Dispatch.id.in_(late))
            .values(due_at=next_turn(budget, used, now) or now + LOOKS_AGAIN)
            .execution_options(synchronize_session=False)
        )
    after = {span: used.get(span, 0) + len(taken) for span in Span}
    return taken + letters[: budget.for_letters().room(after) if is_open else 0]


def _used_now_of(
    session: Session, budgets: Mapping[uuid.UUID, Budget], now: datetime
) -> dict[uuid.UUID, dict[Span, int]]:
    windows = [
        (of, span, budget.starts(span, now)) for of, budget in budgets.items() for span in Span
    ]
    booked = select(MailboxUse.mailbox_id, MailboxUse.span, MailboxUse.used).where(
        tuple_(MailboxUse.mailbox_id, MailboxUse.span, MailboxUse.starts).in_(windows)
    )
    used: dict[uuid.UUID, dict[Span, int]] = {of: {} for of in budgets}
    for row in session.execute(booked):
        used[row.mailbox_id][row.span] = row.used
    return used


def next_turn(budget: Budget, used: Mapping[Span, int], now: datetime) -> datetime | None:
    """When a digest may leave that cannot now; None if it never may."""
    return next((slot.at for slot in slots(budget, used, now, 1)), None)


def _book(
    session: Session,
    budgets: Mapping[uuid.UUID, Budget],
    times: Mapping[uuid.UUID, int],
    now: datetime,
) -> None:
    rows = [
        {
            "mailbox_id": of,
            "span": span,
            "starts": budgets[of].starts(span, now),
            "used": times[of],
            "most": budgets[of].ceiling(span),
        }
        for of in sorted(times)
        for span in Span
    ]
    if not rows:
        return
    is_sqlite = session.get_bind().dialect.name == "sqlite"
    # The table, not the class: its rows are counters and not objects.
    table = MailboxUse.metadata.tables[MailboxUse.__tablename__]
    added = (sqlite.insert if is_sqlite else postgresql.insert)(table).values(
        {name: bindparam(name) for name in ("mailbox_id", "span", "starts", "used")}
    )
    # The condition is what holds the ceiling, whatever was read before.
    after = table.c.used + added.excluded.used
    booked = session.execute(
        added.on_conflict_do_update(
            index_elements=["mailbox_id", "span", "starts"],
            set_={"used": after},
            where=after <= bindparam("most"),
        ).execution_options(preserve_rowcount=True),
        rows,
    )
    if not isinstance(booked, CursorResult) or booked.rowcount != len(rows):
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
            Dispatch.mailbox_id == mailbox.id, stands(DispatchState.QUEUED), _SINGLE
        )
        mailbox.planned_until = session.scalar(last)


def _planned_on(
    session: Session, mailbox_id: uuid.UUID, budget: Budget, until: datetime, now: datetime
) -> int:
    """How many have their turn on the day of `until`: at most what a day may bring, so few."""
    begins = max(budget.starts(Span.DAY, until), now)
    planned = select(func.count()).where(
        Dispatch.mailbox_id == mailbox_id,
        stands(DispatchState.QUEUED),
        _SINGLE,
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
            stands(DispatchState.QUEUED),
            _SINGLE,
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
