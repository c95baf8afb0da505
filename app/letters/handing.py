"""Letters that are handed over together: a cover, the letters, and a list of who wrote them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from app.core.i18n import text_direction
from app.letters.bundle import Bundle
from app.letters.frames import figures, words_round
from app.letters.paper import Paper, directed, print_job, print_letters, speech
from app.letters.render import FinishedLetter, one_line

# Fonts are in a file once, so larger groups make smaller files; a group is what is held in memory.
GROUP = 50
# Some 1,500 names fill thirty pages; more are set as the next ones.
_NAMES = 1500


@dataclass(frozen=True, slots=True)
class Cover:
    """What the cover says, in the language of the letters."""

    language: str
    to: tuple[str, ...]
    organisation: str
    campaign: str
    letters: int
    date: str


def hand_over(
    cover: Cover, letters: Iterator[FinishedLetter], paper: Paper = Paper.A4
) -> Iterator[tuple[int, bytes]]:
    """One PDF in pieces, each with the number of letters that are in the file by then.

    A writer is named in the list as under the letter, and nowhere else.
    """
    words = words_round(cover.language)["handing"]
    bundle = Bundle(one_line(cover.campaign) or words["title"], cover.language)
    yield 0, bundle.begin()
    yield 0, bundle.add(cover_sheet(cover, paper))
    names, done = list[str](), 0
    while group := _next(letters):
        done += len(group)
        names += [letter.writer or words["unnamed"] for letter in group]
        yield done, bundle.add(print_letters(group, paper=paper))
    for sheet in list_sheets(cover, names, paper):
        yield done, bundle.add(sheet)
    yield done, bundle.end()


def cover_sheet(cover: Cover, paper: Paper) -> bytes:
    """The sheet in front: to whom, from whom, about what, how many."""
    words = words_round(cover.language)["handing"]
    return _framed(cover, words["title"], paper, rows=_rows(cover, words))


def list_sheets(cover: Cover, names: Sequence[str], paper: Paper) -> Iterator[bytes]:
    """The list of the letters behind them, in files of so many names."""
    words = words_round(cover.language)["handing"]
    for start in range(0, len(names), _NAMES):
        part = names[start : start + _NAMES]
        yield _framed(cover, words["index"], paper, names=part, start=start)


def _next(letters: Iterator[FinishedLetter]) -> list[FinishedLetter]:
    return [letter for _place, letter in zip(range(GROUP), letters, strict=False)]


def _rows(cover: Cover, words: dict[str, str]) -> list[tuple[str, tuple[str, ...]]]:
    return [
        (words["to"], cover.to),
        (words["from"], (cover.organisation,)),
        (words["campaign"], (cover.campaign,)),
        (words["letters"], (figures(cover.letters, cover.language),)),
        (words["date"], (cover.date,)),
    ]


def _framed(
    cover: Cover,
    title: str,
    paper: Paper,
    *,
    rows: Sequence[tuple[str, tuple[str, ...]]] = (),
    names: Sequence[str] = (),
    start: int = 0,
) -> bytes:
    def written(mark: Any) -> dict[str, Any]:
        return {
            **speech(cover.language, text_direction(cover.language)),
            "paper": paper.value,
            "title": title,
            "start": start + 1,
            "rows": [
                {"label": label, "lines": [directed(mark(one_line(line))) for line in lines]}
                for label, lines in rows
                if any(lines)
            ],
            "names": [directed(mark(one_line(name))) for name in names],
        }

    return print_job("handing.typ", written)
