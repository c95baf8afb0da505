"""Questions about sections."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.sections.models import Section


def list_sections(session: Session, limit: int = 500) -> Sequence[Section]:
    everyone = select(Section).order_by(Section.name, Section.id).limit(limit)
    return session.scalars(everyone).all()
