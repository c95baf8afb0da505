"""Followers, what they follow, what there is to tell them, and what they were told about ends."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.campaigns.models import Campaign
from app.core.db import Base, pk
from app.sections.models import Section


class FollowerState(StrEnum):
    """Nobody is written to but once before their address has said yes."""

    PENDING = "pending"
    CONFIRMED = "confirmed"


class HowOften(StrEnum):
    """Each thing at once, or all of a week in one mail."""

    AT_ONCE = "at_once"
    WEEKLY = "weekly"


class FollowState(StrEnum):
    """What somebody said of one urgent action."""

    FOLLOWING = "following"
    # "I have done it": no more reminders, but what comes of it.
    DONE = "done"
    # "Not this one": nothing about it at all.
    NOT_THIS = "not_this"


class NewsKind(StrEnum):
    """What there is to tell."""

    OPENED = "opened"
    EXTENDED = "extended"
    CHANGED = "changed"
    OUTCOME = "outcome"


class Follower(Base):
    """One address that asked one section for news.

    The key is this person's own: an outcome can be told when the campaign's key and with it all
    signatures are gone, and with this key one person goes, from every backup too. `asked` is what a
    form wished and its mailbox has not confirmed yet.
    """

    __tablename__ = "follower"
    __table_args__ = (
        UniqueConstraint("section_id", "address_hash"),
        CheckConstraint(
            "(state = 'confirmed') = (confirmed_on IS NOT NULL)", name="confirmed_on_a_day"
        ),
        CheckConstraint("(confirmed_on IS NULL) = (ends_on IS NULL)", name="has_an_end"),
        Index("ix_follower_waiting", "state", "link_ends_at"),
        Index("ix_follower_ending", "ends_on"),
    )

    id: Mapped[pk]
    section_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("section.id"))
    key_id: Mapped[uuid.UUID]
    state: Mapped[FollowerState] = mapped_column(default=FollowerState.PENDING)
    nonce: Mapped[bytes]
    sealed_email: Mapped[bytes]
    address_hash: Mapped[bytes]
    consent_version: Mapped[str]
    # In the order in which they are read; the first is the one of our mails.
    languages: Mapped[list[str]]
    new_actions: Mapped[bool] = mapped_column(default=False)
    # Of new actions: only those about these countries. None chosen means all.
    countries: Mapped[list[str]] = mapped_column(default=list)
    often: Mapped[HowOften] = mapped_column(default=HowOften.AT_ONCE)
    # Empty where it is not known: then no hour is taken for night.
    time_zone: Mapped[str] = mapped_column(default="")
    asked: Mapped[dict[str, Any]] = mapped_column(default=dict)
    asked_on: Mapped[date]
    link_ends_at: Mapped[datetime]
    confirmed_on: Mapped[date | None]
    # The day of the last weekly mail, whether there was anything to tell or not.
    told_on: Mapped[date | None]
    ends_on: Mapped[date | None]
    asked_to_stay: Mapped[bool] = mapped_column(default=False, server_default=false())

    section: Mapped[Section] = relationship()
    follows: Mapped[list[Follow]] = relationship(cascade="all, delete-orphan", passive_deletes=True)

    @property
    def language(self) -> str:
        """The language we write in."""
        return self.languages[0]


class Follow(Base):
    """One urgent action that somebody said something about: tell me, done, not this one."""

    __tablename__ = "follow"
    __table_args__ = (
        UniqueConstraint("follower_id", "campaign_id"),
        Index("ix_follow_campaign", "campaign_id", "state"),
    )

    id: Mapped[pk]
    follower_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("follower.id", ondelete="CASCADE"))
    campaign_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("campaign.id"))
    state: Mapped[FollowState] = mapped_column(default=FollowState.FOLLOWING)


class News(Base):
    """One thing to tell everybody who follows it, and how far it has been told.

    Written in the transaction of what happened; the clock then writes to people, some at a time.
    """

    __tablename__ = "news"
    __table_args__ = (
        UniqueConstraint("campaign_id", "kind", "occasion"),
        Index("ix_news_untold", "is_told", "at"),
    )

    id: Mapped[pk]
    campaign_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("campaign.id"))
    kind: Mapped[NewsKind]
    # What makes it this one and no other: the new date, the revision, the outcome.
    occasion: Mapped[str]
    said: Mapped[dict[str, Any]]
    at: Mapped[datetime]
    # The last follower looked at, by id, until everybody was.
    reached: Mapped[uuid.UUID | None]
    is_told: Mapped[bool] = mapped_column(default=False)
    # How many it was written to, and why others not: reasons and counts, nobody's name.
    sent: Mapped[int] = mapped_column(default=0)
    skipped: Mapped[dict[str, Any]] = mapped_column(default=dict)

    campaign: Mapped[Campaign] = relationship()


class FollowerNudge(Base):
    """That a follower was reminded of one end, or why not. Each step once for each deadline."""

    __tablename__ = "follower_nudge"
    __table_args__ = (
        UniqueConstraint(
            "follower_id",
            "campaign_id",
            "hours_before",
            "closes_at",
            name="uq_follower_nudge_step",
        ),
    )

    id: Mapped[pk]
    follower_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("follower.id", ondelete="CASCADE"))
    campaign_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("campaign.id"))
    hours_before: Mapped[int]
    closes_at: Mapped[datetime]
    # Empty where it was sent.
    reason: Mapped[str] = mapped_column(default="")
