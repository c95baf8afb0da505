"""Budgets as arithmetic: hours across clock changes, ceilings in every window, what can be seen."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from app.delivery.budgets import (
    MINUTE,
    RECOVERS_IN,
    SLOW_STEPS,
    Budget,
    Hours,
    outlook,
    slots,
    slowness,
)
from app.delivery.models import Mailbox, Span

NOON = datetime(2026, 5, 12, 12, 0, 30, tzinfo=UTC)
OFFICE = {"days": "12345", "opens": 9 * 60, "closes": 17 * 60}


# Europe forward and back, then the south, where it is the other way round.
WEEKS = [
    ("Europe/Paris", date(2026, 3, 26)),
    ("Europe/Paris", date(2026, 10, 22)),
    ("America/Santiago", date(2026, 4, 2)),
    ("America/Santiago", date(2026, 9, 3)),
]


@pytest.mark.parametrize(("zone", "first"), WEEKS)
def test_a_week_across_a_clock_change_keeps_office_hours_exact(zone: str, first: date) -> None:
    place = ZoneInfo(zone)
    start = datetime(first.year, first.month, first.day, tzinfo=place).astimezone(UTC)
    offsets = {(start + timedelta(days=n)).astimezone(place).utcoffset() for n in range(8)}
    assert len(offsets) == 2, "the clocks change in this week"
    hours = Hours(zone, **OFFICE)
    for minute in range(8 * 24 * 60):
        moment = start + minute * MINUTE
        local = moment.astimezone(place)
        wanted = local.isoweekday() <= 5 and 9 <= local.hour < 17
        assert (hours.next_open(moment) == moment) is wanted, local


@pytest.mark.parametrize(("zone", "first"), WEEKS)
def test_a_plan_across_a_clock_change_stays_within_hours_and_ceilings(
    zone: str, first: date
) -> None:
    budget = Budget(10, 60, 300, 10_000, Hours(zone, **OFFICE))
    start = datetime(first.year, first.month, first.day, 3, 17, tzinfo=UTC)
    plan = list(slots(budget, {}, start, 2_000))
    assert sum(slot.room for slot in plan) == 2_000
    for span in (Span.MINUTE, Span.HOUR, Span.DAY):
        windows: Counter[datetime] = Counter()
        for slot in plan:
            windows[budget.starts(span, slot.at)] += slot.room
        assert max(windows.values()) <= budget.ceiling(span)
    for slot in plan:
        local = slot.at.astimezone(ZoneInfo(zone))
        assert local.isoweekday() <= 5
        assert 9 <= local.hour < 17


def test_letters_are_spread_over_the_hour() -> None:
    plan = list(slots(Budget(), {}, NOON.replace(minute=59), 120))
    assert {slot.room for slot in plan} == {2}
    assert plan[-1].at - plan[0].at == 59 * MINUTE


def test_nothing_is_planned_beyond_the_total() -> None:
    budget = Budget(at_most=50)
    assert sum(slot.room for slot in slots(budget, {Span.EVER: 20}, NOON, 1_000)) == 30
    assert list(slots(budget, {Span.EVER: 50}, NOON, 1)) == []


def test_an_office_that_never_opens_ends_the_plan() -> None:
    # The eighth day of the week: no rule lets it in, and no loop may run for ever on it.
    assert list(slots(Budget(hours=Hours(days="8")), {}, NOON, 1)) == []


def test_the_pace_recovers_slowly() -> None:
    assert slowness(3, NOON, NOON) == 3
    assert slowness(3, NOON, NOON + RECOVERS_IN) == 2
    assert slowness(3, NOON, NOON + 9 * RECOVERS_IN) == 0
    assert slowness(99, NOON, NOON) == SLOW_STEPS
    slowed = Mailbox(
        address="office@example.org",
        slow_steps=2,
        slowed_at=NOON,
        time_zone="UTC",
        open_days="1234567",
        opens=0,
        closes=1440,
    )
    assert Budget.of(slowed, NOON).per_minute == 2
    assert Budget.of(slowed, NOON + 2 * RECOVERS_IN).per_minute == 10


def test_the_next_batch_and_the_end_are_foreseen() -> None:
    seen = outlook(Budget(), {Span.HOUR: 120}, 240, NOON, NOON + timedelta(hours=4))
    assert seen.next_at == NOON.replace(hour=13, minute=0, second=0)
    assert (seen.next_size, seen.misses) == (2, False)
    assert seen.ends_at == NOON.replace(hour=14, minute=59, second=0)


@pytest.mark.parametrize(("hours", "misses"), [(2.9, True), (3.1, False)])
def test_a_deadline_is_missed_only_where_the_pace_misses_it(hours: float, *, misses: bool) -> None:
    seen = outlook(
        Budget(), {Span.HOUR: 120}, 240, NOON, NOON.replace(second=0) + hours * timedelta(hours=1)
    )
    assert seen.misses is misses


def test_a_total_that_is_used_up_misses_every_deadline() -> None:
    assert outlook(Budget(at_most=5), {Span.EVER: 5}, 1, NOON, None).misses
    assert not outlook(Budget(), {}, 0, NOON, NOON).misses
