"""The words by which documents name their parts, in every language they come in.

One file a language in `lexicon/`; all are looked up together, since a French action names a Spanish
minister and carries a Russian letter.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_SHORT = 4
_FOLDER = Path(__file__).with_name("lexicon")
_WORD = re.compile(r"[^\W_]+")
_SAME = {"ı": "i", "ø": "o", "ł": "l", "đ": "d", "ß": "s", "’": "'", "‘": "'", "ʼ": "'"}
_SAME |= {"ي": "ی", "ك": "ک", "ى": "ی", "ة": "ه", "أ": "ا", "إ": "ا", "آ": "ا", "\u200c": " "}
_SAME |= {"ё": "е", "й": "й", "Й": "й", "ї": "ї", "Ї": "ї", "æ": "a", "œ": "o", "´": "'"}


class _Plain(dict[int, str]):
    """Each letter's plain form, one for one, so that places in a text stay what they are."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        folded = _SAME.get(char)
        if char.isdecimal():
            folded = str(unicodedata.decimal(char))
        if folded is None:
            bare = unicodedata.normalize("NFKD", char)[:1].casefold()[:1] or char
            folded = _SAME.get(bare, bare)
        self[code] = folded
        return folded


_PLAIN = _Plain()


def plain(text: str) -> str:
    """For comparing: small letters without accents, one form of apostrophes; of the same length."""
    return text.translate(_PLAIN)


@dataclass(frozen=True, slots=True)
class Word:
    """A word as it is compared, and where it stands."""

    text: str
    start: int
    end: int


def words_of(text: str) -> list[Word]:
    return [Word(m[0], m.start(), m.end()) for m in _WORD.finditer(plain(text))]


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a phrase says, in which language, and how many words it takes."""

    name: str
    language: str
    size: int


@dataclass(frozen=True, slots=True)
class Phrases:
    """Phrases that mean one of several things, looked up by their first word."""

    by_first: dict[str, list[tuple[tuple[str, ...], Meaning]]]

    def at(self, words: Sequence[Word], place: int) -> list[Meaning]:
        """What the phrases that begin at a word mean, the longest first."""
        found = [
            meaning
            for phrase, meaning in self.by_first.get(words[place].text, ())
            if _says(words, place, phrase)
        ]
        return sorted(found, key=lambda meaning: -meaning.size)

    def within(self, words: Sequence[Word], *names: str) -> list[tuple[int, Meaning]]:
        """Where some words say one of the named things."""
        return [
            (place, meaning)
            for place in range(len(words))
            for meaning in self.at(words, place)
            if meaning.name in names
        ]


def _says(words: Sequence[Word], place: int, phrase: tuple[str, ...]) -> bool:
    if place + len(phrase) > len(words):
        return False
    return all(words[place + i].text == wanted for i, wanted in enumerate(phrase))


@cache
def files() -> dict[str, dict[str, dict[str, list[str]]]]:
    """The lexicon of each language."""
    return {
        path.stem: tomllib.loads(path.read_text(encoding="utf-8"))
        for path in sorted(_FOLDER.glob("??.toml"))
    }


@cache
def phrases(table: str) -> Phrases:
    """All phrases of one table of the files, in all languages."""
    by_first: dict[str, list[tuple[tuple[str, ...], Meaning]]] = {}
    for language, tables in files().items():
        for name, wordings in tables.get(table, {}).items():
            for wording in wordings:
                words = tuple(word.text for word in words_of(wording))
                if words:
                    meaning = Meaning(name, language, len(words))
                    by_first.setdefault(words[0], []).append((words, meaning))
    return Phrases(by_first)


@cache
def stems(name: str) -> re.Pattern[str]:
    """Words of the table `stems`: each entry is the beginning of a word.

    With `=` before it, and wherever it is so short that it begins too many words, it is the whole.
    """
    entries = {_marked(plain(e)) for t in files().values() for e in t["stems"].get(name, ())}
    whole = sorted((re.escape(e[1:]) for e in entries if e[:1] == "="), key=len, reverse=True)
    begun = sorted((re.escape(e) for e in entries if e[:1] != "="), key=len, reverse=True)
    parts = [f"(?:{'|'.join(whole)})(?![^\\W_])"] * bool(whole)
    parts += [rf"(?:{'|'.join(begun)})\w*"] * bool(begun)
    return re.compile(rf"(?<![^\W_])(?:{'|'.join(parts)})" if parts else r"(?!)")


def _marked(entry: str) -> str:
    return f"={entry}" if len(entry) <= _SHORT and entry[:1] != "=" else entry


def says(name: str, text: str) -> bool:
    """Whether a text has a word of that kind anywhere."""
    return bool(stems(name).search(plain(text)))


def begins(name: str, text: str) -> bool:
    """Whether a text begins with a word of that kind."""
    return bool(stems(name).match(plain(text)))


@cache
def common_words() -> dict[str, frozenset[str]]:
    """The most frequent words of each language."""
    return {
        language: frozenset(plain(" ".join(tables["stems"]["common"])).split())
        for language, tables in files().items()
    }
