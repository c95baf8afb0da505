"""An addressee in the making: the lines of it, how it is reached, and who it turns out to be."""

from __future__ import annotations

from dataclasses import dataclass, field

from app.intake.letter import LetterLines
from app.intake.lexicon import words_of
from app.intake.model import Number
from app.intake.naming import (
    Part,
)


@dataclass(frozen=True, slots=True)
class Piece:
    """A line, or a part of one, of an address list."""

    text: str
    start: int
    end: int
    after_gap: bool = False
    bullet: str = ""

    def cut(self, start: int, end: int) -> Piece:
        text = self.text[start:end]
        lead = len(text) - len(text.lstrip())
        begin = self.start + start + lead
        words = text.strip()
        return Piece(
            words,
            begin,
            begin + len(words),
            self.after_gap and start == 0,
            self.bullet if start == 0 else "",
        )


@dataclass(slots=True)
class Detail:
    """A value of an addressee: an address, a number, a form, a salutation."""

    name: str
    value: str
    start: int
    end: int
    number: Number | None = None
    doubt: str = ""


@dataclass(slots=True)
class Block:
    """One addressee in the making."""

    pieces: list[Piece] = field(default_factory=list)
    heads: list[Piece] = field(default_factory=list)
    details: list[Detail] = field(default_factory=list)
    reached: bool = False
    pending: str = ""
    kind: str = "to"
    reason: str = ""
    letter: LetterLines | None = None
    named: Part | None = None
    office: Part | None = None
    address: list[Part] = field(default_factory=list)

    @property
    def says_who(self) -> bool:
        return bool(self.named or self.office)

    @property
    def start(self) -> int:
        return self.pieces[0].start

    @property
    def end(self) -> int:
        return self.pieces[-1].end

    def same_as(self, other: Block) -> bool:
        mine, theirs = (_words(block.named) for block in (self, other))
        if mine and theirs:
            return mine <= theirs or theirs <= mine
        mine, theirs = (_words(block.office) for block in (self, other))
        return bool(mine and theirs) and (mine <= theirs or theirs <= mine)


def _words(part: Part | None) -> frozenset[str]:
    return frozenset(word.text for word in words_of(part.text)) if part else frozenset()
