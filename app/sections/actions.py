"""The one section a fresh installation has."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.sections.models import AfterDeadline, Section

DEFAULT = "default"


def default_section(session: Session) -> Section:
    """The default section; made on a fresh installation with addresses that reach nobody."""
    known = session.scalars(select(Section).where(Section.key == DEFAULT)).one_or_none()
    if known is not None:
        return known
    section = Section(
        key=DEFAULT,
        name="Outcry",
        languages=["en", "fr", "ru"],
        time_zone="UTC",
        sender_name="Outcry",
        # RFC 2606: a domain that belongs to nobody, until an administrator enters a real one.
        sender_address="letters@outcry.example",
        reply_to="replies@outcry.example",
        postal_address="Outcry, 1 Example Street, 00000 Example Town",
        after_deadline=AfterDeadline.ASK_SECTION,
    )
    session.add(section)
    session.flush()  # whoever asked for it points at its id
    return section
