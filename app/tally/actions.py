"""Counting: one appended row an event, folded into totals by a job."""

from __future__ import annotations

import uuid
from collections import Counter
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from sqlalchemy import delete, insert, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.tally.models import Figure, Split, TallyEntry, TallyTotal


@dataclass(frozen=True, slots=True)
class Labels:
    """What is known of an event for counting. No person, no address, no moment."""

    campaign: uuid.UUID
    country: str = ""
    letter_language: str = ""
    page_language: str = ""
    channel: str = ""
    target: str = ""

    def to_json(self) -> dict[str, Any]:
        return asdict(self) | {"campaign": str(self.campaign)}

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Labels:
        return cls(**{**stored, "campaign": uuid.UUID(stored["campaign"])})


def count(session: Session, figure: Figure, labels: Labels, day: date, times: int = 1) -> None:
    """Append one event, in the transaction that causes it."""
    # An appended row, not a growing number: a single hot counter row halves the rate of signing,
    # because every writer waits for the commit of the one before.
    session.execute(
        insert(TallyEntry).values(figure=figure, day=day, times=times, **asdict(labels))
    )


def fold(session: Session, limit: int = 10_000) -> int:
    """Move the oldest entries of the journal into the totals; return how many were moved.

    Safe to run twice, and beside writers: only rows that this transaction sees are read, and the
    same rows are deleted.
    """
    waiting = select(TallyEntry).order_by(TallyEntry.id).limit(limit)
    entries = session.scalars(waiting.with_for_update(skip_locked=True)).all()
    if not entries:
        return 0
    totals: Counter[tuple[uuid.UUID, date, Figure, Split, str]] = Counter()
    for entry in entries:
        for split, value in splits_of(entry):
            totals[(entry.campaign, entry.day, entry.figure, split, value)] += entry.times
    kind = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    growing = kind(TallyTotal)
    growing = growing.on_conflict_do_update(
        index_elements=["campaign", "day", "figure", "split", "value"],
        set_={"times": TallyTotal.times + growing.excluded.times},
    )
    rows = [
        {"campaign": c, "day": d, "figure": f, "split": s, "value": v, "times": n}
        for (c, d, f, s, v), n in sorted(totals.items(), key=lambda item: tuple(map(str, item[0])))
    ]
    session.execute(growing, rows)
    session.execute(delete(TallyEntry).where(TallyEntry.id.in_([entry.id for entry in entries])))
    return len(entries)


def splits_of(entry: TallyEntry) -> list[tuple[Split, str]]:
    """The totals one entry counts in: the whole, and each split it carries a value for."""
    named = [
        (Split.COUNTRY, entry.country),
        (Split.LETTER_LANGUAGE, entry.letter_language),
        (Split.PAGE_LANGUAGE, entry.page_language),
        (Split.CHANNEL, entry.channel),
        (Split.TARGET, entry.target),
    ]
    return [(Split.ALL, ""), *((split, value) for split, value in named if value)]
