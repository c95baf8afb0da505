"""Counts, first as a journal that is only appended to, then folded into totals."""

from __future__ import annotations

import uuid
from datetime import date
from enum import StrEnum

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base


class Figure(StrEnum):
    """What is counted. Each is defined on one page and never mixed with another."""

    STARTED = "started"
    CONFIRMED = "confirmed"
    WITHDRAWN = "withdrawn"
    FORGOTTEN = "forgotten"
    QUEUED = "queued"
    HANDED_OVER = "handed_over"
    FAILED = "failed"
    HELD = "held"
    CANCELLED = "cancelled"
    BOUNCED = "bounced"
    IN_DIGEST = "in_digest"
    TO_PRINT = "to_print"
    SELF_REPORTED = "self_reported"


class Split(StrEnum):
    """By what a total is split: one at a time, never crossed, so that nobody stands alone."""

    ALL = "all"
    COUNTRY = "country"
    LETTER_LANGUAGE = "letter_language"
    PAGE_LANGUAGE = "page_language"
    CHANNEL = "channel"
    TARGET = "target"


class TallyEntry(Base):
    """One event, written in the transaction that caused it. Gone once it is folded."""

    __tablename__ = "tally_entry"

    id: Mapped[int] = mapped_column(primary_key=True)
    campaign: Mapped[uuid.UUID]
    day: Mapped[date]
    figure: Mapped[Figure]
    country: Mapped[str] = mapped_column(default="")
    letter_language: Mapped[str] = mapped_column(default="")
    page_language: Mapped[str] = mapped_column(default="")
    channel: Mapped[str] = mapped_column(default="")
    target: Mapped[str] = mapped_column(default="")
    times: Mapped[int] = mapped_column(default=1)


class TallyTotal(Base):
    """How often, on one day in one campaign, in one split."""

    __tablename__ = "tally_total"
    __table_args__ = (Index("ix_tally_total_day", "day"),)

    campaign: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    figure: Mapped[Figure] = mapped_column(primary_key=True)
    split: Mapped[Split] = mapped_column(primary_key=True)
    value: Mapped[str] = mapped_column(primary_key=True)
    times: Mapped[int]
