"""Asking for news, confirming it, choosing, leaving, and noting what there is to tell."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.campaigns.models import Campaign
from app.core.addresses import checked_address, same_mailbox
from app.core.beside import Beside
from app.core.db import day_of
from app.core.destroyed import destroy_data_key
from app.core.erasures import is_erased
from app.core.models import DataKey
from app.core.sealing import new_seal
from app.core.tokens import Keys, new_nonce
from app.delivery.actions import cancel
from app.delivery.models import Dispatch
from app.followers import mails, queries, rules
from app.followers.announcements import Announcement, opened
from app.followers.models import (
    Follow,
    Follower,
    FollowerState,
    FollowState,
    HowOften,
    News,
)
from app.notices.allowance import find_day
from app.notices.links import Links
from app.sections.models import Section
from app.signatures.models import Signature, SignatureState
from app.signatures.queries import open_answers, seal_of


def ask(
    session: Session,
    keys: Keys,
    section: Section,
    typed: str,
    wish: rules.Wish,
    *,
    links: Links,
    now: datetime,
) -> None:
    """Note a wish for news and ask its address to confirm it.

    The caller shows the same page whether the address was known or not, and the same mail goes
    out: who follows already confirms what they wish besides.
    """
    wish.require_something()
    email = checked_address(typed)
    mailbox = same_mailbox(email)
    if is_erased(session, keys, mailbox):
        return  # whoever lives there has asked never to hear from us again
    if find_day(session, keys, mailbox, now, days=1) is None:
        return
    follower = queries.find_follower(session, keys, section.id, email)
    if follower is None:
        follower = _stranger(session, keys, section, email, wish, now)
    follower.asked = wish.to_json()
    follower.asked_on = day_of(now)
    follower.link_ends_at = rules.wish_ends_at(now)
    session.flush()  # the mail's key is about a row that exists
    mails.confirm(session, keys, follower, wish, links=links, now=now)


def confirm(session: Session, follower: Follower, now: datetime) -> None:
    """Take up what was wished. Twice is harmless."""
    if not follower.asked:
        return
    if follower.link_ends_at <= now:
        raise rules.FollowExpired
    wish = rules.Wish.from_json(follower.asked)
    _take_up(session, follower, wish, now)


def follow_with_letter(
    session: Session, keys: Keys, campaign: Campaign, email: str, language: str, now: datetime
) -> None:
    """Take up the box "tell me what happens": with the letter its address was confirmed too."""
    if is_erased(session, keys, email):
        return
    wish = rules.Wish((language,), campaign=str(campaign.id))
    follower = queries.find_follower(session, keys, campaign.section_id, email)
    if follower is None:
        follower = _stranger(session, keys, campaign.section, email, wish, now)
        session.flush()  # it is pointed at by what it follows
    _take_up(session, follower, wish, now)


def take_up_wish(session: Session, keys: Keys, signature: Signature, now: datetime) -> None:
    """Follow for whoever ticked "tell me what happens" and has confirmed the letter. Once."""
    if not signature.tell_me or signature.state is not SignatureState.CONFIRMED:
        return
    signature.tell_me = False
    answers = open_answers(seal_of(session, keys, signature), signature)
    campaign, language = signature.campaign, signature.page_language
    follow_with_letter(session, keys, campaign, answers.email, language, now)


def change(follower: Follower, wish: rules.Wish, kept: Collection[str], now: datetime) -> None:
    """What the page of preferences says from now on; `kept` are the campaigns still followed."""
    follower.languages = list(wish.languages)
    follower.new_actions = wish.new_actions
    follower.countries = list(wish.countries)
    follower.time_zone = wish.time_zone
    _write_as_often(follower, wish.often, now)
    follower.follows = [each for each in follower.follows if str(each.campaign_id) in kept]
    stay(follower, now)


def stay(follower: Follower, now: datetime) -> None:
    """Somebody still wants to hear from us: for another year. Twice is harmless."""
    if follower.state is FollowerState.CONFIRMED:
        follower.ends_on = rules.end_after(day_of(now))
        follower.asked_to_stay = False


def say_of(session: Session, follower: Follower, campaign_id: uuid.UUID, said: FollowState) -> None:
    """Note that somebody has done it, or does not want this one."""
    follow = queries.follow_of(follower, campaign_id)
    if follow is None:
        follow = Follow(follower_id=follower.id, campaign_id=campaign_id)
        follower.follows.append(follow)
    follow.state = said
    session.flush()


def leave(session: Session, follower: Follower, now: datetime, beside: Beside) -> None:
    """Write nothing more and keep nothing: with the key somebody is gone from backups too."""
    destroy_data_key(session, follower.key_id, day_of(now), beside)
    forget(session, follower, now)


def forget(session: Session, follower: Follower, now: datetime) -> None:
    """Delete a follower, the key, and what waits in the outbox."""
    waiting = select(Dispatch).where(Dispatch.key_id == follower.key_id)
    cancel(session, session.scalars(waiting).all(), "withdrawn", now)
    session.execute(delete(DataKey).where(DataKey.id == follower.key_id))
    session.delete(follower)
    session.flush()


def tell_followers(
    session: Session, campaign: Campaign, told: Announcement, *, occasion: str, now: datetime
) -> bool:
    """Note, in the transaction of a move, what followers are to be told; False if it was already.

    `occasion` makes it this one and no other (the new last day, the revision, the outcome's day):
    the same again adds nothing. One row whatever the number of followers: the clock writes to them
    some at a time, see `telling.tell`. Nothing is told of what is hidden.
    """
    kind = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    added = (
        kind(News)
        .values(
            id=uuid.uuid4(),
            campaign_id=campaign.id,
            kind=told.kind,
            occasion=occasion,
            said=told.said,
            at=now,
        )
        .on_conflict_do_nothing(index_elements=["campaign_id", "kind", "occasion"])
        .returning(News.id)
    )
    return session.scalar(added) is not None


def tell_opened(session: Session, campaign: Campaign, now: datetime) -> bool:
    """A campaign is open to the public: once for each, however often it is opened again."""
    earlier = select(Campaign.id).where(
        Campaign.case_id == campaign.case_id,
        Campaign.id != campaign.id,
        Campaign.opened_at < now,
    )
    follows_up = session.scalar(earlier.limit(1)) is not None
    return tell_followers(
        session, campaign, opened(follows_up=follows_up), occasion="opened", now=now
    )


def _stranger(
    session: Session, keys: Keys, section: Section, email: str, wish: rules.Wish, now: datetime
) -> Follower:
    seal = new_seal(session, keys)
    # One id for both: whoever has left is known by the list of destroyed keys, and by nothing else.
    row = seal.id
    follower = Follower(
        id=row,
        section=section,
        section_id=section.id,
        key_id=seal.id,
        state=FollowerState.PENDING,
        nonce=new_nonce(),
        sealed_email=seal.close(email, table="follower", column="email", row=row),
        address_hash=queries.address_hash(keys, email),
        consent_version=rules.CONSENT_VERSION,
        languages=list(wish.languages),
        new_actions=False,
        countries=[],
        often=HowOften.AT_ONCE,
        time_zone="",
        asked={},
        asked_on=day_of(now),
        link_ends_at=rules.wish_ends_at(now),
        follows=[],
    )
    session.add(follower)
    return follower


def _take_up(session: Session, follower: Follower, wish: rules.Wish, now: datetime) -> None:
    if follower.state is FollowerState.PENDING:
        follower.state = FollowerState.CONFIRMED
        follower.confirmed_on = day_of(now)
        follower.languages = list(wish.languages)
    if wish.new_actions:
        follower.new_actions = True
        follower.languages = list(wish.languages)
        follower.countries = list(wish.countries)
        follower.time_zone = wish.time_zone
        _write_as_often(follower, wish.often, now)
    follower.asked = {}
    stay(follower, now)
    if wish.campaign:
        say_of(session, follower, uuid.UUID(wish.campaign), FollowState.FOLLOWING)


def _write_as_often(follower: Follower, often: HowOften, now: datetime) -> None:
    if often is HowOften.WEEKLY and follower.told_on is None:
        follower.told_on = day_of(now)
    if often is HowOften.AT_ONCE:
        follower.told_on = None
    follower.often = often
