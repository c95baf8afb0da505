"""Questions about campaigns."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select, tuple_
from sqlalchemy.orm import Session, joinedload, selectinload

from app.authorities.models import Authority
from app.campaigns.models import (
    Campaign,
    CampaignState,
    CountryNote,
    Demand,
    LetterTemplate,
    Move,
    Review,
    Target,
)
from app.campaigns.rules import PUBLIC_STATES, CampaignHidden
from app.core.errors import NotFound

# Everything a page or a letter needs, in a fixed number of statements however many targets.
WHOLE = (
    joinedload(Campaign.section),
    joinedload(Campaign.gate),
    joinedload(Campaign.case),
    selectinload(Campaign.texts),
    selectinload(Campaign.people),
    selectinload(Campaign.audiences),
    selectinload(Campaign.demands).selectinload(Demand.audiences),
    selectinload(Campaign.targets).joinedload(Target.audience),
    selectinload(Campaign.targets)
    .joinedload(Target.authority)
    .options(selectinload(Authority.offices), selectinload(Authority.contact_points)),
)


def find_campaign(session: Session, reference: str) -> Campaign | None:
    wanted = select(Campaign).where(Campaign.reference == reference).options(*WHOLE)
    return session.scalars(wanted).one_or_none()


def get_campaign(session: Session, reference: str) -> Campaign:
    campaign = find_campaign(session, reference)
    if campaign is None:
        raise NotFound
    return campaign


def find_country_note(session: Session, country: str, language: str) -> tuple[str, str]:
    """What is known about writing from or to a country, and in which language; or nothing."""
    note = session.get(CountryNote, country)
    texts = note.texts if note else {}
    for spoken in (language, "en", *texts):
        if texts.get(spoken):
            return texts[spoken], spoken
    return "", language


def get_campaign_by_id(session: Session, campaign_id: UUID) -> Campaign:
    wanted = select(Campaign).where(Campaign.id == campaign_id).options(*WHOLE)
    campaign = session.scalars(wanted).one_or_none()
    if campaign is None:
        raise NotFound
    return campaign


def get_public_campaign(session: Session, reference: str) -> Campaign:
    """A campaign that the public may know of; a hidden one is refused by that name."""
    campaign = get_campaign(session, reference)
    if campaign.state not in PUBLIC_STATES:
        raise NotFound
    if campaign.hidden:
        raise CampaignHidden
    return campaign


def list_public(
    session: Session, now: datetime, limit: int, *, is_open: bool = True
) -> Sequence[Campaign]:
    """Campaigns for everybody: the open ones by nearest end, or the others, newest end first."""
    shown = select(Campaign).where(Campaign.hidden.is_(False)).options(*WHOLE).limit(limit)
    if is_open:
        shown = shown.where(
            Campaign.state.in_((CampaignState.OPEN, CampaignState.PAUSED)), Campaign.closes_at > now
        ).order_by(Campaign.closes_at, Campaign.id)
    else:
        shown = shown.where(
            (Campaign.state == CampaignState.CLOSED)
            | (
                Campaign.state.in_((CampaignState.OPEN, CampaignState.PAUSED))
                & (Campaign.closes_at <= now)
            )
        ).order_by(Campaign.closes_at.desc(), Campaign.id)
    return session.scalars(shown).all()


def list_for_desk(session: Session, section_id: UUID, limit: int) -> Sequence[Campaign]:
    mine = (
        select(Campaign)
        .where(Campaign.section_id == section_id)
        .options(selectinload(Campaign.texts), joinedload(Campaign.written_by))
        .order_by(Campaign.closes_at.is_(None).desc(), Campaign.closes_at.desc(), Campaign.id)
        .limit(limit)
    )
    return session.scalars(mine).all()


def current_templates(
    session: Session, campaign_id: UUID, *, proposed: bool = False
) -> dict[tuple[UUID, str], LetterTemplate]:
    """The newest version of each letter: by audience and language.

    Of those that may be sent; with `proposed` also those that wait for a second person.
    """
    newest = (
        select(
            LetterTemplate.audience_id,
            LetterTemplate.language,
            func.max(LetterTemplate.version),
        )
        .where(LetterTemplate.campaign_id == campaign_id)
        .group_by(LetterTemplate.audience_id, LetterTemplate.language)
    )
    if not proposed:
        newest = newest.where(LetterTemplate.approved.is_(True))
    current = select(LetterTemplate).where(
        LetterTemplate.campaign_id == campaign_id,
        tuple_(LetterTemplate.audience_id, LetterTemplate.language, LetterTemplate.version).in_(
            newest
        ),
    )
    return {(found.audience_id, found.language): found for found in session.scalars(current)}


def list_moves(session: Session, campaign_id: UUID) -> Sequence[Move]:
    moves = select(Move).where(Move.campaign_id == campaign_id).order_by(Move.at, Move.id)
    return session.scalars(moves).all()


def newest_move(session: Session, campaign_id: UUID, name: str) -> Move | None:
    """The last step of this name in a campaign's history."""
    moves = (
        select(Move)
        .where(Move.campaign_id == campaign_id, Move.name == name)
        .order_by(Move.at.desc(), Move.id)
        .limit(1)
    )
    return session.scalars(moves).one_or_none()


def find_successor(session: Session, campaign: Campaign) -> Campaign | None:
    """The newest public campaign of the chain that took this one's place; none if it is that."""
    newest, seen = None, {campaign.id}
    current: Campaign | None = campaign
    while current is not None:
        following = (
            select(Campaign)
            .where(
                Campaign.follows_id == current.id,
                Campaign.state.in_(PUBLIC_STATES),
                Campaign.hidden.is_(False),
            )
            .order_by(Campaign.opened_at.desc(), Campaign.id)
            .limit(1)
        )
        current = session.scalars(following).one_or_none()
        if current is None or current.id in seen:
            break
        seen.add(current.id)
        newest = current
    return newest


def find_open_review(session: Session, campaign_id: UUID) -> Review | None:
    waiting = select(Review).where(Review.campaign_id == campaign_id, Review.decided_at.is_(None))
    return session.scalars(waiting).one_or_none()


def list_open_reviews(session: Session, section_id: UUID, limit: int) -> Sequence[Review]:
    waiting = (
        select(Review)
        .join(Campaign, Campaign.id == Review.campaign_id)
        .where(Campaign.section_id == section_id, Review.decided_at.is_(None))
        .order_by(Review.asked_at)
        .limit(limit)
    )
    return session.scalars(waiting).all()
