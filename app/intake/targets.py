"""Whom a document asks to be written to, read from the passages that say so and from letter heads."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from app.intake.blocks import Block, Detail, Piece, blocks_of
from app.intake.contacts import numbers_in
from app.intake.document import DETAILS, Document, Label
from app.intake.letter import LetterLines, is_greeting
from app.intake.lexicon import begins, phrases, plain, says, words_of
from app.intake.naming import Part, kind_of, parts_of
from app.intake.organisations import names_organisation, opens_with_organisation

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
_HEADING_WORDS = 8
_SENTENCE_WORDS = 6
_COPY = frozenset({"copi", "kopi", "копи", "копі", "kopy", "αντι", "másol"})
_TO = frozenset(
    "to a an aan naar till til do para pour na per adrese προς по адрес адресом إلى به".split()
)
_EMBASSY = re.compile(
    r"embass|ambass|botschaft|embaj|embaix|konsul|consul|посольств|büyükelçi|velvyslan"
)
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
        first = len(blocks)
        for block in blocks_of(region.pieces):
            block.kind, block.reason = region.kind, region.reason
            blocks.append(block)
        if len(blocks) > first:
            _from_sentence(document, region, blocks[first])
    if not blocks:
        blocks = _free(document, in_letter)
    for letter in letters:
        heads = _above(document, letter)
        told = {id(block): _known(blocks, block) for block in heads}
        for block in heads:
            if told[id(block)] is None:
                blocks.append(block)
        greeted = [told[id(block)] or block for block in heads]
        plain_heads = [block for block in greeted if not is_embassy(block)]
        for block in (plain_heads or greeted)[-1:]:
            block.letter = block.letter or letter
    return [block for block in blocks if block.says_who]


def _free(document: Document, in_letter: set[int]) -> list[Block]:
    """Addresses that nothing announces: short lines that name an office and how it is reached."""
    if not any(phrases("phrases").within(words, "call") for words in document.words):
        return []
    found: list[Block] = []
    run: list[int] = []
    closed = False
    for at in range(len(document.lines) + 1):
        if at < len(document.lines) and _stands_in_address(document, at, in_letter):
            run.append(at)
            continue
        label = document.labels[at] if at < len(document.lines) else None
        if run and not closed:
            found += _blocks_of_run(document, run)
        short = at < len(document.lines) and document.lines[at].words <= _HEADING_WORDS
        closed = bool(label and label.name == "authors" and label.strong and short)
        run = []
    return found


def _stands_in_address(document: Document, at: int, in_letter: set[int]) -> bool:
    line, label = document.lines[at], document.labels[at]
    if at in in_letter or is_greeting(document, at):
        return False
    if label and label.strong and label.name not in DETAILS:
        return False
    if phrases("phrases").within(document.words[at], "call"):
        return False
    return line.words <= 12 and kind_of(line.text) != "prose" and not line.text.endswith("!")


def _blocks_of_run(document: Document, run: list[int]) -> list[Block]:
    lines = [document.lines[at] for at in run]
    first = next((n for n, line in enumerate(lines) if says("office", line.text)), None)
    if first is None:
        return []
    if first and kind_of(lines[first - 1].text) == "name":
        first -= 1
    pieces = [Piece(x.text, x.start, x.end, x.after_gap, x.bullet) for x in lines[first:]]
    blocks = [block for block in blocks_of(pieces) if block.details and block.says_who]
    for block in blocks:
        block.kind, block.reason = "to", "address_block"
    return blocks


def _from_sentence(document: Document, region: Region, block: Block) -> None:
    """What the sentence above an addressee says of it: a number, the embassy it is at."""
    line = document.lines[region.head]
    if not region.reason.endswith("sentence"):
        return
    if not any(detail.number for detail in block.details):
        for number, start, end in numbers_in(line.text, None):
            near = words_of(line.text[max(0, start - 70) : start])
            said = phrases("labels").within(near, "phone", "fax")
            if said and said[-1][1].size == 1 and len(near[said[-1][0]].text) > 2:
                name = said[-1][1].name
                first, last = line.start + start, line.start + end
                block.details.append(Detail(name, number.text, first, last, number))
    embassy = re.search(
        r"(?:[A-Z][\w-]+ )?(?:Embassy|Ambassade|Botschaft|Embajada|Ambasciata)[^:,.]*", line.text
    )
    if embassy and block.named and not block.office:
        block.office = Part(embassy[0].strip(), line.start + embassy.start(), "role")


def _known(blocks: list[Block], block: Block) -> Block | None:
    return next((other for other in blocks if other.same_as(block)), None)


def is_embassy(block: Block) -> bool:
    said = " ".join(part.text for part in (block.named, block.office) if part)
    return bool(_EMBASSY.search(plain(said)))


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
        start = line.start + line.text.index(rest, label.value_at)
        region.pieces.append(Piece(rest, start, start + len(rest), after_gap=True))
    elif not _addressee_at(document, at + 1) and not _leads_on(document, at + 1):
        return None
    return region


def _leads_on(document: Document, at: int) -> bool:
    """Whether addressees may begin a line later: a short line first, and a way to reach them soon."""
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
    """A sentence that ends where the addressees begin: "please write to the following addresses:"."""
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


def _addressee_at(document: Document, at: int) -> bool:
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


def _closes(document: Document, region: Region, at: int) -> bool:
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


def _above(document: Document, letter: LetterLines) -> list[Block]:
    """The addresses above a letter's greeting, the one it greets last."""
    if letter.greeting is None:
        return []
    groups: list[list[int]] = []
    for at in range(letter.greeting - 1, max(letter.greeting - 18, -1), -1):
        line, label = document.lines[at], document.labels[at]
        if line.words > 14 or is_greeting(document, at) or begins("formula", line.text):
            break
        if label and label.name in {"subject", "issued"} and label.strong:
            continue
        if label and label.name not in DETAILS and label.strong:
            break
        if not groups or document.lines[at + 1].after_gap:
            groups.insert(0, [])
        groups[0].insert(0, at)
    found = []
    for group in groups:
        texts = [document.lines[at].text for at in group]
        named = any(kind_of(text.split(",")[0]) in {"name", "role", "body"} for text in texts)
        if len(group) >= 2 and named and (block := _one_block(document, group)):
            found.append(block)
    return found


def _one_block(document: Document, group: list[int]) -> Block | None:
    """The lines from the person or the office on; what stands right above is not of the address."""
    kinds = [kind_of(document.lines[at].text.split(",")[0]) for at in group]
    titled = [
        index
        for index, at in enumerate(group)
        if kinds[index] == "name" and begins("title", document.lines[at].text)
    ]
    first = titled[-1] if titled else 0
    top = document.lines[group[0]].text
    if kinds[0] in {"role", "body"} and not names_organisation(top):
        first = 0
    while first and kinds[first - 1] == "role":
        first -= 1
    pieces = []
    for at in group[first:]:
        line = document.lines[at]
        if not any(True for _ in document.days_of(line.start, line.end)):
            pieces.append(Piece(line.text, line.start, line.end, after_gap=False))
    found = list(blocks_of(pieces))
    if not found:
        return None
    found[0].kind, found[0].reason = "to", "letter_head"
    return found[0]


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
