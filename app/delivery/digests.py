"""Digests: many letters to one mailbox that leave as one mail. Commits nothing itself.

Each letter keeps its own row, which waits and ends as the digest does: so a letter is in one digest
at most, never leaves alone while it rides (`carried_by`), can be taken out until the body leaves,
and is counted once. What the mail says is written when a worker has claimed it.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

from sqlalchemy import ColumnElement, and_, func, or_, select, update
from sqlalchemy.orm import Session, defer

from app.core.db import day_of
from app.core.sealing import Seal
from app.delivery.booking import give_back, next_turn, used_now
from app.delivery.budgets import Budget, outlook
from app.delivery.message import Message
from app.delivery.models import Channel, Dispatch, DispatchState, Gate, GateState, Lane, Mailbox
from app.delivery.rules import FIGURES, coarse
from app.tally.actions import Labels, count
from app.tally.models import Figure

# One letter gains nothing from company of none.
LETTERS_AT_LEAST: Final = 2
# Its letters are named in statements, which take so many names and not many more.
LETTERS_AT_MOST: Final = 10_000
# A digest has to be written, and may be refused once and tried again; close to the end a quarter
# of what is left is enough, or letters that still fit would be taken together.
MARGIN: Final = timedelta(minutes=30)
_CLOSE_TO_THE_END: Final = 4
# Who writes just after a digest waits for the next one, and an office gets no mail a minute. Half
# of what is left until the deadline, where that is shorter: the last one leaves just before it.
REST: Final = timedelta(hours=1)

_WAITS: Final = Dispatch.state == DispatchState.QUEUED


@dataclass(frozen=True, slots=True)
class Written:
    """A digest as it leaves, and which of its letters are in it.

    Those of `broken` cannot be written; what is in neither did not fit, and takes the next one.
    """

    message: Message
    letters: frozenset[uuid.UUID]
    broken: frozenset[uuid.UUID] = frozenset()


class Writer(Protocol):
    """Writes the mail of a digest; the outbox knows no letters."""

    def __call__(self, session: Session, digest: uuid.UUID, frame: Message) -> Written: ...


@dataclass(frozen=True, slots=True)
class Crowd:
    """Letters behind one gate that would not all reach their mailbox in time one by one."""

    gate: Gate
    mailbox: Mailbox
    letters: int
    until: datetime


@dataclass(frozen=True, slots=True)
class Shown:
    """A digest as people are told of it: to whom, how many letters, when it leaves or has left."""

    address: str
    time_zone: str
    letters: int
    state: DispatchState
    at: datetime


def list_crowds(session: Session, now: datetime) -> list[Crowd]:
    """Where a digest is needed now: the queue would miss the deadline, a digest would not."""
    waiting = (
        select(
            Dispatch.gate_id,
            Dispatch.mailbox_id,
            func.count().label("letters"),
            func.min(Dispatch.expires_at).label("expires_at"),
        )
        .where(
            _WAITS,
            Dispatch.lane == Lane.LETTER,
            # A fax machine takes sheets one by one.
            Dispatch.channel == Channel.EMAIL,
            Dispatch.carried_by.is_(None),
            Dispatch.opened_at.is_(None),
            Dispatch.mailbox_id.is_not(None),
            Dispatch.gate_id.is_not(None),
            Dispatch.keep_local.is_(False),
        )
        .group_by(Dispatch.gate_id, Dispatch.mailbox_id)
        .having(func.count() >= LETTERS_AT_LEAST)
        .order_by(Dispatch.gate_id, Dispatch.mailbox_id)
    )
    crowds = []
    for row in session.execute(waiting).all():
        gate, mailbox = session.get_one(Gate, row.gate_id), session.get_one(Mailbox, row.mailbox_id)
        until = _until(gate, row.expires_at)
        if until is None or mailbox.suppressed or gate.state is not GateState.OPEN:
            continue
        rests = _rests_until(session, gate, mailbox, until, now)
        if rests <= now < until and _is_needed(session, mailbox, row.letters, until, now):
            crowds.append(Crowd(gate, mailbox, row.letters, until))
    return crowds


def is_crowded(session: Session, crowd: Crowd, now: datetime) -> bool:
    """Whether it still is, after others have been taken together."""
    return _is_needed(session, crowd.mailbox, crowd.letters, crowd.until, now)


def open_digest(
    session: Session,
    seal: Seal,
    frame: Message,
    *,
    gate_id: uuid.UUID,
    mailbox_id: uuid.UUID,
    now: datetime,
    whose: ColumnElement[bool] | None = None,
) -> Dispatch | None:
    """Let everything that waits behind the gate for the mailbox ride in one digest.

    `frame` is its mail without words. None, and nothing is done, where too little waits: what a
    worker has taken meanwhile leaves alone.
    """
    gate = session.get_one(Gate, gate_id)
    row = uuid.uuid4()
    if whose is None:
        whose = and_(
            Dispatch.gate_id == gate_id,
            Dispatch.mailbox_id == mailbox_id,
            Dispatch.carried_by.is_(None),
            Dispatch.opened_at.is_(None),
            Dispatch.keep_local.is_(False),
        )
    # What another worker holds at this moment is that worker's to send.
    found = session.execute(
        select(Dispatch.id, Dispatch.expires_at)
        .where(whose, _WAITS, Dispatch.lane == Lane.LETTER, Dispatch.gate_epoch == gate.epoch)
        .order_by(Dispatch.due_at, Dispatch.id)
        .limit(LETTERS_AT_MOST)
        .with_for_update(skip_locked=True)
    ).all()
    if len(found) < LETTERS_AT_LEAST:
        return None
    ends = [each.expires_at for each in found if each.expires_at is not None]
    digest = Dispatch(
        id=row,
        once_key=f"digest:{row.hex}",
        lane=Lane.LETTER,
        gate_id=gate.id,
        gate_epoch=gate.epoch,
        mailbox_id=mailbox_id,
        key_id=seal.id,
        payload=seal.close_bytes(frame.to_bytes(), table="dispatch", column="payload", row=row),
        due_at=now,
        expires_at=min(ends, default=None),
        opened_at=now,
    )
    session.add(digest)
    session.flush()  # the letters below are changed by statement
    _each(session, [each.id for each in found], {"carried_by": row})
    return digest


def dissolve_needless(session: Session, now: datetime) -> int:
    """Let letters go alone again where that is in time after all; return how many digests went.

    A deadline was moved, a ceiling raised. What a worker has claimed once stays as it is.
    """
    waiting = (
        select(Dispatch)
        .where(_WAITS, Dispatch.opened_at.is_not(None), Dispatch.attempts == 0)
        .order_by(Dispatch.opened_at)
        .with_for_update(skip_locked=True)
    )
    gone = 0
    for digest in session.scalars(waiting).all():
        gate, mailbox = session.get_one(Gate, digest.gate_id), digest.mailbox_id
        until = _until(gate, digest.expires_at)
        if mailbox is None or until is None or until <= now:
            continue
        letters = _count_riding(session, digest.id)
        found = session.get_one(Mailbox, mailbox)
        if letters and not _misses(session, found, letters, until, now, extra=letters):
            dissolve(session, [digest.id], now)
            gone += 1
    return gone


def dissolve(session: Session, digests: Sequence[uuid.UUID], now: datetime) -> None:
    """Let the letters of these digests go alone; of what has begun to leave, none."""
    held = session.scalars(
        select(Dispatch.id)
        .where(Dispatch.id.in_(digests), _is_ours_still())
        .order_by(Dispatch.id)
        .with_for_update()
    ).all()
    if not held:
        return
    give_back(session, held)
    _each(
        session,
        held,
        {
            "state": DispatchState.CANCELLED,
            "payload": None,
            "lease_until": None,
            "holder": "",
            "reason": "dissolved",
            "due_at": coarse(now),
            "finished_at": coarse(now),
        },
    )
    session.execute(
        update(Dispatch)
        .where(Dispatch.carried_by.in_(held), _WAITS)
        .values(carried_by=None, due_at=now)
        .execution_options(synchronize_session=False)
    )


def dissolve_to(session: Session, addresses: Collection[str], now: datetime) -> None:
    """Dissolve what waits for these mailboxes: its letters take other ways."""
    waiting = (
        select(Dispatch.id)
        .join(Mailbox, Mailbox.id == Dispatch.mailbox_id)
        .where(Dispatch.opened_at.is_not(None), _is_ours_still(), Mailbox.address.in_(addresses))
    )
    dissolve(session, session.scalars(waiting).all(), now)


def let_go(session: Session, whose: ColumnElement[bool], reason: str) -> list[uuid.UUID]:
    """Make ready for letters to be taken out; return the digests of which none can be.

    A digest that a worker is about to send is taken from it and is written anew without them. Past
    that moment they are only marked, so that nothing of them is tried again.
    """
    riding = select(Dispatch.carried_by).where(whose, _WAITS, Dispatch.carried_by.is_not(None))
    ids = sorted({each for each in session.scalars(riding.distinct()) if each is not None})
    if not ids:
        return []
    # The digests first, in one order, as whoever settles them does.
    found = session.execute(
        select(Dispatch.id, Dispatch.state, Dispatch.past_dot)
        .where(Dispatch.id.in_(ids))
        .order_by(Dispatch.id)
        .with_for_update()
    ).all()
    sending = [row for row in found if row.state is DispatchState.SENDING]
    leaving = [row.id for row in sending if row.past_dot]
    taken = [row.id for row in sending if not row.past_dot]
    if taken:
        give_back(session, taken)
        _each(
            session,
            taken,
            {
                "state": DispatchState.QUEUED,
                "lease_until": None,
                "holder": "",
                "reason": "changed",
                "attempts": Dispatch.attempts - 1,
            },
        )
    if leaving:
        session.execute(
            update(Dispatch)
            .where(whose, _WAITS, Dispatch.carried_by.in_(leaving))
            .values(recalled=reason)
            .execution_options(synchronize_session=False)
        )
    return leaving


def keep(
    session: Session, seal: Seal | None, digest_id: uuid.UUID, written: Written, now: datetime
) -> bool:
    """Leave in a digest what was written; False if it has changed since and has to be anew."""
    rows = session.execute(
        select(Dispatch.id, Dispatch.counted_as)
        .where(Dispatch.carried_by == digest_id, _WAITS)
        .with_for_update()
    ).all()
    riding = {row.id for row in rows}
    if not written.letters <= riding:
        return False
    broken = riding & written.broken
    if broken:
        _end(session, [row for row in rows if row.id in broken], now)
    rest = riding - written.letters - broken
    if rest:
        digest = session.get_one(Dispatch, digest_id)
        these = Dispatch.id.in_(rest)
        _each(session, rest, {"carried_by": None})
        if seal is not None and digest.gate_id is not None and digest.mailbox_id is not None:
            frame = _frame(seal, digest)
            open_digest(
                session,
                seal,
                frame,
                gate_id=digest.gate_id,
                mailbox_id=digest.mailbox_id,
                now=now,
                whose=these,
            )
    return True


def is_whole(session: Session, digest_id: uuid.UUID, letters: int) -> bool:
    """Whether exactly so many still ride in it: asked with the digest's own row locked."""
    return _count_riding(session, digest_id) == letters


