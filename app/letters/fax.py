"""A finished letter as a fax: a cover and the letter, safe at 200 dots an inch."""

from __future__ import annotations

from typing import Any

from app.letters.frames import words_round
from app.letters.paper import Marker, Paper, directed, print_job, sheet_of
from app.letters.render import FinishedLetter, one_line


def print_fax(letter: FinishedLetter, number: str = "", *, paper: Paper = Paper.A4) -> bytes:
    """Cover and letter in black on white; `number` is the fax number of the office."""
    return print_job("fax.typ", lambda mark: _fax(letter, one_line(number), paper, mark))


def _fax(letter: FinishedLetter, number: str, paper: Paper, mark: Marker) -> dict[str, Any]:
    words = words_round(letter.language)["fax"]
    sheet = sheet_of(letter, mark)
    rows = (
        ("to", letter.address),
        ("number", (number,)),
        ("from", (letter.writer,)),
        ("date", (letter.date,)),
        ("subject", (letter.subject,)),
    )
    return {
        "paper": paper.value,
        "letter": sheet,
        "words": words,
        "rows": [
            {"kind": kind, "label": words[kind], "lines": [directed(mark(line)) for line in lines]}
            for kind, lines in rows
            if any(lines)
        ]
        + [{"kind": "pages", "label": words["pages"], "lines": []}],
    }
