"""What is marked and what is not, and that people who come in crowds are only asked for work."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest

from app.signatures.watch import (
    COST,
    COST_AT_MOST,
    LARGE,
    SLOW_OF_NETWORK,
    Arrival,
    Limits,
    Mark,
    Verdict,
    Watch,
    Way,
    is_disposable,
    is_large,
    written,
)

NOON = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
HOME = "198.51.100.0/24"


def an_arrival(
    network: str = HOME,
    domain: str = "gmail.com",
    seconds: float = 60,
    campaign: str = "abcde",
    *,
    trap: bool = False,
) -> Arrival:
    return Arrival(campaign, network, domain, seconds, trap)


def judged(
    watch: Watch,
    arrival: Arrival,
    now: datetime = NOON,
    *,
    solves: bool = False,
    slow: bool = False,
) -> Verdict:
    return watch.judge(arrival, now, is_solved=lambda: solves, takes_slow_way=slow)


@pytest.mark.parametrize(
    ("arrival", "marks"),
    [
        (an_arrival(), set()),
        (an_arrival(seconds=5), set()),
        (an_arrival(seconds=4.9), {Mark.FAST}),
        # A clock that was set back, or a page from the future: nobody's business of ours.
        (an_arrival(seconds=-3), {Mark.FAST}),
        (an_arrival(trap=True), {Mark.TRAP}),
        (an_arrival(domain="mailinator.com"), {Mark.DISPOSABLE}),
        (an_arrival(domain="some.mailinator.com"), {Mark.DISPOSABLE}),
        (an_arrival(network=""), set()),
    ],
)
def test_one_form_shows_what_it_shows(arrival: Arrival, marks: set[Mark]) -> None:
    assert Watch().look(arrival, NOON).marks == marks


def test_a_large_provider_is_no_mailbox_to_throw_away() -> None:
    assert [domain for domain in sorted(LARGE) if is_disposable(domain)] == []
    assert is_large("gmail.com")
    assert not is_large("gmail.com.evil.example")
    assert not is_disposable("com")
    assert not is_disposable("mailinator.com.example.org")


def test_crowds_are_marked_by_network_domain_and_campaign() -> None:
    watch = Watch(Limits(network_burst=3, network_sustained=5, domain_burst=3, campaign_burst=9))
    by_network = [watch.look(an_arrival(), NOON).marks for _ in range(4)]
    assert by_network == [frozenset()] * 3 + [frozenset({Mark.NETWORK})]
    by_domain = [
        watch.look(an_arrival(f"192.0.{n}.0/24", "union.example"), NOON).marks for n in range(4)
    ]
    assert by_domain[-1] == {Mark.DOMAIN}
    watch.look(an_arrival("192.1.0.0/24"), NOON)
    assert watch.look(an_arrival("192.2.0.0/24"), NOON).marks == {Mark.CAMPAIGN}
    # Another campaign is not on fire because this one is.
    assert not watch.look(an_arrival("192.3.0.0/24", campaign="other"), NOON).marks


def test_a_surge_of_people_who_confirm_is_no_flood() -> None:
    watch = Watch(Limits(campaign_burst=20))
    for n in range(200):
        now = NOON + timedelta(seconds=n)
        found = watch.look(an_arrival(f"192.0.{n}.0/24"), now)
        assert not found.marks, n
        if n % 2:
            watch.confirm("abcde", now)


def test_a_steady_trickle_of_one_network_is_seen_over_hours() -> None:
    watch = Watch(Limits(network_burst=20, network_sustained=30))
    marks = [watch.look(an_arrival(), NOON + timedelta(minutes=10 * n)).marks for n in range(36)]
    assert not any(marks[:24])
    assert marks[-1] == {Mark.NETWORK}


def test_work_grows_with_the_crowd_and_has_an_end() -> None:
    watch = Watch()
    costs = [watch.look(an_arrival(), NOON).cost for _ in range(3_000)]
    assert costs[0] == COST
    assert costs == sorted(costs)
    assert costs[-1] == COST_AT_MOST
    assert costs[45] > COST


def test_marks_never_refuse_whoever_can_work() -> None:
    watch = Watch(Limits(network_burst=1, network_sustained=1, domain_burst=1, campaign_burst=1))
    for n in range(500):
        one = judged(watch, an_arrival(domain="mailinator.com", seconds=0, trap=True), solves=True)
        assert one.way is Way.OPEN, n
        assert Mark.SOLVED in one.marks


def test_work_is_not_looked_at_where_none_was_asked_for() -> None:
    def never() -> bool:
        raise AssertionError

    assert Watch().judge(an_arrival(), NOON, is_solved=never, takes_slow_way=True).way is Way.OPEN


def test_the_slow_way_is_for_the_marked_and_narrow_for_a_network() -> None:
    watch = Watch()
    ways = [judged(watch, an_arrival(seconds=0), slow=True).way for _ in range(SLOW_OF_NETWORK + 2)]
    assert ways == [Way.SLOW] * SLOW_OF_NETWORK + [Way.FULL] * 2
    assert judged(watch, an_arrival("192.0.2.0/24", seconds=0), slow=True).way is Way.SLOW
    # Visitors of an onion service have no network, and turns of the campaign alone.
    assert judged(watch, an_arrival("", seconds=0), slow=True).way is Way.SLOW
    assert judged(watch, an_arrival(seconds=0)).way is Way.WORK


def test_a_demonstration_and_an_office_get_through() -> None:
    """200 within eight minutes on one mobile carrier, 120 at lunch behind one address."""
    chance, watch = random.Random(7), Watch()
    moments = [(chance.uniform(0, 480), "100.64.7.0/24", "gmail.com") for _ in range(200)]
    moments += [(chance.uniform(0, 5400), "192.0.2.0/24", "union.example") for _ in range(120)]
    ways = [
        judged(
            watch,
            an_arrival(network, domain, seconds=20),
            NOON + timedelta(seconds=at),
            solves=n % 100 != 0,
            slow=True,
        ).way
        for n, (at, network, domain) in enumerate(sorted(moments))
    ]
    assert ways.count(Way.FULL) == 0
    assert ways.count(Way.OPEN) >= 316


def test_marks_are_written_in_one_order() -> None:
    assert written({Mark.SOLVED, Mark.DOMAIN, Mark.FAST}) == "domain fast solved"
    assert written(()) == ""
