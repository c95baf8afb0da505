"""When reminders fall due, and how late is too late."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

# Three days and one day before the end: time to write, and the last call.
HOURS_BEFORE = (72, 24)
# After this a reminder no longer says what is true, and is skipped with its reason.
GRACE = timedelta(hours=6)
REQUEST_LIVES = timedelta(days=7)
# A week to find a new fact, three days to translate it, one to decide.
WARN_STAFF_HOURS = (168, 72, 24)

# What came of it is often known after a month, and else after a season.
ASK_OUTCOME_DAYS = (30, 90)
# Somebody who was away for so long need not be asked for it at all.
ASK_OUTCOME_WITHIN = timedelta(days=14)
WEEK_BEGINS = time(8)


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
    if due + GRACE < now:
        return "too_late"
    return ""


def hours_left(closes_at: datetime, now: datetime) -> int:
    return max(0, round((closes_at - now).total_seconds() / 3600))


def request_ends_at(closes_at: datetime, now: datetime) -> datetime:
    hour = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    return min(hour + REQUEST_LIVES, closes_at)


def outcome_step(closed_at: datetime, now: datetime) -> int | None:
    """After how many days organisers are asked now what came of it, if they are."""
    for days in ASK_OUTCOME_DAYS:
        due = closed_at + timedelta(days=days)
        if due <= now < due + ASK_OUTCOME_WITHIN:
            return days
    return None


def week_began_at(zone: str, now: datetime) -> datetime:
    """The newest Monday morning, 8 o'clock on the clocks of a zone, that has come."""
    local = now.astimezone(ZoneInfo(zone))
    monday = local.date() - timedelta(days=local.weekday())
    begins = datetime.combine(monday, WEEK_BEGINS, ZoneInfo(zone)).astimezone(UTC)
    if begins > now:
        last = monday - timedelta(days=7)
        begins = datetime.combine(last, WEEK_BEGINS, ZoneInfo(zone)).astimezone(UTC)
    return begins
