"""The questions of the numbers' page as tables: page, chart and file show the same lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from sqlalchemy.orm import Session

from app.core.i18n import current_language, gettext, number, text_direction
from app.stats.numbers import (
    CampaignLine,
    Column,
    Numbers,
    OfficeName,
    ThisWeek,
    by_week,
    filled,
    this_week,
)
from app.stats.queries import list_offices
from app.stats.rules import SPLIT_FIGURES, Shown
from app.tally.models import Figure, Split
from app.web.coordinator import charts
from app.web.coordinator.words import (
    cell_name,
    figure_name,
    short_day,
    shown_text,
)

Offices = Mapping[str, OfficeName]

# More bars than this are a table, not a picture.
BARS_AT_MOST = 8
# A column a day up to three months; beyond that a column a week.
DAYS_AT_MOST = 92

# The order in which a letter goes through its life.
STAGES = (
    Figure.STARTED,
    Figure.CONFIRMED,
    Figure.QUEUED,
    Figure.HANDED_OVER,
    Figure.IN_DIGEST,
    Figure.FAILED,
    Figure.HELD,
    Figure.CANCELLED,
    Figure.BOUNCED,
    Figure.TO_PRINT,
    Figure.SELF_REPORTED,
    Figure.WITHDRAWN,
    Figure.FORGOTTEN,
)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a table: what, how many, and how long its bar is (per cent of the longest)."""

    key: str
    label: str
    times: int
    text: str
    share: float


@dataclass(frozen=True, slots=True)
class SplitAnswer:
    """Where a figure comes from, by one split."""

    split: Split
    lines: tuple[Line, ...]
    has_others: bool
    total: int
    chart: charts.BarChart | None

    @property
    def first(self) -> Line | None:
        """The longest line that has a name; nothing where all is in the others."""
        return next((line for line in self.lines if line.key not in ("", "others")), None)

    @property
    def first_share(self) -> int:
        return round(100 * self.first.times / self.total) if self.first and self.total else 0


@dataclass(frozen=True, slots=True)
class TimeAnswer:
    """How a figure went over time."""

    columns: tuple[Column, ...]
    is_weekly: bool
    chart: charts.ColumnChart | None

    @property
    def total(self) -> int:
        return sum(column.times for column in self.columns)


@dataclass(frozen=True, slots=True)
class CampaignAnswer:
    """One campaign in the list of campaigns."""

    campaign: CampaignLine
    shown: tuple[Shown, ...]
    texts: tuple[str, ...]
    share: float


@dataclass(frozen=True, slots=True)
class CrossLine:
    """One office or channel with one number a figure; nothing where it has no line of its own."""

    key: str
    label: str
    times: tuple[int, ...]
    share: float


@dataclass(frozen=True, slots=True)
class StageAnswer:
    """How many reached one stage."""

    figure: Figure
    label: str
    shown: Shown
    text: str


def split_answer(
    numbers: Numbers, figure: Figure, split: Split, offices: Offices | None = None
) -> SplitAnswer:
    """A split as lines, longest first, those of too few people together at the end."""
    table = numbers.split(figure, split)
    named = [(row.key, cell_name(split, row.key, offices or {}), row.times) for row in table.rows]
    if table.others:
        named.append(("others", gettext("Others"), table.others))
    most = max((times for _, _, times in named), default=0) or 1
    lines = tuple(
        Line(key, label, times, _with_share(times, table.total), round(100 * times / most, 1))
        for key, label, times in named
    )
    return SplitAnswer(split, lines, bool(table.others), table.total, _bars(lines))


def week_answer(numbers: Numbers, figure: Figure, today: date) -> tuple[TimeAnswer, ThisWeek]:
    """The last twelve weeks, and how this one compares."""
    weeks = numbers.weeks(figure, today)
    return TimeAnswer(weeks, is_weekly=True, chart=_columns(weeks)), this_week(weeks)


def day_answer(numbers: Numbers, figure: Figure) -> TimeAnswer:
    """Every day of the period, or every week where that is too many columns to see."""
    days = numbers.days(figure)
    every = filled(days)
    is_weekly = len(every) > DAYS_AT_MOST
    shown = by_week(days) if is_weekly else every
    return TimeAnswer(shown, is_weekly=is_weekly, chart=_columns(shown))


def campaign_answers(numbers: Numbers, figures: Sequence[Figure]) -> list[CampaignAnswer]:
    """Every campaign with these figures; those with most of the first figure come first."""
    rows = [
        (one.campaign, tuple(one.total(figure, numbers.period) for figure in figures))
        for one in numbers.campaigns
    ]
    rows.sort(key=lambda row: -row[1][0].value)
    most = max((shown[0].value for _, shown in rows), default=0) or 1
    return [
        CampaignAnswer(
            campaign,
            shown,
            tuple(shown_text(each) for each in shown),
            round(100 * shown[0].value / most, 1),
        )
        for campaign, shown in rows
    ]


def stage_answers(numbers: Numbers) -> list[StageAnswer]:
    of_many = len(numbers.campaigns) > 1
    stages = numbers.stages()
    return [
        StageAnswer(
            figure, figure_name(figure), stages[figure], shown_text(stages[figure], of_many=of_many)
        )
        for figure in STAGES
    ]


def stages_by_name(numbers: Numbers) -> dict[str, StageAnswer]:
    """The same stages, for sentences that name some of them."""
    return {stage.figure.value: stage for stage in stage_answers(numbers)}


def cross_answer(
    numbers: Numbers, split: Split, offices: Offices | None = None
) -> tuple[CrossLine, ...]:
    """One line an office or a channel with all figures that are split, the largest first."""
    tables = [numbers.split(figure, split) for figure in SPLIT_FIGURES]
    cells = [{row.key: row.times for row in table.rows} for table in tables]
    keys = {key for cell in cells for key in cell}
    lines = [
        CrossLine(
            key, cell_name(split, key, offices or {}), tuple(cell.get(key, 0) for cell in cells), 0
        )
        for key in keys
    ]
    lines.sort(key=lambda line: (*(-times for times in line.times), line.label))
    others = tuple(table.others for table in tables)
    if any(others):
        lines.append(CrossLine("others", gettext("Others"), others, 0))
    most = max((line.times[0] for line in lines), default=0) or 1
    return tuple(replace(line, share=round(100 * line.times[0] / most, 1)) for line in lines)


def offices_of(numbers: Numbers, session: Session) -> dict[str, OfficeName]:
    """The names of the offices that have a line of their own somewhere."""
    keys = {row.key for figure in SPLIT_FIGURES for row in numbers.split(figure, Split.TARGET).rows}
    return list_offices(session, keys, current_language())


def _bars(lines: Sequence[Line]) -> charts.BarChart | None:
    if not lines:
        return None
    rows = [(line.label, line.times, line.text) for line in lines]
    if len(rows) > BARS_AT_MOST:
        rest = sum(times for _, times, _ in rows[BARS_AT_MOST - 1 :])
        total = sum(times for _, times, _ in rows)
        rows = [
            *rows[: BARS_AT_MOST - 1],
            (gettext("All the others"), rest, _with_share(rest, total)),
        ]
    return charts.bars(rows, mirrored=text_direction(current_language()) == "rtl")


def _columns(shown: Sequence[Column]) -> charts.ColumnChart | None:
    if not any(column.times for column in shown):
        return None
    return charts.columns(
        [(short_day(column.first), column.times, number(column.times)) for column in shown]
    )


def _with_share(times: int, total: int) -> str:
    share = round(100 * times / total) if total else 0
    return gettext("%(number)s (%(share)s %%)", number=number(times), share=number(share))
