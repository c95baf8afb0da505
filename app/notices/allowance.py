"""How much mail that somebody else may have asked for an address gets from us.

Anybody can type anybody's address. So what a form causes is counted over all campaigns, under a key
of the day: the counters hold hash and count, cannot be joined with anything and say nothing
tomorrow.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy.orm import Session

from app.core.throttle import hit
from app.core.tokens import Keys, keyed_hash

MAILS_A_DAY = 3
# A fourth mail to one address waits for the next day, a seventh for the one after; then no more.
DAYS_AHEAD = 3
_A_DAY = timedelta(days=1)


def find_day(
    session: Session, keys: Keys, mailbox: str, now: datetime, *, days: int = DAYS_AHEAD
) -> datetime | None:
    """When a mail may go to this mailbox: now, or on the first day with room; else never."""
    for ahead in range(days):
        moment = now + ahead * _A_DAY
        key = keys.derive(f"confirmations-{moment.astimezone(UTC).date()}")
        if hit(session, keyed_hash(key, mailbox), _A_DAY, moment) <= MAILS_A_DAY:
            return moment
    return None
