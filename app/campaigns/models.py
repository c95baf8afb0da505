"""The urgent action as tables: case, campaign, people, demands, audiences, targets, letters."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Table,
    UniqueConstraint,
    false,
    true,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.accounts.models import Account
from app.authorities.models import Authority
from app.core.db import Base, pk
from app.delivery.models import Gate
from app.sections.models import Section


class CampaignState(StrEnum):
    """Where a campaign stands. Closing soon and past its date are derived, not stored."""

    DRAFT = "draft"
    IN_REVIEW = "in_review"
    SCHEDULED = "scheduled"
    OPEN = "open"
    PAUSED = "paused"
    CLOSED = "closed"


# What has an end that is still ahead, or was until a moment ago.
RUNNING: Final = (CampaignState.OPEN, CampaignState.PAUSED)


class ClosedReason(StrEnum):
    """Why a campaign closed."""

    EXPIRED = "expired"
    STOPPED = "stopped"
    OUTCOME = "outcome"
    SUPERSEDED = "superseded"


class Outcome(StrEnum):
    """What came of it for the people concerned."""

    FREED = "freed"
    CHARGES_DROPPED = "charges_dropped"
    IMPROVED = "improved"
    NO_CHANGE = "no_change"
    WORSE = "worse"
    UNKNOWN = "unknown"


class Consent(StrEnum):
    """Whether the person concerned agrees to publicity."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


class TargetKind(StrEnum):
    """Addressed, or given a copy."""

    TO = "to"
    COPY = "copy"


class Case(Base):
    """The chain of documents about the same people."""

    __tablename__ = "case"

    id: Mapped[pk]
    section_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("section.id"), index=True)
    title: Mapped[str]


class Campaign(Base):
    """One urgent action, from first draft to closing notice.

    `revision` grows with every saved edit: a form that was opened on an older one is shown both
    texts, and an approval is of one revision. `closes_at` is the first instant that is too late.
    """

    __tablename__ = "campaign"
    __table_args__ = (
        CheckConstraint(
            "state IN ('draft', 'in_review') OR closes_at IS NOT NULL", name="published_has_an_end"
        ),
        CheckConstraint(
            "(state = 'closed') = (closed_reason IS NOT NULL)", name="closed_has_a_reason"
        ),
        CheckConstraint("(last_day IS NULL) = (closes_at IS NULL)", name="the_end_is_resolved"),
        Index("ix_campaign_closing", "state", "closes_at"),
    )

    id: Mapped[pk]
    reference: Mapped[str] = mapped_column(unique=True)
    slug: Mapped[str]
    section_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("section.id"), index=True)
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("case.id"), index=True)
    gate_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("gate.id"), unique=True)
    key_id: Mapped[uuid.UUID]
    written_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("account.id"))
    state: Mapped[CampaignState] = mapped_column(default=CampaignState.DRAFT)
    closed_reason: Mapped[ClosedReason | None]
    hidden: Mapped[bool] = mapped_column(default=False)
    sensitive: Mapped[bool] = mapped_column(default=False)
    # Letters leave some time after their writers have been here, and in another order.
    high_risk: Mapped[bool] = mapped_column(default=False, server_default=false())
    # Besides its own country: where whoever writes from is asked to think of their safety first.
    caution_countries: Mapped[list[str]] = mapped_column(default=list, server_default="[]")
    demonstration: Mapped[str | None] = mapped_column(unique=True)
    revision: Mapped[int] = mapped_column(default=1)
    organisation: Mapped[str] = mapped_column(default="")
    number: Mapped[str] = mapped_column(default="")
    issued: Mapped[date | None]
    country: Mapped[str] = mapped_column(default="")
    document_language: Mapped[str] = mapped_column(default="en")
    letter_languages: Mapped[list[str]] = mapped_column(default=list)
    own_language_welcome: Mapped[bool] = mapped_column(default=True)
    time_zone: Mapped[str]
    last_day: Mapped[date | None]
    # What the document itself prints; a demonstration moves the deadline and shows both.
    printed_last_day: Mapped[date | None]
    last_time: Mapped[str] = mapped_column(default="23:59")
    closes_at: Mapped[datetime | None]
    opens_at: Mapped[datetime | None]
    # The rule behind it: that wall clock in `time_zone`, like 2026-12-01T08:00; empty without one.
    opens_rule: Mapped[str] = mapped_column(default="", server_default="")
    opened_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    # The campaign of the same case whose place this one takes when it opens.
    follows_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("campaign.id"))
    outcome: Mapped[Outcome | None]
    outcome_on: Mapped[date | None]
    outcome_source: Mapped[str] = mapped_column(default="", server_default="")

    section: Mapped[Section] = relationship()
    case: Mapped[Case] = relationship()
    gate: Mapped[Gate] = relationship()
    written_by: Mapped[Account | None] = relationship()
    texts: Mapped[list[CampaignText]] = relationship(
        cascade="all, delete-orphan", order_by="CampaignText.language"
    )
    people: Mapped[list[PersonConcerned]] = relationship(
        cascade="all, delete-orphan", order_by="PersonConcerned.position"
    )
    audiences: Mapped[list[Audience]] = relationship(
        cascade="all, delete-orphan", order_by="Audience.position"
    )
    demands: Mapped[list[Demand]] = relationship(
        cascade="all, delete-orphan", order_by="Demand.position"
    )
    targets: Mapped[list[Target]] = relationship(
        cascade="all, delete-orphan", order_by="Target.position"
    )


