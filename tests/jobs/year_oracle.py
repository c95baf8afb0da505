"""What must happen in a year, worked out from the promises alone: no rule of the product is asked.

A plan is what people did and when. `expected` says what the clock owes for it: when each campaign
opens and closes, who is written to at which wake-up, what is forgotten and destroyed.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

HOUR, DAY, MINUTE = timedelta(hours=1), timedelta(days=1), timedelta(minutes=1)
GRACE = 6 * HOUR
WARNED_BEFORE = (168, 72, 24)
REMINDED_BEFORE = (72, 24)
ORGANISERS = 2

# When, what, about which campaign or section, and who: an organiser, a wish, or nobody.
What = tuple[datetime, str, str, str]


@dataclass(frozen=True, slots=True)
class Act:
    """What somebody did to a campaign: extend, pause, resume, stop, reopen, outcome."""

    at: datetime
    name: str
    last_day: date | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """One campaign's life as people made it."""

    key: str
    zone: str
    made_at: datetime
    # On the wall clock of the zone; nothing where it opened when it was made.
    opens: tuple[date, str] | None
    last_day: date
    last_time: str
    signed_at: datetime
    wished_at: tuple[datetime, ...]
    acts: tuple[Act, ...] = ()


@dataclass(slots=True)
class Wakings:
    """The moments at which the scheduler looked, in order."""

    moments: Sequence[datetime]

    def first(self, due: datetime) -> datetime | None:
        place = bisect_left(self.moments, due)
        return self.moments[place] if place < len(self.moments) else None


@dataclass(slots=True)
class Stretch:
    """A time in which a campaign stood as it stood."""

    begins: datetime
    state: str
    deadline: datetime
    ends: datetime | None = None

    def holds(self, moment: datetime) -> bool:
        return self.begins <= moment and (self.ends is None or moment < self.ends)


@dataclass(slots=True)
class Life:
    """The stretches of one campaign, and its closings."""

    stretches: list[Stretch] = field(default_factory=list)
    opened: datetime | None = None
    closed: list[tuple[datetime, str]] = field(default_factory=list)
    told: datetime | None = None

    def at(self, moment: datetime) -> Stretch | None:
        return next((one for one in self.stretches if one.holds(moment)), None)

    def turn(self, moment: datetime, state: str, deadline: datetime) -> None:
        if self.stretches:
            self.stretches[-1].ends = moment
        self.stretches.append(Stretch(moment, state, deadline))


@lru_cache(maxsize=10_000)
def end_of(day: date, shown: str, zone: str) -> datetime:
    """The first instant too late, found by looking at every minute on the wall of that place.

    Twice there: the second one counts. Not there at all, because the clocks jumped: as much later
    than the jump as the time is after the last minute before it.
    """
    hour, minute = map(int, shown.split(":"))
    wanted = datetime(day.year, day.month, day.day, hour, minute)  # noqa: DTZ001 - on the wall
    start = datetime(day.year, day.month, day.day, tzinfo=UTC) - DAY
    before = None
    seen = None
    for number in range(3 * 24 * 60 + 2):
        moment = start + number * MINUTE
        wall = moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
        if wall == wanted:
            seen = moment
        if wall < wanted:
            before = (moment, wall)
    if seen is None:
        assert before is not None
        # The wall said `before` and then jumped over the wanted minute.
        seen = before[0] + (wanted - before[1])
    return seen + MINUTE


def start_of(day: date, shown: str, zone: str) -> datetime:
    """The first minute on the wall of that place, of a day on which it does exist."""
    hour, minute = map(int, shown.split(":"))
    wanted = datetime(day.year, day.month, day.day, hour, minute)  # noqa: DTZ001 - on the wall
    start = datetime(day.year, day.month, day.day, tzinfo=UTC) - DAY
    for number in range(3 * 24 * 60):
        moment = start + number * MINUTE
        if moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None) == wanted:
            return moment
    raise LookupError(day, shown, zone)


def weeks_of(zone: str, start: datetime, end: datetime) -> Iterator[datetime]:
    """Every Monday, 8 o'clock, of a place."""
    day = start.date() - DAY
    while day <= end.date() + DAY:
        if day.weekday() == 0:
            yield start_of(day, "08:00", zone)
        day += DAY


def life_of(plan: Plan, wakings: Wakings) -> Life:
    """How the campaign stood at every moment."""
    life = Life()
    deadline = end_of(plan.last_day, plan.last_time, plan.zone)
    opened = plan.made_at
    if plan.opens is not None:
        woke = wakings.first(start_of(*plan.opens, plan.zone))
        if woke is None:
            return life
        opened = woke
    life.opened = opened
    life.turn(opened, "open", deadline)
    for act in plan.acts:
        _let_it_expire(life, wakings, act.at)
        now = life.stretches[-1]
        match act.name:
            case "extend" | "reopen":
                assert act.last_day is not None
                deadline = end_of(act.last_day, plan.last_time, plan.zone)
                life.turn(act.at, "paused" if now.state == "paused" else "open", deadline)
            case "pause":
                life.turn(act.at, "paused", now.deadline)
            case "resume":
                life.turn(act.at, "open", now.deadline)
            case "stop":
                life.turn(act.at, "closed", now.deadline)
                life.closed.append((act.at, "stopped"))
            case "outcome":
                life.told = act.at
    _let_it_expire(life, wakings, None)
    return life


def _let_it_expire(life: Life, wakings: Wakings, before: datetime | None) -> None:
    now = life.stretches[-1]
    if now.state == "closed":
        return
    woke = wakings.first(now.deadline)
    if woke is not None and (before is None or woke <= before):
        life.turn(woke, "closed", now.deadline)
        life.closed.append((woke, "expired"))


