"""When reminders fall due, and how late is too late."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from app.notices import manners

REQUEST_LIVES = timedelta(days=7)
# A week to find a new fact, three days to translate it, one to decide.
WARN_STAFF_HOURS = (168, 72, 24)


def due_at(closes_at: datetime, hours_before: int) -> datetime:
    return closes_at - timedelta(hours=hours_before)


def staff_step(closes_at: datetime, now: datetime) -> int | None:
    """Which warning a campaign's organisers are owed now, in hours before the end, if any.

    Only the newest: whoever missed one by an outage is told once, with the hours that are left.
    """
    begun = [hours for hours in WARN_STAFF_HOURS if due_at(closes_at, hours) <= now < closes_at]
    return min(begun, default=None)


def why_skip(due: datetime, closes_at: datetime | None, now: datetime, *, is_open: bool) -> str:
    """The reason a due reminder is not sent, or nothing when it is."""
    if closes_at is None or not is_open or closes_at <= now:
        return "closed"
    if due + manners.GRACE < now:
        return manners.TOO_LATE
    return ""


def request_ends_at(closes_at: datetime, now: datetime) -> datetime:
    hour = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    return min(hour + REQUEST_LIVES, closes_at)