def count_letters(session: Session, digest_id: uuid.UUID) -> int:
    """How many ride in it or, once it has left, how many it carried."""
    carried = select(func.count()).where(
        Dispatch.carried_by == digest_id, Dispatch.state != DispatchState.CANCELLED
    )
    return session.scalar(carried) or 0


def _count_riding(session: Session, digest_id: uuid.UUID) -> int:
    return session.scalar(select(func.count()).where(Dispatch.carried_by == digest_id, _WAITS)) or 0


def settle_riders(
    session: Session,
    digest_id: uuid.UUID,
    state: DispatchState,
    now: datetime,
    *,
    values: dict[str, Any],
    is_unknown: bool,
) -> None:
    """Let every letter of a digest end as the digest has, and count each."""
    riding = select(Dispatch.id, Dispatch.recalled, Dispatch.counted_as)
    rows = session.execute(
        riding.where(Dispatch.carried_by == digest_id, _WAITS).with_for_update()
    ).all()
    taken_back = [row for row in rows if row.recalled]
    if state is DispatchState.QUEUED:
        # The others stay where they are and leave with the next attempt.
        for reason, ids in _by_reason(taken_back).items():
            ended = DispatchState.HELD if is_unknown else DispatchState.CANCELLED
            why = "no_answer" if is_unknown else reason
            _each(session, ids, _ended(ended, why, now) | {"payload": None})
            of = set(ids)
            _count(session, FIGURES[ended], [row for row in taken_back if row.id in of], now)
        return
    _each(session, [row.id for row in rows], values)
    # Whose words were asked back keeps none here, whatever became of the mail.
    _each(session, [row.id for row in taken_back], {"payload": None})
    _count(session, FIGURES[state], rows, now)
    if state is DispatchState.SENT:
        _count(session, Figure.IN_DIGEST, rows, now)


