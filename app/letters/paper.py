"""Finished letters on paper: tagged PDF by typst, with the fonts that are shipped here.

One compiler is kept for the life of the process; a new one for each letter takes twice as long.
"""

from __future__ import annotations

import json
import re
import struct
import unicodedata
from collections.abc import Iterator, Sequence
from enum import StrEnum
from functools import cache
from itertools import groupby
from pathlib import Path
from threading import Lock
from typing import Any

import typst

from app.core.errors import Refused
from app.letters.render import FinishedLetter, one_line

_ROOM = Path(__file__).parent
_FONTS = _ROOM / "fonts"
# Families in the order paper.typ asks them; a character counts when every weight has it.
_FAMILIES = (
    ("GentiumPlus-Regular.ttf", "GentiumPlus-Bold.ttf"),
    ("DejaVuSans.ttf", "DejaVuSans-Bold.ttf"),
)
_LANGUAGE = re.compile(r"(?P<lang>[a-z]{2,3})(?:-[A-Za-z]{4})?(?:-(?P<region>[A-Za-z]{2}))?\b")
# Words longer than a line of an address, of a letter: they may be broken anywhere, or they would
# leave the sheet. ZERO WIDTH SPACE tells paper.typ where; it is not printed.
_TOO_LONG_FOR_ADDRESS = re.compile(r"[^ ]{28,}")
_TOO_LONG_FOR_LINE = re.compile(r"[^ ]{50,}")
_BREAK_EVERY = 8
_turn = Lock()


class Paper(StrEnum):
    """The sheets that are printed on, and with them the envelopes."""

    A4 = "a4"
    US_LETTER = "us-letter"


class GlyphsMissing(Refused):
    """The letter holds characters that no shipped font can draw; a box is no name."""

    code = "glyphs_missing"

    def __init__(self, characters: list[str]) -> None:
        super().__init__(" ".join(characters))
        self.characters = characters


def print_letters(
    letters: Sequence[FinishedLetter],
    *,
    paper: Paper = Paper.A4,
    sender: tuple[str, ...] = (),
) -> bytes:
    """One PDF with every letter on sheets of its own.

    The same letters give the same bytes: the file holds no clock time and no random number.
    """
    job = {
        "paper": paper.value,
        "sender": [_directed(one_line(line)) for line in sender],
        "letters": [_sheet(letter) for letter in letters],
    }
    words = json.dumps(job, ensure_ascii=False)
    if missing := missing_glyphs(words):
        raise GlyphsMissing(missing)
    with _turn:
        printed = _compiler().compile(
            format="pdf", sys_inputs={"job": words}, pdf_standards=["ua-1"]
        )
    assert isinstance(printed, bytes)  # a list is only for formats with one file a page
    return printed


def missing_glyphs(text: str) -> list[str]:
    """What none of the shipped fonts can draw, each once, in its order.

    A letter and the marks on it have to come from one font, so they are asked for together.
    """
    drawable = _coverage()
    found: dict[str, None] = {}
    # One family for all of it is the common case; only a mixture is looked at letter by letter.
    if any(family.issuperset(text) for family in drawable):
        return []
    for cluster in _clusters(text):
        if not any(family.issuperset(cluster) for family in drawable):
            found[cluster] = None
    return list(found)


def _sheet(letter: FinishedLetter) -> dict[str, Any]:
    tag = _LANGUAGE.match(letter.language)
    return {
        "lang": tag["lang"] if tag else "en",
        "region": tag["region"].upper() if tag and tag["region"] else None,
        "dir": letter.direction,
        "title": letter.subject or letter.salutation or letter.writer,
        "date": letter.date,
        "address": [_directed(line) for line in letter.address],
        "crowded": len(letter.address) > 6 or any(len(line) > 34 for line in letter.address),
        "short": _is_short(letter),
        "salutation": _soft(letter.salutation),
        "subject": _soft(letter.subject),
        "parts": [
            {
                "kind": kind.value,
                "texts": [_soft(paragraph.text) for paragraph in group],
            }
            for kind, group in groupby(letter.paragraphs, key=lambda paragraph: paragraph.kind)
        ],
        "closing": _soft(letter.closing),
        "writer": _soft(letter.writer),
    }


def _is_short(letter: FinishedLetter) -> bool:
    """Whether the letter is sure to fit one page, so that typst need not measure it first.

    Measuring lays everything out once more, which is a third of the time of a letter.
    """
    texts = [letter.subject, letter.closing, *(part.text for part in letter.paragraphs)]
    return sum(1.5 + len(text) // 65 for text in texts) <= 30


def _directed(line: str) -> dict[str, str]:
    """A line with the direction of its first letter that has one (Unicode UAX #9, P2)."""
    strong = (unicodedata.bidirectional(letter) for letter in line)
    first = next((kind for kind in strong if kind in ("L", "R", "AL")), "L")
    return {
        "text": _soft(line, _TOO_LONG_FOR_ADDRESS),
        "dir": "ltr" if first == "L" else "rtl",
    }


def _soft(text: str, too_long: re.Pattern[str] = _TOO_LONG_FOR_LINE) -> str:
    return too_long.sub(_in_pieces, text)


def _in_pieces(word: re.Match[str]) -> str:
    clusters = list(_clusters(word[0]))
    starts = range(0, len(clusters), _BREAK_EVERY)
    return "\u200b".join("".join(clusters[start : start + _BREAK_EVERY]) for start in starts)


def _clusters(text: str) -> Iterator[str]:
    cluster = ""
    for letter in text:
        if cluster and not unicodedata.category(letter).startswith("M"):
            yield cluster
            cluster = ""
        cluster += letter
    if cluster:
        yield cluster


@cache
def _compiler() -> typst.Compiler:
    fonts = typst.Fonts(
        include_system_fonts=False, include_embedded_fonts=False, font_paths=[_FONTS]
    )
    # A path and not bytes: given bytes, a kept compiler fails from its second letter on.
    return typst.Compiler(_ROOM / "paper.typ", root=_ROOM, font_paths=fonts)


@cache
def _coverage() -> tuple[frozenset[str], ...]:
    return tuple(
        frozenset.intersection(*(_characters(_FONTS / name) for name in family))
        for family in _FAMILIES
    )


def _characters(path: Path) -> frozenset[str]:
    """The characters a font file has glyphs for, read from its segmented coverage (cmap, 12)."""
    font = path.read_bytes()
    tables = dict(
        struct.unpack_from(">4s4xL", font, 12 + 16 * number)
        for number in range(*struct.unpack_from(">H", font, 4))
    )
    cmap = tables[b"cmap"]
    for number in range(*struct.unpack_from(">H", font, cmap + 2)):
        table = cmap + struct.unpack_from(">4xL", font, cmap + 4 + 8 * number)[0]
        if struct.unpack_from(">H", font, table) == (12,):
            groups = struct.unpack_from(">L", font, table + 12)[0]
            spans = struct.iter_unpack(">LL4x", font[table + 16 : table + 16 + 12 * groups])
            return frozenset(chr(code) for first, last in spans for code in range(first, last + 1))
    raise ValueError(f"{path.name} has no full coverage table")
