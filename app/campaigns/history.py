"""What is written down of every step: the audit log always, the campaign's own history too."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from app.accounts.models import Account
from app.audit.actions import note as audit
from app.campaigns.models import Campaign, Move

CLOCK = "clock"


def record(
    session: Session,
    campaign: Campaign,
    name: str,
    by: Account | None,
    now: datetime,
    *,
    note: str = "",
    public: bool = False,
    **detail: Any,
) -> Move:
    """One step of a campaign's life, and with `public` one that everybody reads on its page.

    Followers are told of these moves and of no others, see `reminders.life`.
    """
    move = Move(
        campaign_id=campaign.id,
        at=now,
        name=name,
        by_id=by.id if by else None,
        note=note,
        public=public,
        detail=dict(detail),
    )
    session.add(move)
    audit(
        session,
        str(by.id) if by else CLOCK,
        f"campaign.{name}",
        about=("campaign", str(campaign.id)),
        now=now,
        note=note,
        **detail,
    )
    return move
