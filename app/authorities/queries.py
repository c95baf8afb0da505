"""Questions to the address book."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from app.authorities.models import Authority
from app.core.errors import NotFound


def get_authority(session: Session, section_id: UUID, key: str) -> Authority:
    """An office in the section's own book; another section's is not known of."""
    wanted = (
        select(Authority)
        .where(Authority.section_id == section_id, Authority.key == key)
        .options(selectinload(Authority.offices), selectinload(Authority.contact_points))
    )
    found = session.scalars(wanted).one_or_none()
    if found is None:
        raise NotFound
    return found


def find_embassy(
    session: Session, section_id: UUID, *, of_country: str, in_country: str
) -> Authority | None:
    """The embassy of one country in another, where the section's book has it."""
    if not of_country or not in_country:
        return None
    wanted = (
        select(Authority)
        .where(
            Authority.section_id == section_id,
            Authority.country == of_country,
            Authority.embassy_in == in_country,
        )
        .options(selectinload(Authority.offices), selectinload(Authority.contact_points))
        .order_by(Authority.key)
        .limit(1)
    )
    return session.scalars(wanted).one_or_none()


def list_book(session: Session, section_id: UUID, limit: int = 1_000) -> Sequence[Authority]:
    """The offices a section can write to, by country."""
    book = (
        select(Authority)
        .where(Authority.section_id == section_id)
        .options(selectinload(Authority.offices), selectinload(Authority.contact_points))
        .order_by(Authority.country, Authority.key)
        .limit(limit)
    )
    return session.scalars(book).all()
