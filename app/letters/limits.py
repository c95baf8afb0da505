"""A letter cut for a web form that takes only so many characters."""

from __future__ import annotations

import re
from dataclasses import dataclass

from app.letters.render import FinishedLetter, ParagraphKind

# The ends of sentences in the scripts that letters are written in. Chinese and Japanese put no
# space behind theirs.
_SENTENCE = re.compile(r"(?<=[.!?…؟։।])\s+|(?<=[。！？])")
# After these a stop ends no sentence; a cut there would leave half a name.
_SHORTENED = re.compile(r"(?:^|\s)(?:\w|Mr|Mrs|Ms|Dr|Prof|St|No|Nr|art|Art|M|Mme|Sr|Sra|им|ст)\.$")


@dataclass(frozen=True, slots=True)
class FittedText:
    """A letter for a form: what goes in, what had to stay out, and whether it fits at all."""

    text: str
    left_out: tuple[str, ...]
    fits: bool


def fitted_text(letter: FinishedLetter, at_most: int | None = None) -> FittedText:
    """The letter in at most so many characters, cut at the ends of sentences.

    Salutation, demands, closing and name always stay, for a letter without its demands asks
    nothing. Then come the writer's own words, then the campaign's from the first sentence on. A
    form counts a line break as two characters, so it counts as two here.
    """
    parts = [_Part(part.kind, tuple(sentences(part.text))) for part in letter.paragraphs]
    kept = [part.sentences if part.kind is ParagraphKind.DEMAND else () for part in parts]
    if at_most is None or _length(_text(letter, [part.sentences for part in parts])) <= at_most:
        return FittedText(letter.as_text(), (), fits=True)
    order = [
        (place, sentence)
        for kind in (ParagraphKind.OWN, ParagraphKind.TEXT)
        for place, part in enumerate(parts)
        if part.kind is kind
        for sentence in part.sentences
    ]
    for place, sentence in order:
        tried = [*kept]
        tried[place] = (*kept[place], sentence)
        if _length(_text(letter, tried)) > at_most:
            break  # what comes later may speak of what is missing
        kept = tried
    left_out = [
        sentence
        for part, stayed in zip(parts, kept, strict=True)
        for sentence in part.sentences[len(stayed) :]
    ]
    text = _text(letter, kept)
    return FittedText(text, tuple(left_out), fits=_length(text) <= at_most)


def sentences(text: str) -> list[str]:
    """A paragraph sentence by sentence."""
    found: list[str] = []
    for piece in _SENTENCE.split(text):
        if found and _SHORTENED.search(found[-1]):
            found[-1] = f"{found[-1]} {piece}"
        elif piece:
            found.append(piece)
    return found


@dataclass(frozen=True, slots=True)
class _Part:
    kind: ParagraphKind
    sentences: tuple[str, ...]


def _text(letter: FinishedLetter, kept: list[tuple[str, ...]]) -> str:
    # Demands are kept whole and in number, so they get the numbers they have in the letter.
    gap = "" if letter.language.partition("-")[0] in ("zh", "ja") else " "
    demands = sum(part.kind is ParagraphKind.DEMAND for part in letter.paragraphs)
    texts, number = list[str](), 0
    for part, stayed in zip(letter.paragraphs, kept, strict=True):
        if part.kind is ParagraphKind.DEMAND:
            number += 1
            texts.append(f"{number}. {part.text}" if demands > 1 else part.text)
        elif stayed:
            texts.append(gap.join(stayed))
    parts = (letter.salutation, *texts, letter.closing, letter.writer)
    return "\n\n".join([part for part in parts if part]) + "\n"


def _length(text: str) -> int:
    return len(text.rstrip("\n")) + text.rstrip("\n").count("\n")
