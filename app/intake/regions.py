"""The passages that list addressees: after a heading, or after a sentence that asks to write."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from app.intake.document import DETAILS, Document, Label
from app.intake.entry import Piece
from app.intake.letter import is_greeting
from app.intake.lexicon import begins, phrases, says, words_of
from app.intake.naming import kind_of, parts_of
from app.intake.organisations import ORGANISATION, opens_with_organisation

_ENDS = frozenset(
    [
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
        "demands",
        "diplomatic",
        "subject",
    ]
)


_PROSE_WORDS = 22


_WRAPS_AT = 60


_SENTENCE_WORDS = 6


_COPY = frozenset({"copi", "kopi", "копи", "копі", "kopy", "αντι", "másol"})


_TO = frozenset({"to", "a", "an", "aan", "naar", "till", "til", "do", "para", "pour", "na", "per"})
_TO |= {"adrese", "προς", "по", "адрес", "адресом", "إلى", "به"}


_HEADER = frozenset({"organisation", "subject", "issued"})


@dataclass(slots=True)
class Region:
    """Lines that list addressees, and what the line above them says they are for."""

    kind: str
    reason: str
    head: int
    pieces: list[Piece] = field(default_factory=list)


def regions(document: Document, in_letter: set[int]) -> Iterator[Region]:
    at = 0
    while at < len(document.lines):
        region = None if at in in_letter else _region_at(document, at)
        if region is None:
            at += 1
            continue
        at = _fill(document, region, at, in_letter)
        if region.pieces:
            yield region


def _region_at(document: Document, at: int) -> Region | None:
    label = document.labels[at]
    if label and label.name == "diplomatic":
        return Region("copy", "copies_heading", at) if _addressee_at(document, at + 1) else None
    if label and label.name in {"targets", "copies"} and not _in_mail_header(document, at):
        return _labelled(document, at, label) or _by_sentence(document, at)
    if label and label.name in {"authors", "demands"} and not _addressee_at(document, at + 1):
        return None
    return _by_sentence(document, at)


def _labelled(document: Document, at: int, label: Label) -> Region | None:
    line = document.lines[at]
    if not (label.strong or line.text.rstrip().endswith((":", "："))) or line.words > 25:
        return None
    rest = line.text[label.value_at :].strip()
    kind = "copy" if label.name == "copies" else "to"
    region = Region(kind, "copies_heading" if kind == "copy" else "targets_heading", at)
    if rest and not _is_intro(rest):
        # "Address: 12 High Street" is of whoever stands above it.
        if kind_of(rest.split(",")[0]) == "place" and not re.search(r"@|\+\d", rest):
            return None
        # Copies asked for by those who call, to count them: they are no authority.
        ours = kind == "copy" and ORGANISATION.match(rest) and "@" in rest
        if ours and not says("office", rest):
            return None
        start = line.start + line.text.index(rest, label.value_at)
        region.pieces.append(Piece(rest, start, start + len(rest), after_gap=True))
    elif not _addressee_at(document, at + 1) and not _leads_on(document, at + 1):
        return None
    return region


def _leads_on(document: Document, at: int) -> bool:
    """Whether addressees may begin a line later: a short line, then a way to reach them."""
    if at >= len(document.lines):
        return False
    line = document.lines[at]
    short = line.words <= 8 and not line.bullet and not line.text[:1].islower()
    return short and _reachable(document, at)


def _reachable(document: Document, at: int) -> bool:
    """Whether a way to reach somebody stands in the next lines."""
    text = " ".join(line.text for line in document.lines[at : at + 8])
    return bool(re.search(r"@|\+\d[\d ().-]{6,}", text))


def _is_intro(rest: str) -> bool:
    return rest.endswith(":") or (len(words_of(rest)) > 12 and "@" not in rest)


def _by_sentence(document: Document, at: int) -> Region | None:
    """A sentence that ends where addressees begin: "please write to these offices:"."""
    line, label = document.lines[at], document.labels[at]
    if label and label.name in DETAILS:
        return None
    text = line.text.rstrip()
    opens = text.endswith((":", "："))
    following = document.lines[at + 1] if at + 1 < len(document.lines) else None
    if not following or (not opens and not (following.after_gap and text[-1:].isalpha())):
        return None
    if not _addressee_at(document, at + 1):
        return None
    words = document.words[at][-18:]
    said = phrases("phrases").within(words, "addressing")
    if not opens:
        said = [(place, m) for place, m in said if place + m.size == len(words)]
    elif not said and not line.after_gap and at:
        words = document.words[at - 1][-12:] + words
        said = phrases("phrases").within(words, "addressing")
    points = opens and words[-1].text in _TO
    copies = opens and _of_copies(document, at)
    if (
        not said
        and not copies
        and not (opens and phrases("phrases").within(words, "call", *("appeal",) * points))
    ):
        return None
    kind = "copy" if _of_copies(document, at) else "to"
    return Region(kind, "copies_sentence" if kind == "copy" else "targets_sentence", at)


def _of_copies(document: Document, at: int) -> bool:
    return any(word.text[:4] in _COPY for word in document.words[at][:6])


def _addressee_at(  # noqa: PLR0911 - a ladder, the plainest sign first
    document: Document, at: int
) -> bool:
    """Whether a line can be the first of an addressee: it names somebody, or how to reach them."""
    if at >= len(document.lines):
        return False
    line, label = document.lines[at], document.labels[at]
    if label and label.name not in DETAILS and label.name not in {"targets", "copies"}:
        return False
    if is_greeting(document, at):
        return False
    parts = parts_of(line.text[:160])
    first = parts[0].what if parts else "other"
    if first in {"prose", "other"} and line.text[:1].islower():
        return False
    if re.search(r"@|\+\d[\d ().-]{6,}", line.text):
        return True
    # An entry that speaks of arrests and releases is a demand, whatever its letters.
    if line.bullet and line.words >= _SENTENCE_WORDS and says("risk", line.text):
        return False
    return first in {"name", "role", "body"} and (line.words <= 14 or len(parts) > 2)


def _in_mail_header(document: Document, at: int) -> bool:
    """Whether a line stands among From, Date and Subject of a mail that was passed on."""
    near = document.labels[max(at - 3, 0) : at] + document.labels[at + 1 : at + 4]
    return sum(label is not None and label.name in _HEADER for label in near) >= 2


def _fill(document: Document, region: Region, at: int, in_letter: set[int]) -> int:
    """Take the lines of a region; the line after it."""
    index = at + 1
    while index < len(document.lines):
        if index in in_letter or _closes(document, region, index):
            break
        line = document.lines[index]
        end, text = line.end, line.text
        # A bulleted addressee may run over several lines.
        while line.bullet and len(line.text) >= _WRAPS_AT and _continues(document, index + 1):
            index += 1
            end = document.lines[index].end
        if end != line.end:
            text = document.text[line.start : end].replace("\n", " ")
        region.pieces += _unglued(Piece(text, line.start, end, line.after_gap, line.bullet))
        index += 1
    return index


def _continues(document: Document, at: int) -> bool:
    if at >= len(document.lines):
        return False
    line = document.lines[at]
    return not line.bullet and not line.after_gap


def _closes(  # noqa: PLR0911 - a ladder, the plainest sign first
    document: Document, region: Region, at: int
) -> bool:
    line, label = document.lines[at], document.labels[at]
    if label and label.name in {"targets", "copies"} and label.strong:
        return (
            line.text.rstrip().endswith(":") or label.value_at >= len(line.text) or line.after_gap
        )
    if label and label.name in _ENDS and (label.strong or line.text.isupper()):
        return label.name != "demands" or not says("office", line.text)
    if is_greeting(document, at) or begins("formula", line.text):
        return True
    if at > region.head + 1 and opens_with_organisation(line.text):
        return True
    if line.bullet and re.search(r"@|\d{3}", line.text):
        return False
    words = document.words[at]
    said = phrases("phrases").within(words, "call", "after", "stop")
    if any(meaning.size > 1 for _, meaning in said) and line.words >= 4:
        return True
    if re.search(r"@|\d{3}", line.text):
        return False
    if begins("closing", line.text) and line.words <= 4:
        return True
    if line.words >= _PROSE_WORDS or (line.after_gap and kind_of(line.text) == "prose"):
        return True
    return _by_sentence(document, at) is not None and line.after_gap


def _unglued(piece: Piece) -> Iterator[Piece]:
    """Lines that lost the break between them: "+231 226482Liberian Mission"."""
    at = 0
    for match in re.finditer(r"(?<=[\d)])(?=[A-Z][a-z]{2,}\s)", piece.text):
        yield piece.cut(at, match.start())
        at = match.start()
    yield piece.cut(at, len(piece.text))
