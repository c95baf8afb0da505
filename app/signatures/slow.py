"""The slow way: mails of marked forms whose writers have no script leave one after the other."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from app.campaigns.models import Campaign
from app.core.throttle import hit
from app.core.tokens import Keys, keyed_hash
from app.signatures.watch import (
    SLOW_AN_HOUR,
    SLOW_HOURS,
    SLOW_OF_LARGE,
    SLOW_WAIT,
    is_large,
)

_AN_HOUR = timedelta(hours=1)


def find_turn(
    session: Session, keys: Keys, campaign: Campaign, domain: str, now: datetime
) -> datetime | None:
    """When the next mail of this campaign may take the slow way; nothing when all turns are taken.

    So whoever sends forms by the thousand gets a few an hour through, and a person waits a little.
    """
    lane, turns = ("large", SLOW_OF_LARGE) if is_large(domain) else ("other", SLOW_AN_HOUR)
    key = keyed_hash(keys.derive("slow-way"), campaign.id.hex, lane)
    for hours in range(SLOW_HOURS):
        moment = now + hours * _AN_HOUR
        if hit(session, key, _AN_HOUR, moment) <= turns:
            return moment + SLOW_WAIT
    return None
