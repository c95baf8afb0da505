"""The end of a campaign: the rule that people read, and the instant that every rule compares with.

Both are stored. The instant follows the rule: when an organiser moves the day, and when a country
changes its clocks and new zone data says so.
"""

from __future__ import annotations

from datetime import date, datetime

from app.campaigns import rules
from app.campaigns.models import Campaign


def set_deadline(
    campaign: Campaign, last_day: date, last_time: str, time_zone: str, now: datetime
) -> None:
    """Resolve the shown deadline to the instant that every rule compares with."""
    closes_at = rules.closes_at(last_day, last_time, time_zone)
    if closes_at <= now:
        raise rules.BadDeadline
    campaign.last_day = last_day
    campaign.last_time = last_time
    campaign.time_zone = time_zone
    campaign.closes_at = closes_at
