"""What may stand in a text that a person typed, and how it is compared."""

from __future__ import annotations

import re
import unicodedata

import regex

from app.core.errors import Refused

_BIDI_CONTROLS = frozenset(
    "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
)
# What is left of bytes that were no text, such as half a character.
_LOST = "\ufffd"
# Pasted along without anybody seeing it; the joiners, which scripts need, are not among them.
_UNSEEN = dict.fromkeys((0xAD, 0x180E, 0x200B, *range(0x2060, 0x2065), 0xFEFF))
_UNSEEN |= dict.fromkeys(range(0xE0000, 0xE0080))
_ENCODED_WORD = re.compile(r"=\?[^?]*\?[bqBQ]\?")
_COMBINING_AT_MOST = 4
# Every block of Unicode that holds letters from right to left: a quick no for all other scripts.
_RTL_BLOCKS = re.compile(
    "[\u0590-\u08ff\u200f\ufb1d-\ufdff\ufe70-\ufeff\U00010800-\U00010fff\U0001e800-\U0001efff]"
)
_DIRECTIONS = {"L": "ltr", "R": "rtl", "AL": "rtl"}


class BadCharacters(Refused):
    """The text holds something that no name or sentence needs and that could deceive."""

    code = "bad_characters"


def clean_line(text: str) -> str:
    """One line of typed text in NFC, spaces folded; refuses what could deceive a reader.

    Refused are control characters, line and paragraph separators, lone surrogates, bidirectional
    controls, piles of combining marks and encoded words (RFC 2047), which some mail libraries turn
    back into line breaks (CVE-2024-6923). What nobody sees and no script needs is dropped.
    """
    return " ".join(_checked(text).split())


def clean_text(text: str) -> str:
    """Several lines of typed text: as `clean_line`, with its line breaks kept."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return "\n".join(" ".join(_checked(line).split()) for line in lines).strip()


def fold(text: str) -> str:
    """For comparing: without case, accents of compatibility forms and doubled spaces."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def graphemes(text: str) -> int:
    """How many letters a reader sees, by the rules of Unicode (UAX 29)."""
    return len(regex.findall(r"\X", text))


def has_picture(text: str) -> bool:
    """Whether there is an emoji in it, which no font of ours and few offices can draw."""
    return regex.search(r"\p{Emoji_Presentation}|\p{Extended_Pictographic}", text) is not None


def first_direction(text: str) -> str:
    """Give "ltr" or "rtl", as its first letter that has a direction (UAX #9, P2); else empty."""
    kinds = (_DIRECTIONS.get(unicodedata.bidirectional(letter), "") for letter in text)
    return next(filter(None, kinds), "")


def has_direction(text: str, direction: str) -> bool:
    """Whether any letter of the text is written in the direction."""
    if direction == "rtl" and _RTL_BLOCKS.search(text) is None:
        return False
    return any(_DIRECTIONS.get(unicodedata.bidirectional(letter)) == direction for letter in text)


def isolated(text: str, direction: str) -> str:
    """A text that keeps its order in a line of the direction, and leaves that of the line alone.

    Only what holds letters of another direction gets the characters for it (UAX #9, FSI and PDI).
    """
    other = "ltr" if direction == "rtl" else "rtl"
    return f"\u2068{text}\u2069" if has_direction(text, other) else text


def _checked(text: str) -> str:
    text = unicodedata.normalize("NFC", text.replace("\t", " ").translate(_UNSEEN))
    marks = 0
    for letter in text:
        kind = unicodedata.category(letter)
        marks = marks + 1 if kind == "Mn" else 0
        if (
            kind in ("Cc", "Cs", "Zl", "Zp", "Co")
            or letter in _BIDI_CONTROLS
            or letter == _LOST
            or marks > _COMBINING_AT_MOST
        ):
            raise BadCharacters
    if _ENCODED_WORD.search(text):
        raise BadCharacters
    return text
