"""When reminders fall due, and how late is too late."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from app.core.zones import after_night, before_night, is_night
from app.notices import manners

# How long the post takes, from slow experience: within a country, and to any other.
POST_WITHIN = timedelta(days=5)
POST_ABROAD = timedelta(days=14)
# Three days to find a printer, a stamp and a letter box; asked on a writer's own morning.
ASK_BEFORE_POST = timedelta(days=3)
ASK_AT = time(10)
JUST_TOLD = timedelta(days=2)
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


def moment_of(closes_at: datetime, hours_before: int, zone: str) -> datetime:
    """When a reader is owed a reminder: by its rule, or the evening before that night."""
    return before_night(due_at(closes_at, hours_before), zone)


def moments_left(closes_at: datetime, zone: str, now: datetime) -> list[tuple[int, datetime]]:
    """The reminders that are still ahead, in hours before the end and as moments.

    Whoever asks in the evening for what would come that night gets it in the morning.
    """
    left = []
    for hours in manners.HOURS_BEFORE:
        due, by_rule = moment_of(closes_at, hours, zone), due_at(closes_at, hours)
        if due <= now < by_rule:
            due = after_night(by_rule, zone)
        if now < due < closes_at:
            left.append((hours, due))
    return left


def staff_step(closes_at: datetime, now: datetime) -> int | None:
    """Which warning a campaign's organisers are owed now, in hours before the end, if any.

    Only the newest: whoever missed one by an outage is told once, with the hours that are left.
    """
    begun = [hours for hours in WARN_STAFF_HOURS if due_at(closes_at, hours) <= now < closes_at]
    return min(begun, default=None)


def why_skip(
    due: datetime, closes_at: datetime | None, now: datetime, *, is_open: bool, zone: str = ""
) -> str:
    """The reason a due reminder is not sent, or nothing when it is."""
    if closes_at is None or not is_open or closes_at <= now:
        return "closed"
    if due + manners.GRACE < now:
        return manners.TOO_LATE
    if is_night(now, zone):
        return manners.NIGHT
    return ""


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
