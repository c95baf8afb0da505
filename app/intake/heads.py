"""The addresses above a letter: whom it greets, and who gets a copy of it."""

from __future__ import annotations

from app.intake.blocks import blocks_of
from app.intake.document import DETAILS, Document
from app.intake.entry import Block, Piece
from app.intake.letter import LetterLines, is_greeting
from app.intake.lexicon import begins
from app.intake.naming import kind_of
from app.intake.organisations import names_organisation


def heads_of(document: Document, letter: LetterLines) -> list[Block]:
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
