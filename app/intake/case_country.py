"""The country of the case: by the title, the number, the text, and the authorities' addresses."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field

from babel.core import get_global

from app.intake.country import countries_in, most_named, people_in, places, towns_in
from app.intake.document import Document
from app.intake.entry import Block
from app.intake.model import Found
from app.intake.references import mentions_in

_TITLE_WORDS = 20
_ENOUGH = 6


@dataclass(slots=True)
class _Votes:
    """What speaks for each country, and the first passage that does."""

    scores: Counter[str] = field(default_factory=Counter)
    where: dict[str, tuple[int, int]] = field(default_factory=dict)

    def add(self, code: str, weight: int, start: int, end: int) -> None:
        self.scores[code] += weight
        self.where.setdefault(code, (start, end))


def country_of(document: Document, blocks: list[Block]) -> Found[str] | None:
    """The country of the case: by title, number, text, and the first authority's address."""
    votes = _Votes()
    for line in document.lines[:8]:
        named = countries_in(line.text, document.language)
        for code, start, end in named + people_in(line.text, document.language):
            weight = 6 if line.words <= _TITLE_WORDS else 2
            votes.add(code, weight, line.start + start, line.start + end)
    for mention in mentions_in(document)[:3]:
        if of_index := _of_index(mention.text):
            votes.add(of_index, 12, mention.start, mention.end)
    _by_text(votes, document)
    _by_addresses(votes, blocks)
    if not votes.scores:
        return None
    (best, first), *rest = votes.scores.most_common(2)
    sure = first >= _ENOUGH and (not rest or first >= 1.5 * rest[0][1])
    start, end = votes.where[best]
    return document.found(
        best, start, end, "country_named", confidence="found" if sure else "check"
    )


def _by_text(votes: _Votes, document: Document) -> None:
    body = document.text[:20_000]
    counts = most_named(body, document.language)
    named = countries_in(body, document.language) + people_in(body, document.language)
    for code, start, end in named:
        votes.where.setdefault(code, (start, end))
    for code, count in counts.items():
        votes.scores[code] += min(count, 20)
    for code, start, end in towns_in(body):
        votes.add(code, 1, start, end)


def _by_addresses(votes: _Votes, blocks: list[Block]) -> None:
    for block in blocks:
        for part in block.address if block.kind == "to" else ():
            for code, start, end in countries_in(part.text) + towns_in(part.text):
                votes.add(code, 2, part.start + start, part.start + end)


def _of_index(text: str) -> str | None:
    if match := re.match(r"([A-Z]{3}) ?(\d\d)/", text):
        return places()["index"].get(f"{match[1]} {match[2]}")
    if match := re.match(r"(?:Case )?([A-Z]{3}) ?\d{3}", text):
        alias = get_global("territory_aliases").get(match[1])
        return alias[0] if alias else None
    return None
