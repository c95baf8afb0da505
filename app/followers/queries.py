"""Questions about followers: who is behind a link, who follows what, whom to tell next."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session, selectinload

from app.campaigns.models import Campaign
from app.campaigns.rules import PUBLIC_STATES
from app.core.addresses import same_mailbox
from app.core.db import day_of
from app.core.errors import NotFound
from app.core.models import DestroyedKey
from app.core.sealing import get_seal
from app.core.tokens import Keys, check_token, keyed_hash, make_token, row_of
from app.followers.models import (
    Follow,
    Follower,
    FollowerState,
    FollowState,
    HowOften,
    News,
    NewsKind,
)

CONFIRM: Final = "confirm"
PREFERENCES: Final = "preferences"
LEAVE: Final = "leave"

# What concerns who asked about one urgent action; new ones concern who asked for those.
OF_ONE = (NewsKind.EXTENDED, NewsKind.CHANGED, NewsKind.OUTCOME)


def token_of(keys: Keys, follower: Follower, purpose: str) -> str:
    return make_token(token_key(keys), purpose, follower.id, follower.nonce)


def get_follower(
    session: Session, keys: Keys, token: str, purpose: str, *, lock: bool = False
) -> Follower:
    """The follower behind a link made for this purpose; refuses every other link."""
    wanted = (
        select(Follower).where(Follower.id == row_of(token)).options(selectinload(Follower.follows))
    )
    follower = session.scalars(
        wanted.with_for_update(of=Follower) if lock else wanted
    ).one_or_none()
    if follower is None:
        raise NotFound
    check_token(token_key(keys), purpose, token, follower.nonce)
    return follower


def has_left(session: Session, token: str) -> bool:
    """Whether the follower behind a link has left; nothing else is known of them any more."""
    return session.get(DestroyedKey, row_of(token)) is not None


def address_hash(keys: Keys, address: str) -> bytes:
    """Finds a follower by their address. Of this room alone: nothing else can be joined with it."""
    return keyed_hash(keys.derive("follower"), same_mailbox(address))


def find_follower(session: Session, keys: Keys, section_id: UUID, address: str) -> Follower | None:
    wanted = select(Follower).where(
        Follower.section_id == section_id, Follower.address_hash == address_hash(keys, address)
    )
    return session.scalars(wanted.options(selectinload(Follower.follows))).one_or_none()


def list_of_address(session: Session, keys: Keys, address: str) -> Sequence[Follower]:
    wanted = select(Follower).where(Follower.address_hash == address_hash(keys, address))
    return session.scalars(wanted.options(selectinload(Follower.follows))).all()


def email_of(session: Session, keys: Keys, follower: Follower) -> str:
    seal = get_seal(session, keys, follower.key_id)
    return seal.open(follower.sealed_email, table="follower", column="email", row=follower.id)


def follow_of(follower: Follower, campaign_id: UUID) -> Follow | None:
    return next((each for each in follower.follows if each.campaign_id == campaign_id), None)


def list_untold(session: Session, limit: int) -> Sequence[News]:
    """News that not everybody has been told yet, the oldest first."""
    untold = select(News).where(News.is_told.is_(False)).order_by(News.at, News.id).limit(limit)
    return session.scalars(untold.with_for_update(skip_locked=True)).all()


def list_concerned(session: Session, news: News, limit: int | None) -> Sequence[Follower]:
    """The next of whom some news concerns, in the order of their ids."""
    concerned = (
        select(Follower)
        .where(concerns(news.campaign, news.kind), Follower.confirmed_on <= day_of(news.at))
        .options(selectinload(Follower.follows))
        .order_by(Follower.id)
        .limit(limit)
    )
    if news.reached is not None:
        concerned = concerned.where(Follower.id > news.reached)
    return session.scalars(concerned).all()


def concerns(campaign: Campaign, kind: NewsKind) -> ColumnElement[bool]:
    """Whether a follower is one whom such news of this campaign is for.

    New actions are for who asked for them, and the next one of a case for who follows the case.
    """
    said = select(Follow.id).where(Follow.follower_id == Follower.id)
    follows = said.where(
        Follow.campaign_id == campaign.id,
        Follow.state.in_((FollowState.FOLLOWING, FollowState.DONE)),
    ).exists()
    confirmed = and_(
        Follower.state == FollowerState.CONFIRMED, Follower.section_id == campaign.section_id
    )
    if kind in OF_ONE:
        return and_(confirmed, follows)
    same_case = (
        said.join(Campaign, Campaign.id == Follow.campaign_id)
        .where(Campaign.case_id == campaign.case_id, Follow.state != FollowState.NOT_THIS)
        .exists()
    )
    not_this = said.where(
        Follow.campaign_id == campaign.id, Follow.state == FollowState.NOT_THIS
    ).exists()
    return and_(confirmed, or_(Follower.new_actions.is_(True), same_case), ~not_this)


def list_weekly_concerned(
    session: Session, campaign: Campaign, kind: NewsKind, among: Sequence[Follower] | None = None
) -> Sequence[Follower]:
    """Of those who get one mail a week (all, or some of them) whom such news are for."""
    weekly = select(Follower).where(Follower.often == HowOften.WEEKLY, concerns(campaign, kind))
    if among is not None:
        weekly = weekly.where(Follower.id.in_([follower.id for follower in among]))
    return session.scalars(weekly.options(selectinload(Follower.follows))).all()


def campaigns_of_case(session: Session, campaign: Campaign) -> frozenset[UUID]:
    """A campaign and all others about the same people."""
    return frozenset(
        session.scalars(select(Campaign.id).where(Campaign.case_id == campaign.case_id))
    )


def with_outcome(session: Session, campaigns: Collection[UUID]) -> set[UUID]:
    """Those of the campaigns whose end followers are told of, or have been."""
    ended = select(News.campaign_id).where(
        News.campaign_id.in_(campaigns), News.kind == NewsKind.OUTCOME
    )
    return set(session.scalars(ended))


def list_news_since(session: Session, since: datetime, until: datetime) -> Sequence[News]:
    recent = select(News).where(News.at > since, News.at <= until).order_by(News.at, News.id)
    return session.scalars(recent).all()


def list_countries(session: Session, section_id: UUID) -> list[str]:
    """The countries that a section's urgent actions have been about."""
    about = (
        select(Campaign.country)
        .where(
            Campaign.section_id == section_id,
            Campaign.hidden.is_(False),
            Campaign.state.in_(PUBLIC_STATES),
            Campaign.country != "",
        )
        .distinct()
        .order_by(Campaign.country)
    )
    return list(session.scalars(about))


def token_key(keys: Keys) -> bytes:
    return keys.derive("follower-token")
