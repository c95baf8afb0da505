"""Reminders with manners: how often one person is nudged, whatever by, and never at night.

The counters hold a keyed hash and a count, each under a key of its own day, and go after a week:
they say how often, and neither whom nor of what.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.core.addresses import same_mailbox
from app.core.models import ThrottleCount
from app.core.tokens import Keys, keyed_hash

# Of all campaigns together, unless the installation says otherwise.
REMINDERS_A_WEEK = 2
A_WEEK = timedelta(days=7)
# Three days and one day before the end: time to write, and the last call.
HOURS_BEFORE = (72, 24)
# After this a reminder no longer says what is true, and is skipped with its reason.
GRACE = timedelta(hours=6)
ENOUGH = "enough_this_week"
TOO_LATE = "too_late"
NIGHT = "night"
HAS_WRITTEN = "has_written"


def nudges_lately(session: Session, keys: Keys, address: str, now: datetime) -> int:
    """How many reminders a person had within seven days, this one included, over all campaigns."""
    days = [_day(now) - timedelta(days=back) for back in range(A_WEEK.days)]
    lately = select(func.coalesce(func.sum(ThrottleCount.times), 0)).where(
        ThrottleCount.key.in_([_key(keys, address, day) for day in days])
    )
    return session.scalar(lately) or 0


def nudges_among(known: Mapping[bytes, int], keys: Keys, address: str, now: datetime) -> int:
    """The same out of counters that were read before: for whoever asks about many people."""
    days = [_day(now) - timedelta(days=back) for back in range(A_WEEK.days)]
    return sum(known.get(_key(keys, address, day), 0) for day in days)


def count_nudge(session: Session, keys: Keys, address: str, now: datetime) -> None:
    """Note that a person was reminded of something today."""
    kind = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    day = _day(now)
    session.execute(
        kind(ThrottleCount)
        .values(
            key=_key(keys, address, day),
            ends=datetime.combine(day, time(), UTC) + A_WEEK,
            times=1,
        )
        .on_conflict_do_update(
            index_elements=["key", "ends"], set_={"times": ThrottleCount.times + 1}
        )
    )


def may_nudge(session: Session, keys: Keys, address: str, at_most: int, now: datetime) -> bool:
    """Whether one more is within manners; if so it is counted."""
    if nudges_lately(session, keys, address, now) >= at_most:
        return False
    count_nudge(session, keys, address, now)
    return True


def hours_left(closes_at: datetime, now: datetime) -> int:
    return max(0, round((closes_at - now).total_seconds() / 3600))


def _day(now: datetime) -> date:
    return now.astimezone(UTC).date()


def _key(keys: Keys, address: str, day: date) -> bytes:
    return keyed_hash(keys.derive(f"nudges-{day}"), same_mailbox(address))
