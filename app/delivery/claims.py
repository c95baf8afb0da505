"""Taking dispatches to send them, and writing down what came of it. Commits nothing itself."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Self

from sqlalchemy import CursorResult, and_, or_, select, update
from sqlalchemy.orm import Session

from app.core.db import day_of
from app.core.leases import database_now
from app.core.sealing import KeyDestroyed, Seal, WrongKey, get_seal
from app.core.tokens import Keys
from app.delivery.actions import coarse
from app.delivery.booking import admit, give_back, slow_down
from app.delivery.message import Message
from app.delivery.models import Dispatch, DispatchState, Gate, GateState, Lane
from app.delivery.queries import Standing, list_abandoned, list_due
from app.delivery.rules import (
    FIGURES,
    Ruling,
    Verdict,
    after_unknown,
    is_given_up,
    may_leave,
    next_try,
)
from app.tally.actions import Labels, count

# A worker may be killed under a dispatch this often before the dispatch itself is suspected and
# has to wait, so that one that kills every worker does not stop the others.
INNOCENT_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class Claim:
    """A dispatch as one worker holds it, apart from any session."""

    id: uuid.UUID
    fence: int
    due_at: datetime
    expires_at: datetime | None
    attempts: int
    unknowns: int
    keep_local: bool
    counted_as: dict[str, Any] | None
    payload: bytes | None
    seal: Seal | None

    @classmethod
    def of(cls, dispatch: Dispatch, seal: Seal | None) -> Self:
        return cls(
            id=dispatch.id,
            fence=dispatch.fence,
            due_at=dispatch.due_at,
            expires_at=dispatch.expires_at,
            attempts=dispatch.attempts,
            unknowns=dispatch.unknowns,
            keep_local=dispatch.keep_local,
            counted_as=dispatch.counted_as,
            payload=dispatch.payload,
            seal=seal,
        )

    def open(self) -> Message:
        """The words; `KeyDestroyed` when nobody can read them any more."""
        if self.seal is None or self.payload is None:
            raise KeyDestroyed
        place = {"table": "dispatch", "column": "payload", "row": self.id}
        try:
            opened = self.seal.open_bytes(self.payload, **place)  # type: ignore[arg-type]
        except WrongKey as error:
            raise KeyDestroyed from error
        return Message.from_bytes(opened)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one attempt came to."""

    state: DispatchState
    reason: str = ""
    due_at: datetime | None = None
    reply_code: int | None = None
    queue_id: str = ""
    is_unknown: bool = False
    # Nothing was tried, or not because of this dispatch: the attempt does not count.
    is_void: bool = False

    @property
    def did_not_leave(self) -> bool:
        """Certainly nothing has arrived, so that the mailbox owes nothing for it."""
        ends = (DispatchState.QUEUED, DispatchState.CANCELLED, DispatchState.HELD)
        return self.state in ends and not self.is_unknown

    @property
    def is_complaint(self) -> bool:
        """The server has answered that this is too much or too early for it."""
        return self.state is DispatchState.QUEUED and 400 <= (self.reply_code or 0) < 500

    @classmethod
    def of_ruling(cls, ruling: Ruling, due_at: datetime) -> Self:
        """What a verdict other than "go" means for a dispatch that was due at `due_at`."""
        if ruling.verdict is Verdict.CANCEL:
            return cls(DispatchState.CANCELLED, ruling.reason)
        if ruling.verdict is Verdict.HOLD:
            return cls(DispatchState.HELD, ruling.reason)
        return cls(DispatchState.QUEUED, ruling.reason, due_at=due_at, is_void=True)

    @classmethod
    def of_deferral(cls, claim: Claim, now: datetime, reason: str, code: int) -> Self:
        """Not now: later, unless there has been enough of that."""
        if is_given_up(claim.attempts, claim.expires_at):
            return cls(DispatchState.FAILED, "gave_up", reply_code=code or None)
        due = next_try(claim.attempts, now, claim.expires_at)
        return cls(DispatchState.QUEUED, reason, due_at=due, reply_code=code or None)

    @classmethod
    def of_unknown(cls, claim: Claim, now: datetime, *, found: bool | None) -> Self:
        """The body left and no answer came; `found` is what the channel knows about it."""
        state = after_unknown(claim.unknowns, found=found)
        due = now if found is False else next_try(1, now, claim.expires_at)
        return cls(state, "no_answer", due_at=due, is_unknown=found is None)


def claim_due(
    session: Session, keys: Keys, limit: int, lease: timedelta, now: datetime, *, only_local: bool
) -> tuple[list[Claim], int]:
    """Take what is due, notices first; return the claims and how many were settled at once.

    End, gate and mailbox are looked at here, in the transaction that takes the row.
    """
    due = list_due(session, Lane.NOTICE, now, limit, only_local=only_local)
    if len(due) < limit:
        due += list_due(session, Lane.LETTER, now, limit - len(due), only_local=only_local)
    if not due:
        return [], 0
    lease_until = database_now(session) + lease
    seals: dict[uuid.UUID, Seal | None] = {}
    claims, candidates = [], []
    for standing in due:
        ruling = _ruling(standing, now)
        if ruling.verdict is Verdict.GO:
            candidates.append(standing)
            continue
        outcome = Outcome.of_ruling(ruling, standing.dispatch.due_at)
        settle(session, standing.dispatch, outcome, now, was=DispatchState.QUEUED)
    for standing in admit(session, candidates, now):
        dispatch = standing.dispatch
        dispatch.state = DispatchState.SENDING
        dispatch.fence += 1
        dispatch.attempts += 1
        dispatch.lease_until = lease_until
        dispatch.past_dot = False
        if dispatch.key_id not in seals:
            seals[dispatch.key_id] = _find_seal(session, keys, dispatch.key_id)
        claims.append(Claim.of(dispatch, seals[dispatch.key_id]))
    return claims, len(due) - len(claims)


