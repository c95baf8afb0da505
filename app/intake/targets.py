"""Whom a document asks to be written to: those it lists, and those its letters greet."""

from __future__ import annotations

import re
from collections.abc import Iterator

from app.intake.blocks import blocks_of
from app.intake.contacts import numbers_in
from app.intake.document import DETAILS, Document
from app.intake.entry import Block, Detail, Piece
from app.intake.heads import heads_of
from app.intake.letter import LetterLines, is_greeting
from app.intake.lexicon import phrases, plain, says, words_of
from app.intake.naming import Part, kind_of
from app.intake.regions import Region, regions

_HEADING_WORDS = 8
_EMBASSY = re.compile(
    r"embass|ambass|botschaft|embaj|embaix|konsul|consul|посольств|büyükelçi|velvyslan"
)


def blocks_in(document: Document, letters: list[LetterLines]) -> list[Block]:
    """Every addressee of a document, those listed first, then those above letters."""
    in_letter = {at for letter in letters for at in range(letter.first, letter.last + 1)}
    blocks: list[Block] = []
    for region in regions(document, in_letter):
        first = len(blocks)
        for block in blocks_of(region.pieces):
            block.kind, block.reason = region.kind, region.reason
            blocks.append(block)
        if len(blocks) > first:
            _from_sentence(document, region, blocks[first])
    if not blocks:
        blocks = _free(document, in_letter)
    for letter in letters:
        heads = heads_of(document, letter)
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
