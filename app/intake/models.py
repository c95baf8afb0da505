"""The document behind a draft, for as long as somebody may have to look into it."""

from __future__ import annotations

import uuid
from datetime import date

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.campaigns.models import Campaign
from app.core.db import Base, pk


class SourceDocument(Base):
    """The text that a campaign was drafted from, and what in it has still to be checked.

    Sealed with the campaign's key: it may name people in danger, also such whom the campaign does
    not name. `sealed_checks` is JSON. Both go when the campaign closes, at the latest after
    `KEPT_FOR`.
    """

    __tablename__ = "source_document"

    id: Mapped[pk]
    campaign_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("campaign.id", ondelete="CASCADE"), unique=True
    )
    sealed_text: Mapped[bytes]
    sealed_checks: Mapped[bytes]
    made_on: Mapped[date]

    campaign: Mapped[Campaign] = relationship()
