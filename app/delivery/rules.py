"""What may leave, when it is tried again, and what becomes of an outcome nobody knows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final, NamedTuple

from app.core.errors import Refused
from app.delivery.models import Dispatch, DispatchState, GateState
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


class Terms(NamedTuple):
    """What decides whether a dispatch may leave, as the database says it at one moment."""

    expires_at: datetime | None
    # For which opening of its gate it was written.
    written_for: int | None
    # None where it stands behind no gate.
    gate: GateState | None
    open_until: datetime | None
    epoch: int | None
    suppressed: bool | None


def may_leave(terms: Terms, now: datetime) -> Ruling:
    """Whether a dispatch whose turn has come may leave: its own end, its gate, its mailbox."""
    if terms.expires_at is not None and terms.expires_at <= now:
        return Ruling(Verdict.CANCEL, "too_late")
    ruling = _passes_gate(terms, now)
    if ruling.verdict is Verdict.GO and terms.suppressed:
        return Ruling(Verdict.HOLD, "suppressed")
    return ruling


def _passes_gate(terms: Terms, now: datetime) -> Ruling:
    if terms.gate is None:
        return GO
    if terms.gate is GateState.CLOSED:
        return Ruling(Verdict.CANCEL, "gate_closed")
    if terms.open_until is not None and terms.open_until <= now:
        return Ruling(Verdict.CANCEL, "too_late")
    if terms.epoch != terms.written_for:
        return Ruling(Verdict.HOLD, "outdated")
    if terms.gate is GateState.PAUSED:
        return Ruling(Verdict.WAIT, "gate_paused")
    return GO


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
