"""People who asked to be reminded, and the reminders owed to them."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.campaigns.models import Campaign
from app.core.db import Base, pk


class RequestState(StrEnum):
    """A wish to be reminded counts once its address has said yes."""

    PENDING = "pending"
    CONFIRMED = "confirmed"
    STOPPED = "stopped"


class ReminderState(StrEnum):
    """A reminder is owed until it is sent, or skipped for a reason that is kept."""

    OWED = "owed"
    SENT = "sent"
    SKIPPED = "skipped"


class ReminderRequest(Base):
    """One address that asked to be reminded of one campaign."""

    __tablename__ = "reminder_request"
    __table_args__ = (
        UniqueConstraint("campaign_id", "address_hash"),
        Index("ix_reminder_request_waiting", "state", "link_ends_at"),
    )

    id: Mapped[pk]
    campaign_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("campaign.id"))
    state: Mapped[RequestState] = mapped_column(default=RequestState.PENDING)
    nonce: Mapped[bytes]
    language: Mapped[str]
    # Empty where it is not known: then no hour is taken for night.
    time_zone: Mapped[str] = mapped_column(default="", server_default="")
    sealed_email: Mapped[bytes | None]
    address_hash: Mapped[bytes]
    asked_on: Mapped[date]
    link_ends_at: Mapped[datetime]

    campaign: Mapped[Campaign] = relationship()
    reminders: Mapped[list[Reminder]] = relationship(
        back_populates="request", cascade="all, delete-orphan"
    )


class Reminder(Base):
    """One nudge owed at a time that follows the deadline: stored resolved and with its rule."""

    __tablename__ = "reminder"
    __table_args__ = (
        UniqueConstraint("request_id", "hours_before"),
        Index("ix_reminder_due", "state", "due_at"),
    )

    id: Mapped[pk]
    request_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("reminder_request.id", ondelete="CASCADE")
    )
    hours_before: Mapped[int]
    due_at: Mapped[datetime]
    state: Mapped[ReminderState] = mapped_column(default=ReminderState.OWED)
    reason: Mapped[str] = mapped_column(default="")

    request: Mapped[ReminderRequest] = relationship(back_populates="reminders")
