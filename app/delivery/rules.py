"""What may leave, when it is tried again, and what becomes of an outcome nobody knows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final

from app.core.errors import Refused
from app.delivery.models import Dispatch, DispatchState, Gate, GateState, Mailbox
from app.tally.models import Figure

# One minute lets a greylisting server (which asks for a second attempt) take it early; doubling
# spares one that is in trouble; an hour at most, so that no afternoon is lost before a deadline.
BACKOFF: Final = tuple(timedelta(minutes=minutes) for minutes in (1, 2, 4, 8, 16, 32, 60))

# About five days of attempts, the end RFC 5321 4.5.4.1 names, for what has no end of its own.
ATTEMPTS_AT_MOST: Final = 125

# With nobody listening at the relay no letter is at fault: they wait together, and not for long.
RELAY_REST: Final = timedelta(seconds=20)

# Without a way to ask, a second copy with the same Message-ID is risked once, never twice.
UNKNOWNS_AT_MOST: Final = 1

FIGURES: Final = {
    DispatchState.SENT: Figure.HANDED_OVER,
    DispatchState.FAILED: Figure.FAILED,
    DispatchState.HELD: Figure.HELD,
    DispatchState.CANCELLED: Figure.CANCELLED,
}


class CannotRetry(Refused):
    """The dispatch is not one that a person may send again."""

    code = "cannot_retry"


class Verdict(StrEnum):
    """What becomes of a dispatch whose turn has come."""

    GO = "go"
    WAIT = "wait"
    HOLD = "hold"
    CANCEL = "cancel"


@dataclass(frozen=True, slots=True)
class Ruling:
    """A verdict, with the code of its reason."""

    verdict: Verdict
    reason: str = ""


GO: Final = Ruling(Verdict.GO)


def passes_gate(gate: Gate | None, epoch: int | None, now: datetime) -> Ruling:
    """Whether what was written for `epoch` may pass the gate now."""
    if gate is None:
        return GO
    if gate.state is GateState.CLOSED:
        return Ruling(Verdict.CANCEL, "gate_closed")
    if gate.open_until is not None and gate.open_until <= now:
        return Ruling(Verdict.CANCEL, "too_late")
    if gate.epoch != epoch:
        return Ruling(Verdict.HOLD, "outdated")
    if gate.state is GateState.PAUSED:
        return Ruling(Verdict.WAIT, "gate_paused")
    return GO


def may_leave(
    dispatch: Dispatch, gate: Gate | None, mailbox: Mailbox | None, now: datetime
) -> Ruling:
    """Whether a dispatch whose turn has come may leave: its own end, its gate, its mailbox."""
    if dispatch.expires_at is not None and dispatch.expires_at <= now:
        return Ruling(Verdict.CANCEL, "too_late")
    ruling = passes_gate(gate, dispatch.gate_epoch, now)
    if ruling.verdict is Verdict.GO and mailbox is not None and mailbox.suppressed:
        return Ruling(Verdict.HOLD, "suppressed")
    return ruling


def next_try(attempts: int, now: datetime, expires_at: datetime | None) -> datetime:
    """When to try again after so many attempts.

    A pause that would reach past the end is cut to a last attempt one minute before it. When that
    has been, the end itself comes back: whoever claims the dispatch then cancels it.
    """
    later = now + BACKOFF[min(max(attempts, 1), len(BACKOFF)) - 1]
    if expires_at is None or later < expires_at:
        return later
    last = expires_at - BACKOFF[0]
    return last if last > now else max(expires_at, now)


def is_given_up(attempts: int, expires_at: datetime | None) -> bool:
    """Whether trying has no end of its own and has gone on for long enough."""
    return expires_at is None and attempts >= ATTEMPTS_AT_MOST


def after_unknown(unknowns: int, *, found: bool | None) -> DispatchState:
    """What follows when the body has left and no answer came; `found` is None if nobody can tell.

    Rule b of the promises: never more than two copies, both with the same Message-ID.
    """
    if found is not None:
        return DispatchState.SENT if found else DispatchState.QUEUED
    return DispatchState.QUEUED if unknowns < UNKNOWNS_AT_MOST else DispatchState.HELD


def require_retry(dispatch: Dispatch, now: datetime) -> None:
    """Refuse to send again what has an end, no words any more, or is on its way."""
    stopped = dispatch.state in (DispatchState.FAILED, DispatchState.HELD)
    is_late = dispatch.expires_at is not None and dispatch.expires_at <= now
    if not stopped or dispatch.payload is None or is_late:
        raise CannotRetry


def coarse(now: datetime) -> datetime:
    """The start of the UTC day: a finished row does not tell the second somebody acted."""
    return now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
