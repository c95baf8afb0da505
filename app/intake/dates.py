"""Every day a text names, by the month names of all languages, with the passage it stands in.

The names are CLDR's. A day is kept as printed: without a year it has none, and a day that could be
read two ways (3/4/1999) says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache

from babel import Locale

from app.intake.lexicon import plain

LANGUAGES: tuple[str, ...] = ("en", "fr", "es", "de", "it", "pt", "nl", "nb", "sv", "da")
LANGUAGES += ("pl", "ru", "uk", "tr", "ar", "ar_SY", "fa", "el", "cs", "hu", "ro")
# As people have written them though CLDR does not.
_MORE = {"sept": 9, "set": 9, "setiembre": 9, "febr": 2, "marz": 3, "fevr": 2, "avr": 4, "juill": 7}
_MORE |= {"mrt": 3, "agust": 8, "dez": 12, "jaen": 1, "janner": 1, "feber": 2, "okt": 10, "iul": 7}
_JALALI: tuple[str, ...] = (
    "فروردین",
    "اردیبهشت",
    "خرداد",
    "تیر",
    "مرداد",
    "شهریور",
    "مهر",
    "ابان",
    "اذر",
)
_JALALI += ("دی", "بهمن", "اسفند")

_OF = r"(?:\s*(?:(?:de|del|of|di|av|den)\s+(?:de\s+)?|d'\s?|'\s?|[,.]\s*)|\s+)"
_YEAR = r"(?P<year>(?:19|20|13|14)\d\d|(?<=')\d\d)"
_DAY = (
    r"(?P<day>\d{1,2})(?:\s*(?:st|nd|rd|th|er|re|ero|do|ste|de|e|ª|º|°|a)\b|[.º°ª]|-?(?:го|е|ое))?"
)
_NAME = r"(?P<month>[^\W\d_]{2,12}(?:\s(?:الثاني|الاول|الأول))?)\.?"
_DAY_FIRST = re.compile(rf"(?<!\d){_DAY}{_OF}?{_NAME}(?:{_OF}{_YEAR})?(?!\d)")
_MONTH_FIRST = re.compile(
    rf"(?<!\w){_NAME}\s+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?!\d)(?:\s*,?\s*{_YEAR})?(?!\d)"
)
_YEAR_FIRST = re.compile(
    rf"(?<!\d)(?P<year>(?:19|20)\d\d)[.,]?\s+{_NAME}\s+(?P<day>\d{{1,2}})(?!\d)"
)
_NUMBERS = re.compile(
    r"(?<![\d/.\-])(?P<a>\d{1,2})(?P<by>[./\-])\s?(?P<b>\d{1,2})(?P=by)\s?(?P<year>\d{4}|\d{2})"
    r"(?![\d/\-])(?!\.\d)"
)
_ISO = re.compile(
    r"(?<!\d)(?P<year>(?:19|20|13|14)\d\d)[-/.](?P<b>\d{1,2})[-/.](?P<a>\d{1,2})(?!\d)"
)


@dataclass(frozen=True, slots=True)
class Day:
    """A day as a text names it; `doubt` is a reason to look at it again."""

    start: int
    end: int
    month: int
    day: int
    year: int | None
    doubt: str = ""

    def on(self, year: int | None = None) -> date | None:
        try:
            return date(self.year or year or 0, self.month, self.day)
        except ValueError:
            return None


@cache
def months() -> dict[str, int]:
    """The name of each month in every language, whole and shortened."""
    names: dict[str, int] = {}
    for language in LANGUAGES:
        tables = Locale.parse(language).months
        for context in ("format", "stand-alone"):
            for width in ("wide", "abbreviated"):
                for number, name in tables[context][width].items():
                    bare = plain(name).strip(".")
                    if len(bare) > 1 and not bare.isdigit():
                        names.setdefault(bare, number)
    return _MORE | names


@cache
def _jalali_months() -> dict[str, int]:
    return {plain(name): number for number, name in enumerate(_JALALI, 1)}


def days_in(text: str) -> list[Day]:
    """Every day named in a text, in order; of readings that overlap the one with a year stays."""
    folded = plain(text)
    found = [*_named(folded), *_numbered(folded)]
    found.sort(key=lambda day: (day.start, day.year is None, -day.end))
    kept: list[Day] = []
    for day in sorted(found, key=lambda day: (day.year is None, day.start, -day.end)):
        if all(day.end <= other.start or day.start >= other.end for other in kept):
            kept.append(day)
    return sorted(kept, key=lambda day: day.start)


def _named(folded: str) -> Iterator[Day]:
    for pattern in (_DAY_FIRST, _MONTH_FIRST, _YEAR_FIRST):
        at = 0
        while match := pattern.search(folded, at):
            day = _of_name(match)
            if day:
                yield day
            at = match.end() if day else match.start() + 1


def _of_name(match: re.Match[str]) -> Day | None:
    year = _full_year(match["year"]) if match["year"] else None
    day = int(match["day"])
    month = months().get(match["month"])
    start, end = match.span()
    if month is None and (shamsi := _jalali_months().get(match["month"])):
        solar = _from_jalali(year, shamsi, day) if year and year < 1500 else None
        return Day(start, end, solar.month, solar.day, solar.year) if solar else None
    if month is None or not 1 <= day <= 31 or (year and year < 1900):
        return None
    return Day(start, end, month, day, year)


def _numbered(folded: str) -> Iterator[Day]:
    for match in _ISO.finditer(folded):
        year, month, day = int(match["year"]), int(match["b"]), int(match["a"])
        if year < 1500:
            solar = _from_jalali(year, month, day)
            if solar:
                yield Day(*match.span(), solar.month, solar.day, solar.year)
        elif 1 <= month <= 12 and 1 <= day <= 31:
            yield Day(*match.span(), month, day, year)
    for match in _NUMBERS.finditer(folded):
        a, b, year = int(match["a"]), int(match["b"]), _full_year(match["year"])
        if a > 12 >= b >= 1 and a <= 31:
            yield Day(*match.span(), b, a, year)
        elif b > 12 >= a >= 1 and b <= 31:
            yield Day(*match.span(), a, b, year)
        elif 1 <= a <= 12 and 1 <= b <= 12:
            doubt = "" if match["by"] == "." or a == b else "day_or_month_first"
            yield Day(*match.span(), b, a, year, doubt)


def _full_year(text: str) -> int:
    year = int(text)
    if year > 99:
        return year
    return 2000 + year if year < 50 else 1900 + year


def _from_jalali(year: int, month: int, day: int) -> date | None:
    """A day of the Persian calendar, exact between 1300 and 1500 (33-year cycle)."""
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return None
    leaps = (8 * (year - 1) + 21) // 33 + 0
    past = 31 * min(month - 1, 6) + 30 * max(month - 7, 0)
    ordinal = 226_894 + 365 * (year - 1) + leaps + past + day
    try:
        return date.fromordinal(ordinal)
    except (ValueError, OverflowError):
        return None
