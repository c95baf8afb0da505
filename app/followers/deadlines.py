"""M8: an end is near, to followers who have not written. Each step once for each deadline."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog
from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session, selectinload

from app.campaigns.models import Campaign, CampaignState
from app.campaigns.rules import is_open_at
from app.core.addresses import same_mailbox
from app.core.db import day_of
from app.core.sealing import get_seal
from app.core.tokens import Keys
from app.core.zones import NIGHT_BEGINS, NIGHT_ENDS, before_night, is_night
from app.followers import mails, queries
from app.followers.models import (
    Follow,
    Follower,
    FollowerNudge,
    FollowerState,
    FollowState,
    HowOften,
)
from app.notices import manners
from app.notices.links import Links
from app.signatures.queries import find_confirmed_from

# How much earlier than its rule says a reminder may come, so as not to come at night.
NIGHT = timedelta(hours=24 - NIGHT_BEGINS.hour + NIGHT_ENDS.hour + 1)

log = structlog.get_logger()


def nudge(
    session: Session,
    keys: Keys,
    *,
    links: Links,
    now: datetime,
    a_week: int = manners.REMINDERS_A_WEEK,
    limit: int = 200,
) -> int:
    """Remind the next followers of the ends that are near; return how many were looked at."""
    left = limit
    for campaign in list_ending(session, now):
        skipped: Counter[str] = Counter()
        for hours in sorted(manners.HOURS_BEFORE, reverse=True):
            owed = list_owed(session, campaign, hours, now, left)
            left -= len(owed)
            for follower in owed:
                reason = _nudge(session, keys, follower, campaign, hours, links, now, a_week)
                if reason:
                    skipped[reason] += 1
        for why, times in skipped.items():
            log.info("reminders skipped", campaign=campaign.reference, reason=why, count=times)
    return limit - left


def list_ending(session: Session, now: datetime) -> Sequence[Campaign]:
    """Open campaigns of whose end somebody may be owed a word now."""
    ending = (
        select(Campaign)
        .where(
            Campaign.state == CampaignState.OPEN,
            Campaign.hidden.is_(False),
            Campaign.closes_at > now,
            Campaign.closes_at <= now + timedelta(hours=max(manners.HOURS_BEFORE)) + NIGHT,
        )
        .order_by(Campaign.closes_at, Campaign.reference)
    )
    return session.scalars(ending).all()


def moment_of(closes_at: datetime, hours_before: int, zone: str) -> datetime:
    """When a step falls due on somebody's clock: by its rule, or the evening before that night."""
    return before_night(closes_at - timedelta(hours=hours_before), zone)


def list_owed(
    session: Session, campaign: Campaign, hours_before: int, now: datetime, limit: int
) -> Sequence[Follower]:
    """Whom a step concerns whose moment has come, and who has neither got it nor a reason why not.

    Who has followed only since that very day knows how near the end is.
    """
    if campaign.closes_at is None or limit <= 0:
        return []
    zones = session.scalars(select(Follower.time_zone).where(is_owed(campaign)).distinct()).all()
    due = {zone: moment_of(campaign.closes_at, hours_before, zone) for zone in zones}
    begun = [
        and_(Follower.time_zone == zone, Follower.confirmed_on < day_of(moment))
        for zone, moment in due.items()
        if moment <= now
    ]
    if not begun:
        return []
    told = (
        select(FollowerNudge.id)
        .where(
            FollowerNudge.follower_id == Follower.id,
            FollowerNudge.campaign_id == campaign.id,
            FollowerNudge.hours_before == hours_before,
            FollowerNudge.closes_at == campaign.closes_at,
        )
        .exists()
    )
    owed = (
        select(Follower)
        .where(is_owed(campaign), or_(*begun), ~told)
        .options(selectinload(Follower.follows))
        .order_by(Follower.id)
        .limit(limit)
        .with_for_update(of=Follower, skip_locked=True)
    )
    return session.scalars(owed).all()


def is_owed(campaign: Campaign) -> ColumnElement[bool]:
    """Who wants a word before the end: followers of this action, and of every new one at once."""
    of_this = select(Follow.id).where(
        Follow.follower_id == Follower.id, Follow.campaign_id == campaign.id
    )
    return and_(
        Follower.state == FollowerState.CONFIRMED,
        Follower.section_id == campaign.section_id,
        Follower.often == HowOften.AT_ONCE,
        or_(
            of_this.where(Follow.state == FollowState.FOLLOWING).exists(),
            and_(Follower.new_actions.is_(True), ~of_this.exists()),
        ),
    )


def why_skip(
    session: Session,
    keys: Keys,
    follower: Follower,
    campaign: Campaign,
    email: str,
    hours_before: int,
    now: datetime,
    *,
    is_open: bool | None = None,
) -> str:
    """The reason why a step that is owed is not sent, or nothing. Manners come afterwards.

    `is_open` where it is known better: the dry run asks about moments to come.
    """
    if is_open is None:
        is_open = is_open_at(campaign, now)
    if campaign.closes_at is None or not is_open:
        return "closed"
    due = moment_of(campaign.closes_at, hours_before, follower.time_zone)
    if due + manners.GRACE < now:
        return manners.TOO_LATE
    if is_night(now, follower.time_zone):
        return manners.NIGHT
    if queries.follow_of(follower, campaign.id) is None:
        reason = mails.why_not_for(follower, campaign)
        if reason:
            return reason
    seal = get_seal(session, keys, campaign.key_id)
    mailbox = seal.lookup("mailbox", same_mailbox(email))
    if find_confirmed_from(session, campaign.id, mailbox) is not None:
        return manners.HAS_WRITTEN
    return ""


def _nudge(
    session: Session,
    keys: Keys,
    follower: Follower,
    campaign: Campaign,
    hours: int,
    links: Links,
    now: datetime,
    a_week: int,
) -> str:
    email = queries.email_of(session, keys, follower)
    reason = why_skip(session, keys, follower, campaign, email, hours, now)
    if not reason and not manners.may_nudge(session, keys, email, a_week, now):
        reason = manners.ENOUGH
    session.add(
        FollowerNudge(
            follower_id=follower.id,
            campaign_id=campaign.id,
            hours_before=hours,
            closes_at=campaign.closes_at,
            reason=reason,
        )
    )
    if not reason:
        mails.deadline(session, keys, follower, campaign, email, hours, links=links, now=now)
    return reason
