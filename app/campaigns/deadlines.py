"""The end of a campaign: the rule that people read, and the instant that every rule compares with.

Both are stored. The instant follows the rule: when an organiser moves the day, and when a country
changes its clocks and new zone data says so.
"""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.campaigns import rules
from app.campaigns.history import record
from app.campaigns.models import Campaign, CampaignState
from app.delivery import actions as delivery


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


def move_gate(session: Session, campaign: Campaign) -> None:
    """Let the gate say what the campaign says; closing one moves its gate by itself."""
    if campaign.state is CampaignState.OPEN and not campaign.hidden and campaign.closes_at:
        delivery.open_gate(session, campaign.gate, campaign.closes_at)
    elif campaign.state in (CampaignState.OPEN, CampaignState.PAUSED):
        delivery.pause_gate(session, campaign.gate)
        campaign.gate.open_until = campaign.closes_at


def follow_zones(session: Session, now: datetime) -> list[UUID]:
    """Resolve every end and every opening anew; return the campaigns of which one has moved.

    What people were shown stays: the day, the time, the place. Safe to run twice.
    """
    living = (
        select(Campaign)
        .where(Campaign.state != CampaignState.CLOSED, Campaign.last_day.is_not(None))
        .order_by(Campaign.id)
    )
    return [one.id for one in session.scalars(living) if _follow_zone(session, one, now)]


def _follow_zone(session: Session, campaign: Campaign, now: datetime) -> bool:
    if campaign.last_day is None or campaign.closes_at is None:
        return False
    end = rules.closes_at(campaign.last_day, campaign.last_time, campaign.time_zone)
    opening = campaign.opens_at
    if campaign.opens_rule:
        day, _, time_of_day = campaign.opens_rule.partition("T")
        opening = rules.opens_at(date.fromisoformat(day), time_of_day, campaign.time_zone)
    if (end, opening) == (campaign.closes_at, campaign.opens_at):
        return False
    before = campaign.closes_at
    campaign.closes_at, campaign.opens_at = end, opening
    move_gate(session, campaign)
    record(
        session,
        campaign,
        "clocks_changed",
        None,
        now,
        before=before.isoformat(),
        after=end.isoformat(),
    )
    return True
