"""The geometry of charts: plain numbers for the macros to draw. No words, no colours.

Widths are per cent and heights are pixels, so that a chart fills a phone or a sheet of paper while
its text keeps its size.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

# The longest bar leaves room for its own number at the end, on a phone of 320 pixels too.
LONGEST: Final = 62.0
BAR_ROW: Final = 46
PLOT_TOP: Final = 24
PLOT_HEIGHT: Final = 150
AXIS_HEIGHT: Final = 26
LABELS_AT_MOST: Final = 5
# The number over the last column stands above this share of its neighbours too.
BESIDE: Final = 8


@dataclass(frozen=True, slots=True)
class Bar:
    """One horizontal bar: its words above it, its number at its end."""

    label: str
    text: str
    y: int
    x: float
    width: float
    end: float


@dataclass(frozen=True, slots=True)
class BarChart:
    """Bars from the start side: left, or right where the page is read from the right."""

    bars: tuple[Bar, ...]
    height: int
    mirrored: bool


@dataclass(frozen=True, slots=True)
class Upright:
    """One column of a time axis."""

    x: float
    width: float
    y: float
    height: float
    middle: float
    end: float
    label: str
    text: str
    is_last: bool


@dataclass(frozen=True, slots=True)
class GridLine:
    """A line across the plot at a round number."""

    y: float
    value: int


@dataclass(frozen=True, slots=True)
class ColumnChart:
    """Columns over a time axis, which runs from left to right in every language."""

    columns: tuple[Upright, ...]
    last_text_y: float
    grid: tuple[GridLine, ...]
    base: int
    height: int


def bars(rows: Sequence[tuple[str, int, str]], *, mirrored: bool) -> BarChart:
    """One bar a row of label, number and the number's text."""
    most = max((value for _, value, _ in rows), default=0) or 1
    drawn = []
    for position, (label, value, text) in enumerate(rows):
        width = round(LONGEST * value / most, 2)
        end = 100 - width if mirrored else width
        x = round(end, 2) if mirrored else 0
        drawn.append(Bar(label, text, position * BAR_ROW, x, width, round(end, 2)))
    return BarChart(tuple(drawn), max(len(rows), 1) * BAR_ROW, mirrored)


def columns(rows: Sequence[tuple[str, int, str]]) -> ColumnChart:
    """One column a row of label, number and the number's text; the axis starts at nothing."""
    top = round_up(max((value for _, value, _ in rows), default=0))
    step = 100 / max(len(rows), 1)
    every = -(-len(rows) // LABELS_AT_MOST)
    base = PLOT_TOP + PLOT_HEIGHT
    drawn = []
    for position, (label, value, text) in enumerate(rows):
        height = round(PLOT_HEIGHT * value / top, 1)
        is_last = position == len(rows) - 1
        # Counted from the end, so that the last column always has its name.
        is_named = (len(rows) - 1 - position) % every == 0
        drawn.append(
            Upright(
                x=round(position * step + step * 0.12, 2),
                width=round(step * 0.76, 2),
                y=round(base - height, 1),
                height=height,
                middle=round((position + 0.5) * step, 2),
                end=round((position + 0.88) * step, 2),
                label=label if is_named else "",
                text=text,
                is_last=is_last,
            )
        )
    grid = tuple(GridLine(base - PLOT_HEIGHT * part / 2, top * part // 2) for part in (1, 2))
    beside = drawn[-max(1, len(drawn) // BESIDE) :]
    last_text_y = min((column.y for column in beside), default=base) - 6
    return ColumnChart(tuple(drawn), last_text_y, grid, base, base + AXIS_HEIGHT)


def round_up(value: int) -> int:
    """The next even round number for the top of an axis: 10, 20, 50, 100, 200, 500 …"""
    size = 10
    while True:
        for factor in (1, 2, 5):
            if value <= size * factor:
                return size * factor
        size *= 10
