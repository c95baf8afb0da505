"""What may be seen of one campaign or of many: sums of published pieces, and nothing else."""

from __future__ import annotations

import re
import uuid
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Self

from app.campaigns.models import CampaignState
from app.core.errors import Refused
from app.stats.rules import FEW, NONE, Block, Shown, add
from app.tally.models import Figure, Split

WEEK = timedelta(days=7)
WEEKS_SHOWN = 12
WEEKS_OF_AVERAGE = 8


class BadPeriod(Refused):
    """A period is all time, a year (2026) or a month (2026-11)."""

    code = "bad_period"


@dataclass(frozen=True, slots=True)
class Period:
    """All time, a year or a month.

    Whole months only: with free dates, one day more or less would tell what one day held.
    """

    year: int | None = None
    month: int | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        if text in ("", "all"):
            return cls()
        found = re.fullmatch(r"([12][0-9]{3})(?:-(0[1-9]|1[0-2]))?", text)
        if found is None:
            raise BadPeriod
        return cls(int(found[1]), int(found[2]) if found[2] else None)

    def holds(self, month: date) -> bool:
        return self.year in (None, month.year) and self.month in (None, month.month)

    def __str__(self) -> str:
        if self.year is None:
            return "all"
        return f"{self.year:04d}-{self.month:02d}" if self.month else f"{self.year:04d}"


@dataclass(frozen=True, slots=True)
class CampaignLine:
    """What a list of numbers says of a campaign."""

    id: uuid.UUID
    reference: str
    slug: str
    title: str
    language: str
    section: str
    section_name: str
    organisation: str
    state: CampaignState
    hidden: bool
    opened_at: datetime | None
    closes_at: datetime | None
    time_zone: str
    last_day: date | None
    last_time: str
    offices: int


@dataclass(frozen=True, slots=True)
class OfficeName:
    """What a target is called, in which language, and in which campaign it is one."""

    title: str
    language: str
    reference: str


@dataclass(frozen=True, slots=True)
class CampaignNumbers:
    """The published numbers of one campaign."""

    campaign: CampaignLine
    stages: Mapping[Figure, Shown]
    blocks: Mapping[Figure, tuple[Block, ...]]
    months: Mapping[Figure, frozenset[date]]

    def total(self, figure: Figure, period: Period) -> Shown:
        held = [block for block in self.blocks[figure] if period.holds(block.month)]
        if held:
            return Shown(sum(block.times for block in held))
        return FEW if any(period.holds(month) for month in self.months[figure]) else NONE


@dataclass(frozen=True, slots=True)
class Row:
    """One named cell of a split."""

    key: str
    times: int


@dataclass(frozen=True, slots=True)
class SplitTable:
    """A figure cut by one split. Rows and others together are the total."""

    figure: Figure
    split: Split
    rows: tuple[Row, ...]
    others: int

    @property
    def total(self) -> int:
        return self.others + sum(row.times for row in self.rows)


@dataclass(frozen=True, slots=True)
class Column:
    """What was counted in the days from `first` to `last`."""

    first: date
    last: date
    times: int


@dataclass(frozen=True, slots=True)
class ThisWeek:
    """This week beside the eight before it."""

    times: int
    average: float

    @property
    def change(self) -> int | None:
        """Per cent more or fewer than usual; nothing where there is no usual."""
        return round(100 * (self.times - self.average) / self.average) if self.average else None


@dataclass(frozen=True, slots=True)
class Numbers:
    """What may be seen of a set of campaigns in a period."""

    campaigns: tuple[CampaignNumbers, ...]
    period: Period

    def stages(self) -> dict[Figure, Shown]:
        """How many reached each stage since the start; stages have no period.

        What was queued in one month is handed over in the next, so a month's stages would not add
        up, and their differences could not be kept large enough.
        """
        return {figure: add([one.stages[figure] for one in self.campaigns]) for figure in Figure}

    def total(self, figure: Figure) -> Shown:
        return add([one.total(figure, self.period) for one in self.campaigns])

    def split(self, figure: Figure, split: Split) -> SplitTable:
        """Longest first. A value that is small in one campaign counts there under the others."""
        cells: Counter[str] = Counter()
        others = 0
        for block in self._blocks(figure):
            cells.update(block.cuts[split].cells)
            others += block.cuts[split].others
        rows = sorted(cells.items(), key=lambda cell: (-cell[1], cell[0]))
        return SplitTable(figure, split, tuple(Row(key, times) for key, times in rows), others)

    def days(self, figure: Figure) -> tuple[Column, ...]:
        """Every day on which something may be shown. Small days count with the next large one."""
        days: Counter[date] = Counter()
        for block in self._blocks(figure):
            days.update(block.days)
        return tuple(Column(day, day, times) for day, times in sorted(days.items()))

    def weeks(self, figure: Figure, today: date) -> tuple[Column, ...]:
        """The last twelve weeks, Monday to Sunday, this one last. All time, whatever the period."""
        this = monday(today)
        weeks = [this - WEEK * ago for ago in reversed(range(WEEKS_SHOWN))]
        times: Counter[date] = Counter()
        for one in self.campaigns:
            for block in one.blocks[figure]:
                for day, n in block.days.items():
                    times[monday(day)] += n
        return tuple(Column(week, week + WEEK - timedelta(days=1), times[week]) for week in weeks)

    def _blocks(self, figure: Figure) -> list[Block]:
        return [
            block
            for one in self.campaigns
            for block in one.blocks[figure]
            if self.period.holds(block.month)
        ]


def monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def this_week(weeks: tuple[Column, ...]) -> ThisWeek:
    """The last column beside the average of the eight before it."""
    usual = weeks[-1 - WEEKS_OF_AVERAGE : -1]
    return ThisWeek(weeks[-1].times, sum(week.times for week in usual) / len(usual))


def filled(days: tuple[Column, ...]) -> tuple[Column, ...]:
    """The same days with the empty ones between them, so that a time axis has no jumps."""
    if not days:
        return ()
    times = {day.first: day.times for day in days}
    first, span = days[0].first, (days[-1].first - days[0].first).days + 1
    every = [first + timedelta(days=n) for n in range(span)]
    return tuple(Column(day, day, times.get(day, 0)) for day in every)


def by_week(days: tuple[Column, ...]) -> tuple[Column, ...]:
    """The same counts in weeks, Monday to Sunday, without gaps."""
    times: Counter[date] = Counter()
    for day in days:
        times[monday(day.first)] += day.times
    if not times:
        return ()
    first, last = min(times), max(times)
    every = [first + WEEK * n for n in range((last - first).days // 7 + 1)]
    return tuple(Column(week, week + WEEK - timedelta(days=1), times[week]) for week in every)
