"""The country of the case: by the title, the number, the text, and the authorities' addresses."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from babel.core import get_global

from app.intake.country import countries_in, most_named, people_in, places, towns_in
from app.intake.references import mentions_in

if TYPE_CHECKING:
    from app.intake.document import Document
    from app.intake.entry import Block
    from app.intake.model import Found


def country_of(document: Document, blocks: list[Block]) -> Found[str] | None:
    """The country of the case: by the title, the number, the text, the first authority's address."""
    head = document.lines[:8]
    scores: Counter[str] = Counter()
    where: dict[str, tuple[int, int]] = {}
    for line in head:
        for code, start, end in countries_in(line.text, document.language) + people_in(
            line.text, document.language
        ):
            scores[code] += 6 if line.words <= 20 else 2
            where.setdefault(code, (line.start + start, line.start + end))
    for mention in mentions_in(document)[:3]:
        named = _of_index(mention.text)
        if named:
            scores[named] += 12
            where.setdefault(named, (mention.start, mention.end))
    body = document.text[:20_000]
    for code, count in most_named(body, document.language).items():
        scores[code] += min(count, 20)
    for code, start, end in countries_in(body, document.language) + people_in(
        body, document.language
    ):
        where.setdefault(code, (start, end))
    for block in blocks:
        if block.kind == "to":
            for part in block.address:
                for code, start, end in countries_in(part.text) + towns_in(part.text):
                    scores[code] += 2
                    where.setdefault(code, (part.start + start, part.start + end))
    for code, start, end in towns_in(body):
        scores[code] += 1
        where.setdefault(code, (start, end))
    if not scores:
        return None
    (best, first), *rest = scores.most_common(2)
    sure = first >= 6 and (not rest or first >= 1.5 * rest[0][1])
    start, end = where[best]
    return document.found(
        best, start, end, "country_named", confidence="found" if sure else "check"
    )


def _of_index(text: str) -> str | None:
    if match := re.match(r"([A-Z]{3}) ?(\d\d)/", text):
        return places()["index"].get(f"{match[1]} {match[2]}")
    if match := re.match(r"(?:Case )?([A-Z]{3}) ?\d{3}", text):
        alias = get_global("territory_aliases").get(match[1])
        return alias[0] if alias else None
    return None
