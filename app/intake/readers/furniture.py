"""What belongs to pages and not to the text: running heads, page numbers, words cut in two."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from app.intake.readers.layout import Page

_EDGE = 3
_HEAD_AT_MOST = 120
_FIGURES = re.compile(r"\d+")
_PAGE_NUMBER = re.compile(
    r"[-–—\s|]*(?:(?:page|p\.|seite|página|pagina|pág\.|стр\.?|страница|sida|side|strona|sayfa|صفحه|صفحة)"
    r"\s*)?\d{1,3}(?:\s*(?:/|of|de|sur|von|di|van|av|из|z|od|من|از)\s*\d{1,3})?[-–—\s|]*",
    re.IGNORECASE,
)
_CUT = re.compile(r"([^\W\d_]{2,})[-\u2010]\n([^\W\d_]+)([.,;:!?»”)]*)[ ]?")
_ENDS = re.compile(r"[.!?:;»”\")\]…।。]\s*$")


def join_pages(pages: Sequence[Page]) -> tuple[str, int]:
    """One text of all pages, and how many lines of furniture were left out of it."""
    bodies = [[line.strip() for line in page.lines] for page in pages]
    bodies, removed = _without_heads(bodies)
    text = ""
    for body in bodies:
        whole = "\n".join(body).strip("\n")
        if not whole:
            continue
        text += _between(text, whole) + whole
    notes = [line for page in pages for line in page.notes if line.strip()]
    if notes:
        text += "\n\n" + "\n".join(notes)
    return _mended(text), removed


def _between(before: str, after: str) -> str:
    if not before:
        return ""
    goes_on = not _ENDS.search(before[-40:]) and after[:1].islower()
    return "\n" if goes_on or before.endswith(("-", "\u2010")) else "\n\n"


def _without_heads(bodies: list[list[str]]) -> tuple[list[list[str]], int]:
    """Without page numbers, and with a running head only where it stands first.

    The head of the first page often is the only place of a number or of the organisation's name.
    Furniture is what stands outermost: behind the first line that is none of it the text begins.
    """
    seen = Counter(
        (side, key)
        for body in bodies
        for side, at in _edges(body)
        for key in {_key(body[n]) for n in at}
    )
    often = {key for (_side, key), pages in seen.items() if pages >= 2 and pages * 2 > len(bodies)}
    kept: list[list[str]] = []
    told: set[str] = set()
    removed = 0
    for body in bodies:
        gone: set[int] = set()
        for _side, at in _edges(body):
            for number in at:
                line, key = body[number], _key(body[number])
                is_number = len(bodies) > 1 and bool(_PAGE_NUMBER.fullmatch(line))
                if not is_number and (key not in often or len(line) > _HEAD_AT_MOST):
                    break
                if is_number or key in told:
                    gone.add(number)
                told.add(key)
        removed += len(gone)
        kept.append([line for number, line in enumerate(body) if number not in gone])
    return kept, removed


def _edges(body: Sequence[str]) -> tuple[tuple[str, list[int]], ...]:
    """The first and the last lines of a page where a gap parts them from the text, outside in."""
    full = [number for number, line in enumerate(body) if line]
    return ("top", _apart(full)), ("bottom", _apart(full[::-1]))


def _apart(outside_in: Sequence[int]) -> list[int]:
    block = list(outside_in[:1])
    for number in outside_in[1 : _EDGE + 1]:
        if abs(number - block[-1]) > 1:
            return block
        block.append(number)
    return []


def _key(line: str) -> str:
    return _FIGURES.sub("#", " ".join(line.split()).casefold())


def _mended(text: str) -> str:
    """Words that were cut at the end of a line, whole again; a hyphen that belongs there stays."""

    def mend(cut: re.Match[str]) -> str:
        first, second, after = cut.groups()
        whole, parted = first + second, f"{first}-{second}"
        if not second[0].islower() or parted.casefold() in known:
            return f"{parted}{after}\n"
        return f"{whole}{after}\n"

    known = set(re.findall(r"[^\W\d_]+-[^\W\d_]+", text.casefold()))
    return _CUT.sub(mend, text)
