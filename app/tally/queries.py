"""Totals: what is folded and what is not yet, added up."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.tally.models import Figure, Split, TallyEntry, TallyTotal

# Below this a counter discourages, and could point at the few people who have written.
SHOWN_FROM = 25
STEP = 5


def total(session: Session, campaign: UUID, figure: Figure) -> int:
    """How often in a campaign, whole. Reads roll-ups and the short journal, never people."""
    return totals(session, campaign, (figure,))[figure]


def totals(session: Session, campaign: UUID, figures: Sequence[Figure]) -> dict[Figure, int]:
    folded = (
        select(TallyTotal.figure, func.sum(TallyTotal.times))
        .where(
            TallyTotal.campaign == campaign,
            TallyTotal.split == Split.ALL,
            TallyTotal.figure.in_(figures),
        )
        .group_by(TallyTotal.figure)
    )
    tail = (
        select(TallyEntry.figure, func.sum(TallyEntry.times))
        .where(TallyEntry.campaign == campaign, TallyEntry.figure.in_(figures))
        .group_by(TallyEntry.figure)
    )
    counted = dict.fromkeys(figures, 0)
    for rows in (session.execute(folded), session.execute(tail)):
        for figure, times in rows:
            counted[figure] += int(times)
    return counted


def public_total(session: Session, campaign: UUID, figure: Figure) -> int | None:
    """The total as the public may see it: in steps, and not at all while it is small."""
    counted = total(session, campaign, figure)
    return counted // STEP * STEP if counted >= SHOWN_FROM else None
