"""The slot of the coordinators' weekly digest: Monday morning where the section is.

Here is when, and that it comes once; what it says comes from the numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from app.core.leases import first_time
from app.reminders.rules import week_began_at
from app.sections.models import Section
from app.sections.queries import list_sections

# On Tuesday nobody needs to read any more what Monday's mail would have said.
WITHIN = timedelta(hours=24)
_FENCE = 0


def begin_weeks(session: Session, now: datetime) -> Sequence[Section]:
    """The sections whose week has begun and was not begun before. Safe to run twice."""
    begun = []
    for section in list_sections(session):
        slot = week_began_at(section.time_zone, now)
        if now - slot < WITHIN and first_time(session, f"week:{section.id.hex}", slot, _FENCE):
            begun.append(section)
    return begun