def note_of_all(
    session: Session,
    digest_id: uuid.UUID,
    values: dict[str, Any],
    now: datetime,
    figure: Figure | None = None,
) -> None:
    """Note of each letter of a digest what a mail that came back says of all."""
    out = (DispatchState.SENT, DispatchState.BOUNCED)
    noted = session.execute(
        update(Dispatch)
        .where(Dispatch.carried_by == digest_id, Dispatch.state.in_(out))
        .values(values)
        .returning(Dispatch.counted_as)
        .execution_options(synchronize_session=False)
    ).all()
    if figure is not None:
        _count(session, figure, noted, now)


def revive_riders(session: Session, digest: Dispatch, now: datetime) -> None:
    """Let those that ended with a digest go with it once more, because a person has decided so."""
    stopped = (DispatchState.FAILED, DispatchState.HELD)
    rows = session.execute(
        select(Dispatch.id, Dispatch.state, Dispatch.counted_as)
        .where(
            Dispatch.carried_by == digest.id,
            Dispatch.state.in_(stopped),
            Dispatch.payload.is_not(None),
        )
        .with_for_update()
    ).all()
    for state in stopped:
        _count(session, FIGURES[state], [row for row in rows if row.state is state], now, times=-1)
    _each(
        session,
        [row.id for row in rows],
        {
            "state": DispatchState.QUEUED,
            "gate_epoch": digest.gate_epoch,
            "reason": "",
            "finished_at": None,
        },
    )


