"""The night on somebody's clock: known where a country's clocks agree, and never guessed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from app.core.zones import after_night, before_night, is_night, zone_of_country


@pytest.mark.parametrize(
    ("country", "year", "zone"),
    [
        ("CH", 2026, "Europe/Zurich"),
        ("NP", 2026, "Asia/Kathmandu"),
        # One zone since 2024, two before: the clocks of a year decide, not a list of names.
        ("KZ", 2023, ""),
        ("KZ", 2026, "Asia/Aqtau"),
        ("US", 2026, ""),
        ("PT", 2026, ""),
        ("ZZ", 2026, ""),
        ("-", 2026, ""),
    ],
)
def test_a_country_has_a_zone_where_its_clocks_agree(country: str, year: int, zone: str) -> None:
    assert zone_of_country(country, year) == zone


@pytest.mark.parametrize(
    ("hour", "minute", "night"),
    [(20, 59, False), (21, 0, True), (3, 0, True), (7, 59, True), (8, 0, False), (12, 0, False)],
)
def test_nobody_is_written_to_between_nine_and_eight(
    hour: int, minute: int, *, night: bool
) -> None:
    # Kathmandu keeps UTC+5:45.
    moment = datetime(2026, 6, 1, hour, minute, tzinfo=UTC) - timedelta(hours=5, minutes=45)
    assert is_night(moment, "Asia/Kathmandu") is night
    assert not is_night(moment, "")


def test_what_falls_into_the_night_comes_the_evening_before_or_the_morning_after() -> None:
    late = datetime(2026, 6, 1, 22, 30, tzinfo=UTC)
    early = datetime(2026, 6, 2, 4, 0, tzinfo=UTC)
    for moment in (late, early):
        assert before_night(moment, "UTC") == datetime(2026, 6, 1, 20, 0, tzinfo=UTC)
        assert after_night(moment, "UTC") == datetime(2026, 6, 2, 8, 0, tzinfo=UTC)
    noon = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
    assert before_night(noon, "UTC") == after_night(noon, "UTC") == noon
    assert before_night(late, "") == after_night(late, "") == late


@pytest.mark.parametrize("zone", ["Europe/Paris", "America/New_York", "Pacific/Chatham"])
def test_a_year_of_nights_also_where_clocks_change(zone: str) -> None:
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    for _hour in range(0, 365 * 24, 5):
        moment += timedelta(hours=5)
        assert not is_night(before_night(moment, zone), zone), moment
        assert not is_night(after_night(moment, zone), zone), moment
        assert timedelta() <= moment - before_night(moment, zone) <= timedelta(hours=13), moment
        assert timedelta() <= after_night(moment, zone) - moment <= timedelta(hours=12), moment
