"""Putting messages into the outbox, taking them back, and moving the gates before them."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.core.addresses import same_mailbox
from app.core.db import day_of
from app.core.models import Installation
from app.core.sealing import Seal
from app.delivery.booking import give_back
from app.delivery.digests import let_go, note_of_all, revive_riders
from app.delivery.message import Message
from app.delivery.models import (
    FAX_LINE,
    Channel,
    Dispatch,
    DispatchState,
    Gate,
    GateState,
    Lane,
    Mailbox,
    Mixing,
    RelayHealth,
)
from app.delivery.queries import find_dispatch, get_dispatch
from app.delivery.rules import FIGURES, coarse, require_retry
from app.delivery.wakeup import call
from app.tally.actions import Labels, count
from app.tally.models import Figure

# By itself, or because a person says so.
_MAY_STILL_LEAVE: Final = (
    DispatchState.QUEUED,
    DispatchState.SENDING,
    DispatchState.FAILED,
    DispatchState.HELD,
)


@dataclass(frozen=True, slots=True)
class GateReport:
    """What closing a gate did: taken back, and already in the hands of workers.

    Of those in flight one a worker may be leaving; the others are found closed by the last look
    before their body and are cancelled too, within seconds.
    """

    cancelled: int
    in_flight: int


def new_gate(session: Session) -> Gate:
    """A gate, closed until it is opened."""
    gate = Gate(state=GateState.CLOSED, epoch=1)
    session.add(gate)
    session.flush()  # its owner points at it by id
    return gate


def open_gate(session: Session, gate: Gate, until: datetime) -> None:
    """Let through until the first instant that is too late.

    What waits behind it ends with it: a letter that was written before an extension has it too.
    """
    gate.state = GateState.OPEN
    gate.open_until = until
    session.flush()  # claims look at the row, not at this object
    session.execute(
        update(Dispatch)
        .where(
            Dispatch.gate_id == gate.id,
            Dispatch.state.in_(_MAY_STILL_LEAVE),
            Dispatch.expires_at.is_not(None),
            Dispatch.expires_at != until,
        )
        .values(expires_at=until)
        .execution_options(synchronize_session=False)
    )


def pause_gate(session: Session, gate: Gate) -> None:
    """Keep everything waiting; opening lets it go on."""
    gate.state = GateState.PAUSED
    session.flush()  # claims look at the row, not at this object


def close_gate(session: Session, gate: Gate, reason: str, now: datetime) -> GateReport:
    """Close the gate and take back everything behind it whose body has not started to leave.

    A claimed dispatch loses its claim too: the worker must find its own number on the row to set
    the flag before the body, so nothing starts once this transaction is committed.
    """
    gate.state = GateState.CLOSED
    session.flush()  # before the rows, so that a claim running beside it meets a closed gate
    _let_go_of_held(session, Dispatch.gate_id == gate.id, now)
    cancelled = _cancel_where(session, Dispatch.gate_id == gate.id, reason, now)
    leaving = select(func.count()).where(
        Dispatch.gate_id == gate.id,
        or_(
            and_(Dispatch.state == DispatchState.SENDING, Dispatch.opened_at.is_(None)),
            # What rides in a digest whose body has left.
            and_(Dispatch.state == DispatchState.QUEUED, Dispatch.carried_by.is_not(None)),
        ),
    )
    return GateReport(cancelled=cancelled, in_flight=session.scalar(leaving) or 0)


def outdate(session: Session, gate: Gate, now: datetime) -> int:
    """Keep what was written for this opening of a gate until a person says how it goes on.

    Return how many messages came to wait. What is in the hands of a worker stops at its last look
    before the body; what is sent again later meets the new epoch at its claim.
    """
    gate.epoch += 1
    session.flush()  # claims look at the row, not at this object
    behind = (Dispatch.gate_id == gate.id, Dispatch.lane == Lane.LETTER)
    held = hold_where(session, and_(*behind, Dispatch.opened_at.is_(None)), "outdated", now)
    # A digest whose letters have all been taken out has nothing left to say.
    empty = (
        update(Dispatch)
        .where(*behind, Dispatch.opened_at.is_not(None), Dispatch.state == DispatchState.QUEUED)
        .values(
            state=DispatchState.CANCELLED,
            payload=None,
            reason="outdated",
            due_at=coarse(now),
            finished_at=coarse(now),
        )
        .returning(Dispatch.id)
    )
    give_back(session, session.scalars(empty).all())
    return held


def hold_where(session: Session, whose: ColumnElement[bool], reason: str, now: datetime) -> int:
    """Let what is queued wait for a person; return how many messages it is."""
    leaving = let_go(session, whose, reason)
    waiting = (
        update(Dispatch)
        .where(
            whose,
            Dispatch.state == DispatchState.QUEUED,
            or_(Dispatch.carried_by.is_(None), Dispatch.carried_by.not_in(leaving)),
        )
        .values(
            state=DispatchState.HELD,
            reason=reason,
            carried_by=None,
            due_at=coarse(now),
            finished_at=coarse(now),
        )
        .returning(Dispatch.id, Dispatch.counted_as)
    )
    rows = session.execute(waiting).all()
    give_back(session, [row.id for row in rows])
    labels = Counter(Labels.from_json(row.counted_as) for row in rows if row.counted_as is not None)
    for each, times in labels.items():
        count(session, Figure.HELD, each, day_of(now), times)
    return len(rows)


def enqueue(
    session: Session,
    seal: Seal,
    message: Message,
    *,
    once_key: str,
    lane: Lane,
    now: datetime,
    due_at: datetime | None = None,
    is_mixed: bool = False,
    expires_at: datetime | None = None,
    gate: Gate | None = None,
    mailbox_address: str | None = None,
    time_zone: str = "UTC",
    keep_local: bool = False,
    counted_as: Labels | None = None,
) -> Dispatch:
    """Put a message into the outbox, in the caller's transaction.

    One with a fax number goes by fax. What is mixed leaves in an order that nobody can foresee.
    The same `once_key` again, also from another transaction at the same moment, adds nothing and
    returns what is there.
    """
    row = uuid.uuid4()
    sealed = seal.close_bytes(message.to_bytes(), table="dispatch", column="payload", row=row)
    mailbox = None
    if lane is Lane.LETTER:
        # Only of offices: a notice goes to a person, whose address must not stand in clear.
        address = FAX_LINE + message.to_fax if message.to_fax else message.to_address
        mailbox = mailbox_for(session, mailbox_address or address, time_zone)
    added: Dispatch | None = session.scalars(
        _insert(session, Dispatch)
        .values(
            id=row,
            once_key=once_key,
            lane=lane,
            channel=Channel.FAX if message.to_fax else Channel.EMAIL,
            gate_id=gate.id if gate else None,
            gate_epoch=gate.epoch if gate else None,
            mailbox_id=mailbox.id if mailbox else None,
            keep_local=keep_local,
            key_id=seal.id,
            payload=sealed,
            counted_as=counted_as.to_json() if counted_as else None,
            due_at=due_at or now,
            mixing=Mixing.DRAWN if is_mixed else Mixing.NONE,
            expires_at=expires_at,
        )
        .on_conflict_do_nothing(index_elements=["once_key"])
        .returning(Dispatch)
    ).one_or_none()
    if added is None:
        known = find_dispatch(session, once_key)
        if known is None:
            raise RuntimeError("what stood in the way is gone")
        return known
    if lane is Lane.NOTICE:
        # Somebody waits for it; letters can wait until the next look.
        call(session)
    if counted_as is not None:
        count(session, Figure.QUEUED, counted_as, day_of(now))
    return added


def message_of(seal: Seal, dispatch: Dispatch) -> Message:
    """The message of a dispatch that still has its words."""
    if dispatch.payload is None:
        raise LookupError(dispatch.id)
    opened = seal.open_bytes(dispatch.payload, table="dispatch", column="payload", row=dispatch.id)
    return Message.from_bytes(opened)


def replace_queued(
    session: Session,
    seal: Seal,
    dispatch: Dispatch,
    message: Message,
    *,
    once_key: str,
    counted_as: Labels,
) -> bool:
    """Put other words into a message that waits; False if a worker has taken it meanwhile."""
    waiting = (
        update(Dispatch)
        .where(Dispatch.id == dispatch.id, Dispatch.state == DispatchState.QUEUED)
        .values(
            once_key=once_key,
            counted_as=counted_as.to_json(),
            payload=seal.close_bytes(
                message.to_bytes(), table="dispatch", column="payload", row=dispatch.id
            ),
        )
        .returning(Dispatch.id)
    )
    return session.scalar(waiting) is not None


def mailbox_for(session: Session, address: str, time_zone: str = "UTC") -> Mailbox:
    """The mailbox behind an office's address; made when it is met for the first time.

    A fax number is one too (`FAX_LINE` and the number). `time_zone` is the office's: its hours and
    its days are local ones.
    """
    normal = address if address.startswith(FAX_LINE) else same_mailbox(address)
    wanted = select(Mailbox).where(Mailbox.address == normal)
    known = session.scalars(wanted).one_or_none()
    if known is not None:
        return known
    made = _insert(session, Mailbox).values(id=uuid.uuid4(), address=normal, time_zone=time_zone)
    session.execute(made.on_conflict_do_nothing(index_elements=["address"]))
    return session.scalars(wanted).one()


def cancel(session: Session, dispatches: Iterable[Dispatch], reason: str, now: datetime) -> int:
    """Take back those whose body has not started to leave; return how many."""
    whose = Dispatch.id.in_([dispatch.id for dispatch in dispatches])
    _let_go_of_held(session, whose, now)
    return _cancel_where(session, whose, reason, now)


def retry(session: Session, dispatch_id: uuid.UUID, now: datetime) -> Dispatch:
    """Send again what failed or was held, because a person has decided so.

    The figure it was counted under is taken back, so that every letter stands in one column. A
    letter that stopped in a digest goes with it again, and so do all the others.
    """
    dispatch = get_dispatch(session, dispatch_id)
    if dispatch.carried_by is not None:
        digest = get_dispatch(session, dispatch.carried_by)
        if digest.state in (DispatchState.FAILED, DispatchState.HELD):
            dispatch = digest
    session.refresh(dispatch, with_for_update=True)  # two people may press at once
    require_retry(dispatch, now)
    if dispatch.counted_as is not None:
        labels = Labels.from_json(dispatch.counted_as)
        count(session, FIGURES[dispatch.state], labels, day_of(now), times=-1)
    if dispatch.gate_id is not None:
        dispatch.gate_epoch = session.get_one(Gate, dispatch.gate_id).epoch
    dispatch.state = DispatchState.QUEUED
    dispatch.due_at = now
    dispatch.attempts = 0
    dispatch.past_dot = False
    dispatch.reason = ""
    dispatch.finished_at = None
    dispatch.carried_by = None
    session.flush()  # claims look at the row, not at this object
    if dispatch.is_digest:
        revive_riders(session, dispatch, now)
    return dispatch


def forget_expired(session: Session, now: datetime) -> int:
    """Drop the words of what failed or was held once it may not be sent again; return how many.

    Safe to run twice.
    """
    expired = (
        update(Dispatch)
        .where(
            Dispatch.state.in_((DispatchState.FAILED, DispatchState.HELD)),
            Dispatch.payload.is_not(None),
            Dispatch.expires_at <= now,
        )
        .values(payload=None)
        .returning(Dispatch.id)
    )
    return len(session.scalars(expired).all())


def mute(session: Session, reason: str) -> None:
    """Stop all mail, everywhere, until a person lets it flow again."""
    session.execute(update(Installation).values(muted=reason))


def unmute(session: Session) -> None:
    session.execute(update(Installation).values(muted=""))
    call(session)


def grow(session: Session) -> int:
    """Note that mail leaves from this database; return how far it has come."""
    grown = update(Installation).values(generation=Installation.generation + 1)
    return session.scalars(grown.returning(Installation.generation)).one()


def note_health(
    session: Session, name: str, *, failures: int, reason: str, paused_until: datetime | None
) -> None:
    """Write down how a relay does, for operators to see."""
    values = {"failures": failures, "reason": reason, "paused_until": paused_until}
    session.execute(
        _insert(session, RelayHealth)
        .values(name=name, **values)
        .on_conflict_do_update(index_elements=["name"], set_=values)
    )


def note_bounce(
    session: Session, dispatch_id: uuid.UUID, status: str, *, is_hard: bool, now: datetime
) -> bool:
    """Note that what was handed over came back; False if it was not out, or is noted already.

    The reason says what the next step needs: `hard_5.1.1`, the address is gone, or `soft_4.2.2`,
    this mail did not arrive. Nothing is done to the mailbox: one report disables no office.
    """
    came_back = (
        update(Dispatch)
        .where(Dispatch.id == dispatch_id, Dispatch.state == DispatchState.SENT)
        .values(
            state=DispatchState.BOUNCED,
            reason=f"{'hard' if is_hard else 'soft'}_{status}",
            finished_at=coarse(now),
        )
        .returning(Dispatch.id, Dispatch.counted_as)
    )
    noted = session.execute(came_back).one_or_none()
    if noted is not None:
        values = {
            "state": DispatchState.BOUNCED,
            "reason": f"{'hard' if is_hard else 'soft'}_{status}",
        }
        note_of_all(session, dispatch_id, values, now, Figure.BOUNCED)
    if noted is not None and noted.counted_as is not None:
        count(session, Figure.BOUNCED, Labels.from_json(noted.counted_as), day_of(now))
    return noted is not None


def note_answer(
    session: Session, dispatch_id: uuid.UUID, now: datetime, *, is_automatic: bool
) -> bool:
    """Note that somebody, or a machine, has answered; False from the second time on."""
    values: dict[str, Any] = (
        {"auto_answered": True} if is_automatic else {"answered_on": day_of(now)}
    )
    unanswered = (
        Dispatch.auto_answered.is_(False) if is_automatic else Dispatch.answered_on.is_(None)
    )
    noted = (
        update(Dispatch)
        .where(
            Dispatch.id == dispatch_id,
            Dispatch.state.in_((DispatchState.SENT, DispatchState.BOUNCED)),
            unanswered,
        )
        .values(values)
        .returning(Dispatch.id)
    )
    is_new = session.scalar(noted) is not None
    if is_new:
        note_of_all(session, dispatch_id, values, now)
    return is_new


def _let_go_of_held(session: Session, whose: ColumnElement[bool], now: datetime) -> None:
    """Make ready to be taken back what waits for a word and has certainly not left."""
    asked = (
        update(Dispatch)
        .where(
            whose,
            Dispatch.state == DispatchState.HELD,
            Dispatch.reason.in_(("outdated", "suppressed")),
            Dispatch.payload.is_not(None),
        )
        .values(state=DispatchState.QUEUED)
        .returning(Dispatch.counted_as)
    )
    found = [stored for stored in session.scalars(asked) if stored is not None]
    for labels, times in Counter(Labels.from_json(stored) for stored in found).items():
        count(session, Figure.HELD, labels, day_of(now), -times)


def _cancel_where(session: Session, whose: ColumnElement[bool], reason: str, now: datetime) -> int:
    leaving = let_go(session, whose, reason)
    waiting = or_(
        and_(
            Dispatch.state == DispatchState.QUEUED,
            or_(Dispatch.carried_by.is_(None), Dispatch.carried_by.not_in(leaving)),
        ),
        and_(Dispatch.state == DispatchState.SENDING, Dispatch.past_dot.is_(False)),
    )
    taken_back = (
        update(Dispatch)
        .where(whose, waiting)
        .values(
            state=DispatchState.CANCELLED,
            payload=None,
            lease_until=None,
            reason=reason,
            due_at=coarse(now),
            finished_at=coarse(now),
        )
        .returning(Dispatch.id, Dispatch.counted_as, Dispatch.opened_at)
    )
    rows = session.execute(taken_back).all()
    give_back(session, [row.id for row in rows])
    # A digest is no letter: those that it carried stand there themselves.
    stored = [row.counted_as for row in rows if row.opened_at is None]
    # What may be leaving at this moment cannot be taken back, but must not go on: its worker looks
    # again before each body, and nothing of it is tried again.
    session.execute(
        update(Dispatch)
        .where(whose, Dispatch.state == DispatchState.SENDING)
        .values(recalled=reason)
        .execution_options(synchronize_session=False)
    )
    labels = Counter(Labels.from_json(counted) for counted in stored if counted is not None)
    for each, times in labels.items():
        count(session, Figure.CANCELLED, each, day_of(now), times)
    return len(stored)


def _insert(session: Session, table: type[Dispatch | Mailbox | RelayHealth]) -> Any:
    is_sqlite = session.get_bind().dialect.name == "sqlite"
    return (sqlite.insert if is_sqlite else postgresql.insert)(table)
