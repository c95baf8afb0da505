"""A document on its way to a reading: its lines with their labels, its days, its language."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

from app.intake.clean import Clean
from app.intake.dates import Day, days_in
from app.intake.language import guess
from app.intake.lexicon import Meaning, Word, phrases, plain, words_of
from app.intake.lines import Line, lines_of
from app.intake.model import Caution, Confidence, Found

_AFTER_LABEL = re.compile(
    r"\s*(?:\([^()]{0,60}\)|\[[^\[\]]{0,40}\]|[“”\"*]+)?\s*(?P<mark>[:：]|[.]?\s*[-–—]\s|[.]?$)"
)
# Labels of these say what one line holds and end no section.
DETAILS = frozenset(
    {"phone", "fax", "both", "email", "form", "other_channel", "salutation", "place"}
)
# A word that begins a heading of another word: "Letters" of "Letters to the editor".
_WEAK = frozenset({"country", "organisation", "subject", "people", "place"})


@dataclass(frozen=True, slots=True)
class Label:
    """What a line says it is: the meaning, and where its value begins in the line."""

    name: str
    value_at: int
    strong: bool
    language: str = ""


@dataclass
class Document:
    """The clean text and what every rule asks of it."""

    clean: Clean
    today: date | None = None
    asked: str | None = None
    cautions: list[Caution] = field(default_factory=list)

    @cached_property
    def text(self) -> str:
        return self.clean.text

    @cached_property
    def folded(self) -> str:
        """The text as it is compared, letter for letter."""
        return plain(self.text)

    @cached_property
    def lines(self) -> list[Line]:
        return [line for line in lines_of(self.text) if not line.furniture]

    @cached_property
    def words(self) -> list[list[Word]]:
        return [words_of(line.text) for line in self.lines]

    @cached_property
    def labels(self) -> list[Label | None]:
        return [_label(line, words) for line, words in zip(self.lines, self.words, strict=True)]

    @cached_property
    def days(self) -> list[Day]:
        return days_in(self.text)

    @cached_property
    def guessed(self) -> tuple[str, bool] | None:
        return guess(self.text)

    @property
    def language(self) -> str:
        return self.asked or (self.guessed[0] if self.guessed else "en")

    def found(
        self,
        value: str,
        start: int,
        end: int,
        reason: str,
        *,
        confidence: Confidence = "found",
        note: str | None = None,
    ) -> Found[str]:
        """A value with its range given in the clean text."""
        first, last = self.clean.span(start, end)
        return Found(value, confidence, first, last, reason, note)

    def warn(self, code: str, start: int, end: int, **parameters: str) -> None:
        first, last = self.clean.span(start, end)
        self.cautions.append(Caution(code, first, last, parameters))

    def warn_at(self, code: str, start: int, end: int, **parameters: str) -> None:
        """The same for a range of the text handed in, as values carry it."""
        self.cautions.append(Caution(code, start, end, parameters))

    def days_of(self, start: int, end: int) -> Iterator[Day]:
        return (day for day in self.days if start <= day.start and day.end <= end)

    def next_label(self, index: int, *, but: Sequence[str] = ()) -> int:
        """The first line after one that begins another section; else the end of the text."""
        for at in range(index + 1, len(self.lines)):
            label = self.labels[at]
            if label and label.name not in DETAILS and label.name not in but:
                return at
        return len(self.lines)


def _label(line: Line, words: list[Word]) -> Label | None:
    if not words or words[0].start > 3:
        return None
    for meaning in phrases("labels").at(words, 0):
        label = _read_as(line, words, meaning)
        if label:
            return label
    return None


def _read_as(  # noqa: PLR0911 - a ladder, the plainest sign first
    line: Line, words: list[Word], meaning: Meaning
) -> Label | None:
    end = words[meaning.size - 1].end
    after = _AFTER_LABEL.match(line.text, end)
    rest = line.text[end:]
    if after and after["mark"].strip() in {":", "："}:
        return Label(meaning.name, after.end(), strong=True, language=meaning.language)
    if after and not rest[after.end() - end :].strip():
        strong = meaning.size > 1 or line.text.isupper() or meaning.name not in _WEAK
        if line.words <= meaning.size + 4 and (len(words[0].text) > 2 or meaning.name in DETAILS):
            return Label(meaning.name, len(line.text), strong=strong, language=meaning.language)
        return None
    if meaning.name == "authors" and meaning.size > 1:
        return Label(meaning.name, end, strong=True, language=meaning.language)
    if meaning.name in DETAILS:
        return Label(meaning.name, end, strong=False, language=meaning.language)
    if after and meaning.size > 1:
        return Label(meaning.name, after.end(), strong=True, language=meaning.language)
    # A sentence that is a heading: "Please send appeals to the authorities:"
    if line.text.rstrip().endswith((":", "：")) and meaning.size > 1 and len(words) <= 25:
        return Label(meaning.name, len(line.text), strong=True, language=meaning.language)
    if meaning.size > 2 or (meaning.size > 1 and line.text.isupper()):
        return Label(meaning.name, end, strong=meaning.size > 2, language=meaning.language)
    return None
