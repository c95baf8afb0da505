"""M5: a letter that its writer wanted to post is still to be printed. Asked once, in time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.campaigns.models import Campaign, CampaignState
from app.campaigns.rules import is_open_at
from app.core.sealing import Seal
from app.core.tokens import Keys
from app.core.zones import zone_of_country
from app.notices import manners
from app.notices.links import Links
from app.reminders import rules
from app.signatures import notices
from app.signatures.models import Letter, LetterChannel, Signature, SignatureState
from app.signatures.queries import WITH_LETTERS, open_answers, seal_of

_A_DAY = timedelta(days=1)

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Unposted:
    """Somebody whose letter waits to be printed: until when it may, and when to ask."""

    signature: Signature
    post_by: date
    moment: datetime


def ask_about_post(
    session: Session,
    keys: Keys,
    *,
    links: Links,
    now: datetime,
    a_week: int = manners.REMINDERS_A_WEEK,
    limit: int = 200,
) -> int:
    """Ask whose letter should go into the post in these days; return how many were looked at."""
    skipped: Counter[str] = Counter()
    looked_at = 0
    for campaign in list_open(session, now):
        for found in list_unposted(session, campaign, now, limit):
            if found.moment > now:
                continue
            looked_at += 1
            reason = _ask(session, keys, found, links, now, a_week)
            if reason:
                skipped[reason] += 1
    for why, times in skipped.items():
        log.info("reminders skipped", reason=why, count=times)
    return looked_at


def list_open(session: Session, now: datetime) -> Sequence[Campaign]:
    """Open campaigns whose letters by post have to leave their writers some day soon, or had to."""
    ahead = now + rules.POST_ABROAD + rules.ASK_BEFORE_POST + 2 * _A_DAY
    near = select(Campaign).where(
        Campaign.state == CampaignState.OPEN,
        Campaign.hidden.is_(False),
        Campaign.closes_at > now,
        Campaign.closes_at <= ahead,
    )
    return session.scalars(near.order_by(Campaign.closes_at, Campaign.reference)).all()


def list_unposted(
    session: Session, campaign: Campaign, now: datetime, limit: int = 200
) -> Sequence[Unposted]:
    """Who is to be asked around today, whether the very moment has come or not."""
    return [
        found
        for found in foresee_unposted(session, campaign, limit)
        if abs(found.moment - now) <= 2 * _A_DAY
    ]


def foresee_unposted(
    session: Session, campaign: Campaign, limit: int | None = None
) -> Iterator[Unposted]:
    """Everybody whom the rule will ask, if they do not say meanwhile that they have posted it.

    Whoever wrote only just now has been told how, and is not asked in the same breath.
    """
    if campaign.last_day is None:
        return
    for takes, is_near in ((rules.POST_WITHIN, True), (rules.POST_ABROAD, False)):
        post_by = campaign.last_day - takes
        ask_on = post_by - rules.ASK_BEFORE_POST
        unposted = (
            select(Signature)
            .where(
                Signature.campaign_id == campaign.id,
                Signature.state == SignatureState.CONFIRMED,
                Signature.sealed_email.is_not(None),
                Signature.asked_about_post.is_(False),
                Signature.confirmed_on <= ask_on - rules.JUST_TOLD,
                (Signature.country == campaign.country)
                if is_near
                else (Signature.country != campaign.country),
                select(Letter.id)
                .where(
                    Letter.signature_id == Signature.id,
                    Letter.channel == LetterChannel.POST,
                    Letter.dispatch_id.is_(None),
                    Letter.reported_done_on.is_(None),
                )
                .exists(),
            )
            .options(*WITH_LETTERS)
            .order_by(Signature.id)
            .limit(limit)
        )
        for signature in session.scalars(unposted):
            zone = zone_of_country(signature.country, ask_on.year) or campaign.time_zone
            moment = datetime.combine(ask_on, rules.ASK_AT, ZoneInfo(zone))
            yield Unposted(signature, post_by, moment)


def why_skip(found: Unposted, now: datetime, *, is_open: bool) -> str:
    """The reason why somebody is not asked at a moment, or nothing. Manners come afterwards."""
    if not is_open:
        return "closed"
    return manners.TOO_LATE if found.moment + manners.GRACE < now else ""


def address_of(session: Session, keys: Keys, signature: Signature) -> tuple[Seal, str]:
    seal = seal_of(session, keys, signature)
    return seal, open_answers(seal, signature).email


def _ask(
    session: Session, keys: Keys, found: Unposted, links: Links, now: datetime, a_week: int
) -> str:
    signature = found.signature
    signature.asked_about_post = True
    seal, email = address_of(session, keys, signature)
    reason = why_skip(found, now, is_open=is_open_at(signature.campaign, now))
    if not reason and not manners.may_nudge(session, keys, email, a_week, now):
        reason = manners.ENOUGH
    if not reason:
        notices.not_posted(session, keys, seal, signature, found.post_by, links, now)
    return reason
