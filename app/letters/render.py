"""A letter template, a recipient and a writer's answers in; the finished letter out."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import lru_cache

from jinja2 import StrictUndefined, Template
from jinja2.sandbox import ImmutableSandboxedEnvironment

from app.core.i18n import list_of, long_date, text_direction
from app.letters.placeholders import DEMANDS, OWN_SENTENCE
from app.letters.rules import check_template, only_hole, passages

# Line ends and spaces of every kind but the no-break ones: French needs those before its colons.
_BREAKS = "\t\n\v\f\r\x1c-\x1f\x85\u2028\u2029"
# Controls, overrides of direction, invisible fillers and halves of characters. What scripts need
# to be written (joiners and direction marks) stays.
_INVISIBLE = (
    "\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u00ad\u061c\u180e\u200b\u202a-\u202e\u2060-\u206f"
    "\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e0fff"
)
_SPACES = re.compile(f"[ {_BREAKS}]+")
_UNPRINTED = re.compile(f"[{_INVISIBLE}]")
_FOLDED = re.compile(f"  |[{_BREAKS}{_INVISIBLE}]")
# Between the texts that are filled together. No passage and no folded value can hold it, so the
# count of paragraphs is the template's alone.
_BETWEEN = "\f"


@dataclass(frozen=True, slots=True)
class LetterSource:
    """A saved letter template; `version` is new whenever one of the others is."""

    version: str
    language: str
    subject: str
    body: str


@dataclass(frozen=True, slots=True)
class Recipient:
    """An office as the letter's language writes to it. Everything is plain text, no template."""

    role: str
    name: str
    institution: str
    salutation: str
    closing: str
    address: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Answers:
    """What the writer gave."""

    writer_name: str
    writer_country: str
    own_sentence: str


class ParagraphKind(StrEnum):
    """Who speaks in a paragraph: the campaign, the writer, or the campaign asking."""

    TEXT = "text"
    OWN = "own"
    DEMAND = "demand"


_KINDS = {OWN_SENTENCE: ParagraphKind.OWN, DEMANDS: ParagraphKind.DEMAND}


@dataclass(frozen=True, slots=True)
class Paragraph:
    """One paragraph of a finished letter, on one line."""

    kind: ParagraphKind
    text: str


@dataclass(frozen=True, slots=True)
class FinishedLetter:
    """A letter in which nothing is open any more."""

    language: str
    direction: str
    date: str
    address: tuple[str, ...]
    salutation: str
    subject: str
    paragraphs: tuple[Paragraph, ...]
    closing: str
    writer: str

    def as_text(self) -> str:
        """The letter as the body of an e-mail: from salutation to name, blank lines between."""
        asked = sum(paragraph.kind is ParagraphKind.DEMAND for paragraph in self.paragraphs)
        parts, number = [self.salutation], 0
        for paragraph in self.paragraphs:
            if paragraph.kind is ParagraphKind.DEMAND and asked > 1:
                number += 1
                parts.append(f"{number}. {paragraph.text}")
            else:
                parts.append(paragraph.text)
        parts += [self.closing, self.writer]
        return "\n\n".join(part for part in parts if part) + "\n"


@dataclass(frozen=True, slots=True)
class _Part:
    """A paragraph of a template; `text` is None while it waits for values."""

    kind: ParagraphKind
    text: str | None


@dataclass(frozen=True, slots=True)
class _Sheet:
    """A compiled template: its paragraphs, and the subject and those that wait as one text."""

    parts: tuple[_Part, ...]
    waiting: Template


def render(
    source: LetterSource,
    recipient: Recipient,
    answers: Answers,
    *,
    demands: Sequence[str],
    people: Sequence[str],
    on: date,
) -> FinishedLetter:
    """Fill a letter template. Values are text: nothing in them is read as template source."""
    sheet = _sheet(source)
    office, address = _office(recipient)
    day = long_date(on, source.language)
    writer = one_line(answers.writer_name)
    subject, *filled = sheet.waiting.render(
        salutation=office.salutation,
        closing=office.closing,
        target_role=office.role,
        target_name=office.name,
        target_institution=office.institution,
        writer_name=writer,
        writer_country=one_line(answers.writer_country),
        person_name=_joined(tuple(people), source.language),
        date=day,
    ).split(_BETWEEN)
    own, asked = (one_line(answers.own_sentence),), _lines(tuple(demands))
    waiting = iter(filled)
    paragraphs: list[Paragraph] = []
    for part in sheet.parts:
        if part.kind is ParagraphKind.DEMAND:
            texts = asked
        elif part.kind is ParagraphKind.OWN:
            texts = own
        else:
            texts = (one_line(next(waiting)) if part.text is None else part.text,)
        paragraphs += [Paragraph(part.kind, text) for text in texts if text]
    return FinishedLetter(
        language=source.language,
        direction=text_direction(source.language),
        date=day,
        address=address,
        salutation=office.salutation,
        subject=one_line(subject),
        paragraphs=tuple(paragraphs),
        closing=office.closing,
        writer=writer,
    )


def _environment() -> ImmutableSandboxedEnvironment:
    # No autoescape: letters are plain text, and whoever shows one in HTML escapes it there.
    environment = ImmutableSandboxedEnvironment(
        loader=None,
        autoescape=False,
        undefined=StrictUndefined,
    )
    for offered in (environment.globals, environment.filters, environment.tests):
        offered.clear()
    return environment


_SANDBOX = _environment()


@lru_cache(maxsize=512)
def _sheet(source: LetterSource) -> _Sheet:
    """Compile a template once; compiling takes a hundred times as long as filling.

    It is checked again: a row may be older than today's rules, and rules stop what a sandbox
    does not. The whole source is the key, so a preview never shows the words of another draft.
    """
    check_template(source.subject, body=False)
    check_template(source.body, body=True)
    waiting = [" ".join(source.subject.splitlines())]
    parts = []
    for passage in passages(source.body):
        kind = _KINDS.get(only_hole(passage) or "", ParagraphKind.TEXT)
        if kind is ParagraphKind.TEXT and "{{" in passage.source:
            waiting.append(passage.source)
            parts.append(_Part(kind, None))
        else:
            parts.append(_Part(kind, one_line(passage.source)))
    return _Sheet(tuple(parts), _SANDBOX.from_string(_BETWEEN.join(waiting)))


@lru_cache(maxsize=1024)
def _office(recipient: Recipient) -> tuple[Recipient, tuple[str, ...]]:
    """The recipient on clean lines, and the lines for a window envelope.

    Those say who and then where; nobody is named twice. Offices are kept in memory, writers never.
    """
    office = Recipient(
        role=one_line(recipient.role),
        name=one_line(recipient.name),
        institution=one_line(recipient.institution),
        salutation=one_line(recipient.salutation),
        closing=one_line(recipient.closing),
        address=_lines(recipient.address),
    )
    written = " ".join(office.address).casefold()
    who = (office.name, office.role, office.institution)
    named = (line for line in who if line and line.casefold() not in written)
    return office, (*named, *office.address)


@lru_cache(maxsize=1024)
def _joined(people: tuple[str, ...], language: str) -> str:
    return list_of(_lines(people), language)


@lru_cache(maxsize=1024)
def _lines(texts: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(line for text in texts if (line := one_line(text)))


def one_line(text: str) -> str:
    """Fold a text to one line of printable characters in NFC; no-break spaces stay."""
    if _FOLDED.search(text):
        text = _SPACES.sub(" ", _UNPRINTED.sub("", text))
    return unicodedata.normalize("NFC", text).strip()
