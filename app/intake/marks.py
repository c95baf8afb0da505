"""A document cut into pieces, each with the field that was read there: what a page can mark."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from app.intake.plan import Finding

# A passage that is most of a document says nothing by being marked.
_MOST = 0.75
_SHORT = 120
# More than this is a section: it is named where it begins and not painted.
_SECTION = 700


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of the document under one finding, or under none, and the findings that begin there."""

    text: str
    finding: Finding | None = None
    begins: tuple[Finding, ...] = ()

    @property
    def is_section(self) -> bool:
        return self.finding is not None and self.finding.end - self.finding.start > _SECTION


def pieces_of(text: str, findings: Iterable[Finding]) -> list[Piece]:
    """The whole document in order; where passages lie in each other, the shorter one is marked."""
    known = [one for one in findings if _can_be_marked(one, len(text))]
    cuts = sorted({0, len(text), *(at for one in known for at in (one.start, one.end))})
    return [
        Piece(text[start:end], _shortest(known, start, end), _begin_at(known, start))
        for start, end in pairwise(cuts)
    ]


def shown_in(pieces: Sequence[Piece]) -> set[str]:
    """The fields that have a mark to jump to."""
    return {finding.field for piece in pieces for finding in piece.begins}


def _can_be_marked(finding: Finding, length: int) -> bool:
    is_most = finding.end - finding.start > max(_SHORT, _MOST * length)
    return finding.has_place and finding.end <= length and not is_most


def _begin_at(findings: Sequence[Finding], start: int) -> tuple[Finding, ...]:
    """Those that begin here, the longest first: it holds the others."""
    begin = [one for one in findings if one.start == start]
    return tuple(sorted(begin, key=lambda one: one.start - one.end))


def _shortest(findings: Sequence[Finding], start: int, end: int) -> Finding | None:
    over = [one for one in findings if one.start <= start and end <= one.end]
    return min(over, key=lambda one: one.end - one.start, default=None)