def expected(plan: Plan, wakings: Wakings) -> Iterator[What]:
    """Everything that the clock owes for one campaign."""
    life = life_of(plan, wakings)
    if life.opened is None:
        return
    if plan.opens is not None:
        yield life.opened, "published", plan.key, ""
    for moment, reason in life.closed:
        if reason == "expired":
            yield moment, "closes", plan.key, ""
        for one in range(ORGANISERS):
            yield moment, "closed", plan.key, f"organiser {one}"
    yield from _warnings(plan, life, wakings)
    for number, wished in enumerate(plan.wished_at):
        yield from _reminders(plan, life, wakings, number, wished)
    yield from _unconfirmed(plan, life, wakings)
    yield from _afterwards(plan, life, wakings)


def _warnings(plan: Plan, life: Life, wakings: Wakings) -> Iterator[What]:
    """The newest step that has begun, once for each deadline, as long as that is ahead."""
    told = set()
    for stretch in life.stretches:
        if stretch.state == "closed":
            continue
        for hours in WARNED_BEFORE:
            woke = wakings.first(max(stretch.begins, stretch.deadline - hours * HOUR))
            if woke is None or not stretch.holds(woke) or woke >= stretch.deadline:
                continue
            newest = min(h for h in WARNED_BEFORE if stretch.deadline - h * HOUR <= woke)
            if (stretch.deadline, newest) not in told:
                told.add((stretch.deadline, newest))
                for one in range(ORGANISERS):
                    yield woke, "deadline_warning", plan.key, f"organiser {one}"


def _reminders(
    plan: Plan, life: Life, wakings: Wakings, number: int, wished: datetime
) -> Iterator[What]:
    """Each step once in a life; what was skipped is owed again when the end moves away."""
    at_wish = life.at(wished)
    assert at_wish is not None
    for hours in REMINDED_BEFORE:
        if at_wish.deadline - hours * HOUR <= wished:
            continue
        deadlines = [(wished, at_wish.deadline)] + [
            (act.at, _deadline_after(plan, act))
            for act in plan.acts
            if act.name == "extend" and act.at > wished
        ]
        for place, (since, deadline) in enumerate(deadlines):
            until = deadlines[place + 1][0] if place + 1 < len(deadlines) else None
            woke = wakings.first(max(since, deadline - hours * HOUR))
            if woke is None or (until is not None and woke >= until):
                continue
            stands = life.at(woke)
            is_open = stands is not None and stands.state == "open" and woke < stands.deadline
            if is_open and woke <= deadline - hours * HOUR + GRACE:
                yield woke, "reminder", plan.key, f"wish {number}"
                break


def _deadline_after(plan: Plan, act: Act) -> datetime:
    assert act.last_day is not None
    return end_of(act.last_day, plan.last_time, plan.zone)


def _unconfirmed(plan: Plan, life: Life, wakings: Wakings) -> Iterator[What]:
    """One more mail a day before the link ends, where the button would still do something."""
    stands = life.at(plan.signed_at)
    assert stands is not None
    hour = plan.signed_at.replace(minute=0, second=0, microsecond=0)
    link_ends = min(hour + 7 * DAY, stands.deadline)
    midnight = hour.replace(hour=0)
    due = link_ends - DAY
    for stretch in life.stretches:
        woke = wakings.first(max(due, stretch.begins, plan.signed_at))
        if woke is None or not stretch.holds(woke) or stretch.state != "open":
            continue
        if woke < min(link_ends, stretch.deadline) and link_ends - midnight > 2 * DAY:
            yield woke, "confirm_reminder", plan.key, ""
            break
    woke = wakings.first(max(link_ends, midnight + 7 * DAY))
    if woke is not None:
        yield woke, "forgotten", plan.key, ""


def _afterwards(plan: Plan, life: Life, wakings: Wakings) -> Iterator[What]:
    """The key goes after thirty days; organisers are asked after thirty and after ninety."""
    if not life.closed or life.stretches[-1].state != "closed":
        return
    closed, _reason = life.closed[-1]
    woke = wakings.first(closed + 30 * DAY)
    if woke is not None:
        yield woke, "destroyed", plan.key, ""
    for days in (30, 90):
        woke = wakings.first(closed + days * DAY)
        if woke is not None and (life.told is None or woke < life.told):
            for one in range(ORGANISERS):
                yield woke, "outcome_wanted", plan.key, f"organiser {one}"


def dues_of(plan: Plan) -> Iterator[datetime]:
    """The instants at which something may fall due, for the scheduler to wake at."""
    if plan.opens is not None:
        yield start_of(*plan.opens, plan.zone)
    deadlines = [end_of(plan.last_day, plan.last_time, plan.zone)] + [
        _deadline_after(plan, act) for act in plan.acts if act.last_day is not None
    ]
    for deadline in deadlines:
        yield deadline
        for hours in {*WARNED_BEFORE, *REMINDED_BEFORE}:
            yield deadline - hours * HOUR
        for days in (30, 90):
            yield deadline + days * DAY
    for act in plan.acts:
        if act.name == "stop":
            yield act.at + 30 * DAY
            yield act.at + 90 * DAY
    hour = plan.signed_at.replace(minute=0, second=0, microsecond=0)
    link_ends = min(hour + 7 * DAY, deadlines[0])
    yield from (link_ends - DAY, link_ends, hour.replace(hour=0) + 7 * DAY)
