"""The model letter: from its greeting, or the heading above it, to the formula it closes with."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from app.intake.document import DETAILS, Document
from app.intake.lexicon import begins, phrases, plain, says, stems
from app.intake.lines import Line
from app.intake.model import Found, FoundLetter
from app.intake.naming import is_person

_ENDS_LETTER = frozenset(
    [
        "targets",
        "copies",
        "diplomatic",
        "background",
        "languages",
        "deadline",
        "people",
        "previous",
        "authors",
        "issued",
        "reference",
        "letter",
        "title",
        "summary",
        "salutation",
    ]
)
_PROSE = 45
_GREETING_MOST = 110
_FORMULA_MOST = 230
_BOTH_GENDERS = re.compile(
    r"\w{3,}(?:[-·•.‧]e(?:[-·•.‧]?s)?|\(e\)s?|\(ne\)|\(trice\)|\(a\)|/a|/e|\(о?й?а\)|/ă|\(ă\)|@s?)(?!\w)"
)
_HOLE = re.compile(r"[\[({<][^\])}>]{2,120}[\])}>]|\(?\[?date\]?\)?", re.IGNORECASE)


@dataclass(slots=True)
class LetterLines:
    """Where a letter stands: the lines of its greeting, of its body and of its closing."""

    greeting: int | None
    body: list[int]
    closing: list[int] = field(default_factory=list)
    heading: int | None = None

    @property
    def first(self) -> int:
        return self.body[0] if self.greeting is None else self.greeting

    @property
    def last(self) -> int:
        return (self.closing or self.body)[-1]


def letters_in(document: Document) -> list[LetterLines]:
    """Every letter of a document, in order."""
    found: list[LetterLines] = []
    at = 0
    while at < len(document.lines):
        letter = _greeted(document, at) or _headed(document, at)
        if letter:
            found.append(letter)
            at = letter.last + 1
        else:
            at += 1
    return found


def is_greeting(document: Document, at: int) -> bool:
    """Whether a line greets somebody: short, with a word of address, and with prose after it."""
    line = document.lines[at]
    label = document.labels[at]
    if not begins("greeting", line.text) or len(line.text) > _GREETING_MOST:
        return False
    if says("readers", line.text):
        return False
    if label and label.name in DETAILS | _ENDS_LETTER and label.strong:
        return False
    if at + 1 >= len(document.lines):
        return False
    following = document.lines[at + 1]
    body = _paragraph(document, at + 1)
    if line.text.rstrip().endswith((",", ":", "!", "،", ";", "：", ",-")):
        return len(body) >= _PROSE or following.words >= 6
    alone = line.after_gap and following.after_gap
    return alone and len(body) >= 80 and line.words <= 7 and not is_person(line.text)


def _greeted(document: Document, at: int) -> LetterLines | None:
    if not is_greeting(document, at):
        return None
    letter = LetterLines(at, [])
    _read_body(document, letter, at + 1)
    return letter if letter.body and not _calls_readers(document, letter) else None


def _calls_readers(document: Document, letter: LetterLines) -> bool:
    """Whether what is greeted are the readers, who are then told whom to write to."""
    return any(
        document.lines[at].text.rstrip().endswith((":", "："))
        and phrases("phrases").within(document.words[at], "call")
        for at in letter.body
    )


def _headed(document: Document, at: int) -> LetterLines | None:
    """A letter without a greeting, right after the heading that announces it."""
    label = document.labels[at]
    if not label or label.name != "letter" or not label.strong:
        return None
    near = range(at + 1, min(at + 15, len(document.lines)))
    if any(is_greeting(document, begin) for begin in near):
        return None
    for begin in near[:8]:
        label = document.labels[begin]
        if label and label.name in _ENDS_LETTER and label.strong:
            return None
        line = document.lines[begin]
        if line.after_gap and len(_paragraph(document, begin)) >= 2 * _PROSE and not _is_hole(line):
            letter = LetterLines(None, [], heading=at)
            _read_body(document, letter, begin)
            return letter if letter.body else None
    return None


def _read_body(document: Document, letter: LetterLines, begin: int) -> None:
    for at in range(begin, len(document.lines)):
        line = document.lines[at]
        if _is_formula(document, at):
            letter.closing = _formula_lines(document, at)
            return
        if letter.body and (_ends(document, at) or is_greeting(document, at)):
            return
        if _is_hole(line) and not letter.body:
            continue
        letter.body.append(at)


def _ends(document: Document, at: int) -> bool:
    label = document.labels[at]
    line = document.lines[at]
    if not label or label.name not in _ENDS_LETTER:
        return False
    heading = line.text.isupper() or label.value_at >= len(line.text.rstrip(" :")) or line.after_gap
    return label.strong and heading


def _is_formula(document: Document, at: int) -> bool:
    line = document.lines[at]
    if len(line.text) > _FORMULA_MOST:
        return False
    if not begins("formula", line.text):
        within = stems("formula").search(plain(line.text[:70]))
        return bool(within and len(within[0]) >= 14 and line.after_gap)
    before = document.lines[at - 1].text.rstrip() if at else ""
    return line.after_gap or before.endswith((".", "!", "?", ",", "…", "。")) or line.words <= 5


def _formula_lines(document: Document, at: int) -> list[int]:
    """A formula may run over lines until its sentence ends; a name below it is not of it."""
    taken = [at]
    for after in range(at + 1, min(at + 4, len(document.lines))):
        line, last = document.lines[after], document.lines[taken[-1]].text.rstrip()
        wrapped = len(last) >= 50 and not last.endswith((".", ",", "!"))
        if line.after_gap or not wrapped or document.labels[after] or not line.text[:1].islower():
            break
        taken.append(after)
    return taken


def _paragraph(document: Document, at: int) -> str:
    """The words of the paragraph that begins with a line."""
    texts: list[str] = []
    for line in document.lines[at:]:
        if texts and line.after_gap:
            break
        texts.append(line.text)
        if sum(map(len, texts)) > 300:
            break
    return " ".join(texts)


def _is_hole(line: Line) -> bool:
    return bool(_HOLE.fullmatch(line.text))


def letter_of(document: Document, lines: LetterLines) -> FoundLetter:
    """A letter taken apart."""
    paragraphs = _paragraphs(document, lines.body)
    sure = lines.greeting is not None or lines.heading is not None
    demand = next((p for p in reversed(paragraphs) if says("demand", p.value)), None)
    closing = _closing(document, lines)
    first, last = document.lines[lines.first], document.lines[lines.last]
    start, end = document.clean.span(first.start, last.end)
    return FoundLetter(
        start,
        end,
        tuple(paragraphs),
        salutation=_line_found(document, lines.greeting, "greeting") if sure else None,
        demand=demand,
        closing=closing,
        agreement=tuple(_agreement(document, first.start, last.end)),
    )


def _line_found(document: Document, at: int | None, reason: str) -> Found[str] | None:
    if at is None:
        return None
    line = document.lines[at]
    return document.found(line.text, line.start, line.end, reason)


def _closing(document: Document, lines: LetterLines) -> Found[str] | None:
    if not lines.closing:
        return None
    first, last = document.lines[lines.closing[0]], document.lines[lines.closing[-1]]
    text = " ".join(document.text[first.start : last.end].split())
    if plain(text).startswith("veillez"):
        document.warn("misspelt_closing", first.start, last.end, printed=text.split()[0])
        return document.found(text, first.start, last.end, "misspelt_closing", confidence="check")
    return document.found(text, first.start, last.end, "closing_formula")


def _paragraphs(document: Document, body: list[int]) -> list[Found[str]]:
    groups: list[list[Line]] = []
    for at in body:
        line = document.lines[at]
        if not groups or line.after_gap or line.bullet or _own_paragraph(groups[-1][-1]):
            groups.append([line])
        else:
            groups[-1].append(line)
    found = []
    for group in groups:
        start, end = group[0].start, group[-1].end
        text = " ".join(line.text for line in group)
        found.append(
            document.found(re.sub(r"(?<=\w)- (?=[a-zà-ÿ])", "-", text), start, end, "letter")
        )
    return found


def _own_paragraph(line: Line) -> bool:
    """A line longer than any mail or page breaks at holds a whole paragraph."""
    return len(line.text) > 130


def _agreement(document: Document, start: int, end: int) -> list[Found[str]]:
    return [
        document.found(match[0], start + match.start(), start + match.end(), "both_genders")
        for match in _BOTH_GENDERS.finditer(document.text[start:end])
        if not re.search(r"\.(?:e|a)$", match[0]) or stems("risk")
    ]
