"""An organisation, or its section in one country, and how it works."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import CheckConstraint, false
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, pk


class AfterDeadline(StrEnum):
    """What a page says when the date has passed. No letter leaves either way."""

    HARD_STOP = "hard_stop"
    ASK_SECTION = "ask_section"


class Section(Base):
    """Whose name stands on the pages and the mails, and by which rules it works."""

    __tablename__ = "section"
    __table_args__ = (
        # Half a year is what petition sites of parliaments allow themselves; more is not needed.
        CheckConstraint("keep_days BETWEEN 0 AND 180", name="keeps_people_half_a_year_at_most"),
    )

    id: Mapped[pk]
    key: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    languages: Mapped[list[str]]
    time_zone: Mapped[str]
    sender_name: Mapped[str]
    sender_address: Mapped[str]
    reply_to: Mapped[str]
    postal_address: Mapped[str]
    after_deadline: Mapped[AfterDeadline] = mapped_column(default=AfterDeadline.ASK_SECTION)
    keep_days: Mapped[int] = mapped_column(default=30)
    # By language: what the notice on privacy says besides what the software knows.
    privacy: Mapped[dict[str, str]] = mapped_column(default=dict, server_default="{}")
    # Answers to letters come by way of Outcry, which counts them and passes them on to `reply_to`.
    relay_answers: Mapped[bool] = mapped_column(default=False, server_default=false())
