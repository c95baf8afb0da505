"""A letter template, a recipient and a writer's answers in; the finished letter out.

What does not depend on who writes is made once for each recipient, form, mix and day and kept; a
letter then takes the writer's few words into it. Writers are never kept.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from functools import lru_cache

from app.core.i18n import list_of, long_date, text_direction
from app.letters.agreement import Concerned, WriterForm, choose, conditions
from app.letters.declarations import Forms, Variants
from app.letters.placeholders import DEMANDS, NAMES, OWN_SENTENCE, WRITER_ABOUT
from app.letters.sheets import MARK, Part, Sheet, compile_sheet, raised
from app.letters.variants import Mix

# Line ends and spaces of every kind but the no-break ones: French needs those before its colons.
_BREAKS = "\t\n\v\f\r\x1c-\x1f\x85\u2028\u2029"
# Controls, overrides of direction, invisible fillers and halves of characters. What scripts need
# to be written (joiners, direction marks, the selectors that tell Japanese names apart) stays.
_INVISIBLE = (
    "\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u00ad\u061c\u180e\u200b\u202a-\u202e\u2060-\u206f"
    "\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e00ff\U000e01f0-\U000e0fff"
)
_SPACES = re.compile(f"[ {_BREAKS}]+")
_UNPRINTED = re.compile(f"[{_INVISIBLE}]")
_FOLDED = re.compile(f"[{_BREAKS}{_INVISIBLE}]")
_WAITING = re.compile(f"{MARK}(\\w+){MARK}")
_OF_WRITER = ("writer_name", "writer_country", "writer_town", WRITER_ABOUT)
_UNKNOWN_PEOPLE = Concerned()
_OPEN = "…"
# Of a paragraph that was not made from a template.
NO_PASSAGE = -1


@dataclass(frozen=True, slots=True)
class LetterSource:
    """A saved letter template; `version` is new whenever one of the others is."""

    version: str
    language: str
    subject: str
    body: str
    forms: Forms = ()
    variants: Variants = ()


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
    """What the writer gave, and which form and which variants they chose."""

    writer_name: str
    writer_country: str
    own_sentence: str
    writer_town: str = ""
    writer_about: str = ""
    writer_form: WriterForm = WriterForm.NEUTRAL
    mix: Mix = ()


class ParagraphKind(StrEnum):
    """Who speaks in a paragraph: the campaign, the writer, or the campaign asking."""

    TEXT = "text"
    OWN = "own"
    DEMAND = "demand"


@dataclass(frozen=True, slots=True)
class Paragraph:
    """One paragraph of a finished letter, on one line.

    `passage` is the one of the template, from 0, that it was made from.
    """

    kind: ParagraphKind
    text: str
    passage: int = field(default=NO_PASSAGE, compare=False)


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
    # The names that stand in the paragraphs, one by one, as they were given.
    names: tuple[str, ...] = field(default=(), compare=False)

    def as_text(self) -> str:
        """The letter as the body of an e-mail: from salutation to name, blank lines between."""
        parts = (self.salutation, *self.body(), self.closing, self.writer)
        return "\n\n".join([part for part in parts if part]) + "\n"

    def body(self) -> list[str]:
        """The paragraphs between salutation and closing; several demands are numbered."""
        texts = [paragraph.text for paragraph in self.paragraphs]
        asked = [
            place
            for place, paragraph in enumerate(self.paragraphs)
            if paragraph.kind is ParagraphKind.DEMAND
        ]
        if len(asked) > 1:
            for number, place in enumerate(asked, 1):
                texts[place] = f"{number}. {texts[place]}"
        return texts


@dataclass(frozen=True, slots=True)
class _Ready:
    """A letter that waits for its writer: `open` are the paragraphs with words of theirs in them.

    Those are patterns for `%`, by the place they have among the paragraphs. `holes` are the names
    that stand in them or in the subject, which is a pattern too when there are any.
    """

    direction: str
    date: str
    office: Recipient
    address: tuple[str, ...]
    subject: str
    names: tuple[str, ...]
    holes: tuple[str, ...]
    paragraphs: tuple[Paragraph, ...]
    own: int
    open: tuple[tuple[int, str], ...]


def render(
    source: LetterSource,
    recipient: Recipient,
    answers: Answers,
    *,
    demands: Sequence[str],
    people: Sequence[str],
    on: date,
    concerned: Concerned = _UNKNOWN_PEOPLE,
) -> FinishedLetter:
    """Fill a letter template. Values are text: nothing in them is read as template source."""
    ready = _ready(
        source,
        recipient,
        tuple(demands),
        tuple(people),
        concerned,
        on,
        answers.writer_form,
        answers.mix,
    )
    writer = one_line(answers.writer_name)
    subject = ready.subject
    paragraphs = list(ready.paragraphs)
    own = one_line(answers.own_sentence)
    paragraphs[ready.own] = Paragraph(ParagraphKind.OWN, own, paragraphs[ready.own].passage)
    names = ready.names
    if ready.holes:
        words = {hole: _word(answers, hole, source.language) for hole in ready.holes}
        names += tuple(words.values())
        subject = _taken_in(subject, words)
        for place, pattern in ready.open:
            waited = paragraphs[place]
            said = _taken_in(pattern, words)
            paragraphs[place] = Paragraph(waited.kind, said, waited.passage)
    return FinishedLetter(
        source.language,
        ready.direction,
        ready.date,
        ready.address,
        ready.office.salutation,
        subject,
        tuple([paragraph for paragraph in paragraphs if paragraph.text]),
        ready.office.closing,
        writer,
        names,
    )


def opened(
    source: LetterSource,
    form: WriterForm,
    mix: Mix,
    people: Sequence[str] = (),
    concerned: Concerned = _UNKNOWN_PEOPLE,
) -> list[str]:
    """The subject and the paragraphs that are the template's own words, dots in the other holes."""
    names = _joined(tuple(people), source.language) or _OPEN
    known = {"person_name": names, "person_pronoun": concerned.pronoun or names}
    values = dict.fromkeys(NAMES, _OPEN) | known
    sheet = _sheet(source)
    texts = _filled(source, sheet, values, form, concerned, len(people))
    chosen = (texts[_place_of(part, mix)] for part in sheet.parts if part.texts)
    return [one_line(text) for text in (texts[0], *chosen)]


