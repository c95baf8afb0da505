"""Zones of countries, and the night on somebody's clock."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from babel.core import get_global

NIGHT_BEGINS = time(21)
NIGHT_ENDS = time(8)


@lru_cache(maxsize=512)
def zone_of_country(code: str, year: int) -> str:
    """The zone of a country whose clocks all agree in a year; nothing where they do not."""
    zones = get_global("territory_zones").get(code, [])
    moments = [datetime(year, month, 15, 12, tzinfo=ZoneInfo("UTC")) for month in (1, 4, 7, 10)]
    offsets = {
        tuple(moment.astimezone(ZoneInfo(zone)).utcoffset() for moment in moments) for zone in zones
    }
    return str(zones[0]) if len(offsets) == 1 else ""


def is_night(moment: datetime, zone: str) -> bool:
    """Whether nobody there should be written to. Where the zone is not known there is no night."""
    if not zone:
        return False
    clock = moment.astimezone(ZoneInfo(zone)).time()
    return clock >= NIGHT_BEGINS or clock < NIGHT_ENDS


def before_night(moment: datetime, zone: str) -> datetime:
    """The moment itself, or the evening before the night that it falls into.

    An hour before it begins, so that a clock that is late does not write at night.
    """
    if not is_night(moment, zone):
        return moment
    local = moment.astimezone(ZoneInfo(zone))
    day = local.date() - timedelta(days=1) if local.time() < NIGHT_ENDS else local.date()
    evening = datetime.combine(day, NIGHT_BEGINS, ZoneInfo(zone)) - timedelta(hours=1)
    return evening.astimezone(moment.tzinfo)


def after_night(moment: datetime, zone: str) -> datetime:
    """The moment itself, or the morning after the night that it falls into."""
    if not is_night(moment, zone):
        return moment
    local = moment.astimezone(ZoneInfo(zone))
    day = local.date() + timedelta(days=1) if local.time() >= NIGHT_BEGINS else local.date()
    return datetime.combine(day, NIGHT_ENDS, ZoneInfo(zone)).astimezone(moment.tzinfo)
