"""Advice on a letter that its writer has edited. It stops nobody: "send as it is" always stays."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from itertools import pairwise
from pathlib import Path

from app.letters.likeness import fingerprint, folded, likeness, shingles, words_of
from app.letters.own_words import bare_texts, with_body
from app.letters.render import FinishedLetter

_LISTS = Path(__file__).parent / "coach"

# Above this, in percent, a letter is called much the same as another.
SAME_FROM = 80
_DEMAND_KEPT_FROM = 0.6
# The beginnings of words that still say which word it is: endings differ by case and number.
_STEM = 5
_STEM_WORDS_AT_LEAST = 4
_LONG_WORD = 4
_NAME_ENDING = 2
_INFLECTED_NAMES = frozenset(("ru", "uk", "pl"))

# A sheet of paper.py at its smallest size, in Latin letters; measured, see tests.
_ROW = 100
_ROWS = 29
_GAP = 0.5
_CYRILLIC = re.compile(r"[\u0400-\u052f]")
_WIDE = re.compile(r"[\u1100-\u11ff\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uff60]")
_CYRILLIC_WIDTH = 1.16
_WIDE_WIDTH = 2.1

_LINK = re.compile(
    r"(?:https?://|www\.)\S+|\b[\w-]+(?:\.[\w-]+)*\.(?:com|org|net|info|io|ly|me|co)\b(?:/\S*)?",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"[^.!?؟…。]+[.!?؟…。]*")
_ARABIC_CLITICS = re.compile(r"^(?:[وف]?(?:[بكل]?ال|لل)|[وفبكل])(?=\w{3})")


class Topic(StrEnum):
    """What a piece of advice is about."""

    LIKE_MODEL = "like_model"
    LIKE_OTHERS = "like_others"
    DEMAND_MISSING = "demand_missing"
    PERSON_MISSING = "person_missing"
    TOO_LONG = "too_long"
    LINKS = "links"
    INSULTS = "insults"
    SHOUTING = "shouting"


@dataclass(frozen=True, slots=True)
class Advice:
    """One figure and what it is of; `is_worry` tells advice from a mere answer.

    `figure` is a percentage for likeness and length, and how many there are for the others.
    """

    topic: Topic
    figure: int
    is_worry: bool = True
    details: tuple[str, ...] = ()


def advise(
    model: FinishedLetter,
    edited_text: str,
    *,
    demands: Sequence[str],
    people: Sequence[tuple[str, ...]],
    others: Sequence[bytes],
    key: bytes,
    language: str,
    same_from: int = SAME_FROM,
    pages: Callable[[FinishedLetter], int] | None = None,
) -> list[Advice]:
    """What a careful reader would say of an edited body before it is sent.

    `people` holds, for each person, every spelling that names them; `others` the fingerprints of
    letters already sent. The two likenesses are always told, the rest only where there is something
    to tell. `pages` counts them exactly where somebody wants to pay for that.
    """
    letter = with_body(model, edited_text)
    text = _body_of(letter)
    sketch = fingerprint_of(letter, key)
    return [
        _like_model(model, text, same_from),
        *_like_others(sketch, others, same_from),
        *_counted(Topic.DEMAND_MISSING, missing_demands(text, demands, language)),
        *_counted(Topic.PERSON_MISSING, missing_people(text, people, language)),
        *_too_long(letter, pages),
        *_counted(Topic.LINKS, _LINK.findall(text)),
        *_counted(Topic.INSULTS, insults(text, language)),
        *_counted(Topic.SHOUTING, shouting(text, _body_of(model))),
    ]


def fingerprint_of(letter: FinishedLetter, key: bytes) -> bytes:
    """What is kept of a letter to compare others with: its body, by the campaign's own key."""
    return fingerprint(_body_of(letter), key)


def missing_demands(text: str, demands: Sequence[str], language: str) -> list[str]:
    """The demands that no passage of the text asks for any more, as far as words can tell."""
    said = [set(_stems(sentence, language)) for sentence in _SENTENCE.findall(text)]
    # One sentence alone, or two that follow each other: people cut long demands in two.
    passages = [*said, *(one | next_one for one, next_one in pairwise(said))]
    missing = []
    for demand in demands:
        wanted = set(_stems(demand, language))
        kept = max((len(wanted & passage) for passage in passages), default=0)
        if wanted and kept < _DEMAND_KEPT_FROM * len(wanted):
            missing.append(demand)
    return missing


