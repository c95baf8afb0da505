"""What a flood looks like: marks of a form that may come from a machine, and what follows.

A mark never refuses anybody. A marked form has its writer's browser work for a moment; without a
script its mail takes the slow way. What could tell whether an address is known here (how often it
was written to) makes no mark: it is counted in silence, see `actions.sign`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path

from disposable_email_domains import blocklist

from app.core.networks import Meter

BURST = timedelta(minutes=10)
SUSTAINED = timedelta(hours=6)
# Below this share of confirmed forms a surge is not people: of those who write, most press the
# button within minutes.
CONFIRMED_SHARE = 0.25
# Half a second of a telephone. It doubles with each doubling of a crowd, up to some four seconds.
COST = 4_000
COST_AT_MOST = 32_000
# How many of a network may take the slow way within an hour, and of a campaign altogether.
SLOW_OF_NETWORK = 5
SLOW_AN_HOUR = 40
# Of the large providers: a flood has few mailboxes there that could say yes.
SLOW_OF_LARGE = 80
SLOW_HOURS = 24
SLOW_WAIT = timedelta(minutes=15)
# So many people have their mailbox here that a count of the domain says nothing.
LARGE = frozenset(Path(__file__).with_name("large_domains.txt").read_text("ascii").split())


class Mark(StrEnum):
    """What is odd about a form, or how it got past that."""

    FAST = "fast"
    TRAP = "trap"
    NETWORK = "network"
    DOMAIN = "domain"
    DISPOSABLE = "disposable"
    CAMPAIGN = "campaign"
    # Not odd: what was done about it.
    SOLVED = "solved"
    SLOW = "slow"
    INVALIDATED = "invalidated"


@dataclass(frozen=True, slots=True)
class Limits:
    """From how many on a crowd is looked at. None is a wall: each only asks for a little work."""

    network_burst: int = 20
    network_sustained: int = 60
    domain_burst: int = 15
    campaign_burst: int = 60
    # Reading and ticking take longer; a browser that fills everything in still takes this long.
    fill_seconds: int = 5


@dataclass(frozen=True, slots=True)
class Arrival:
    """One form that is being sent, without its words."""

    campaign: str
    network: str
    domain: str
    seconds: float
    trap: bool = False


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found about one form."""

    marks: frozenset[Mark] = frozenset()
    cost: int = COST

    @property
    def is_suspicious(self) -> bool:
        return bool(self.marks)


class Way(StrEnum):
    """How a form goes on."""

    OPEN = "open"
    # It gets the page with one more step first.
    WORK = "work"
    SLOW = "slow"
    # The slow way, and no turn is left on it.
    FULL = "full"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The way of one form, what it is marked with, and what a try of the work costs."""

    way: Way
    marks: frozenset[Mark] = frozenset()
    cost: int = COST


@dataclass(slots=True)
class Watch:
    """What one process has seen lately. In memory alone, and different in each process."""

    limits: Limits = field(default_factory=Limits)
    burst: Meter = field(default_factory=lambda: Meter(BURST))
    sustained: Meter = field(default_factory=lambda: Meter(SUSTAINED))
    confirmed: Meter = field(default_factory=lambda: Meter(BURST))
    slow: Meter = field(default_factory=lambda: Meter(timedelta(hours=1)))

    def look(self, arrival: Arrival, now: datetime) -> Finding:
        """Count a form in, and say what is odd about it."""
        limits = self.limits
        marks: set[Mark] = set()
        excess = [1.0]
        if arrival.seconds < limits.fill_seconds:
            marks.add(Mark.FAST)
        if arrival.trap:
            marks.add(Mark.TRAP)
        if is_disposable(arrival.domain):
            marks.add(Mark.DISPOSABLE)
        if arrival.network:
            near = self.burst.hit(f"network {arrival.network}", now) / limits.network_burst
            far = self.sustained.hit(f"network {arrival.network}", now) / limits.network_sustained
            excess.append(max(near, far))
            if max(near, far) > 1:
                marks.add(Mark.NETWORK)
        if not is_large(arrival.domain):
            of_domain = self.burst.hit(f"domain {arrival.campaign} {arrival.domain}", now)
            excess.append(of_domain / limits.domain_burst)
            if of_domain > limits.domain_burst:
                marks.add(Mark.DOMAIN)
        started = self.burst.hit(f"campaign {arrival.campaign}", now)
        if (
            started > limits.campaign_burst
            and self.confirmed.look(arrival.campaign, now) < CONFIRMED_SHARE * started
        ):
            marks.add(Mark.CAMPAIGN)
        return Finding(frozenset(marks), _cost(max(excess)))

    def judge(
        self,
        arrival: Arrival,
        now: datetime,
        *,
        is_solved: Callable[[], bool],
        takes_slow_way: bool,
    ) -> Verdict:
        """Count a form in, and say how it goes on. What is known of its address plays no part."""
        found = self.look(arrival, now)
        if not found.is_suspicious:
            return Verdict(Way.OPEN)
        if is_solved():
            return Verdict(Way.OPEN, found.marks | {Mark.SOLVED}, found.cost)
        if not takes_slow_way:
            return Verdict(Way.WORK, found.marks, found.cost)
        if not self.may_take_slow_way(arrival.network, now):
            return Verdict(Way.FULL, found.marks, found.cost)
        return Verdict(Way.SLOW, found.marks | {Mark.SLOW}, found.cost)

    def confirm(self, campaign: str, now: datetime) -> None:
        """A button was pressed: what comes in belongs to people."""
        self.confirmed.hit(campaign, now)

    def may_ask_for_reminders(self, network: str, now: datetime) -> bool:
        """A wish to be reminded is one field, and has no form to ask for work in."""
        asked = self.burst.hit(f"remind {network}", now) if network else 0
        return asked <= self.limits.network_burst

    def may_take_slow_way(self, network: str, now: datetime) -> bool:
        return not network or self.slow.hit(network, now) <= SLOW_OF_NETWORK


def is_disposable(domain: str) -> bool:
    """A domain, or one below a domain, that hands out mailboxes to throw away."""
    parts = domain.split(".")
    return any(".".join(parts[at:]) in blocklist for at in range(len(parts) - 1))


def is_large(domain: str) -> bool:
    return domain in LARGE


def written(marks: Collection[str]) -> str:
    """Marks as a signature keeps them, for a look afterwards."""
    return " ".join(sorted(marks))


def _cost(excess: float) -> int:
    cost = COST
    while excess > 1 and cost < COST_AT_MOST:
        cost, excess = cost * 2, excess / 2
    return cost
