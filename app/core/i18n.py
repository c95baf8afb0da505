"""The language somebody is spoken to in: a context one enters, not a property of a request.

Mail is composed by workers for readers in other languages, so the locale lives in a context
variable. Catalogues are read from the `.po` files themselves: there is nothing to compile and
nothing that can be forgotten.
"""

from __future__ import annotations

import io
import re
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.core import get_global
from babel.dates import format_date, format_time
from babel.lists import format_list
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal, format_percent
from babel.support import LazyProxy, NullTranslations, Translations

SOURCE = "en"

# Scripts written from right to left. Babel decides by language and is wrong for some (ku-Arab), so
# the script decides here.
_RIGHT_TO_LEFT_SCRIPTS = frozenset(("Arab", "Hebr", "Thaa", "Syrc", "Nkoo", "Adlm", "Rohg"))
_SCRIPTS = {
    "ar": "Arab",
    "arc": "Syrc",
    "azb": "Arab",
    "bal": "Arab",
    "ckb": "Arab",
    "dv": "Thaa",
    "fa": "Arab",
    "he": "Hebr",
    "ks": "Arab",
    "nqo": "Nkoo",
    "prs": "Arab",
    "ps": "Arab",
    "rhg": "Rohg",
    "sd": "Arab",
    "syr": "Syrc",
    "ug": "Arab",
    "ur": "Arab",
    "yi": "Hebr",
}

# English of no country: readers all over the world know "12 May 2022", many stumble over "5/12".
_AS_WRITTEN = {"en": "en-GB"}

_speaking: ContextVar[str] = ContextVar("speaking", default=SOURCE)


class Catalogues:
    """The translations of this installation, one language after another, found at the start.

    A language is read when somebody first speaks it: a process that sends English mail does not
    wait for a dozen others.
    """

    def __init__(self) -> None:
        self._files: dict[str, tuple[Path, ...]] = {}
        self._read: dict[str, NullTranslations] = {SOURCE: NullTranslations()}

    def load(self, folder: Path) -> None:
        """Offer what lies below `folder`.

        `<language>/LC_MESSAGES/messages.po` is a language of the public pages and of our mails;
        with a `desk.po` beside it, the desk and the numbers speak it too.
        """
        for path in sorted(folder.glob("*/LC_MESSAGES/messages.po")):
            desk = path.with_name("desk.po")
            both = (path, desk) if desk.exists() else (path,)
            self._files[path.parent.parent.name] = both

    @property
    def languages(self) -> tuple[str, ...]:
        """What public pages and mails speak, the source language first."""
        return (SOURCE, *self._files)

    @property
    def of_desk(self) -> tuple[str, ...]:
        """What the desk and the numbers speak, the source language first."""
        return (SOURCE, *(language for language, both in self._files.items() if both[1:]))

    def current(self) -> NullTranslations:
        language = _speaking.get()
        if language not in self._read:
            if language not in self._files:
                return self._read[SOURCE]
            self._read[language] = _read(self._files[language], language)
        return self._read[language]


def _read(paths: tuple[Path, ...], language: str) -> Translations:
    """One catalogue of several files: the plural rule is the first one's, a key stands in one."""
    # A language that CLDR does not know has its plural rule in the head of its file alone.
    locale = Locale.parse(language, sep="-") if is_language(language) else None
    whole, *others = (read_po(io.BytesIO(path.read_bytes()), locale=locale) for path in paths)
    for message in (message for other in others for message in other if message.id):
        whole[message.id] = message
    compiled = io.BytesIO()
    write_mo(compiled, whole)
    compiled.seek(0)
    return Translations(compiled)


