"""Writing to followers: what the tables say there is to tell, some people at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session, selectinload

from app.campaigns.models import Campaign, CampaignState
from app.core.db import day_of
from app.core.tokens import Keys
from app.followers import mails, queries, rules
from app.followers.actions import forget
from app.followers.models import (
    Follower,
    FollowerState,
    FollowState,
    HowOften,
    News,
    NewsKind,
)
from app.notices.links import Links
from app.sections.models import Section

# When a weekly mail is written, on its reader's clock or, where that is not known, its section's.
WEEKLY_AT = time(9)

log = structlog.get_logger()


def tell(session: Session, keys: Keys, *, links: Links, now: datetime, at_once: int = 200) -> int:
    """Write to the next of whom the oldest news concerns; return how many were looked at.

    Safe to run twice and to be cut short: how far each news has been told stands in its row, in the
    transaction of the mails.
    """
    left = at_once
    for news in queries.list_untold(session, at_once):
        if left <= 0:
            break
        campaign = news.campaign
        if waits(news):
            continue
        if is_over(news, campaign):
            news.is_told = True
            log.info("news not told", campaign=campaign.reference, kind=str(news.kind))
            continue
        batch = queries.list_concerned(session, news, left)
        case = case_of(session, news.kind, campaign)
        _let_end(session, batch, news, now)
        skipped: Counter[str] = Counter(news.skipped)
        for follower in batch:
            reason = why_skip(follower, news.kind, campaign, case)
            if reason:
                skipped[reason] += 1
            else:
                mails.news(session, keys, follower, news, links=links, now=now)
                news.sent += 1
            news.reached = follower.id
        news.skipped = dict(skipped)
        news.is_told = len(batch) < left
        left -= len(batch)
        if news.is_told:
            _log(news, campaign)
    return at_once - left


def is_over(news: News, campaign: Campaign) -> bool:
    """Whether there is nothing to tell any more: hidden, or an end that has come already."""
    if campaign.hidden:
        return True
    return news.kind is not NewsKind.OUTCOME and campaign.state is CampaignState.CLOSED


def waits(news: News) -> bool:
    """Facts are being checked; what there is to tell is told afterwards."""
    return news.campaign.state is CampaignState.PAUSED and news.kind is not NewsKind.OUTCOME


def case_of(session: Session, kind: NewsKind, campaign: Campaign) -> frozenset[UUID]:
    """The campaigns whose followers hear of such news whatever else they wished."""
    is_new = kind is NewsKind.OPENED
    return queries.campaigns_of_case(session, campaign) if is_new else frozenset()


def why_skip(follower: Follower, kind: NewsKind, campaign: Campaign, case: frozenset[UUID]) -> str:
    """The reason why somebody whom news concerns is not written to at once, or nothing."""
    if kind is NewsKind.OPENED and not _follows_any(follower, case):
        reason = mails.why_not_for(follower, campaign)
        if reason:
            return reason
    return "weekly" if follower.often is HowOften.WEEKLY else ""


def tell_weekly(
    session: Session, keys: Keys, *, links: Links, now: datetime, limit: int = 200
) -> int:
    """One mail with all of a week to whoever asked for that; return how many weeks were closed."""
    due = list_weekly_due(session, now, limit)
    told = weekly_news(session, due, now)
    for follower in due:
        follower.told_on = today_of(follower, now)
        if news := told[follower.id]:
            mails.weekly(session, keys, follower, news, links=links, now=now)
    return len(due)


def list_weekly_due(session: Session, now: datetime, limit: int) -> Sequence[Follower]:
    clocks = (
        select(Follower.time_zone, Section.time_zone)
        .join(Section, Section.id == Follower.section_id)
        .where(Follower.often == HowOften.WEEKLY)
        .distinct()
    )
    theirs = []
    for own, of_section in session.execute(clocks).all():
        local = now.astimezone(ZoneInfo(own or of_section))
        day = local.date() if local.time() >= WEEKLY_AT else local.date() - timedelta(days=1)
        theirs.append(
            and_(
                Follower.time_zone == own,
                Section.time_zone == of_section,
                Follower.told_on <= day - rules.A_WEEK,
            )
        )
    if not theirs:
        return []
    due = (
        select(Follower)
        .join(Section, Section.id == Follower.section_id)
        .where(
            Follower.state == FollowerState.CONFIRMED,
            Follower.often == HowOften.WEEKLY,
            or_(*theirs),
        )
        .options(selectinload(Follower.follows))
        .order_by(Follower.told_on, Follower.id)
        .limit(limit)
        .with_for_update(of=Follower, skip_locked=True)
    )
    return session.scalars(due).all()


def weekly_news(session: Session, due: Sequence[Follower], now: datetime) -> dict[UUID, list[News]]:
    """What there was between the last weekly mail of each and the one that is due now.

    A few questions for each news, however many read them.
    """
    windows = {
        follower.id: (
            moment_of(follower, follower.told_on),
            moment_of(follower, today_of(follower, now)),
        )
        for follower in due
        if follower.told_on is not None
    }
    told: dict[UUID, list[News]] = {follower.id: [] for follower in due}
    if not windows:
        return told
    first = min(since for since, _ in windows.values())
    last = max(until for _, until in windows.values())
    for news in queries.list_news_since(session, first, last):
        if is_over(news, news.campaign) or waits(news):
            continue
        for reader in weekly_readers(session, news.campaign, news.kind, due):
            since, until = windows[reader]
            if since < news.at <= until:
                told[reader].append(news)
    return told


def weekly_readers(
    session: Session, campaign: Campaign, kind: NewsKind, among: Sequence[Follower] | None = None
) -> set[UUID]:
    """Into whose weekly mail such news of a campaign belong."""
    case = case_of(session, kind, campaign)
    return {
        follower.id
        for follower in queries.list_weekly_concerned(session, campaign, kind, among)
        if why_skip(follower, kind, campaign, case) == "weekly"
    }


def moment_of(follower: Follower, day: date) -> datetime:
    """When a weekly mail of that day is written."""
    zone = ZoneInfo(follower.time_zone or follower.section.time_zone)
    return datetime.combine(day, WEEKLY_AT, zone)


def ask_to_stay(
    session: Session, keys: Keys, *, links: Links, now: datetime, limit: int = 200
) -> int:
    """Ask once, a month before a year is over, who still wants to hear from us."""
    waiting = (
        select(Follower)
        .where(
            Follower.state == FollowerState.CONFIRMED,
            Follower.asked_to_stay.is_(False),
            Follower.ends_on <= day_of(now) + rules.ASK_BEFORE_END,
            Follower.ends_on > day_of(now),
        )
        .order_by(Follower.ends_on, Follower.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    asked = session.scalars(waiting).all()
    for follower in asked:
        follower.asked_to_stay = True
        mails.still_there(session, keys, follower, links=links, now=now)
    return len(asked)


def forget_ended(session: Session, now: datetime, limit: int = 2000) -> int:
    """Delete who never confirmed within seven days, and whose time is over. Safe to run twice."""
    ended = (
        select(Follower)
        .where(
            or_(
                and_(Follower.state == FollowerState.PENDING, Follower.link_ends_at <= now),
                Follower.ends_on <= day_of(now),
            )
        )
        .order_by(Follower.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    found = session.scalars(ended).all()
    for follower in found:
        forget(session, follower, now)
    return len(found)


def _log(news: News, campaign: Campaign) -> None:
    kind, reference = str(news.kind), campaign.reference
    log.info("news told", campaign=reference, kind=kind, count=news.sent)
    for why, times in news.skipped.items():
        log.info("news not sent", campaign=reference, kind=kind, reason=why, count=times)


def today_of(follower: Follower, now: datetime) -> date:
    """The day whose weekly mail is the newest that may be written by now."""
    local = now.astimezone(ZoneInfo(follower.time_zone or follower.section.time_zone))
    return local.date() if local.time() >= WEEKLY_AT else local.date() - timedelta(days=1)


def _follows_any(follower: Follower, campaigns: frozenset[UUID]) -> bool:
    return any(
        follow.campaign_id in campaigns and follow.state is not FollowState.NOT_THIS
        for follow in follower.follows
    )


def _let_end(session: Session, followers: Sequence[Follower], news: News, now: datetime) -> None:
    """Who wanted to know how one action ended, and knows it now, is forgotten some time later."""
    if news.kind is not NewsKind.OUTCOME:
        return
    others = {
        follower: {
            follow.campaign_id
            for follow in follower.follows
            if follow.campaign_id != news.campaign_id and follow.state is not FollowState.NOT_THIS
        }
        for follower in followers
        if not follower.new_actions and follower.ends_on is not None
    }
    told = queries.with_outcome(session, set().union(*others.values()))
    for follower, campaigns in others.items():
        if campaigns <= told and follower.ends_on is not None:
            follower.ends_on = min(follower.ends_on, day_of(now) + rules.AFTER_OUTCOME)
            follower.asked_to_stay = True  # the mail itself says so
