"""What a person should look at twice though it was read without trouble.

Renamed towns, names that are spelt in two ways, a last day that has passed: the values stay as
printed; they are marked.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from difflib import SequenceMatcher

from app.intake.country import places
from app.intake.document import Document
from app.intake.lexicon import plain, words_of
from app.intake.model import Found, FoundTarget

_NEARLY = 0.75
_LONG_WORD = 5
_NEAR = 40
_PROPER = re.compile(r"[^\W\d_]+(?:[-’'][^\W\d_]+)*")


def with_doubts(document: Document, target: FoundTarget) -> FoundTarget:
    """An addressee with what is odd about the name and the address marked."""
    name = _spelt_twice(document, target.name) if target.name else None
    address = tuple(_renamed(document, line) for line in target.address)
    return replace(target, name=name, address=address)


def _renamed(document: Document, line: Found[str]) -> Found[str]:
    """A town under a name that it had for a time: the letter arrives, the reader should know."""
    said = " ".join(word.text for word in words_of(line.value))
    for old, today in places()["renamed"].items():
        if re.search(rf"\b{re.escape(plain(old))}\b", said) and not (
            plain(today) in said or line.confidence == "check"
        ):
            document.warn_at("renamed_place", line.start, line.end, printed=old, today=today)
            return replace(line, confidence="check", reason="renamed_place", note=today)
    return line


def _spelt_twice(document: Document, name: Found[str]) -> Found[str]:
    """A surname that stands elsewhere in the text with another letter or two: Tokayev, Tokaïev."""
    surname = re.findall(r"[^\W\d_]+(?:[-’'][^\W\d_]+)*", name.value)[-1]
    if len(surname) < _LONG_WORD or surname == name.value:
        return name
    given = words_of(name.value)[0].text
    for mention in re.finditer(rf"\b{re.escape(given)}\b", document.folded):
        for match in _PROPER.finditer(document.text, mention.end(), mention.end() + _NEAR):
            if _is_other_spelling(match[0], surname):
                start, end = document.clean.span(match.start(), match.end())
                document.warn_at("two_spellings", start, end, printed=surname, other=match[0])
                return replace(name, confidence="check", reason="two_spellings", note=match[0])
    return name


def _is_other_spelling(other: str, surname: str) -> bool:
    if not other[0].isupper() or other.casefold() == surname.casefold():
        return False
    a, b = plain(other), plain(surname)
    return SequenceMatcher(None, a, b).ratio() >= _NEARLY and not _inflected(a, b)


def _inflected(a: str, b: str) -> bool:
    """Whether two words differ only in their ends, as in languages that inflect names."""
    short, long = sorted((a, b), key=len)
    return long.startswith(short[: max(4, len(short) - 2)]) and a[:-3] == b[: len(a) - 3]


def past(document: Document, deadline: Found[str] | None) -> None:
    """Say that the last day has passed, where the door told what day it is."""
    if document.today and deadline and date.fromisoformat(deadline.value) < document.today:
        document.warn_at("deadline_passed", deadline.start, deadline.end, day=deadline.value)