def missing_people(text: str, people: Sequence[tuple[str, ...]], language: str) -> list[str]:
    """The people whom the text does not name in full, in any spelling or case."""
    words = [_without_clitics(word, language) for word in words_of(text)]
    return [
        spellings[0]
        for spellings in people
        if spellings and not any(_is_named(name, words, language) for name in spellings)
    ]


def insults(text: str, language: str) -> list[str]:
    """The words of the language's list that stand in the text, each once."""
    exact, beginnings = _bad_words(language.partition("-")[0])
    found = (
        word
        for word in words_of(text)
        if {word, _without_clitics(word, language)} & exact or word.startswith(beginnings)
    )
    return list(dict.fromkeys(found))


def shouting(text: str, model: str) -> list[str]:
    """Long words in capitals that the model does not hold, and rows of exclamation marks."""
    in_model = set(_capitals(model))
    words = [word for word in _capitals(text) if word not in in_model]
    return [*words, *re.findall(r"[!?！？]{2,}", text)]


def length_of(letter: FinishedLetter) -> int:
    """About how much of one page the letter fills, in percent."""
    texts = [paragraph.text for paragraph in letter.paragraphs]
    rows = sum(-(-_width(text) // _ROW) + _GAP for text in (*texts, letter.closing, letter.subject))
    # A closing of a few words and a subject of one line are in every letter.
    return round(100 * (rows - 2 - 2 * _GAP) / _ROWS)


def _like_model(model: FinishedLetter, text: str, same_from: int) -> Advice:
    mine, theirs = set(shingles(text)), set(shingles(_body_of(model)))
    either = len(mine | theirs)
    percent = round(100 * len(mine & theirs) / either) if either else 0
    return Advice(Topic.LIKE_MODEL, percent, is_worry=percent >= same_from)


def _like_others(mine: bytes, others: Sequence[bytes], same_from: int) -> Iterator[Advice]:
    if others:
        closest = max(likeness(mine, other) for other in others)
        yield Advice(Topic.LIKE_OTHERS, closest, is_worry=closest >= same_from)


def _counted(topic: Topic, found: Sequence[str]) -> Iterator[Advice]:
    if found:
        yield Advice(topic, len(found), details=tuple(found))


def _too_long(
    letter: FinishedLetter, pages: Callable[[FinishedLetter], int] | None
) -> Iterator[Advice]:
    filled = pages(letter) * 100 if pages else length_of(letter)
    if filled > 100:
        yield Advice(Topic.TOO_LONG, filled)


def _body_of(letter: FinishedLetter) -> str:
    return "\n".join(bare_texts(letter))


def _stems(text: str, language: str) -> Iterator[str]:
    for word in words_of(text):
        bare = _without_clitics(word, language)
        if len(bare) >= _STEM_WORDS_AT_LEAST:
            yield bare[:_STEM]


def _without_clitics(word: str, language: str) -> str:
    """Arabic writes and, in, for and the article together with the word behind them."""
    return _ARABIC_CLITICS.sub("", word) if language.partition("-")[0] == "ar" else word


def _is_named(name: str, words: Sequence[str], language: str) -> bool:
    """Whether every part of a name stands in the text; endings may be those of another case."""
    inflects = language.partition("-")[0] in _INFLECTED_NAMES
    for part in words_of(name):
        bare = _without_clitics(part, language)
        cut = _NAME_ENDING if len(bare) > _LONG_WORD else 1
        stem = bare[: max(2, len(bare) - cut)] if inflects else bare
        longest = len(bare) + _NAME_ENDING + 1
        if not any(word.startswith(stem) and len(word) <= longest for word in words):
            return False
    return True


def _capitals(text: str) -> list[str]:
    return [
        word
        for word in re.findall(r"[^\W\d_]+", text)
        if len(word) >= _LONG_WORD and word.isupper()
    ]


def _width(text: str) -> int:
    wide, cyrillic = len(_WIDE.findall(text)), len(_CYRILLIC.findall(text))
    return round(
        len(text) + wide * (_WIDE_WIDTH - 1) + cyrillic * (_CYRILLIC_WIDTH - 1),
    )


@cache
def _bad_words(language: str) -> tuple[frozenset[str], tuple[str, ...]]:
    """Whole words, and beginnings of words, of one language; none where there is no list."""
    path = _LISTS / f"{language}.txt"
    if not path.is_file():
        return frozenset(), ()
    lines = path.read_text(encoding="utf-8").splitlines()
    entries = [line for line in lines if line and not line.startswith("#")]
    beginnings = tuple(folded(entry[:-1]) for entry in entries if entry.endswith("*"))
    return frozenset(folded(entry) for entry in entries if not entry.endswith("*")), beginnings
