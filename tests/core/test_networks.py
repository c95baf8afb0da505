"""Counting crowds without knowing anybody."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from app.core.networks import Meter, network_of

NOON = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
TEN_MINUTES = timedelta(minutes=10)


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.77", "203.0.113.0/24"),
        ("::ffff:203.0.113.77", "203.0.113.0/24"),
        ("2001:db8:12:3456::9", "2001:db8:12::/48"),
        ("10.1.2.3", "10.1.2.0/24"),
        # Behind these may be all the world: a proxy, an onion service.
        ("127.0.0.1", ""),
        ("::1", ""),
        ("", ""),
        ("unix:", ""),
    ],
)
def test_an_address_stands_for_its_network(address: str, network: str) -> None:
    assert network_of(address) == network


def test_a_window_slides() -> None:
    meter = Meter(TEN_MINUTES)
    assert [meter.hit("a", NOON) for _ in range(20)][-1] == 20
    assert meter.look("a", NOON + timedelta(minutes=10)) == 20
    assert meter.look("a", NOON + timedelta(minutes=15)) == 10
    assert meter.hit("a", NOON + timedelta(minutes=15)) == 11
    assert meter.look("a", NOON + timedelta(minutes=40)) == 0
    assert meter.look("b", NOON) == 0


def test_looking_counts_nothing() -> None:
    meter = Meter(TEN_MINUTES)
    assert [meter.look("a", NOON) for _ in range(3)] == [0, 0, 0]
    assert len(meter) == 0


def test_nothing_of_a_key_is_kept_and_nothing_outlives_its_day() -> None:
    meter = Meter(timedelta(hours=24))
    meter.hit("network 203.0.113.0/24", NOON)
    first = list(meter._windows)
    assert b"203" not in b"".join(first)
    meter.hit("network 203.0.113.0/24", NOON + timedelta(days=1))
    second = list(meter._windows)
    assert len(second) == 1
    assert first != second, "the salt of another day makes another value of the same key"
    other = Meter(timedelta(hours=24))
    other.hit("network 203.0.113.0/24", NOON)
    assert list(other._windows) != first, "nor does another process make the same"


def test_an_attack_from_everywhere_does_not_fill_the_memory() -> None:
    meter = Meter(TEN_MINUTES, at_most=1_000)
    for n in range(5_000):
        meter.hit(str(n), NOON)
        assert len(meter) <= 1_000
    # What went out of date makes room first.
    meter = Meter(TEN_MINUTES, at_most=100)
    for n in range(100):
        meter.hit(f"old {n}", NOON)
    later = NOON + timedelta(minutes=25)
    meter.hit("new", later)
    assert len(meter) == 1