@lru_cache(maxsize=512)
def _sheet(source: LetterSource) -> Sheet:
    # The whole source is the key, so a preview never shows the words of another draft.
    return compile_sheet(source.subject, source.body, source.forms, source.variants)


# Some 5 kB each: the targets of a few campaigns, in every form and mix.
@lru_cache(maxsize=2048)
def _ready(
    source: LetterSource,
    recipient: Recipient,
    demands: tuple[str, ...],
    people: tuple[str, ...],
    concerned: Concerned,
    on: date,
    form: WriterForm,
    mix: Mix,
) -> _Ready:
    """Fill everything but the writer's own words."""
    office, address = _office(recipient)
    day = long_date(on, source.language)
    names = _joined(people, source.language)
    values = {
        "salutation": office.salutation,
        "closing": office.closing,
        "target_role": office.role,
        "target_name": office.name,
        "target_institution": office.institution,
        "person_name": names,
        "person_pronoun": one_line(concerned.pronoun) or names,
        "date": day,
    } | {name: f"{MARK}{name}{MARK}" for name in _OF_WRITER}
    sheet = _sheet(source)
    texts = _filled(source, sheet, values, form, concerned, len(people))
    paragraphs: list[Paragraph] = []
    waiting: list[tuple[int, str]] = []
    own = 0
    for passage, part in enumerate(sheet.parts):
        if part.hole == DEMANDS:
            asked = _lines(demands)
            paragraphs += [Paragraph(ParagraphKind.DEMAND, text, passage) for text in asked]
        elif part.hole == OWN_SENTENCE:
            own = len(paragraphs)
            paragraphs.append(Paragraph(ParagraphKind.OWN, "", passage))
        else:
            text = texts[_place_of(part, mix)]
            if MARK in text:
                waiting.append((len(paragraphs), text))
            # Who the writer is, they say themselves, and not always in the letter's language.
            by_writer = part.hole == WRITER_ABOUT
            kind = ParagraphKind.OWN if by_writer else ParagraphKind.TEXT
            paragraphs.append(Paragraph(kind, one_line(text), passage))
    holes = [
        name for text in (texts[0], *dict(waiting).values()) for name in _WAITING.findall(text)
    ]
    return _Ready(
        direction=text_direction(source.language),
        date=day,
        office=office,
        address=address,
        subject=_pattern(texts[0]) if holes else one_line(texts[0]),
        names=tuple(
            name for name in (*_lines(people), office.name, office.role, office.institution) if name
        ),
        holes=tuple(dict.fromkeys(holes)),
        paragraphs=tuple(paragraphs),
        own=own,
        open=tuple((place, _pattern(text)) for place, text in waiting),
    )


def _filled(
    source: LetterSource,
    sheet: Sheet,
    values: dict[str, str],
    form: WriterForm,
    concerned: Concerned,
    people: int,
) -> list[str]:
    truth = conditions(form, concerned, people)
    forms = {name: one_line(choose(dict(cases), truth)) for name, cases in source.forms}
    return sheet.fill({**values, **truth, **forms, "language": source.language})


def _place_of(part: Part, mix: Mix) -> int:
    """Where the text of a part stands among the filled ones."""
    return part.start + dict(mix).get(part.hole, 0) % part.texts


def _pattern(text: str) -> str:
    """A text with open holes as a pattern for `%`."""
    pieces = _WAITING.split(text)
    # The texts stand at the even places, the names of the holes between them.
    pieces[::2] = [_folded(piece).replace("%", "%%") for piece in pieces[::2]]
    pieces[1::2] = [f"%({name})s" for name in pieces[1::2]]
    return "".join(pieces)


def _word(answers: Answers, hole: str, language: str) -> str:
    """What the writer gave for a hole; one that is named in capitals begins a sentence."""
    if hole.islower():
        return one_line(getattr(answers, hole))
    return raised(one_line(getattr(answers, hole.lower())), language)


def _taken_in(pattern: str, words: Mapping[str, str]) -> str:
    # Pattern and words are folded already; only what they make together has to be.
    text = pattern % words
    if "  " in text:
        text = _SPACES.sub(" ", text)
    return (text if text.isascii() else unicodedata.normalize("NFC", text)).strip()


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


def envelope_lines(recipient: Recipient) -> tuple[str, ...]:
    """What stands on the envelope: who, then where."""
    return _office(recipient)[1]


def _joined(people: tuple[str, ...], language: str) -> str:
    return list_of(_lines(people), language)


def _lines(texts: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(line for text in texts if (line := one_line(text)))


def one_line(text: str) -> str:
    """Fold a text to one line of printable characters in NFC; no-break spaces stay."""
    return unicodedata.normalize("NFC", _folded(text)).strip()


def _folded(text: str) -> str:
    # The first question is the fast one, and almost every text without no-break spaces answers it.
    if "  " in text or not (text.isprintable() or _FOLDED.search(text) is None):
        return _SPACES.sub(" ", _UNPRINTED.sub("", text))
    return text
