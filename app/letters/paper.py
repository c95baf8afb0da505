"""Finished letters on paper: tagged PDF by typst, with the fonts that are shipped here.

One compiler is kept for the life of the process; a new one for each letter takes twice as long.
"""

from __future__ import annotations

import io
import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from enum import StrEnum
from functools import cache
from itertools import groupby
from pathlib import Path
from threading import Lock
from typing import Any

import typst
from pypdf import PdfReader

from app.core.i18n import text_direction
from app.core.text import first_direction
from app.letters.fonts import clusters, families_of, missing_glyphs, named, typst_fonts
from app.letters.frames import figures, frame_language, words_round
from app.letters.render import FinishedLetter, one_line

_ROOM = Path(__file__).parent
_LANGUAGE = re.compile(r"(?P<lang>[a-z]{2,3})(?:-[A-Za-z]{4})?(?:-(?P<region>[A-Za-z]{2}))?\b")
# Words longer than a line of an address, of a letter: they may be broken anywhere, or they would
# leave the sheet. ZERO WIDTH SPACE tells paper.typ where; it is not printed.
_TOO_LONG_FOR_ADDRESS = re.compile(r"[^ ]{28,}")
_TOO_LONG_FOR_LINE = re.compile(r"[^ ]{50,}")
_SHORTEST_TOO_LONG = 28
_BREAK_EVERY = 8
# What a letter is set in, in points, until it fits its page.
_SIZES = (11, 10.5, 10)
_PAGES = re.compile(rb"%PDF-[^/]{,40}<</Type/Pages/Count (\d+)")
_turn = Lock()


class Paper(StrEnum):
    """The sheets that are printed on, and with them the envelopes."""

    A4 = "a4"
    US_LETTER = "us-letter"


# Where letters are written on Letter-sized paper (CLDR, supplemental "paperSize" data).
_WRITE_ON_LETTER = frozenset(
    ("BZ", "CA", "CL", "CO", "CR", "GT", "MX", "NI", "PA", "PH", "PR", "SV", "US", "VE")
)


def paper_in(country: str) -> Paper:
    """The paper that is bought in a country."""
    return Paper.US_LETTER if country in _WRITE_ON_LETTER else Paper.A4


def print_letters(
    letters: Sequence[FinishedLetter],
    *,
    paper: Paper = Paper.A4,
    sender: tuple[str, ...] = (),
) -> bytes:
    """One PDF with every letter on sheets of its own.

    The same letters give the same bytes: the file holds no clock time and no random number.

    One page is what an office reads: a letter a little too long is set a little smaller. Whether it
    is too long is seen in the file, for letting typst measure first costs each letter twice.
    """
    lines = tuple(one_line(line) for line in sender)
    tries = [0] * len(letters)

    def job(mark: Marker) -> dict[str, Any]:
        return {
            "paper": paper.value,
            "sender": [directed(mark(line)) for line in lines],
            "letters": [
                {**sheet_of(letter, mark), **_try(letter, number)}
                for letter, number in zip(letters, tries, strict=True)
            ],
        }

    while True:
        printed = print_job("paper.typ", job)
        spilled = [
            place
            for place, pages in enumerate(_pages_each(printed, len(letters)))
            if pages > 1 and tries[place] < len(_SIZES)
        ]
        if not spilled:
            return printed
        for place in spilled:
            tries[place] += 1


def _try(letter: FinishedLetter, number: int) -> dict[str, Any]:
    """In which size a letter is set, and what its only page says of its number.

    A letter that is too long in every size has the largest, and pages that count themselves.
    """
    if number == len(_SIZES):
        return {"size": _SIZES[0], "single": None}
    one = figures(1, letter.language)
    page = words_round(letter.language)["page"]
    return {"size": _SIZES[number], "single": page.format(page=one, pages=one)}


def _pages_each(printed: bytes, letters: int) -> list[int]:
    """How many pages each letter takes."""
    # The first object of a file by typst says it of all; to read the rest takes pypdf a while.
    total = _PAGES.match(printed)
    if total and int(total[1]) == letters:
        return [1] * letters
    reader = PdfReader(io.BytesIO(printed))
    if letters == 1:
        return [len(reader.pages)]
    # The signs before the numbers of pages alternate from letter to letter.
    labels = reader.page_labels
    return [sum(1 for _ in pages) for _, pages in groupby(labels, key=lambda label: label[0])]