catalogues = Catalogues()


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Speak `language` until the block ends."""
    token = _speaking.set(language)
    try:
        yield
    finally:
        _speaking.reset(token)


def current_language() -> str:
    return _speaking.get()


def gettext(message: str, **holes: object) -> str:
    text = catalogues.current().gettext(message)
    return text % holes if holes else text


def ngettext(singular: str, plural: str, n: int, **holes: object) -> str:
    text = catalogues.current().ngettext(singular, plural, n)
    return text % {"n": n, **holes}


def lazy_gettext(message: str) -> LazyProxy:
    """A sentence that is translated when it is shown, not when its module is imported."""
    return LazyProxy(gettext, message, enable_cache=False)


@lru_cache(maxsize=512)
def locale_of(language: str) -> Locale:
    """The CLDR locale of a BCP 47 tag; English rules where there is none."""
    try:
        return Locale.parse(_AS_WRITTEN.get(language, language), sep="-")
    except (UnknownLocaleError, ValueError):
        return Locale.parse(_AS_WRITTEN[SOURCE], sep="-")


def is_language(tag: str) -> bool:
    """Whether the tag is one that CLDR knows."""
    try:
        Locale.parse(tag, sep="-")
    except (UnknownLocaleError, ValueError, TypeError):
        return False
    return True


def text_direction(language: str) -> str:
    """Say "ltr" or "rtl", by the script the language is written in."""
    parts = language.replace("_", "-").split("-")
    script = next((part.title() for part in parts[1:] if len(part) == 4), None)
    script = script or _SCRIPTS.get(parts[0].lower(), "")
    return "rtl" if script in _RIGHT_TO_LEFT_SCRIPTS else "ltr"


@lru_cache(maxsize=4096)
def language_name(language: str, in_language: str | None = None) -> str:
    """The name of a language, in itself unless told otherwise."""
    if not is_language(language):
        return language
    named = Locale.parse(language, sep="-")
    return named.get_display_name(locale_of(in_language or language)) or language


@lru_cache(maxsize=4096)
def country_name(code: str, in_language: str) -> str:
    """The name of a country (ISO 3166-1 alpha-2) in a language, or the code itself."""
    names = locale_of(in_language).territories
    return str(names.get(code, code))


@lru_cache(maxsize=64)
def countries(in_language: str) -> tuple[tuple[str, str], ...]:
    """Code and name of every country, ordered as a reader of the language looks for them."""
    names = locale_of(in_language).territories
    known = [
        (code, str(name))
        for code, name in names.items()
        if len(code) == 2 and code.isalpha() and code not in _NO_COUNTRIES
    ]
    return tuple(sorted(known, key=lambda pair: _sort_key(pair[1])))


# Codes of CLDR that name no country: groups, outlying waters, test regions.
_NO_COUNTRIES = frozenset(("EU", "EZ", "UN", "QO", "XA", "XB", "ZZ", "AC", "CP", "CQ", "DG", "TA"))


def _sort_key(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name)
    return "".join(letter for letter in plain if not unicodedata.combining(letter)).casefold()


@lru_cache(maxsize=4096)
def long_date(day: date, language: str) -> str:
    """12 May 2022, as the language writes it."""
    return _as_written(format_date(day, "long", locale=locale_of(language)), day, language)


@lru_cache(maxsize=4096)
def full_date(day: date, language: str) -> str:
    """Thursday 12 May 2022, as the language writes it."""
    return _as_written(format_date(day, "full", locale=locale_of(language)), day, language)


# CLDR counts the first of a month like any other day; these languages say "the first".
_FIRST_OF_MONTH = {"fr": "1er", "it": "1º", "pt": "1º"}
# Babel knows that Persian has digits of its own and formats in European ones.
_DIGITS = {"fa": str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹")}


def _as_written(said: str, day: date, language: str) -> str:
    plain = language.partition("-")[0]
    if day.day == 1 and plain in _FIRST_OF_MONTH:
        said = re.sub(r"\b1\b", _FIRST_OF_MONTH[plain], said, count=1)
    return said.translate(_DIGITS[plain]) if plain in _DIGITS else said


def short_time(moment: datetime, language: str, zone: str) -> str:
    return format_time(moment, "short", tzinfo=ZoneInfo(zone), locale=locale_of(language))


# Where CLDR keeps a name that the place itself has given up.
_CITIES = {("Asia/Almaty", "fr"): "Almaty"}


@lru_cache(maxsize=1024)
def city_of(zone: str, language: str) -> str:
    """The exemplar city of a zone in a language: Almaty, Алматы."""
    if (zone, language) in _CITIES:
        return _CITIES[zone, language]
    # CLDR keeps the name that a zone was first listed under: Asia/Katmandu, Europe/Kiev.
    older = (old for old, new in get_global("zone_aliases").items() if new == zone)
    zones = locale_of(language).time_zones
    known = next((name for name in (zone, *older) if name in zones), zone)
    place = zones.get(known, {})
    return str(place.get("city", zone.rsplit("/", 1)[-1].replace("_", " ")))


def utc_offset(moment: datetime, zone: str) -> str:
    """UTC+5, UTC+5:45, UTC−3: what the zone keeps at that moment."""
    offset = moment.astimezone(ZoneInfo(zone)).utcoffset()
    minutes = round(offset.total_seconds() / 60) if offset else 0
    if minutes == 0:
        return "UTC"
    hours, rest = divmod(abs(minutes), 60)
    sign = "+" if minutes > 0 else "−"
    return f"UTC{sign}{hours}" + (f":{rest:02d}" if rest else "")


def number(value: int, language: str | None = None) -> str:
    return format_decimal(value, locale=locale_of(language or current_language()))


def percent(value: int, language: str | None = None) -> str:
    """A whole percentage as the language writes it."""
    return format_percent(value / 100, locale=locale_of(language or current_language()))


def list_of(items: list[str] | tuple[str, ...], language: str | None = None) -> str:
    """one, two and three."""
    return format_list(list(items), locale=locale_of(language or current_language()))
