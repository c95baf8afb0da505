"""A rule and its instant: changes of law, gaps, overlaps, leap days, and new zone data."""

from __future__ import annotations

import zoneinfo
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from importlib.resources import files
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from app.campaigns.deadlines import follow_zones, set_deadline
from app.campaigns.life import open_scheduled
from app.campaigns.models import Campaign, CampaignState
from app.campaigns.queries import list_moves
from app.campaigns.rules import closes_at
from app.core.clocks import use_locked_zones, zones_as_of
from app.core.tokens import Keys
from tests.builders import NOON, a_campaign
from tests.conftest import ROOT


@pytest.mark.parametrize(
    ("day", "zone", "first_too_late"),
    [
        # Kazakhstan had two zones until the end of February 2024 and has one since: UTC+5.
        (date(2024, 2, 28), "Asia/Almaty", "2024-02-28T18:00"),
        (date(2024, 3, 1), "Asia/Almaty", "2024-03-01T19:00"),
        (date(2024, 2, 28), "Asia/Aqtobe", "2024-02-28T19:00"),
        (date(2024, 3, 1), "Asia/Aqtobe", "2024-03-01T19:00"),
        # Leap days, and the days around one that is none.
        (date(2024, 2, 29), "Europe/Paris", "2024-02-29T23:00"),
        (date(2028, 2, 29), "Pacific/Chatham", "2028-02-29T10:15"),
        (date(2027, 2, 28), "UTC", "2027-03-01T00:00"),
        # Quarters of an hour, and both ends of the calendar.
        (date(2026, 6, 10), "Asia/Kathmandu", "2026-06-10T18:15"),
        (date(2026, 6, 10), "Pacific/Chatham", "2026-06-10T11:15"),
        (date(2026, 6, 10), "Pacific/Apia", "2026-06-10T11:00"),
        (date(2026, 6, 10), "Pacific/Pago_Pago", "2026-06-11T11:00"),
        # The last day of summer time in two systems.
        (date(2026, 10, 25), "Europe/Paris", "2026-10-25T23:00"),
        (date(2026, 11, 1), "America/New_York", "2026-11-02T05:00"),
    ],
)
def test_the_last_day_ends_when_the_clocks_of_its_place_say_so(
    day: date, zone: str, first_too_late: str
) -> None:
    assert closes_at(day, "23:59", zone) == datetime.fromisoformat(f"{first_too_late}+00:00")


def test_the_zone_data_is_the_locked_package_and_nothing_else() -> None:
    assert zoneinfo.TZPATH == ()
    locked = next(
        line.split("==")[1].split()[0]
        for line in (ROOT / "requirements.txt").read_text().splitlines()
        if line.startswith("tzdata==")
    )
    year, release = locked.split(".")
    # 2026.1 is 2026a, and a second packing of one release has a third number.
    assert zones_as_of() == f"{year}{chr(ord('a') + int(release) - 1)}"


@pytest.fixture
def before_the_change(tmp_path: Path) -> Iterator[None]:
    """Zone data of before 2024: Almaty is six hours ahead, as it had been for long."""
    old = tmp_path / "zones" / "Asia"
    old.mkdir(parents=True)
    six = files("tzdata").joinpath("zoneinfo", "Etc", "GMT-6").read_bytes()
    (old / "Almaty").write_bytes(six)
    zoneinfo.reset_tzpath([tmp_path / "zones"])
    zoneinfo.ZoneInfo.clear_cache()
    yield
    use_locked_zones()


def test_new_zone_data_moves_the_instant_and_leaves_the_rule(
    session: Session, keys: Keys, before_the_change: None
) -> None:
    campaign = a_campaign(session, keys)
    set_deadline(campaign, date(2026, 6, 20), "23:59", "Asia/Almaty", NOON)
    before = datetime(2026, 6, 20, 18, tzinfo=UTC)
    assert campaign.closes_at == before
    assert follow_zones(session, NOON) == []

    use_locked_zones()

    assert follow_zones(session, NOON) == [campaign.id]
    assert campaign.closes_at == campaign.gate.open_until == before + timedelta(hours=1)
    assert (campaign.last_day, campaign.last_time) == (date(2026, 6, 20), "23:59")
    steps = {step.name: step.public for step in list_moves(session, campaign.id)}
    assert steps["clocks_changed"] is False, "the public was shown the same day as before"
    assert follow_zones(session, NOON) == []


def test_an_opening_follows_new_zone_data_too(
    session: Session, keys: Keys, before_the_change: None
) -> None:
    campaign = a_campaign(session, keys)
    _scheduled(campaign, datetime(2026, 6, 5, 2, tzinfo=UTC), "2026-06-05T08:00")
    session.flush()
    assert follow_zones(session, NOON) == []
    use_locked_zones()
    assert follow_zones(session, NOON) == [campaign.id]
    assert campaign.opens_at == datetime(2026, 6, 5, 3, tzinfo=UTC)
    assert open_scheduled(session, campaign.opens_at - timedelta(seconds=1)) == []
    assert open_scheduled(session, campaign.opens_at) == [campaign.id]


def _scheduled(campaign: Campaign, opens_at: datetime, rule: str) -> None:
    set_deadline(campaign, date(2026, 6, 20), "23:59", "Asia/Almaty", NOON)
    campaign.state, campaign.opened_at = CampaignState.SCHEDULED, None
    campaign.opens_at, campaign.opens_rule = opens_at, rule