def print_job(source: str, job: Callable[[Marker], dict[str, Any]]) -> bytes:
    """Set one of our sheets. `job` makes the data of it and is told how to write what no font has.

    Nothing refuses to be printed: a box would be no name, so a character without a glyph is
    replaced by a mark, and the sheet says what stood there.
    """
    words = json.dumps(job(Marker({})), ensure_ascii=False)
    names = families_of(set(words))
    # What one family has all of misses nothing.
    if len(names) > 1 and (missing := missing_glyphs(words)):
        marker = Marker({cluster: _mark(place, missing) for place, cluster in enumerate(missing)})
        words = json.dumps(job(marker), ensure_ascii=False)
    with _turn:
        printed = _compiler(source).compile(
            format="pdf",
            sys_inputs={"job": words, "fonts": json.dumps(names)},
            pdf_standards=["ua-1"],
        )
    assert isinstance(printed, bytes)  # a list is only for formats with one file a page
    return printed


class Marker:
    """Writes a mark for each character that no font can draw, and knows what it has replaced."""

    def __init__(self, marks: dict[str, str]) -> None:
        self._marks = marks

    def __call__(self, text: str) -> str:
        if not self._marks:
            return text
        return "".join(self._marks.get(cluster, cluster) for cluster in clusters(text))

    def notes(self, *texts: str) -> list[str]:
        """What stood in these texts, each with its mark, number and name."""
        if not self._marks:
            return []
        used = {cluster for text in texts for cluster in clusters(text)}
        return [f"{mark} {named(old)}" for old, mark in self._marks.items() if old in used]


def _mark(place: int, missing: list[str]) -> str:
    return "(?)" if len(missing) == 1 else f"(?{place + 1})"


def sheet_of(letter: FinishedLetter, mark: Marker) -> dict[str, Any]:
    """A letter as the data of a printed sheet."""
    notes = mark.notes(*_texts(letter))
    if notes:
        letter = _marked(letter, mark)
    around = words_round(letter.language)
    return {
        **speech(letter.language, letter.direction),
        "title": letter.subject or letter.salutation or letter.writer,
        "date": letter.date,
        "address": [directed(line) for line in letter.address],
        "crowded": sum(map(_rows, letter.address)) > 6,
        "salutation": soft(letter.salutation),
        "subject": soft(letter.subject),
        "parts": [
            {
                "kind": kind.value,
                "texts": [soft(paragraph.text) for paragraph in group],
            }
            for kind, group in groupby(letter.paragraphs, key=lambda paragraph: paragraph.kind)
        ],
        "closing": soft(letter.closing),
        "writer": soft(letter.writer),
        "missing": around["missing"] if notes else "",
        "notes": notes,
    }


@cache
def speech(language: str, direction: str) -> Mapping[str, Any]:
    """What a sheet has to know of a letter's language, with the words that count its pages."""
    tag = _LANGUAGE.match(language)
    return {
        "lang": tag["lang"] if tag else "en",
        "region": tag["region"].upper() if tag and tag["region"] else None,
        "dir": direction,
        "page": words_round(language)["page"],
        # The words round a letter in Swahili are English ones.
        "page-lang": frame_language(language),
        "page-dir": text_direction(frame_language(language)),
        "figures": [figures(number, language) for number in range(10)],
    }


def _texts(letter: FinishedLetter) -> tuple[str, ...]:
    texts = (paragraph.text for paragraph in letter.paragraphs)
    return (
        letter.date,
        *letter.address,
        letter.salutation,
        letter.subject,
        *texts,
        letter.closing,
        letter.writer,
    )


def _marked(letter: FinishedLetter, mark: Marker) -> FinishedLetter:
    return replace(
        letter,
        date=mark(letter.date),
        address=tuple(mark(line) for line in letter.address),
        salutation=mark(letter.salutation),
        subject=mark(letter.subject),
        paragraphs=tuple(replace(part, text=mark(part.text)) for part in letter.paragraphs),
        closing=mark(letter.closing),
        writer=mark(letter.writer),
    )


def _rows(line: str) -> int:
    """How many rows of an address a line takes at most; to measure them takes typst longer."""
    return 1 if len(line) <= 34 else math.ceil(len(line) / 24)


def directed(line: str) -> dict[str, str]:
    """A line with the direction of its first letter that has one (Unicode UAX #9, P2)."""
    return {"text": soft(line, _TOO_LONG_FOR_ADDRESS), "dir": first_direction(line) or "ltr"}


def soft(text: str, too_long: re.Pattern[str] = _TOO_LONG_FOR_LINE) -> str:
    """A text whose words of more than a line may be broken."""
    if max(map(len, text.split(" "))) < _SHORTEST_TOO_LONG:
        return text
    return too_long.sub(_in_pieces, text)


def _in_pieces(word: re.Match[str]) -> str:
    parts = list(clusters(word[0]))
    starts = range(0, len(parts), _BREAK_EVERY)
    return "\u200b".join("".join(parts[start : start + _BREAK_EVERY]) for start in starts)


@cache
def _compiler(source: str) -> typst.Compiler:
    # A path and not bytes: given bytes, a kept compiler fails from its second letter on.
    return typst.Compiler(_ROOM / source, root=_ROOM, font_paths=typst_fonts())
