"""How often somebody may do something, counted by keyed hash in the database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import delete
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.core.models import ThrottleCount


def hit(session: Session, key: bytes, window: timedelta, now: datetime) -> int:
    """Count one more in the current window and return how many there are now."""
    seconds = int(window.total_seconds())
    ends = datetime.fromtimestamp((int(now.timestamp()) // seconds + 1) * seconds, UTC)
    kind = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    counted = (
        kind(ThrottleCount)
        .values(key=key, ends=ends, times=1)
        .on_conflict_do_update(
            index_elements=["key", "ends"], set_={"times": ThrottleCount.times + 1}
        )
        .returning(ThrottleCount.times)
    )
    return session.execute(counted).scalar_one()


def forget_windows(session: Session, now: datetime) -> None:
    session.execute(delete(ThrottleCount).where(ThrottleCount.ends <= now))