def recover_abandoned(
    session: Session,
    keys: Keys,
    limit: int,
    now: datetime,
    *,
    has: Callable[[Claim], bool | None],
) -> int:
    """Settle what dead workers left behind; return how many.

    Before the body nothing can have arrived; after it the channel is asked, and where it cannot
    tell, the rule for unknown outcomes decides.
    """
    abandoned = list_abandoned(session, database_now(session), limit)
    for dispatch in abandoned:
        claim = Claim.of(dispatch, None)
        if dispatch.past_dot:
            claim = Claim.of(dispatch, _find_seal(session, keys, dispatch.key_id))
            outcome = Outcome.of_unknown(claim, now, found=has(claim))
        elif claim.attempts < INNOCENT_ATTEMPTS:
            outcome = Outcome(DispatchState.QUEUED, "abandoned", due_at=claim.due_at)
        else:
            outcome = Outcome.of_deferral(claim, now, "abandoned", 0)
        settle(session, dispatch, outcome, now)
    return len(abandoned)


def settle(
    session: Session,
    whose: Claim | Dispatch,
    outcome: Outcome,
    now: datetime,
    *,
    was: DispatchState = DispatchState.SENDING,
) -> bool:
    """Write down and count an outcome; False, and nothing written, if the claim has passed on."""
    values: dict[str, Any] = {
        "state": outcome.state,
        "reason": outcome.reason,
        "lease_until": None,
        "reply_code": outcome.reply_code,
        "queue_id": outcome.queue_id,
    }
    if outcome.state is DispatchState.QUEUED:
        values |= {"due_at": outcome.due_at or now, "past_dot": False}
    else:
        values |= {"due_at": coarse(now), "finished_at": coarse(now)}
    if outcome.state in (DispatchState.SENT, DispatchState.CANCELLED):
        values["payload"] = None
    if not outcome.did_not_leave:
        values["booked_at"] = None  # it stays used; nor does an ended row tell when it left
    if outcome.is_unknown:
        values["unknowns"] = Dispatch.unknowns + 1
    if outcome.is_void and was is DispatchState.SENDING:
        values["attempts"] = Dispatch.attempts - 1
    written = session.execute(
        update(Dispatch)
        .where(Dispatch.id == whose.id, Dispatch.fence == whose.fence, Dispatch.state == was)
        .values(values)
        .execution_options(synchronize_session=False)
    )
    if not _changed_one(written):
        return False
    if outcome.did_not_leave:
        give_back(session, [whose.id])
    if outcome.is_complaint:
        slow_down(session, whose.id, now)
    figure = FIGURES.get(outcome.state)
    if figure is not None and whose.counted_as is not None:
        count(session, figure, Labels.from_json(whose.counted_as), day_of(now))
    return True


def pass_dot(session: Session, claim: Claim, lease: timedelta, now: datetime) -> bool:
    """Note that the body begins to leave; False if the claim is lost or the gate is not open."""
    is_open = (
        select(Gate.id)
        .where(
            Gate.id == Dispatch.gate_id,
            Gate.state == GateState.OPEN,
            Gate.epoch == Dispatch.gate_epoch,
            or_(Gate.open_until.is_(None), Gate.open_until > now),
        )
        .exists()
    )
    flagged = (
        update(Dispatch)
        .where(
            Dispatch.id == claim.id,
            Dispatch.fence == claim.fence,
            Dispatch.state == DispatchState.SENDING,
            or_(Dispatch.gate_id.is_(None), is_open),
        )
        .values(past_dot=True, lease_until=database_now(session) + lease)
        .execution_options(synchronize_session=False)
    )
    return _changed_one(session.execute(flagged))


def renew(session: Session, claims: Iterable[Claim], lease: timedelta) -> None:
    """Keep what is still held."""
    held = [and_(Dispatch.id == claim.id, Dispatch.fence == claim.fence) for claim in claims]
    if held:
        session.execute(
            update(Dispatch)
            .where(Dispatch.state == DispatchState.SENDING, or_(*held))
            .values(lease_until=database_now(session) + lease)
            .execution_options(synchronize_session=False)
        )


def _ruling(standing: Standing, now: datetime) -> Ruling:
    return may_leave(standing.dispatch, standing.gate, standing.mailbox, now)


def _find_seal(session: Session, keys: Keys, key_id: uuid.UUID) -> Seal | None:
    try:
        return get_seal(session, keys, key_id)
    except (KeyDestroyed, WrongKey):
        return None


def _changed_one(result: Any) -> bool:
    return isinstance(result, CursorResult) and result.rowcount == 1