class CampaignText(Base):
    """What the page says, in one language."""

    __tablename__ = "campaign_text"

    campaign_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("campaign.id", ondelete="CASCADE"), primary_key=True
    )
    language: Mapped[str] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(default="")
    standfirst: Mapped[str] = mapped_column(default="")
    we_ask: Mapped[str] = mapped_column(default="")
    background: Mapped[str] = mapped_column(default="")
    # What whoever writes should know about their own safety in this case.
    risk_note: Mapped[str] = mapped_column(default="", server_default="")
    # What came of it, once somebody has said so.
    outcome: Mapped[str] = mapped_column(default="", server_default="")


class CountryNote(Base):
    """What is known about the safety of people who write from, or to, one country."""

    __tablename__ = "country_note"

    country: Mapped[str] = mapped_column(primary_key=True)
    texts: Mapped[dict[str, str]]
    checked_on: Mapped[date]


class PersonConcerned(Base):
    """Somebody in danger: how to name them, and whether they agree to be named."""

    __tablename__ = "person_concerned"

    id: Mapped[pk]
    campaign_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("campaign.id", ondelete="CASCADE"), index=True
    )
    position: Mapped[int]
    name: Mapped[str]
    names: Mapped[dict[str, str]]
    pronouns: Mapped[dict[str, str]]
    consent: Mapped[Consent] = mapped_column(default=Consent.UNKNOWN)
    consent_note: Mapped[str] = mapped_column(default="")

    def name_in(self, language: str) -> str:
        return self.names.get(language) or self.name


demand_audience = Table(
    "demand_audience",
    Base.metadata,
    Column("demand_id", ForeignKey("demand.id", ondelete="CASCADE"), primary_key=True),
    Column("audience_id", ForeignKey("audience.id", ondelete="CASCADE"), primary_key=True),
)


class Audience(Base):
    """A group of targets that is asked the same."""

    __tablename__ = "audience"
    __table_args__ = (UniqueConstraint("campaign_id", "key"),)

    id: Mapped[pk]
    campaign_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("campaign.id", ondelete="CASCADE"), index=True
    )
    key: Mapped[str]
    position: Mapped[int]
    names: Mapped[dict[str, str]]


class Demand(Base):
    """One thing asked for. Every letter to its audiences keeps it."""

    __tablename__ = "demand"

    id: Mapped[pk]
    campaign_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("campaign.id", ondelete="CASCADE"), index=True
    )
    position: Mapped[int]
    texts: Mapped[dict[str, str]]

    audiences: Mapped[list[Audience]] = relationship(secondary=demand_audience)


class Target(Base):
    """An authority in a campaign."""

    __tablename__ = "target"
    __table_args__ = (UniqueConstraint("campaign_id", "authority_id"),)

    id: Mapped[pk]
    campaign_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("campaign.id", ondelete="CASCADE"), index=True
    )
    authority_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("authority.id"), index=True)
    audience_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("audience.id"))
    kind: Mapped[TargetKind] = mapped_column(default=TargetKind.TO)
    position: Mapped[int]
    for_country: Mapped[str | None]
    # By language: this campaign's own salutation and closing instead of the office's.
    manners: Mapped[dict[str, dict[str, str]]] = mapped_column(default=dict, server_default="{}")

    authority: Mapped[Authority] = relationship()
    audience: Mapped[Audience] = relationship()


class LetterTemplate(Base):
    """The letter for one audience in one language. A saved version never changes.

    `links` holds, for each paragraph of a translation, the id of the paragraph in
    `source_language` that it says.
    """

    __tablename__ = "letter_template"
    __table_args__ = (UniqueConstraint("campaign_id", "audience_id", "language", "version"),)

    id: Mapped[pk]
    campaign_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("campaign.id", ondelete="CASCADE"), index=True
    )
    audience_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("audience.id", ondelete="CASCADE"))
    language: Mapped[str]
    version: Mapped[int]
    subject: Mapped[str]
    body: Mapped[str]
    forms: Mapped[dict[str, dict[str, str]]] = mapped_column(default=dict, server_default="{}")
    variants: Mapped[dict[str, list[str]]] = mapped_column(default=dict, server_default="{}")
    source_language: Mapped[str] = mapped_column(default="", server_default="")
    links: Mapped[list[str]] = mapped_column(default=list, server_default="[]")
    written_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("account.id"))
    written_at: Mapped[datetime]
    # A new letter of a published campaign waits for a second person, and is sent by nobody before.
    approved: Mapped[bool] = mapped_column(default=True, server_default=true())


class Review(Base):
    """A second organiser's look at one revision. Nothing is published without one."""

    __tablename__ = "review"
    __table_args__ = (
        CheckConstraint(
            "decided_by_id IS NULL OR decided_by_id != asked_by_id", name="by_somebody_else"
        ),
    )

    id: Mapped[pk]
    campaign_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("campaign.id", ondelete="CASCADE"), index=True
    )
    revision: Mapped[int]
    asked_by_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id"))
    asked_at: Mapped[datetime]
    decided_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("account.id"))
    decided_at: Mapped[datetime | None]
    approved: Mapped[bool | None]
    note: Mapped[str] = mapped_column(default="")


class Move(Base):
    """One step in a campaign's life, with its reason; public where it concerns everybody."""

    __tablename__ = "move"
    __table_args__ = (Index("ix_move_campaign", "campaign_id", "at"),)

    id: Mapped[pk]
    campaign_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("campaign.id", ondelete="CASCADE"))
    at: Mapped[datetime]
    name: Mapped[str]
    by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("account.id"))
    note: Mapped[str] = mapped_column(default="")
    public: Mapped[bool] = mapped_column(default=False)
    # What else the public reads of it: the dates before and after.
    detail: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
