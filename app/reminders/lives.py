"""When each campaign opens and ends, as far as it is known: what the clock's future hangs on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from app.campaigns.models import Campaign, CampaignState
from app.core.models import DataKey
from app.reminders import rules

_RUNNING = (CampaignState.OPEN, CampaignState.PAUSED)


@dataclass(frozen=True, slots=True)
class Life:
    """When one campaign opens and ends, as far as it is known."""

    campaign: Campaign
    opens: datetime
    ends: datetime
    now: datetime

    def takes_letters_at(self, moment: datetime) -> bool:
        campaign = self.campaign
        if campaign.hidden or campaign.state not in (CampaignState.SCHEDULED, CampaignState.OPEN):
            return False
        return self.opens <= moment < self.ends

    def is_over_at(self, moment: datetime) -> bool:
        """Whether it is closed by then. What is paused closes too when its time has come."""
        return self.is_over or moment >= self.ends

    @property
    def is_over(self) -> bool:
        return self.campaign.state is CampaignState.CLOSED

    @property
    def is_still_to_open(self) -> bool:
        return self.campaign.state is CampaignState.SCHEDULED and self.opens < self.ends


def list_lives(session: Session, now: datetime) -> list[Life]:
    """Every campaign of which something is left to happen, by its reference."""
    # Of what ended long ago and has no key any more nothing is left.
    has_key = select(DataKey.id).where(DataKey.id == Campaign.key_id).exists()
    asked = timedelta(days=max(rules.ASK_OUTCOME_DAYS)) + rules.ASK_OUTCOME_WITHIN
    is_lately_closed = and_(
        Campaign.state == CampaignState.CLOSED, or_(has_key, Campaign.closed_at > now - asked)
    )
    wanted = select(Campaign).where(
        or_(Campaign.state.in_((CampaignState.SCHEDULED, *_RUNNING)), is_lately_closed)
    )
    lives = []
    for campaign in session.scalars(wanted.order_by(Campaign.reference)):
        ends = campaign.closed_at if campaign.state is CampaignState.CLOSED else campaign.closes_at
        if ends is not None:
            opens = campaign.opened_at or campaign.opens_at or now
            lives.append(Life(campaign, opens, ends, now))
    return lives
