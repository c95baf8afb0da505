"""How fast and how much a mailbox may be written to, and when the next letters leave. Pure.

A budget belongs to the mailbox, whatever campaign or section writes: the flood that an office sees
is the sum of all of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, Self
from zoneinfo import ZoneInfo

from app.core.errors import Refused
from app.delivery.models import FAX_LINE, Mailbox, Span

# Slower than one person can open mails, so that a mail system does not take it for an attack:
# a thousand mails within minutes were marked as spam at institutions that share one.
PER_MINUTE: Final = 10
# One in half a minute on average: the secretariat that answers them has other work, too.
PER_HOUR: Final = 120
# About what a small ministry gets from everybody else on a day.
PER_DAY: Final = 1_000
# More identical demands than this tell an office nothing new. It also ends what a deadline that is
# wrong by a year would begin.
AT_MOST: Final = 10_000
# Of the places of a day and of all, one in so many is kept for digests: what waits behind a full
# ceiling can still leave together, and no ceiling is passed for it. Small ceilings keep none.
KEPT_FOR_DIGESTS: Final = 100

# A fax machine has one line, takes minutes for a letter, and prints on the office's own paper.
FAX_PER_MINUTE: Final = 1
FAX_PER_HOUR: Final = 12
FAX_PER_DAY: Final = 100
FAX_AT_MOST: Final = 1_000

# Each 4xx or 421 halves the pace, five times at most: a thirty-second of it still finds out when
# the server has recovered. A burst of answers is one complaint.
SLOW_STEPS: Final = 5
ONE_COMPLAINT: Final = timedelta(minutes=1)
# Half an hour without another complaint takes one halving back.
RECOVERS_IN: Final = timedelta(minutes=30)

# Few letters need not be spread over a whole day: a writer waits for each of them.
SPREAD_AT_LEAST: Final = 1

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
EVER: Final = datetime(1970, 1, 1, tzinfo=UTC)
# No office is closed for longer; a plan that finds no open minute by then has none.
_LOOK_AHEAD: Final = 370


class BadBudget(Refused):
    """A ceiling below one, hours that do not follow one another, no day or no such zone."""

    code = "bad_budget"


@dataclass(frozen=True, slots=True)
class Hours:
    """When an office reads its mail: days of the week and minutes of its own day."""

    time_zone: str = "UTC"
    # Every hour unless an organiser says otherwise: an urgent action cannot wait for a Monday.
    days: str = "1234567"
    opens: int = 0
    closes: int = 24 * 60

    def window(self, day: date) -> tuple[datetime, datetime] | None:
        """The first instant of that local day's hours and the first one after them, in UTC."""
        if str(day.isoweekday()) not in self.days:
            return None
        start, end = self._at(day, self.opens), self._at(day, self.closes)
        return (start, end) if start < end else None

    def next_open(self, moment: datetime) -> datetime | None:
        """This moment if the office is open, else when it opens next; None if it never does."""
        today = moment.astimezone(ZoneInfo(self.time_zone)).date()
        for ahead in range(_LOOK_AHEAD):
            found = self.window(today + timedelta(days=ahead))
            if found is not None and moment < found[1]:
                return max(moment, found[0])
        return None

    def _at(self, day: date, minutes: int) -> datetime:
        # Wall time first, the zone's offset then: on the day the clocks change, nine stays nine.
        if minutes == 24 * 60:
            day, minutes = day + timedelta(days=1), 0
        wall = datetime.combine(day, time(minutes // 60, minutes % 60), ZoneInfo(self.time_zone))
        return wall.astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Budget:
    """The ceilings of one mailbox as they hold now."""

    per_minute: int = PER_MINUTE
    per_hour: int = PER_HOUR
    per_day: int = PER_DAY
    at_most: int = AT_MOST
    hours: Hours = Hours()

    @classmethod
    def of(cls, mailbox: Mailbox, now: datetime) -> Self:
        """The mailbox's own figures or the defaults, halved while its server complains."""
        halved = 1 << slowness(mailbox.slow_steps, mailbox.slowed_at, now)

        def pace(own: int | None, default: int) -> int:
            return max(1, (default if own is None else own) // halved)

        minute, hour, day, ever = PER_MINUTE, PER_HOUR, PER_DAY, AT_MOST
        if mailbox.address.startswith(FAX_LINE):
            minute, hour, day, ever = FAX_PER_MINUTE, FAX_PER_HOUR, FAX_PER_DAY, FAX_AT_MOST
        return cls(
            pace(mailbox.per_minute, minute),
            pace(mailbox.per_hour, hour),
            day if mailbox.per_day is None else mailbox.per_day,
            ever if mailbox.at_most is None else mailbox.at_most,
            Hours(mailbox.time_zone, mailbox.open_days, mailbox.opens, mailbox.closes),
        )

    def ceiling(self, span: Span) -> int:
        return {
            Span.MINUTE: self.per_minute,
            Span.HOUR: self.per_hour,
            Span.DAY: self.per_day,
            Span.EVER: self.at_most,
        }[span]

    def starts(self, span: Span, moment: datetime) -> datetime:
        """The beginning of the window of this length that a moment lies in; days are local ones."""
        if span is Span.EVER:
            return EVER
        if span is Span.DAY:
            zone = ZoneInfo(self.hours.time_zone)
            day = moment.astimezone(zone).date()
            return datetime.combine(day, time(), zone).astimezone(UTC)
        whole = moment.astimezone(UTC).replace(second=0, microsecond=0)
        return whole if span is Span.MINUTE else whole.replace(minute=0)

    def for_letters(self) -> Self:
        """The same with the places taken off that are kept for digests."""
        return replace(
            self,
            per_day=self.per_day - self.per_day // KEPT_FOR_DIGESTS,
            at_most=self.at_most - self.at_most // KEPT_FOR_DIGESTS,
        )

    def room(self, used: Mapping[Span, int]) -> int:
        """How many may leave in the windows of now, given what was booked in each."""
        return max(0, min(self.ceiling(span) - used.get(span, 0) for span in Span))


@dataclass(frozen=True, slots=True)
class Slot:
    """So many letters may leave from this minute on."""

    at: datetime
    room: int


@dataclass(frozen=True, slots=True)
class Outlook:
    """What becomes of what waits before a mailbox."""

    waiting: int
    next_at: datetime | None
    next_size: int
    ends_at: datetime | None
    misses: bool


def ceiling_of(mailbox: Mailbox, span: Span) -> int | None:
    """The mailbox's own ceiling, None where it has the default."""
    return {
        Span.MINUTE: mailbox.per_minute,
        Span.HOUR: mailbox.per_hour,
        Span.DAY: mailbox.per_day,
        Span.EVER: mailbox.at_most,
    }[span]


def read_hours(typed: str) -> tuple[int, int]:
    """`09:00-17:30` in minutes of the day; `BadBudget` for anything else."""
    found = re.fullmatch(r"(\d{1,2}):([0-5]\d)\s*[-–]\s*(\d{1,2}):([0-5]\d)", typed.strip())
    if found is None:
        raise BadBudget
    opens, closes = (60 * int(found[at]) + int(found[at + 1]) for at in (1, 3))
    if not 0 <= opens < closes <= 24 * 60:
        raise BadBudget
    return opens, closes


def say_hours(hours: Hours) -> str:
    """As `read_hours` reads them."""
    return "-".join(f"{m // 60:02d}:{m % 60:02d}" for m in (hours.opens, hours.closes))


def slowness(steps: int, slowed_at: datetime | None, now: datetime) -> int:
    """How many halvings still hold."""
    if slowed_at is None or now <= slowed_at:
        return min(steps, SLOW_STEPS)
    return max(0, min(steps, SLOW_STEPS) - (now - slowed_at) // RECOVERS_IN)


def slots(budget: Budget, used: Mapping[Span, int], now: datetime, wanted: int) -> Iterator[Slot]:
    """When so many letters may leave, minute by minute, from the next whole minute on.

    `used` is what was booked in the windows of now. Letters are spread evenly over the hour
    instead of leaving in its first minutes.
    """
    left = min(wanted, budget.at_most - used.get(Span.EVER, 0))
    hour, day = budget.starts(Span.HOUR, now), budget.starts(Span.DAY, now)
    in_hour, in_day = used.get(Span.HOUR, 0), used.get(Span.DAY, 0)
    at: datetime | None = budget.starts(Span.MINUTE, now) + MINUTE
    while left > 0:
        at = budget.hours.next_open(at) if at is not None else None
        if at is None:
            return
        if budget.starts(Span.HOUR, at) != hour:
            hour, in_hour = budget.starts(Span.HOUR, at), 0
        if budget.starts(Span.DAY, at) != day:
            day, in_day = budget.starts(Span.DAY, at), 0
        if in_day >= budget.per_day:
            at = _next_day(budget, at)
            continue
        if in_hour >= budget.per_hour:
            at = hour + HOUR
            continue
        rest = max(1, (hour + HOUR - at) // MINUTE)
        even = max(SPREAD_AT_LEAST, -(-(budget.per_hour - in_hour) // rest))
        room = min(budget.per_minute, even, budget.per_hour - in_hour, budget.per_day - in_day)
        room = min(room, left)
        yield Slot(at, room)
        left, in_hour, in_day = left - room, in_hour + room, in_day + room
        at += MINUTE


def outlook(
    budget: Budget,
    used: Mapping[Span, int],
    waiting: int,
    now: datetime,
    deadline: datetime | None,
    *,
    behind: int = 0,
) -> Outlook:
    """When the next batch leaves, how big it is, when the last one does, whether that is too late.

    `behind` letters of others stand before these.
    """
    if not waiting:
        return Outlook(0, None, 0, None, misses=False)
    first: Slot | None = None
    last, passed = None, 0
    for slot in slots(budget, used, now, behind + waiting):
        first = first or slot
        passed += slot.room
        last = slot.at
        if deadline is not None and slot.at >= deadline:
            break
    is_all = passed >= behind + waiting
    is_late = deadline is not None and (last is None or last >= deadline)
    return Outlook(
        waiting,
        first.at if first else None,
        first.room if first else 0,
        last if is_all else None,
        misses=is_late or not is_all,
    )


def _next_day(budget: Budget, moment: datetime) -> datetime:
    zone = ZoneInfo(budget.hours.time_zone)
    day = moment.astimezone(zone).date() + timedelta(days=1)
    return datetime.combine(day, time(), zone).astimezone(UTC)
