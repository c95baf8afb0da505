"""Questions to the outbox: what is due, what is stuck, how much of each state."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from statistics import median
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, bindparam, func, or_, select
from sqlalchemy.orm import Session, defer

from app.core.addresses import same_mailbox
from app.core.errors import NotFound
from app.core.leases import database_now
from app.core.models import Installation
from app.delivery.models import (
    FAX_LINE,
    Channel,
    Dispatch,
    DispatchState,
    Gate,
    GateState,
    Lane,
    Mailbox,
    RelayHealth,
    stands,
)
from app.delivery.rules import Terms

# Only the machine that handed a message over can ask its relay. One that starts anew is back by
# then; when it is not, the rule for unknown outcomes decides.
ABROAD_AT_MOST: Final = timedelta(minutes=15)


# As many parameters as every database takes in one statement.
KEYS_AT_ONCE: Final = 500
_STOPPED: Final = (DispatchState.HELD, DispatchState.FAILED)


@dataclass(frozen=True, slots=True)
class LaneStatus:
    """One lane of the outbox."""

    lane: Lane
    by_state: dict[DispatchState, int]
    oldest_queued: timedelta | None

    @property
    def total(self) -> int:
        """All that was looked at: every dispatch is in exactly one state."""
        return sum(self.by_state.values())


@dataclass(frozen=True, slots=True)
class DomainStatus:
    """What became of the letters to one domain."""

    domain: str
    sent: int
    bounced: int
    failed: int

    @property
    def bounce_rate(self) -> float:
        """Of all that the domain was handed, the part that came back."""
        handed = self.sent + self.bounced
        return self.bounced / handed if handed else 0.0


@dataclass(frozen=True, slots=True)
class OutboxStatus:
    """The outbox: lane by lane, the relays in trouble, the domains, and whether mail flows."""

    lanes: tuple[LaneStatus, ...]
    relays: tuple[RelayHealth, ...] = ()
    domains: tuple[DomainStatus, ...] = ()
    muted: str = ""


@dataclass(slots=True)
class Answers:
    """How one office answers: letters it got, machines that answered, days until people did."""

    address: str
    letters: int = 0
    automatic: int = 0
    days: list[int] = field(default_factory=list)

    @property
    def answered(self) -> int:
        return len(self.days)

    @property
    def usual_days(self) -> int | None:
        return int(median(self.days)) if self.days else None


@dataclass(frozen=True, slots=True)
class Standing:
    """A dispatch whose turn has come. A plain row: a batch of loaded objects costs ten times it."""

    id: uuid.UUID
    fence: int
    due_at: datetime
    attempts: int
    unknowns: int
    keep_local: bool
    channel: Channel
    counted_as: dict[str, Any] | None
    key_id: uuid.UUID
    payload: bytes | None
    mailbox_id: uuid.UUID | None
    is_digest: bool
    terms: Terms


class Look(NamedTuple):
    """A dispatch as it stands at one moment, for whoever is about to send it."""

    state: DispatchState
    fence: int
    recalled: str
    is_muted: bool
    terms: Terms


def outbox_status(session: Session, now: datetime) -> OutboxStatus:
    """All that was ever due, by lane, state and domain. Reads the whole outbox."""
    return _status(
        session,
        [
            LaneStatus(lane, count_by_state(session, lane), _oldest_queued(session, lane, now))
            for lane in Lane
        ],
        domains=_by_domain(session),
    )


def _status(
    session: Session, lanes: Sequence[LaneStatus], domains: tuple[DomainStatus, ...] = ()
) -> OutboxStatus:
    return OutboxStatus(
        tuple(lanes),
        relays=tuple(
            session.scalars(
                select(RelayHealth).where(RelayHealth.failures > 0).order_by(RelayHealth.name)
            )
        ),
        domains=domains,
        muted=session.scalar(select(Installation.muted)) or "",
    )


def backlog(session: Session, now: datetime) -> OutboxStatus:
    """What is not over, lane by lane, at a cost that does not grow with what was sent."""
    counts: dict[Lane, dict[DispatchState, int]] = {lane: {} for lane in Lane}
    for which in (stands(DispatchState.QUEUED), stands(DispatchState.SENDING), stands(*_STOPPED)):
        counted = (
            select(Dispatch.lane, Dispatch.state, func.count())
            .where(which, Dispatch.opened_at.is_(None))
            .group_by(Dispatch.lane, Dispatch.state)
        )
        for lane, state, times in session.execute(counted):
            counts[lane][state] = times
    of = (DispatchState.QUEUED, DispatchState.SENDING, *_STOPPED)
    return _status(
        session,
        [
            LaneStatus(
                lane,
                {state: counts[lane].get(state, 0) for state in of},
                _oldest_queued(session, lane, now),
            )
            for lane in Lane
        ],
    )


def count_by_state(session: Session, lane: Lane | None = None) -> dict[DispatchState, int]:
    """How many dispatches are in each state. Their sum is what was ever put in.

    The letters of a digest are counted, each in its own state; the mail that carries them is not.
    """
    counted = (
        select(Dispatch.state, func.count().label("times"))
        .where(Dispatch.opened_at.is_(None))
        .group_by(Dispatch.state)
    )
    if lane is not None:
        counted = counted.where(Dispatch.lane == lane)
    found = {row.state: row.times for row in session.execute(counted)}
    return {state: found.get(state, 0) for state in DispatchState}


def get_dispatch(session: Session, dispatch_id: uuid.UUID) -> Dispatch:
    found = session.get(Dispatch, dispatch_id)
    if found is None:
        raise NotFound
    return found


def known_keys(session: Session, once_keys: Sequence[str]) -> set[str]:
    """Which of these have been put into the outbox already."""
    found: set[str] = set()
    for start in range(0, len(once_keys), KEYS_AT_ONCE):
        some = once_keys[start : start + KEYS_AT_ONCE]
        found.update(session.scalars(select(Dispatch.once_key).where(Dispatch.once_key.in_(some))))
    return found


def find_dispatch(session: Session, once_key: str) -> Dispatch | None:
    return session.scalars(select(Dispatch).where(Dispatch.once_key == once_key)).one_or_none()


def find_dispatch_by_id(session: Session, dispatch_id: uuid.UUID) -> Dispatch | None:
    """A dispatch without its words."""
    return session.get(Dispatch, dispatch_id, options=[defer(Dispatch.payload)])


def list_answers(session: Session, limit: int = 1000) -> list[Answers]:
    """How offices answer, by their mailbox. Offices that never answered stand there too."""
    out = (DispatchState.SENT, DispatchState.BOUNCED)
    letters = (
        select(
            Mailbox.address,
            Dispatch.finished_at,
            Dispatch.answered_on,
            Dispatch.auto_answered,
            func.count().label("times"),
        )
        .join(Mailbox, Mailbox.id == Dispatch.mailbox_id)
        # Nobody answers a fax by mail.
        .where(
            Dispatch.state.in_(out),
            Dispatch.opened_at.is_(None),
            Dispatch.channel == Channel.EMAIL,
        )
        .group_by(
            Mailbox.address, Dispatch.finished_at, Dispatch.answered_on, Dispatch.auto_answered
        )
        .order_by(Mailbox.address)
    )
    by_office: dict[str, Answers] = {}
    for row in session.execute(letters):
        office = by_office.setdefault(row.address, Answers(row.address))
        office.letters += row.times
        office.automatic += row.times if row.auto_answered else 0
        if row.answered_on is not None and row.finished_at is not None:
            office.days += [max(0, (row.answered_on - row.finished_at.date()).days)] * row.times
    return list(by_office.values())[:limit]


def find_mailbox(session: Session, address: str) -> Mailbox | None:
    wanted = select(Mailbox).where(Mailbox.address == same_mailbox(address))
    return session.scalars(wanted).one_or_none()


def list_held(session: Session, limit: int = 100) -> Sequence[Dispatch]:
    """What waits for a person to decide, oldest first."""
    return _list_in(session, DispatchState.HELD, limit)


def list_failed(session: Session, limit: int = 100) -> Sequence[Dispatch]:
    """What was refused for good, oldest first."""
    return _list_in(session, DispatchState.FAILED, limit)


def has_work(
    session: Session,
    now: datetime,
    *,
    lanes: tuple[Lane, ...],
    host: str,
    patience: timedelta,
    only_local: bool,
) -> bool:
    """Whether a worker would find anything. Only looks: an idle one must not lock out writers."""
    abandoned = _abandoned(database_now(session), lanes, host, patience)
    if session.scalar(select(Dispatch.id).where(*abandoned).limit(1)) is not None:
        return True
    if session.scalar(select(Installation.muted)):
        return False
    return any(
        session.scalar(_due(select(Dispatch.id), lane, now, only_local=only_local).limit(1))
        is not None
        for lane in lanes
    )


def list_due(
    session: Session, lane: Lane, now: datetime, limit: int, *, only_local: bool = False
) -> list[Standing]:
    """Dispatches whose turn has come, locked, with their gate and mailbox.

    What stands behind a paused gate is left out until the gate moves or its time is over.
    """
    standing = select(*_OF_STANDING, *_OF_TERMS).outerjoin(
        Mailbox, Mailbox.id == Dispatch.mailbox_id
    )
    due = (
        _due(standing, lane, now, only_local=only_local)
        .order_by(Dispatch.due_at)
        .limit(limit)
        .with_for_update(of=Dispatch, skip_locked=True)
    )
    own = len(_OF_STANDING)
    rows: list[tuple[Any, ...]] = [tuple(row) for row in session.execute(due)]
    return [Standing(*(*row[:own], Terms(*row[own:]))) for row in rows]


def list_abandoned(
    session: Session,
    today: datetime,
    limit: int,
    *,
    lanes: tuple[Lane, ...],
    host: str,
    patience: timedelta,
) -> Sequence[Dispatch]:
    """Dispatches whose worker has let its lease run out, locked. `today` is the database's now."""
    abandoned = (
        select(Dispatch)
        .where(*_abandoned(today, lanes, host, patience))
        .order_by(Dispatch.lease_until)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return session.scalars(abandoned).all()


def look_at(connection: Connection, dispatch_id: uuid.UUID) -> Look:
    """A dispatch with what its gate and its mailbox say now. One statement, built once."""
    state, fence, recalled, is_muted, *terms = connection.execute(
        _LOOK, {"wanted": dispatch_id}
    ).one()
    return Look(state, fence, recalled, is_muted, Terms(*terms))


# In the order of the fields that they fill.
_OF_STANDING: Final = (
    Dispatch.id,
    Dispatch.fence,
    Dispatch.due_at,
    Dispatch.attempts,
    Dispatch.unknowns,
    Dispatch.keep_local,
    Dispatch.channel,
    Dispatch.counted_as,
    Dispatch.key_id,
    Dispatch.payload,
    Dispatch.mailbox_id,
    Dispatch.opened_at.is_not(None),
)
_OF_TERMS: Final = (
    Dispatch.expires_at,
    Dispatch.gate_epoch,
    Gate.state,
    Gate.open_until,
    Gate.epoch,
    Mailbox.suppressed,
)
_LOOK: Final = (
    select(
        Dispatch.state,
        Dispatch.fence,
        Dispatch.recalled,
        func.coalesce(select(Installation.muted != "").scalar_subquery(), False),
        *_OF_TERMS,
    )
    .outerjoin(Gate, Gate.id == Dispatch.gate_id)
    .outerjoin(Mailbox, Mailbox.id == Dispatch.mailbox_id)
    .where(Dispatch.id == bindparam("wanted"))
)


def _due(what: Any, lane: Lane, now: datetime, *, only_local: bool) -> Any:
    due = what.outerjoin(Gate, Gate.id == Dispatch.gate_id).where(
        stands(DispatchState.QUEUED),
        Dispatch.lane == lane,
        Dispatch.carried_by.is_(None),
        Dispatch.due_at <= now,
        or_(
            Gate.id.is_(None),
            Gate.state != GateState.PAUSED,
            Gate.open_until <= now,
            Dispatch.expires_at <= now,
        ),
    )
    return due.where(Dispatch.keep_local) if only_local else due


def _abandoned(
    today: datetime, lanes: tuple[Lane, ...], host: str, patience: timedelta
) -> tuple[ColumnElement[bool], ...]:
    can_be_asked = and_(
        Dispatch.holder.in_(("", host)),
        or_(Dispatch.keep_local, Dispatch.lease_until < today - patience),
    )
    return (
        stands(DispatchState.SENDING),
        Dispatch.lane.in_(lanes),
        Dispatch.lease_until < today,
        or_(
            Dispatch.past_dot.is_(False),
            can_be_asked,
            Dispatch.lease_until < today - ABROAD_AT_MOST,
        ),
    )


def _list_in(session: Session, state: DispatchState, limit: int) -> Sequence[Dispatch]:
    stuck = (
        select(Dispatch)
        # The index holds both; only where both are named is it seen to hold this one. A digest is
        # decided upon as one.
        .where(stands(*_STOPPED), Dispatch.state == state, Dispatch.carried_by.is_(None))
        .order_by(Dispatch.finished_at, Dispatch.id)
        .limit(limit)
    )
    return session.scalars(stuck).all()


def _by_domain(session: Session) -> tuple[DomainStatus, ...]:
    ended = (DispatchState.SENT, DispatchState.BOUNCED, DispatchState.FAILED)
    counted = (
        select(Dispatch.mailbox_id, Dispatch.state, func.count().label("times"))
        .where(
            Dispatch.lane == Lane.LETTER, Dispatch.state.in_(ended), Dispatch.opened_at.is_(None)
        )
        .group_by(Dispatch.mailbox_id, Dispatch.state)
        .subquery()
    )
    found = select(Mailbox.address, counted.c.state, counted.c.times).join(
        counted, counted.c.mailbox_id == Mailbox.id
    )
    domains: dict[str, Counter[DispatchState]] = {}
    for address, state, times in session.execute(found):
        domain = "fax" if address.startswith(FAX_LINE) else address.rpartition("@")[2]
        domains.setdefault(domain, Counter())[state] += times
    return tuple(
        DomainStatus(domain, *(states[state] for state in ended))
        for domain, states in sorted(domains.items())
    )


def _oldest_queued(session: Session, lane: Lane, now: datetime) -> timedelta | None:
    oldest = session.scalar(
        select(func.min(Dispatch.due_at)).where(
            stands(DispatchState.QUEUED),
            Dispatch.lane == lane,
            Dispatch.carried_by.is_(None),
            Dispatch.due_at <= now,
        )
    )
    return None if oldest is None else now - oldest
