"""The letter of a draft: taken from the document, or put together from what it asks for."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from app.intake.agreement import WriterWord, with_writer_words, writer_word
from app.intake.model import Found, FoundLetter, Reading

_TABLES = Path(__file__).with_suffix(".toml")
_OTHERWISE = "en"
OWN_SENTENCE, DEMANDS = "{{ own_sentence }}", "{{ demands }}"
DEMAND_AT_MOST = 1_000
# Braces in twos are the template's own; a document that has them means one.
_BRACES = re.compile(r"\{(?=[{%#])|(?<=[}%#])\}")
_SENTENCE = re.compile(r"(?<=[.!?…։。])\s+(?=\S)")


@dataclass(frozen=True, slots=True)
class DraftLetter:
    """A letter as the desk's letter room takes it, without its salutation and its closing."""

    subject: str
    body: str
    demands: tuple[str, ...]
    words: tuple[WriterWord, ...] = ()
    is_composed: bool = False
    # The paragraph that asks was not found, so the last one was taken for it.
    is_ask_assumed: bool = False


def letter_of(reading: Reading, language: str) -> DraftLetter | None:
    """The document's own letter, else one composed of its demands, else none."""
    # A name that may be none does not get into a letter.
    names = [" ".join(one.value.split()) for one in reading.case_names if one.confidence == "found"]
    demands = tuple(" ".join(demand.value.split()) for demand in reading.demands)
    if reading.letter is not None and reading.letter.paragraphs:
        return _taken(reading.letter, demands, names, language)
    return _composed(demands, names, language) if demands else None


def can_compose(language: str) -> bool:
    return language.partition("-")[0] in _tables()


def _taken(
    letter: FoundLetter, listed: tuple[str, ...], names: Sequence[str], language: str
) -> DraftLetter:
    paragraphs = [one for one in letter.paragraphs if one.value.strip()]
    asking = letter.demand
    is_assumed = asking is None and not listed
    if is_assumed:
        asking = _last_words(paragraphs)
    words = _writer_words(letter, language)
    body, asked = [], False
    for one in paragraphs:
        if asking is not None and one.start <= asking.start and asking.end <= one.end:
            # Words of the same paragraph that do not ask stay where they are.
            before = one.value[: max(0, one.value.find(asking.value))].strip()
            body += [before] if before else []
            body += [OWN_SENTENCE, DEMANDS]
            rest = one.value[one.value.find(asking.value) + len(asking.value) :].strip()
            body += [rest] if rest and asking.value in one.value else []
            asked = True
        else:
            body.append(one.value)
    if not asked:
        body += [OWN_SENTENCE, DEMANDS]
    demands = (asking.value,) if asking is not None else listed
    return DraftLetter(
        _subject(names, language),
        "\n\n".join(_paragraph(one, words) for one in body),
        tuple(part for demand in demands for part in _short_enough(demand)),
        tuple(words.values()),
        is_ask_assumed=is_assumed,
    )


def _last_words(paragraphs: Sequence[Found[str]]) -> Found[str]:
    """The last paragraph, or of an only one the last sentence: a letter is more than its demand."""
    last = paragraphs[-1]
    sentences = _SENTENCE.split(last.value)
    if len(paragraphs) > 1 or len(sentences) == 1:
        return last
    return replace(last, value=sentences[-1])


def _composed(demands: tuple[str, ...], names: Sequence[str], language: str) -> DraftLetter:
    said = _said(language)
    opening = said["opening"].format(names=_joined(names)) if names else said["opening_unnamed"]
    body = [opening, OWN_SENTENCE, said["ask"], DEMANDS, said["closing"]]
    if not can_compose(language):
        # No sentence of ours in a language that the rest of the letter is not in.
        body = [OWN_SENTENCE, DEMANDS]
    return DraftLetter(
        _subject(names, language),
        "\n\n".join(one if one in (OWN_SENTENCE, DEMANDS) else _plain(one) for one in body),
        tuple(part for demand in demands for part in _short_enough(demand)),
        is_composed=True,
    )


def _writer_words(letter: FoundLetter, language: str) -> dict[str, WriterWord]:
    words: dict[str, WriterWord] = {}
    for mark in letter.agreement:
        word = writer_word(mark.value, language, [known.name for known in words.values()])
        if word is not None and word.printed not in words:
            words[word.printed] = word
    return words


def _paragraph(text: str, words: dict[str, WriterWord]) -> str:
    if text in (OWN_SENTENCE, DEMANDS):
        return text
    return with_writer_words(_plain(text), words)


def _plain(text: str) -> str:
    """One paragraph on one line, in which nothing is taken for a placeholder."""
    return _BRACES.sub("", " ".join(text.split()))


def _short_enough(demand: str) -> list[str]:
    """A demand in as few pieces as fit, cut between sentences; what does not fit so is cut."""
    pieces: list[str] = []
    for sentence in _SENTENCE.split(" ".join(demand.split())):
        if pieces and len(pieces[-1]) + len(sentence) < DEMAND_AT_MOST:
            pieces[-1] = f"{pieces[-1]} {sentence}"
        else:
            pieces += [
                sentence[at : at + DEMAND_AT_MOST] for at in range(0, len(sentence), DEMAND_AT_MOST)
            ]
    return pieces


def _subject(names: Sequence[str], language: str) -> str:
    said = _said(language)
    if names and not can_compose(language):
        return _plain(_joined(names))[:120]
    whole = said["subject"].format(names=_joined(names)) if names else said["unnamed"]
    return _plain(whole) if len(whole) <= 120 else _plain(said["unnamed"])


def _joined(names: Sequence[str]) -> str:
    return ", ".join(names[:5])


def _said(language: str) -> dict[str, str]:
    return _tables().get(language.partition("-")[0]) or _tables()[_OTHERWISE]


@cache
def _tables() -> dict[str, dict[str, str]]:
    return tomllib.loads(_TABLES.read_text(encoding="utf-8"))
