"""Taking dispatches to send them, and writing down what came of it. Commits nothing itself."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Self

from sqlalchemy import (
    ColumnElement,
    CursorResult,
    and_,
    bindparam,
    case,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.orm import Session

from app.core.db import day_of
from app.core.leases import database_now
from app.core.models import Installation
from app.core.sealing import KeyDestroyed, Seal, WrongKey, get_seal
from app.core.tokens import Keys
from app.delivery.booking import admit, booked_at, give_back, slow_down
from app.delivery.channels.base import HandOver, Receipt
from app.delivery.digests import settle_riders
from app.delivery.message import Message
from app.delivery.models import Channel, Dispatch, DispatchState, Gate, GateState, Lane
from app.delivery.queries import Standing, list_abandoned, list_due
from app.delivery.rules import (
    FIGURES,
    Ruling,
    Verdict,
    after_unknown,
    coarse,
    is_given_up,
    may_leave,
    next_try,
)
from app.tally.actions import Labels, count
from app.tally.models import Figure

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
    channel: Channel
    counted_as: dict[str, Any] | None
    payload: bytes | None
    seal: Seal | None
    is_digest: bool = False

    @classmethod
    def of(cls, dispatch: Dispatch, seal: Seal | None, *, fence: int) -> Self:
        """What another worker had in hand, taken over under a new number or under its old one."""
        return cls(
            id=dispatch.id,
            fence=fence,
            due_at=dispatch.due_at,
            expires_at=dispatch.expires_at,
            attempts=dispatch.attempts,
            unknowns=dispatch.unknowns,
            keep_local=dispatch.keep_local,
            channel=dispatch.channel,
            counted_as=dispatch.counted_as,
            payload=dispatch.payload,
            seal=seal,
            is_digest=dispatch.is_digest,
        )

    @classmethod
    def of_standing(cls, standing: Standing, seal: Seal | None) -> Self:
        """As it stands once the claim is committed, which raises the numbers of the row."""
        return cls(
            id=standing.id,
            fence=standing.fence + 1,
            due_at=standing.due_at,
            expires_at=standing.terms.expires_at,
            attempts=standing.attempts + 1,
            unknowns=standing.unknowns,
            keep_local=standing.keep_local,
            channel=standing.channel,
            counted_as=standing.counted_as,
            payload=standing.payload,
            seal=seal,
            is_digest=standing.is_digest,
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


@dataclass(frozen=True, slots=True)
class Holder:
    """Who claims: which machine, which lanes, for how long without a sign of life."""

    host: str
    lanes: tuple[Lane, ...]
    lease: timedelta
    # How long after a lease has run out the channel may still learn of what was handed over.
    patience: timedelta = timedelta()


@dataclass(frozen=True, slots=True)
class Orphan:
    """A dispatch whose worker died when its body may have left, taken over to find out."""

    claim: Claim
    hand_over: HandOver
    # Another machine's: nobody here can ask the relay that it went to.
    is_foreign: bool


def claim_due(
    session: Session, keys: Keys, limit: int, holder: Holder, now: datetime, *, only_local: bool
) -> tuple[list[Claim], int]:
    """Take what is due, notices first; return the claims and how many were settled at once."""
    if is_muted(session):
        return [], 0
    due: list[Standing] = []
    for lane in holder.lanes:
        if len(due) < limit:
            due += list_due(session, lane, now, limit - len(due), only_local=only_local)
    if not due:
        return [], 0
    seals: dict[uuid.UUID, Seal | None] = {}
    claims, candidates = [], []
    for standing in due:
        ruling = may_leave(standing.terms, now)
        if ruling.verdict is Verdict.GO:
            candidates.append(standing)
            continue
        outcome = Outcome.of_ruling(ruling, standing.due_at)
        settle(session, standing, outcome, now, was=DispatchState.QUEUED)
    for standing in admit(session, candidates, now):
        if standing.key_id not in seals:
            seals[standing.key_id] = _find_seal(session, keys, standing.key_id)
        claims.append(Claim.of_standing(standing, seals[standing.key_id]))
    _take(session, [claim.id for claim in claims], holder, now)
    return claims, len(due) - len(claims)


def adopt_abandoned(
    session: Session, keys: Keys, limit: int, holder: Holder, now: datetime
) -> tuple[list[Orphan], int]:
    """Take over what dead workers left behind; return the open cases and how many are settled.

    Before the body nothing can have arrived, so that goes back at once. After it the channel has
    to be asked, which can take long: those are leased anew, and asked about without a transaction.
    """
    today = database_now(session)
    orphans, settled = [], 0
    for dispatch in list_abandoned(
        session, today, limit, lanes=holder.lanes, host=holder.host, patience=holder.patience
    ):
        claim = Claim.of(dispatch, None, fence=dispatch.fence)
        if dispatch.past_dot:
            orphans.append(_adopt(session, keys, dispatch, holder, today))
            continue
        settled += 1
        if claim.attempts < INNOCENT_ATTEMPTS:
            outcome = Outcome(DispatchState.QUEUED, "abandoned", due_at=claim.due_at)
        else:
            outcome = Outcome.of_deferral(claim, now, "abandoned", 0)
        settle(session, dispatch, outcome, now)
    return orphans, settled


def is_muted(session: Session) -> bool:
    """Whether somebody, or a restored backup, has stopped all mail."""
    return bool(session.scalar(select(Installation.muted)))


def settle(
    session: Session,
    whose: Claim | Dispatch | Standing,
    outcome: Outcome,
    now: datetime,
    *,
    was: DispatchState = DispatchState.SENDING,
) -> bool:
    """Write down and count an outcome; False, and nothing written, if the claim has passed on."""
    written = _write(session, whose, outcome, now, was)
    if not written and outcome.state is DispatchState.QUEUED:
        # Taken back while it was on its way. It has not arrived, so that is its end.
        recalled = select(Dispatch.recalled).where(Dispatch.id == whose.id)
        reason = session.scalar(recalled)
        if reason and not outcome.is_unknown:
            outcome = Outcome(DispatchState.CANCELLED, reason)
        elif reason:
            outcome = Outcome(DispatchState.HELD, "no_answer", is_unknown=True)
        written = bool(reason) and _write(session, whose, outcome, now, was)
    if written and outcome.did_not_leave:
        give_back(session, [whose.id])
    if written and outcome.is_complaint:
        slow_down(session, whose.id, now)
    if written and whose.is_digest:
        settle_riders(
            session,
            whose.id,
            outcome.state,
            now,
            values=_values(outcome, now),
            is_unknown=outcome.is_unknown,
        )
    figure = FIGURES.get(outcome.state)
    if written and figure is not None and whose.counted_as is not None:
        count(session, figure, Labels.from_json(whose.counted_as), day_of(now))
    return written


def settle_sent(
    session: Session, taken: Sequence[tuple[Claim, Receipt]], now: datetime
) -> set[uuid.UUID]:
    """Write down many that were handed over, in a few statements; return which were still ours."""
    numbers = [(claim.id, claim.fence) for claim, _ in taken]
    still_ours = set(
        session.scalars(
            select(Dispatch.id)
            .where(_are(numbers), Dispatch.state == DispatchState.SENDING)
            .with_for_update()
        )
    )
    replies = []
    labels: Counter[Labels] = Counter()
    for claim, receipt in taken:
        if claim.id in still_ours:
            replies.append(
                {"whose": claim.id, "code": receipt.reply_code, "number": receipt.queue_id}
            )
            if claim.counted_as is not None:
                labels[Labels.from_json(claim.counted_as)] += 1
    if replies:
        # Each has a number of its own in the relay's queue: one statement, run for all at once.
        values = _values(Outcome(DispatchState.SENT), now)
        values |= {"reply_code": bindparam("code"), "queue_id": bindparam("number")}
        table = Dispatch.metadata.tables[Dispatch.__tablename__]
        sent = update(table).where(table.c.id == bindparam("whose")).values(values)
        session.execute(sent, replies)
    for each, times in labels.items():
        count(session, Figure.HANDED_OVER, each, day_of(now), times)
    return still_ours


def pass_dot(
    session: Session, claims: Sequence[Claim], lease: timedelta, now: datetime
) -> set[uuid.UUID]:
    """Note that these bodies begin to leave; return those whose claim and gate still hold."""
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
            _are([(claim.id, claim.fence) for claim in claims]),
            Dispatch.state == DispatchState.SENDING,
            Dispatch.recalled == "",
            or_(Dispatch.gate_id.is_(None), is_open),
        )
        .values(past_dot=True, flagged_at=now, lease_until=database_now(session) + lease)
        .returning(Dispatch.id)
        .execution_options(synchronize_session=False)
    )
    return set(session.scalars(flagged))


def holds(session: Session, claim: Claim) -> bool:
    """Whether the claim still holds, with its row locked."""
    ours = select(Dispatch.id).where(
        _are([(claim.id, claim.fence)]), Dispatch.state == DispatchState.SENDING
    )
    return session.scalar(ours.with_for_update()) is not None


def renew(session: Session, claims: Collection[Claim], lease: timedelta) -> None:
    """Keep what is still held; a lease of no length lets go of it."""
    if claims:
        held = _are([(claim.id, claim.fence) for claim in claims])
        session.execute(
            update(Dispatch)
            .where(Dispatch.state == DispatchState.SENDING, held)
            .values(lease_until=database_now(session) + lease)
            .execution_options(synchronize_session=False)
        )


def _take(session: Session, ids: Sequence[uuid.UUID], holder: Holder, now: datetime) -> None:
    if ids:
        is_booked = and_(Dispatch.mailbox_id.is_not(None), Dispatch.keep_local.is_(False))
        session.execute(
            update(Dispatch)
            .where(Dispatch.id.in_(ids))
            .values(
                state=DispatchState.SENDING,
                fence=Dispatch.fence + 1,
                attempts=Dispatch.attempts + 1,
                lease_until=database_now(session) + holder.lease,
                holder=holder.host,
                booked_at=case((is_booked, booked_at(now)), else_=Dispatch.booked_at),
                past_dot=False,
                flagged_at=None,
                recalled="",
            )
            .execution_options(synchronize_session=False)
        )


def _adopt(
    session: Session, keys: Keys, dispatch: Dispatch, holder: Holder, today: datetime
) -> Orphan:
    seal = _find_seal(session, keys, dispatch.key_id)
    claim = Claim.of(dispatch, seal, fence=dispatch.fence + 1)
    latest = dispatch.lease_until or today
    hand_over = HandOver(earliest=dispatch.flagged_at or latest, latest=latest)
    session.execute(
        update(Dispatch)
        .where(Dispatch.id == dispatch.id)
        .values(fence=claim.fence, lease_until=today + holder.lease)
        .execution_options(synchronize_session=False)
    )
    return Orphan(claim, hand_over, is_foreign=dispatch.holder not in ("", holder.host))


def _write(
    session: Session,
    whose: Claim | Dispatch | Standing,
    outcome: Outcome,
    now: datetime,
    was: DispatchState,
) -> bool:
    values = _values(outcome, now)
    if outcome.is_unknown:
        values["unknowns"] = Dispatch.unknowns + 1
    if outcome.is_void and was is DispatchState.SENDING:
        values["attempts"] = Dispatch.attempts - 1
    written = (
        update(Dispatch)
        .where(Dispatch.id == whose.id, Dispatch.fence == whose.fence, Dispatch.state == was)
        .values(values)
        .execution_options(synchronize_session=False)
    )
    if outcome.state is DispatchState.QUEUED:
        written = written.where(Dispatch.recalled == "")
    return _changed_one(session.execute(written))


def _values(outcome: Outcome, now: datetime) -> dict[str, Any]:
    values: dict[str, Any] = {
        "state": outcome.state,
        "reason": outcome.reason,
        "lease_until": None,
        "holder": "",
        "flagged_at": None,
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
    return values


def _are(numbers: Sequence[tuple[uuid.UUID, int]]) -> ColumnElement[bool]:
    return tuple_(Dispatch.id, Dispatch.fence).in_(numbers)


def _find_seal(session: Session, keys: Keys, key_id: uuid.UUID) -> Seal | None:
    try:
        return get_seal(session, keys, key_id)
    except (KeyDestroyed, WrongKey):
        return None


def _changed_one(result: Any) -> bool:
    return isinstance(result, CursorResult) and result.rowcount == 1
