"""A supporter's act and the letters it makes. Everything personal is sealed."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.campaigns.models import Campaign, LetterTemplate, Target
from app.core.db import Base, pk
from app.delivery.models import Dispatch
from app.letters.agreement import WriterForm


class SignatureState(StrEnum):
    """Where one supporter's act stands."""

    PENDING = "pending"
    CONFIRMED = "confirmed"
    WITHDRAWN = "withdrawn"
    FORGOTTEN = "forgotten"


class LetterChannel(StrEnum):
    """How a letter reaches its target: by us, or by the supporter's own hand."""

    EMAIL = "email"
    FORM = "form"
    FAX = "fax"
    POST = "post"
    PHONE = "phone"


class ConsentPurpose(StrEnum):
    """What somebody agreed to. Each is asked for by itself and taken back by itself."""

    LETTER = "letter"
    ANSWERS = "answers"


# What a signature holds of a person; all of it goes when they are forgotten.
SEALED = ("sealed_name", "sealed_email", "sealed_sentence", "sealed_town", "sealed_about")


class Signature(Base):
    """One supporter's act in one campaign.

    Days, not moments: the time somebody signed must not be readable here. `link_ends_at` is kept to
    the hour for the same reason.
    """

    __tablename__ = "signature"
    __table_args__ = (
        CheckConstraint(
            "state != 'forgotten' OR (sealed_email IS NULL AND sealed_name IS NULL"
            " AND sealed_sentence IS NULL AND sealed_town IS NULL AND sealed_about IS NULL)",
            name="forgotten_means_gone",
        ),
        Index("ix_signature_person", "campaign_id", "person_hash"),
        Index("ix_signature_address", "campaign_id", "address_hash"),
        Index("ix_signature_waiting", "state", "link_ends_at"),
        Index("ix_signature_confirmed", "campaign_id", "confirmed_on"),
    )

    id: Mapped[pk]
    campaign_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("campaign.id"))
    state: Mapped[SignatureState] = mapped_column(default=SignatureState.PENDING)
    nonce: Mapped[bytes]
    page_language: Mapped[str]
    letter_language: Mapped[str]
    country: Mapped[str]
    sealed_name: Mapped[bytes | None]
    sealed_email: Mapped[bytes | None]
    sealed_sentence: Mapped[bytes | None]
    sealed_town: Mapped[bytes | None]
    sealed_about: Mapped[bytes | None]
    writer_form: Mapped[WriterForm] = mapped_column(
        default=WriterForm.NEUTRAL, server_default=WriterForm.NEUTRAL.value
    )
    # How often "another wording" was pressed: which mix of the approved variants the letters have.
    turn: Mapped[int] = mapped_column(default=0, server_default="0")
    # What its writer asked for: everything gone once it is delivered, and answers passed on.
    keep_nothing: Mapped[bool] = mapped_column(default=False, server_default=false())
    answers_to_me: Mapped[bool] = mapped_column(default=False, server_default=false())
    # "Tell me what happens", until the confirmation has made a follower of its writer.
    tell_me: Mapped[bool] = mapped_column(default=False, server_default=false())
    # Asked once, in time, whether the letter is on its way by post.
    asked_about_post: Mapped[bool] = mapped_column(default=False, server_default=false())
    person_hash: Mapped[bytes]
    address_hash: Mapped[bytes]
    form_hash: Mapped[bytes] = mapped_column(unique=True)
    # What was odd about its form (`watch.Mark`), for a look afterwards; nothing about who or where.
    marks: Mapped[str] = mapped_column(default="", server_default="")
    content_hash: Mapped[bytes]
    consent_version: Mapped[str]
    signed_on: Mapped[date]
    link_ends_at: Mapped[datetime]
    reminded: Mapped[bool] = mapped_column(default=False)
    confirmed_on: Mapped[date | None]

    campaign: Mapped[Campaign] = relationship()
    letters: Mapped[list[Letter]] = relationship(
        back_populates="signature", cascade="all, delete-orphan"
    )
    consents: Mapped[list[GivenConsent]] = relationship(
        cascade="all, delete-orphan", order_by="GivenConsent.purpose"
    )


class GivenConsent(Base):
    """That a writer agreed: to what, in which version and language of the words, on which day.

    It stays when the person is forgotten, because it has to be shown that there was one, and names
    nobody.
    """

    __tablename__ = "consent"
    __table_args__ = (
        UniqueConstraint("signature_id", "purpose"),
        CheckConstraint(
            "withdrawn_on IS NULL OR withdrawn_on >= given_on", name="given_before_taken_back"
        ),
    )

    id: Mapped[pk]
    signature_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("signature.id", ondelete="CASCADE"))
    purpose: Mapped[ConsentPurpose]
    version: Mapped[str]
    language: Mapped[str]
    given_on: Mapped[date]
    withdrawn_on: Mapped[date | None]


class Letter(Base):
    """One signature's finished text for one target, frozen when the signature is confirmed."""

    __tablename__ = "letter"
    __table_args__ = (
        UniqueConstraint("signature_id", "target_id"),
        Index("ix_letter_unsettled", "settled", "dispatch_id"),
    )

    id: Mapped[pk]
    signature_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("signature.id", ondelete="CASCADE"))
    target_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("target.id"))
    template_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("letter_template.id"))
    dispatch_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("dispatch.id"), index=True)
    channel: Mapped[LetterChannel]
    language: Mapped[str]
    # The writer has been told how it ended (or there is nothing to tell).
    settled: Mapped[bool] = mapped_column(default=False)
    # The writer has been told that a person looks at it first.
    held_told: Mapped[bool] = mapped_column(default=False, server_default=false())
    reported_done_on: Mapped[date | None]
    # The body as its writer edited it; without one the letter is its template's.
    sealed_body: Mapped[bytes | None]
    # To compare other letters with, since the confirmation; nothing of it can be read.
    fingerprint: Mapped[bytes | None]

    signature: Mapped[Signature] = relationship(back_populates="letters")
    target: Mapped[Target] = relationship()
    template: Mapped[LetterTemplate] = relationship()
    dispatch: Mapped[Dispatch | None] = relationship()