def list_digests(session: Session, gate_id: uuid.UUID, limit: int = 50) -> list[Shown]:
    """The digests behind a gate that wait or have left, newest first."""
    found = session.execute(
        select(Dispatch, Mailbox)
        .join(Mailbox, Mailbox.id == Dispatch.mailbox_id)
        .where(
            Dispatch.gate_id == gate_id,
            Dispatch.opened_at.is_not(None),
            Dispatch.state != DispatchState.CANCELLED,
        )
        .options(defer(Dispatch.payload))
        .order_by(Dispatch.opened_at.desc(), Dispatch.id)
        .limit(limit)
    ).all()
    return [
        Shown(
            mailbox.address,
            mailbox.time_zone,
            count_letters(session, digest.id),
            digest.state,
            digest.finished_at or digest.due_at,
        )
        for digest, mailbox in found
    ]


def _is_needed(
    session: Session, mailbox: Mailbox, letters: int, until: datetime, now: datetime
) -> bool:
    if not _misses(session, mailbox, letters, until, now):
        return False
    budget = Budget.of(mailbox, now)
    turn = next_turn(budget, used_now(session, mailbox.id, budget, now), now)
    # A mailbox that reads no mail before the end gets none then, together or not.
    return turn is not None and turn < until


def _misses(
    session: Session,
    mailbox: Mailbox,
    letters: int,
    until: datetime,
    now: datetime,
    *,
    extra: int = 0,
) -> bool:
    budget = Budget.of(mailbox, now).for_letters()
    everybody = select(func.count()).where(
        Dispatch.mailbox_id == mailbox.id,
        _WAITS,
        Dispatch.carried_by.is_(None),
        Dispatch.opened_at.is_(None),
    )
    behind = (session.scalar(everybody) or 0) + extra - letters
    used = used_now(session, mailbox.id, budget, now)
    end = until - min(MARGIN, (until - now) / _CLOSE_TO_THE_END)
    return outlook(budget, used, letters, now, end, behind=max(0, behind)).misses


def _until(gate: Gate, expires_at: datetime | None) -> datetime | None:
    ends = [end for end in (gate.open_until, expires_at) if end is not None]
    return min(ends, default=None)


def _rests_until(
    session: Session, gate: Gate, mailbox: Mailbox, until: datetime, now: datetime
) -> datetime:
    last: datetime | None = session.scalar(
        select(func.max(Dispatch.opened_at)).where(
            Dispatch.mailbox_id == mailbox.id,
            Dispatch.opened_at.is_not(None),
            Dispatch.gate_id == gate.id,
            Dispatch.state != DispatchState.CANCELLED,
        )
    )
    return now if last is None else last + min(REST, max(timedelta(), (until - last) / 2))


def _is_ours_still() -> ColumnElement[bool]:
    return or_(
        _WAITS,
        and_(Dispatch.state == DispatchState.SENDING, Dispatch.past_dot.is_(False)),
    )


def _frame(seal: Seal, digest: Dispatch) -> Message:
    assert digest.payload is not None  # a digest that is being sent has it
    opened = seal.open_bytes(digest.payload, table="dispatch", column="payload", row=digest.id)
    return Message.from_bytes(opened)


def _end(session: Session, rows: Sequence[Any], now: datetime) -> None:
    ended = _ended(DispatchState.FAILED, "cannot_be_built", now)
    _each(session, [row.id for row in rows], ended | {"carried_by": None})
    _count(session, Figure.FAILED, rows, now)


def _ended(state: DispatchState, reason: str, now: datetime) -> dict[str, Any]:
    return {
        "state": state,
        "reason": reason,
        "due_at": coarse(now),
        "finished_at": coarse(now),
    }


def _by_reason(rows: Sequence[Any]) -> dict[str, list[uuid.UUID]]:
    grouped: dict[str, list[uuid.UUID]] = {}
    for row in rows:
        grouped.setdefault(row.recalled, []).append(row.id)
    return grouped


def _each(session: Session, ids: Collection[uuid.UUID], values: dict[str, Any]) -> None:
    if ids:
        session.execute(
            update(Dispatch)
            .where(Dispatch.id.in_(list(ids)))
            .values(values)
            .execution_options(synchronize_session=False)
        )


def _count(
    session: Session, figure: Figure, rows: Sequence[Any], now: datetime, times: int = 1
) -> None:
    labels = Counter(Labels.from_json(row.counted_as) for row in rows if row.counted_as is not None)
    for each, many in labels.items():
        count(session, figure, each, day_of(now), times * many)
