"""Long lists to choose from, and days, in the reader's language."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

from app.core.i18n import city_of, current_language, language_name

# Languages that authorities are written to in most often; what a campaign already uses comes first.
LETTER_LANGUAGES = (
    "am ar az be bg bn bs cs da de el en es et fa fi fil fr ha he hi hr hu hy id it ja ka kk km ko "
    "ky lo lt lv mk mn ms my nb ne nl pa pl ps pt ro ru rw si sk sl so sq sr sv sw ta tg th ti tk "
    "tr uk ur uz vi zh"
)
_REGIONS = frozenset(
    (
        "Africa",
        "America",
        "Antarctica",
        "Asia",
        "Atlantic",
        "Australia",
        "Europe",
        "Indian",
        "Pacific",
    )
)


def day_in(moment: datetime, zone: str) -> date:
    """The day that calendars of a place show at a moment."""
    return moment.astimezone(ZoneInfo(zone)).date()


def language_choices(first: Iterable[str]) -> list[tuple[str, str]]:
    """The languages in use, then all others by name."""
    used = [language for language in dict.fromkeys(first) if language]
    others = [pair for pair in _languages(current_language()) if pair[0] not in used]
    return [(code, _named(code, current_language())) for code in used] + others


@lru_cache(maxsize=32)
def zone_choices(language: str) -> tuple[tuple[str, tuple[tuple[str, str], ...]], ...]:
    """Places of the world by region, named as the language names them."""
    regions: dict[str, list[tuple[str, str]]] = {}
    for zone in available_timezones():
        region, _, rest = zone.partition("/")
        if rest and region in _REGIONS:
            regions.setdefault(region, []).append((zone, city_of(zone, language)))
    return tuple(
        (region, tuple(sorted(places, key=lambda place: place[1].casefold())))
        for region, places in sorted(regions.items())
    )


@lru_cache(maxsize=32)
def _languages(language: str) -> tuple[tuple[str, str], ...]:
    named = ((code, _named(code, language)) for code in LETTER_LANGUAGES.split())
    return tuple(sorted(named, key=lambda pair: pair[1].casefold()))


def _named(code: str, language: str) -> str:
    name = language_name(code, language)
    return name[:1].upper() + name[1:]
