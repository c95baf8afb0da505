"""Whom a document asks to be written to, read from the passages that say so and from letter heads."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from app.intake.blocks import Block, Piece, blocks_of
from app.intake.document import DETAILS, Document
from app.intake.letter import LetterLines, is_greeting
from app.intake.lexicon import begins, phrases, plain, says, words_of
from app.intake.naming import is_person, kind_of

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
_HEADER = frozenset({"organisation", "subject", "issued"})


@dataclass(slots=True)
class Region:
    """Lines that list addressees, and what the line above them says they are for."""

    kind: str
    reason: str
    head: int
    pieces: list[Piece] = field(default_factory=list)


def blocks_in(document: Document, letters: list[LetterLines]) -> list[Block]:
    """Every addressee of a document, those listed first, then those above letters."""
    in_letter = {at for letter in letters for at in range(letter.first, letter.last + 1)}
    blocks: list[Block] = []
    for region in _regions(document, in_letter):
        for block in blocks_of(region.pieces):
            block.kind, block.reason = region.kind, region.reason
            blocks.append(block)
    for letter in letters:
        above = _above(document, letter)
        if not above:
            continue
        same = next((other for other in blocks if other.same_as(above)), None)
        if same is None:
            above.letter = letter
            blocks.append(above)
        elif same.letter is None:
            same.letter = letter
    return [block for block in blocks if block.says_who]


def _regions(document: Document, in_letter: set[int]) -> Iterator[Region]:
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
    line, label = document.lines[at], document.labels[at]
    if label and label.name == "diplomatic":
        return Region("copy", "copies_heading", at)
    if label and label.name in {"targets", "copies"} and not _in_mail_header(document, at):
        opens = label.strong or line.text.rstrip().endswith((":", "："))
        if opens and (line.words <= 25 or line.text.rstrip().endswith(":")):
            kind = "copy" if label.name == "copies" or _of_copies(document, at) else "to"
            region = Region(kind, "copies_heading" if kind == "copy" else "targets_heading", at)
            rest = line.text[label.value_at :].strip()
            if rest and not _is_intro(rest):
                start = line.start + line.text.index(rest, label.value_at)
                region.pieces.append(Piece(rest, start, start + len(rest), after_gap=True))
            return region
    if label and label.name == "authors":
        return None
    return _by_sentence(document, at)


def _is_intro(rest: str) -> bool:
    return rest.endswith(":") or (len(words_of(rest)) > 12 and "@" not in rest)


def _by_sentence(document: Document, at: int) -> Region | None:
    """A sentence that ends where the addressees begin: "please write to the following addresses:"."""
    line = document.lines[at]
    text = line.text.rstrip()
    opens = text.endswith((":", "："))
    following = document.lines[at + 1] if at + 1 < len(document.lines) else None
    if not following or (not opens and not (following.after_gap and text[-1:].isalpha())):
        return None
    words = document.words[at][-16:]
    said = phrases("phrases").within(words, "addressing")
    if not opens:
        said = [(place, m) for place, m in said if place + m.size == len(words)]
    if not said and at and not line.after_gap:
        above = document.words[at - 1][-12:] + document.words[at][-12:]
        said = phrases("phrases").within(above, "addressing", "call") if opens else []
    if not said and not (opens and phrases("phrases").within(document.words[at], "call")):
        return None
    if not _looks_like_addresses(document, at + 1):
        return None
    kind = "copy" if _of_copies(document, at) else "to"
    return Region(kind, "copies_sentence" if kind == "copy" else "targets_sentence", at)


def _of_copies(document: Document, at: int) -> bool:
    words = document.words[at]
    return bool(phrases("labels").within(words, "copies")) or any(
        word.text[:4] in {"copi", "kopi"} for word in words[:6]
    )


def _looks_like_addresses(document: Document, at: int) -> bool:
    near = document.lines[at : at + 8]
    text = " ".join(line.text for line in near)
    return bool(re.search(r"@|\+?\d[\d ().-]{6,}", text)) or any(
        kind_of(line.text) in {"name", "role", "body"} for line in near[:3] if line.words <= 12
    )


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
        while line.bullet and _continues(document, index + 1):
            index += 1
            end = document.lines[index].end
        if line.bullet:
            text = document.text[line.start : end].replace("\n", " ")
        region.pieces += _unglued(Piece(text, line.start, end, line.after_gap, line.bullet))
        index += 1
    return index


def _continues(document: Document, at: int) -> bool:
    if at >= len(document.lines):
        return False
    line = document.lines[at]
    return not line.bullet and not line.after_gap


def _closes(document: Document, region: Region, at: int) -> bool:
    line, label = document.lines[at], document.labels[at]
    if label and label.name in {"targets", "copies"} and label.strong:
        return True
    if label and label.name in _ENDS and (label.strong or line.text.isupper()):
        return label.name != "demands" or not says("office", line.text)
    if is_greeting(document, at) or begins("formula", line.text):
        return True
    if line.bullet or re.search(r"@|\d{3}", line.text):
        return False
    if begins("closing", line.text) and line.words <= 4:
        return True
    if line.words >= _PROSE_WORDS:
        return True
    return _by_sentence(document, at) is not None and line.after_gap


def _unglued(piece: Piece) -> Iterator[Piece]:
    """Lines that lost the break between them: "+231 226482Liberian Mission"."""
    at = 0
    for match in re.finditer(r"(?<=[\d)])(?=[A-Z][a-z]{2,}\s)", piece.text):
        yield piece.cut(at, match.start())
        at = match.start()
    yield piece.cut(at, len(piece.text))


def _above(document: Document, letter: LetterLines) -> Block | None:
    """The address above a letter's greeting: the nearest lines that name an office or a person."""
    if letter.greeting is None:
        return None
    lines: list[int] = []
    for at in range(letter.greeting - 1, max(letter.greeting - 14, -1), -1):
        line, label = document.lines[at], document.labels[at]
        if line.words > 14 or (label and label.name not in DETAILS and label.strong):
            break
        if is_greeting(document, at) or begins("formula", line.text):
            break
        lines.insert(0, at)
    groups: list[list[int]] = []
    for at in lines:
        if not groups or document.lines[at].after_gap:
            groups.append([])
        groups[-1].append(at)
    for group in reversed(groups):
        texts = [document.lines[at].text for at in group]
        named = any(kind_of(text.split(",")[0]) in {"name", "role", "body"} for text in texts)
        if len(group) >= 2 and named:
            return _one_block(document, group)
    return None


def _one_block(document: Document, group: list[int]) -> Block | None:
    pieces = []
    for at in group:
        line = document.lines[at]
        pieces.append(Piece(line.text, line.start, line.end, after_gap=False))
    found = list(blocks_of(pieces))
    if not found:
        return None
    block = found[-1] if is_person(found[-1].pieces[0].text) else found[0]
    block.kind, block.reason = "to", "letter_head"
    return block


def bare_addresses(document: Document) -> Iterator[tuple[int, int]]:
    """Passages of sentences that ask to write to addresses named in the sentence itself."""
    for match in re.finditer(r"[^\n]+(?:\n[^\n]+)*", document.text):
        words = words_of(match[0])
        calls = phrases("phrases").within(words, "call", "addressing")
        if calls and "@" in match[0]:
            yield match.start(), match.end()


def names_copied(document: Document) -> Iterator[frozenset[str]]:
    """Words of prose after "with a copy to", which says of an addressee listed later what it is."""
    folded = plain(document.text)
    for match in re.finditer(
        r"\b(?:copy|copies|copie|copia|copias|kopie|copias?) (?:to|a|à|al|an|für)\b(.{10,90})",
        folded,
    ):
        yield frozenset(word.text for word in words_of(match[1]))
