"""The publication rule: what of a count may be seen. Page, file and chart all go through here.

A campaign's counts are cut into *blocks*: runs of whole months with at least ten people in each. A
block is cut once by day and once by each split, and no piece of either cut has fewer than ten
people. Everything that is ever shown is a sum of such pieces, and so is every difference of two
things that are shown: subtracting a campaign from the section, or a month from the year, leaves
nobody standing alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from app.tally.models import Figure, Split

# The rule of thumb of statistical offices (ONS); three to five, which OECD names as the least, is
# too few where a name on a list may cost somebody their freedom.
AT_LEAST: Final = 10

# Only figures that are ends of their own are split. Two figures of which one holds the other
# (started and confirmed, queued and handed over) would give small cells away by subtraction.
SPLIT_FIGURES: Final = (Figure.HANDED_OVER, Figure.SELF_REPORTED, Figure.FAILED)

SPLITS: Final = (
    Split.COUNTRY,
    Split.LETTER_LANGUAGE,
    Split.PAGE_LANGUAGE,
    Split.CHANNEL,
    Split.TARGET,
)

# Each stage with the stages that are known to be part of it, innermost first.
_PARTS: Final = (
    (Figure.QUEUED, (Figure.HANDED_OVER, Figure.FAILED, Figure.HELD, Figure.CANCELLED)),
    (Figure.TO_PRINT, (Figure.SELF_REPORTED,)),
    (Figure.CONFIRMED, (Figure.QUEUED, Figure.TO_PRINT)),
    (Figure.STARTED, (Figure.CONFIRMED, Figure.FORGOTTEN)),
)

# Counted once a person or form, not once a letter.
_OF_PEOPLE: Final = (Figure.STARTED, Figure.CONFIRMED, Figure.WITHDRAWN, Figure.FORGOTTEN)


class Precision(StrEnum):
    """How a shown number stands to the true one."""

    EXACT = "exact"
    AT_LEAST = "at_least"
    FEW = "few"


@dataclass(frozen=True, slots=True)
class Shown:
    """A number as it may be seen. Of a few, nothing but that they are few."""

    value: int
    precision: Precision = Precision.EXACT

    @property
    def is_few(self) -> bool:
        return self.precision is Precision.FEW

    @property
    def is_at_least(self) -> bool:
        return self.precision is Precision.AT_LEAST


NONE: Final = Shown(0)
FEW: Final = Shown(0, Precision.FEW)


@dataclass(frozen=True, slots=True)
class Cut:
    """A total cut by one split: cells that may be named, and one for all the others."""

    cells: Mapping[str, int]
    others: int


@dataclass(frozen=True, slots=True)
class Block:
    """A run of months with enough people in it, dated by the month in which they were enough."""

    month: date
    times: int
    days: Mapping[date, int]
    cuts: Mapping[Split, Cut]


@dataclass(frozen=True, slots=True)
class Counted:
    """What one campaign counted under one figure, before the rule."""

    days: Mapping[date, int]
    splits: Mapping[Split, Mapping[date, Mapping[str, int]]]

    @property
    def times(self) -> int:
        return sum(self.days.values())

    def letters_each(self, offices: int) -> int:
        """How many letters one person can have in here at most: one to each office counted.

        `offices` is what the campaign has, and is taken where a letter does not say its office.
        """
        cells = Counter[str]()
        for month in self.splits.get(Split.TARGET, {}).values():
            cells.update(month)
        return len(cells) if cells.total() == self.times and cells else max(offices, 1)


def people_at_least(times: int, letters_each: int) -> int:
    """How many people there are at least behind so many letters.

    Ten letters may be one person's who wrote to ten offices, so letters are not counted as people.
    """
    return -(-times // letters_each)


def month_of(day: date) -> date:
    return day.replace(day=1)


def publish(counted: Counted, offices: int) -> tuple[Block, ...]:
    """Cut what was counted into pieces that may be seen; into none when all of it is too few."""
    letters_each = counted.letters_each(offices)
    months: dict[date, int] = {}
    for day, times in counted.days.items():
        months[month_of(day)] = months.get(month_of(day), 0) + times
    return tuple(
        _block(counted, letters_each, month, members)
        for month, members in _runs(months, letters_each).items()
    )


def _block(counted: Counted, letters_each: int, month: date, members: Collection[date]) -> Block:
    days = {day: n for day, n in counted.days.items() if month_of(day) in members}
    times = sum(days.values())
    cuts = {}
    for split in SPLITS:
        cells: dict[str, int] = {}
        for member in members:
            for value, n in counted.splits.get(split, {}).get(member, {}).items():
                cells[value] = cells.get(value, 0) + n
        # What carries no value (a country nobody wanted to tell) is a cell like the others: left
        # out, it could be found as the difference from the total.
        cells[""] = cells.get("", 0) + times - sum(cells.values())
        cuts[split] = cut(cells, letters_each, one_each=split is Split.TARGET)
    runs = _runs(days, letters_each)
    by_day = {day: sum(days[member] for member in run) for day, run in runs.items()}
    return Block(month, times, by_day, cuts)


def _runs(counts: Mapping[date, int], letters_each: int) -> dict[date, list[date]]:
    """Put neighbours together until there are ten people; what is left over joins the last run."""
    runs: list[tuple[date, list[date]]] = []
    run: list[date] = []

    def is_enough(members: Collection[date]) -> bool:
        return people_at_least(sum(counts[one] for one in members), letters_each) >= AT_LEAST

    for moment in sorted(counts):
        run.append(moment)
        if is_enough(run):
            runs.append((moment, run))
            run = []
    if runs:
        runs[-1][1].extend(run)
    # A letter that is sent again is taken out of "failed", so a rest may be less than nothing.
    while len(runs) > 1 and not is_enough(runs[-1][1]):
        _, last = runs.pop()
        runs[-1][1].extend(last)
    return {moment: members for moment, members in runs if is_enough(members)}


def cut(cells: Mapping[str, int], letters_each: int, *, one_each: bool = False) -> Cut:
    """Name the cells with enough people and put the others together.

    When the others are too few themselves, the smallest named cell joins them: otherwise total
    minus named cells would tell their number. `one_each` says that nobody counts twice in one cell
    (one letter a person to one office), though they may in several.
    """

    def people(group: Collection[str]) -> int:
        if not one_each:
            return people_at_least(sum(cells[value] for value in group), letters_each)
        named = [cells[value] for value in group if value]
        return max([people_at_least(cells.get("", 0), letters_each) if "" in group else 0, *named])

    named = [value for value in cells if people([value]) >= AT_LEAST]
    named.sort(key=lambda value: (-cells[value], value))
    others = [value for value in cells if value not in named and cells[value]]
    while others and named and people(others) < AT_LEAST:
        others.append(named.pop())
    return Cut({value: cells[value] for value in named}, sum(cells[value] for value in others))


def publish_stages(counted: Mapping[Figure, Counted], offices: int) -> dict[Figure, Shown]:
    """How many reached each stage, over the whole life of a campaign.

    A total is exact from ten people on: it says nothing about where they live or what they read. It
    is not rounded, because it has to be the number that organisers report. But where a stage is
    only a few ahead of its parts, it is shown as "at least" what the parts add up to, or the few
    that failed could be found by subtraction.
    """
    each = dict.fromkeys(_OF_PEOPLE, 1)
    for figure, one in counted.items():
        each.setdefault(figure, one.letters_each(offices))
    times = {figure: one.times for figure, one in counted.items()}
    shown = {figure: _total(times.get(figure, 0), each.get(figure, 1)) for figure in Figure}
    for whole, parts in _PARTS:
        if whole is Figure.CONFIRMED and offices > 1:
            continue  # people and letters are the same number only where there is one office
        known = sum(shown[part].value for part in parts)
        ahead = times.get(whole, 0) - known
        if known and 0 < people_at_least(ahead, each.get(whole, 1)) < AT_LEAST:
            shown[whole] = Shown(known, Precision.AT_LEAST)
    return shown


def _total(times: int, letters_each: int) -> Shown:
    if times <= 0:
        return NONE
    return Shown(times) if people_at_least(times, letters_each) >= AT_LEAST else FEW


def add(numbers: Collection[Shown]) -> Shown:
    """The sum of what is shown. Campaigns of a few are not in it, or it would give them away."""
    value = sum(number.value for number in numbers)
    if all(number.precision is Precision.EXACT for number in numbers):
        return Shown(value)
    return Shown(value, Precision.AT_LEAST) if value else FEW
