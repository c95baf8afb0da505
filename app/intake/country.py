"""The country a document is about, by the names of countries in all languages (CLDR)."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from functools import cache
from pathlib import Path

from babel import Locale

from app.intake.dates import LANGUAGES
from app.intake.lexicon import plain, words_of

_PLACES = Path(__file__).with_name("places.toml")
# Regions of CLDR that are no case's country; names that are also words or people's names.
_NOT = frozenset({"EU", "EZ", "UN", "XA", "XB", "ZZ", "AQ", "IO", "CP", "TA", "DG", "AC", "QO"})
_NO_NAMES = frozenset({"jersey", "man", "niue", "reunion", "heard", "co", "guam", "wallis", "la"})
# Languages that change the ends of names: the beginning of a name is enough there.
_CLDR = {"no": "nb"}
_INFLECTED = frozenset({"pl", "ru", "uk", "cs", "hu", "tr", "el", "ro"})


@cache
def places() -> dict[str, dict[str, str]]:
    """Names beside CLDR's: old and short ones, capitals, Amnesty's and ISO's codes."""
    return tomllib.loads(_PLACES.read_text(encoding="utf-8"))


@cache
def _names(languages: tuple[str, ...]) -> dict[tuple[str, ...], str]:
    names: dict[tuple[str, ...], str] = {}
    for language in languages:
        for code, name in Locale.parse(language).territories.items():
            if len(code) != 2 or code in _NOT:
                continue
            for form in re.split(r"[()\[\]]|, ", name):
                words = tuple(word.text for word in words_of(form))
                if words and len("".join(words)) > 3 and "".join(words) not in _NO_NAMES:
                    names.setdefault(words, code)
    for name, code in places()["names"].items():
        names[tuple(word.text for word in words_of(name))] = code
    return names


@cache
def _by_first(languages: tuple[str, ...]) -> dict[str, list[tuple[tuple[str, ...], str]]]:
    table: dict[str, list[tuple[tuple[str, ...], str]]] = {}
    for words, code in _names(languages).items():
        table.setdefault(words[0], []).append((words, code))
    for rows in table.values():
        rows.sort(key=lambda row: -len(row[0]))
    return table


@cache
def _beginnings(language: str) -> dict[str, str]:
    """Beginnings of names that a language inflects, and of what the people there are called."""
    found: dict[str, str] = {}
    if language in _INFLECTED:
        for code, name in Locale.parse(language).territories.items():
            words = words_of(name)
            if len(code) == 2 and code not in _NOT and len(words) == 1 and len(words[0].text) >= 5:
                found.setdefault(words[0].text[: max(4, len(words[0].text) - 2)], code)
    return found | {plain(stem): code for stem, code in places()["people"].items()}


@cache
def _beginning(word: str, language: str) -> str | None:
    for size in range(len(word), 3, -1):
        code = _beginnings(language).get(word[:size])
        if code and len(word) - size <= 5:
            return code
    return None


def countries_in(text: str, language: str | None = None) -> list[tuple[str, int, int]]:
    """Each country named in a text: its code and the passage.

    With a language, by its names and the English ones alone: Gana is Ghana in Portuguese, and a
    people of Botswana in English.
    """
    languages = (
        LANGUAGES if language is None else tuple(sorted({"en", _CLDR.get(language, language)}))
    )
    words = words_of(text)
    found = []
    at = 0
    while at < len(words):
        size, code = _at([word.text for word in words[at : at + 6]], languages)
        if code and text[words[at].start].isalpha() and not text[words[at].start].islower():
            found.append((code, words[at].start, words[at + size - 1].end))
        at += size
    return found


def people_in(text: str, language: str = "en") -> list[tuple[str, int, int]]:
    """Each country meant by a word for its people or a changed form of its name."""
    return [
        (code, word.start, word.end)
        for word in words_of(text)
        if len(word.text) >= 4 and (code := _beginning(word.text, language))
    ]


def _at(words: list[str], languages: tuple[str, ...]) -> tuple[int, str | None]:
    for name, code in _by_first(languages).get(words[0], ()):
        if tuple(words[: len(name)]) == name:
            return len(name), code
    return 1, None


@cache
def _capitals() -> dict[str, str]:
    return {plain(name): code for name, code in places()["towns"].items()}


def towns_in(text: str) -> list[tuple[str, int, int]]:
    """Each capital or large town named in a text, with its country."""
    words = words_of(text)
    found = []
    for at, word in enumerate(words):
        for size in (3, 2, 1):
            name = " ".join(each.text for each in words[at : at + size])
            code = _capitals().get(name)
            # Lima is also what people are called.
            named = (
                at and word.start == words[at - 1].end + 1 and text[words[at - 1].start].isupper()
            )
            if code and not text[word.start].islower() and not named:
                found.append((code, word.start, words[min(at + size, len(words)) - 1].end))
                break
    return found


def names_place(text: str) -> bool:
    """Whether all a text says is a country or a town, perhaps both."""
    spans = [*countries_in(text), *towns_in(text)]
    left = list(text)
    for _, start, end in spans:
        left[start:end] = " " * (end - start)
    return bool(spans) and not re.search(r"[^\W_]{3}", "".join(left))


def most_named(text: str, language: str) -> Counter[str]:
    """How often each country is meant in a text."""
    counts: Counter[str] = Counter(code for code, _, _ in countries_in(text, language))
    taken = {start for _, start, _ in countries_in(text, language)}
    counts.update(code for code, start, _ in people_in(text, language) if start not in taken)
    return counts
