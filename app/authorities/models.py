"""Offices that can end an urgent action's harm, and every way to reach them."""

from __future__ import annotations

import uuid
from datetime import date
from enum import StrEnum

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.core.db import Base, pk


class ContactKind(StrEnum):
    """A way to reach an office."""

    EMAIL = "email"
    POST = "post"
    FAX = "fax"
    PHONE = "phone"
    FORM = "form"


class ContactState(StrEnum):
    """What is known of a contact point."""

    OK = "ok"
    DOUBTFUL = "doubtful"
    REFUSED = "refused"


class Authority(Base):
    """One office in the address book. Facts about an office, never about a supporter."""

    __tablename__ = "authority"

    id: Mapped[pk]
    section_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("section.id"), index=True)
    key: Mapped[str] = mapped_column(unique=True)
    country: Mapped[str]
    # Of an embassy: the country it is in. `country` is the one it stands for.
    embassy_in: Mapped[str] = mapped_column(default="", server_default="")
    time_zone: Mapped[str]
    languages: Mapped[list[str]]

    offices: Mapped[list[Office]] = relationship(
        back_populates="authority", cascade="all, delete-orphan", order_by="Office.language"
    )
    contact_points: Mapped[list[ContactPoint]] = relationship(
        back_populates="authority",
        cascade="all, delete-orphan",
        order_by="ContactPoint.position",
    )


class Office(Base):
    """How an authority is named and addressed in one language."""

    __tablename__ = "office"

    authority_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("authority.id", ondelete="CASCADE"), primary_key=True
    )
    language: Mapped[str] = mapped_column(primary_key=True)
    role: Mapped[str]
    name: Mapped[str]
    institution: Mapped[str]
    salutation: Mapped[str]
    closing: Mapped[str]

    authority: Mapped[Authority] = relationship(back_populates="offices")

    @property
    def title(self) -> str:
        """What a list calls it: the role, else the institution, else the name."""
        return self.role or self.institution or self.name


class ContactPoint(Base):
    """One address, number or form, exactly as printed, with what is doubtful about it."""

    __tablename__ = "contact_point"

    id: Mapped[pk]
    authority_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("authority.id", ondelete="CASCADE"), index=True
    )
    position: Mapped[int]
    kind: Mapped[ContactKind]
    value: Mapped[str]
    remark: Mapped[str] = mapped_column(default="")
    check_note: Mapped[str] = mapped_column(default="")
    state: Mapped[ContactState] = mapped_column(default=ContactState.OK)
    last_verified: Mapped[date | None]
    # When a mail server last said that there is no such mailbox.
    doubted_on: Mapped[date | None]

    authority: Mapped[Authority] = relationship(back_populates="contact_points")
