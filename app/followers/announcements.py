"""What can be told to followers, each with what its mail says. Built by whoever makes the move.

`words` are by language and in the organisers' own words; whoever reads none of those languages
gets the first of the campaign's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from app.followers.models import NewsKind

OUTCOMES = ("freed", "charges_dropped", "improved", "no_change", "worse", "unknown")


@dataclass(frozen=True, slots=True)
class Announcement:
    """One thing to tell: `said` is JSON, as `followers.telling` reads it."""

    kind: NewsKind
    said: dict[str, Any]


def opened(*, follows_up: bool = False) -> Announcement:
    """M11: a new urgent action, or the next one in a case that is followed already."""
    return Announcement(NewsKind.OPENED, {"follows_up": follows_up})


def extended(old_closes_at: datetime, words: Mapping[str, str]) -> Announcement:
    """M9: the date was moved. The new one stands in the campaign."""
    return Announcement(
        NewsKind.EXTENDED, {"old_closes_at": old_closes_at.isoformat(), "words": dict(words)}
    )


def changed(words: Mapping[str, str]) -> Announcement:
    """M9: facts or the letter have changed."""
    return Announcement(NewsKind.CHANGED, {"words": dict(words)})


def ended_well_or_not(
    outcome: str, words: Mapping[str, str], happened_on: date, source: str = ""
) -> Announcement:
    """M10: what happened, one of `OUTCOMES`, with its date and its source."""
    if outcome not in OUTCOMES:
        raise ValueError(outcome)
    return Announcement(
        NewsKind.OUTCOME,
        {
            "outcome": outcome,
            "words": dict(words),
            "happened_on": happened_on.isoformat(),
            "source": source,
        },
    )
