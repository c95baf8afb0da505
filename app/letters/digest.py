"""Many letters in one mail: a covering text with a list of names, and one file with the letters."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Final

from app.letters.bundle import Bundle
from app.letters.frames import figures, frame_language, words_round
from app.letters.handing import GROUP, Cover, cover_sheet, list_sheets
from app.letters.paper import Paper, print_letters
from app.letters.render import FinishedLetter, one_line

# An attachment grows by more than a third on its way, and Postfix takes mails of 10,240,000 bytes
# unless it is told otherwise: what is refused for its size would be refused for everybody in it.
FILE_AT_MOST: Final = 7_000_000
# What stands behind the letters: their names, and where each object of the file is.
_BYTES_A_NAME: Final = 200
_BYTES_AN_OBJECT: Final = 8
_BYTES_A_FRAME: Final = 200_000


@dataclass(frozen=True, slots=True)
class Gathered:
    """One file, and which of the letters it was given stand in it, by their place."""

    content: bytes
    letters: tuple[int, ...]
    names: tuple[str, ...]
    # Letters that cannot be printed: one of them must not keep the others.
    broken: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Covering:
    """What the mail itself says."""

    subject: str
    text: str


def gather(
    cover: Cover,
    letters: Iterable[FinishedLetter],
    *,
    paper: Paper = Paper.A4,
    at_most: int = FILE_AT_MOST,
) -> Gathered:
    """As many of the letters, in order, as make a file of the size; the same bytes each time.

    Their number stands on the cover, so the cover is set last and put in front.
    """
    words = words_round(cover.language)["handing"]
    bundle = Bundle(one_line(cover.campaign) or words["title"], cover.language)
    out = bytearray(bundle.begin())
    done, names, broken = list[int](), list[str](), list[int]()
    for group in _groups(letters):
        sound, printed = _printed(group, paper)
        broken += [place for place, _letter in group if place not in sound]
        if not printed:
            continue
        trial = copy.deepcopy(bundle)
        piece = trial.add(printed)
        behind = _BYTES_A_FRAME + trial.objects * _BYTES_AN_OBJECT
        behind += (len(names) + len(group)) * _BYTES_A_NAME
        if done and len(out) + len(piece) + behind > at_most:
            break
        bundle = trial
        out += piece
        done += sound
        names += [letter.writer or words["unnamed"] for place, letter in group if place in sound]
    for sheet in list_sheets(cover, names, paper):
        out += bundle.add(sheet)
    out += bundle.add(cover_sheet(replace(cover, letters=len(done)), paper), in_front=True)
    out += bundle.end()
    return Gathered(bytes(out), tuple(done), tuple(names), tuple(broken))


def covering(cover: Cover, names: Sequence[str], *, salutation: str, closing: str) -> Covering:
    """The mail that the file is attached to, in the language of the letters."""
    language = cover.language
    around = words_round(language)
    words, handing = around["digest"], around["handing"]
    matter = one_line(cover.campaign)
    number = figures(len(names), language)
    colon = "\u00a0:" if frame_language(language) == "fr" else ":"
    parts = (
        one_line(salutation),
        words["why"],
        words["file"],
        f"{handing['campaign']}{colon} {matter}\n{handing['letters']}{colon} {number}",
        words["names"],
        "\n".join(f"{figures(n, language)}. {one_line(name)}" for n, name in enumerate(names, 1)),
        words["ask"],
        one_line(closing),
        one_line(cover.organisation),
    )
    text = "\n\n".join(part for part in parts if part) + "\n"
    return Covering(one_line(words["subject"].format(campaign=matter)), text)


def _groups(letters: Iterable[FinishedLetter]) -> Iterator[list[tuple[int, FinishedLetter]]]:
    numbered = enumerate(letters)
    while group := list(islice(numbered, GROUP)):
        yield group


def _printed(group: list[tuple[int, FinishedLetter]], paper: Paper) -> tuple[list[int], bytes]:
    """The letters of a group that can be printed, by their place, and their sheets."""
    all_places = [place for place, _letter in group]
    printed = _tried(lambda: print_letters([letter for _place, letter in group], paper=paper))
    if printed:
        return all_places, printed
    sound = [each for each in group if _tried(lambda each=each: print_letters([each[1]]))]  # type: ignore[misc]
    if not sound:
        return [], b""
    return [place for place, _letter in sound], print_letters(
        [letter for _place, letter in sound], paper=paper
    )


def _tried(printing: Callable[[], bytes]) -> bytes:
    try:
        return printing()
    except RuntimeError:
        # What typst raises. Its words quote the letter, so nobody writes them down.
        return b""
