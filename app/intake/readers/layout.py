"""Pieces of text on a page into lines in reading order: rows, columns, notes below the text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median

# In widths of the letter height: a gap that is no space between two words any more.
_GAP = 1.6
_SAME_ROW = 0.45
_SPACE = 0.15
_NEW_PARAGRAPH = 1.3
_SMALL = 0.86
_RAISED = 0.78
_MARK = re.compile(r"\s*[\d*†‡]{1,3}\s*")
_WORD_END = re.compile(r"[^\W\d_][.,;!?»”)]?$")
# Fewer rows with something on both sides are a table or an accident, and no two columns.
_ROWS_AT_LEAST = 5
_LINE_OF_PROSE = 22


@dataclass(frozen=True, slots=True)
class Fragment:
    """One piece of text: where it begins, its base line, where it ends, how high it is."""

    x: float
    y: float
    end: float
    size: float
    text: str


@dataclass(frozen=True, slots=True)
class Page:
    """The lines of a page; an empty one parts two paragraphs. `notes` stood below them."""

    lines: tuple[str, ...]
    columns: int
    notes: tuple[str, ...] = ()


@dataclass(slots=True)
class _Segment:
    """A run of words without a gap."""

    x: float
    end: float
    size: float
    text: str


@dataclass(slots=True)
class _Row:
    """What stands on one base line."""

    y: float
    size: float
    segments: list[_Segment] = field(default_factory=list)


def arrange(fragments: Sequence[Fragment]) -> Page:
    """A page as it is read."""
    rows = [_row(group) for group in _by_base_line(fragments)]
    rows = [row for row in rows if row.segments]
    if not rows:
        return Page((), 1)
    rows, below = _without_notes(rows)
    gutter = _gutter(rows)
    lines = _in_columns(rows, gutter) if gutter is not None else _lines(rows)
    return Page(tuple(lines), 1 if gutter is None else 2, tuple(_lines(below)))


def _by_base_line(fragments: Sequence[Fragment]) -> list[list[Fragment]]:
    groups: list[list[Fragment]] = []
    for piece in sorted(fragments, key=lambda one: (-one.y, one.x)):
        if groups:
            last = groups[-1]
            size = max(one.size for one in last)
            if abs(last[0].y - piece.y) <= _SAME_ROW * max(size, piece.size):
                last.append(piece)
                continue
        groups.append([piece])
    return groups


def _row(group: list[Fragment]) -> _Row:
    size = max(piece.size for piece in group)
    pieces = sorted(group, key=lambda one: one.x)
    row = _Row(median(piece.y for piece in pieces), size)
    for piece in pieces:
        text = piece.text.strip()
        last = row.segments[-1] if row.segments else None
        gap = piece.x - last.end if last else 0.0
        # The raised figure of a footnote would become part of the word before it.
        if last and _MARK.fullmatch(piece.text):
            is_glued = gap < _SPACE * size and _WORD_END.search(last.text) is not None
            if piece.size <= _RAISED * size or is_glued:
                last.end = max(last.end, piece.end)
                continue
        if last is None and _MARK.fullmatch(piece.text):
            text += " "
        if last is None or gap > _GAP * size:
            row.segments.append(_Segment(piece.x, piece.end, piece.size, text))
            continue
        space = " " if gap > _SPACE * size or piece.text[:1].isspace() else ""
        last.text = f"{last.text}{space}{text}"
        last.end, last.size = max(last.end, piece.end), max(last.size, piece.size)
    return row


def _without_notes(rows: list[_Row]) -> tuple[list[_Row], list[_Row]]:
    """The notes at the foot of a page: small, last, and begun with their mark."""
    usual = median(row.size for row in rows for _ in row.segments[0].text[::8] or " ")
    first = len(rows)
    while first and rows[first - 1].size < _SMALL * usual:
        first -= 1
    while first < len(rows) and not re.match(r"[\d*†‡]", rows[first].segments[0].text):
        first += 1
    if first == 0 or first >= len(rows):
        return rows, []
    return rows[:first], rows[first:]


def _gutter(rows: Sequence[_Row]) -> float | None:
    """Where two columns of prose part, or None where there is one."""
    left = min(segment.x for row in rows for segment in row.segments)
    right = max(segment.end for row in rows for segment in row.segments)
    starts = sorted(
        segment.x - 0.5
        for row in rows
        for segment in row.segments[1:]
        if left + (right - left) * 0.25 < segment.x < left + (right - left) * 0.75
    )
    best, found = 0, None
    for start in dict.fromkeys(round(one) for one in starts):
        both = sum(_is_parted(row, start) for row in rows)
        if both > best:
            best, found = both, float(start)
    if found is None or best < _ROWS_AT_LEAST:
        return None
    parted = [row for row in rows if _is_parted(row, found)]
    lengths = [len(" ".join(s.text for s in row.segments if s.end <= found)) for row in parted]
    others = [len(" ".join(s.text for s in row.segments if s.x >= found)) for row in parted]
    # Labels beside their values are short on one side; they are read across.
    if median(lengths) < _LINE_OF_PROSE or median(others) < _LINE_OF_PROSE:
        return None
    crossed = sum(any(s.x < found < s.end for s in row.segments) for row in rows)
    return found if best >= crossed else None


def _is_parted(row: _Row, at: float) -> bool:
    before = any(segment.end <= at for segment in row.segments)
    behind = any(segment.x >= at for segment in row.segments)
    return before and behind and not any(s.x < at < s.end for s in row.segments)


def _in_columns(rows: Sequence[_Row], gutter: float) -> list[str]:
    """Down the left column, then down the right one; a line across both parts the page."""
    lines: list[str] = []
    band: list[_Row] = []
    for row in [*rows, None]:
        if row is not None and not any(s.x < gutter < s.end for s in row.segments):
            band.append(row)
            continue
        for side in (_side(band, gutter, is_left=True), _side(band, gutter, is_left=False)):
            if side:
                lines += [*_lines(side), ""]
        band = []
        if row is not None:
            lines += _lines([row])
    return lines


def _side(rows: Sequence[_Row], gutter: float, *, is_left: bool) -> list[_Row]:
    found = []
    for row in rows:
        own = [s for s in row.segments if (s.end <= gutter if is_left else s.x >= gutter)]
        if own:
            found.append(_Row(row.y, max(segment.size for segment in own), own))
    return found


def _lines(rows: Sequence[_Row]) -> list[str]:
    """One line a row; an empty one where the distance says that a paragraph ends."""
    steps = [above.y - below.y for above, below in pairwise(rows)]
    close = [step for step in steps if step > 0]
    usual = sorted(close)[len(close) // 3] if close else 0.0
    lines: list[str] = []
    for number, row in enumerate(rows):
        if number:
            limit = max(_NEW_PARAGRAPH * usual, 1.05 * row.size)
            if abs(rows[number - 1].y - row.y) > limit:
                lines.append("")
        lines.append("   ".join(segment.text for segment in row.segments))
    return lines
