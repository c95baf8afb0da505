"""Questions to the outbox: what is due, what is stuck, how much of each state."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session, defer

from app.core.addresses import same_mailbox
from app.core.errors import NotFound
from app.delivery.models import Dispatch, DispatchState, Gate, GateState, Lane, Mailbox


@dataclass(frozen=True, slots=True)
class LaneStatus:
    """One lane of the outbox."""

    lane: Lane
    by_state: dict[DispatchState, int]
    oldest_queued: timedelta | None

    @property
    def total(self) -> int:
        """All that was ever due in this lane: every dispatch is in exactly one state."""
        return sum(self.by_state.values())


@dataclass(frozen=True, slots=True)
class OutboxStatus:
    """The outbox, lane by lane."""

    lanes: tuple[LaneStatus, ...]


@dataclass(frozen=True, slots=True)
class Standing:
    """A dispatch with the gate and the mailbox that decide about it."""

    dispatch: Dispatch
    gate: Gate | None
    mailbox: Mailbox | None


def outbox_status(session: Session, now: datetime) -> OutboxStatus:
    """Counts of each state per lane, and how long the oldest due dispatch has waited."""
    return OutboxStatus(
        tuple(
            LaneStatus(lane, count_by_state(session, lane), _oldest_queued(session, lane, now))
            for lane in Lane
        )
    )


def count_by_state(session: Session, lane: Lane | None = None) -> dict[DispatchState, int]:
    """How many dispatches are in each state. Their sum is what was ever put in."""
    counted = select(Dispatch.state, func.count().label("times")).group_by(Dispatch.state)
    if lane is not None:
        counted = counted.where(Dispatch.lane == lane)
    found = {row.state: row.times for row in session.execute(counted)}
    return {state: found.get(state, 0) for state in DispatchState}


def get_dispatch(session: Session, dispatch_id: uuid.UUID) -> Dispatch:
    found = session.get(Dispatch, dispatch_id)
    if found is None:
        raise NotFound
    return found


def find_dispatch(session: Session, once_key: str) -> Dispatch | None:
    return session.scalars(select(Dispatch).where(Dispatch.once_key == once_key)).one_or_none()


def find_mailbox(session: Session, address: str) -> Mailbox | None:
    wanted = select(Mailbox).where(Mailbox.address == same_mailbox(address))
    return session.scalars(wanted).one_or_none()


def list_held(session: Session, limit: int = 100) -> Sequence[Dispatch]:
    """What waits for a person to decide, oldest first."""
    return _list_in(session, DispatchState.HELD, limit)


def list_failed(session: Session, limit: int = 100) -> Sequence[Dispatch]:
    """What was refused for good, oldest first."""
    return _list_in(session, DispatchState.FAILED, limit)


def list_due(
    session: Session, lane: Lane, now: datetime, limit: int, *, only_local: bool = False
) -> list[Standing]:
    """Dispatches whose turn has come, locked, with their gate and mailbox.

    What stands behind a paused gate is left out until the gate moves or its time is over.
    """
    due = (
        select(Dispatch, Gate, Mailbox)
        .outerjoin(Gate, Gate.id == Dispatch.gate_id)
        .outerjoin(Mailbox, Mailbox.id == Dispatch.mailbox_id)
        .where(
            Dispatch.state == DispatchState.QUEUED,
            Dispatch.lane == lane,
            Dispatch.due_at <= now,
            or_(
                Gate.id.is_(None),
                Gate.state != GateState.PAUSED,
                Gate.open_until <= now,
                Dispatch.expires_at <= now,
            ),
        )
        .order_by(Dispatch.due_at)
        .limit(limit)
        .with_for_update(of=Dispatch, skip_locked=True)
    )
    if only_local:
        due = due.where(Dispatch.keep_local)
    return [Standing(*row) for row in session.execute(due)]


def list_abandoned(session: Session, database_now: datetime, limit: int) -> Sequence[Dispatch]:
    """Dispatches whose worker has let its lease run out, locked."""
    abandoned = (
        select(Dispatch)
        .where(Dispatch.state == DispatchState.SENDING, Dispatch.lease_until < database_now)
        .order_by(Dispatch.lease_until)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return session.scalars(abandoned).all()


def get_standing(session: Session, dispatch_id: uuid.UUID) -> Standing:
    """A dispatch with its gate and mailbox as they are now, without its words."""
    standing = (
        select(Dispatch, Gate, Mailbox)
        .outerjoin(Gate, Gate.id == Dispatch.gate_id)
        .outerjoin(Mailbox, Mailbox.id == Dispatch.mailbox_id)
        .where(Dispatch.id == dispatch_id)
        .options(defer(Dispatch.payload))
    )
    return Standing(*session.execute(standing).one())


def _list_in(session: Session, state: DispatchState, limit: int) -> Sequence[Dispatch]:
    stuck = (
        select(Dispatch)
        .where(Dispatch.state == state)
        .order_by(Dispatch.finished_at, Dispatch.id)
        .limit(limit)
    )
    return session.scalars(stuck).all()


def _oldest_queued(session: Session, lane: Lane, now: datetime) -> timedelta | None:
    oldest = session.scalar(
        select(func.min(Dispatch.due_at)).where(
            Dispatch.state == DispatchState.QUEUED, Dispatch.lane == lane, Dispatch.due_at <= now
        )
    )
    return None if oldest is None else now - oldest
