"""A document cut into pieces, each with the field that was read there: what a page can mark."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from app.intake.plan import Finding


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of the document under one finding, or under none. `is_first`: it begins there."""

    text: str
    finding: Finding | None = None
    is_first: bool = False


def pieces_of(text: str, findings: Iterable[Finding]) -> list[Piece]:
    """The whole document in order; where passages lie in each other, the shorter one is marked."""
    known = [one for one in findings if one.has_place and one.start >= 0 and one.end <= len(text)]
    cuts = sorted({0, len(text), *(at for one in known for at in (one.start, one.end))})
    pieces: list[Piece] = []
    begun: set[str] = set()
    for start, end in pairwise(cuts):
        finding = _shortest(known, start, end)
        if pieces and pieces[-1].finding is finding:
            last = pieces.pop()
            pieces.append(Piece(last.text + text[start:end], finding, last.is_first))
            continue
        is_first = finding is not None and finding.field not in begun
        if finding is not None:
            begun.add(finding.field)
        pieces.append(Piece(text[start:end], finding, is_first))
    return pieces


def shown_in(pieces: Sequence[Piece]) -> set[str]:
    """The fields that have a mark to jump to."""
    return {piece.finding.field for piece in pieces if piece.finding and piece.is_first}


def _shortest(findings: Sequence[Finding], start: int, end: int) -> Finding | None:
    over = [one for one in findings if one.start <= start and end <= one.end]
    return min(over, key=lambda one: one.end - one.start, default=None)
