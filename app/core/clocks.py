"""Which zone data counts: the package that is locked with its hash, on every machine the same.

What a system has may be years old, or newer on one machine of two; then the page of one would show
another last minute than the worker of the other keeps.
"""

from __future__ import annotations

import zoneinfo

import tzdata


def use_locked_zones() -> None:
    """Read zones from the locked package alone. Before anything asks for one."""
    if zoneinfo.TZPATH:
        zoneinfo.reset_tzpath(to=())
        zoneinfo.ZoneInfo.clear_cache()


def zones_as_of() -> str:
    """The release of the zone data, like 2026a."""
    return str(tzdata.IANA_VERSION)
