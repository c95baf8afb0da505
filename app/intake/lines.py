"""The clean text as lines: numbered, with their bullets taken off and page furniture marked."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from app.intake.dates import months
from app.intake.lexicon import plain

_BULLET = re.compile(
    r"[ ]*(?:(?P<number>[(]?(?:\d{1,2}|[ivx]{1,4}|[a-hа-д])[.)](?!\d))[ ]+"
    r"|(?P<mark>[•·∙●▪■◦‣➢➤►❖✓*\ue000-\uf8ff]|o(?=[ ]{2})|(?:--?|[–—])(?=[ ]|[^\W\d_]))[ ]*)"
)
_PAGE = re.compile(
    r"(?:(?:page|seite|p[aá]gina|pagina|strona|страница|стор\.?|sayfa|sida|side|stran[ay]|oldal)"
    r"\s*)?[-–—]?\s*\d{1,4}\s*[-–—]?(?:\s*(?:/|of|sur|von|de|di|van|z|из|av|af)\s*\d{1,4})?",
    re.IGNORECASE,
)
_APART = re.compile(r"(?<=\S\S\S) {4,}(?=\S)")
# A running head is said on four pages at least, and is neither a word nor a paragraph.
_HEADS_LEAST = 4
_HEAD_LEAST, _HEAD_MOST = 12, 90
_INDENTED = re.compile(r"^ (?=\S)", re.MULTILINE)
_RULE = re.compile(r"[-=_*~#+.·•\s]{3,}")


@dataclass(slots=True)
class Line:
    """One line of the clean text without indent and bullet; `start` and `end` are of its words."""

    number: int
    start: int
    end: int
    text: str
    bullet: str = ""
    after_gap: bool = False
    furniture: bool = False

    @property
    def words(self) -> int:
        return len(self.text.split())


def lines_of(text: str) -> list[Line]:
    """Every line that says something; page numbers and running heads are marked, not dropped."""
    found: list[Line] = []
    gap = True
    indented = 3 * len(_INDENTED.findall(text)) > text.count("\n")
    for raw, begin in _columns(text):
        stripped = raw.strip()
        if not stripped or _RULE.fullmatch(stripped):
            gap = True
            continue
        lead = len(raw) - len(raw.lstrip())
        bullet = _BULLET.match(raw)
        mark = ""
        if bullet and bullet.end() < len(raw.rstrip()) and not _is_day(bullet, raw):
            mark, lead = (bullet["number"] or bullet["mark"]), bullet.end()
        elif gap and lead == 1 and not indented and raw[:1] == " ":
            # A list whose marks were lost on the way: each entry keeps the space after its mark.
            mark = "•"
        end = begin + len(raw.rstrip())
        start = begin + lead
        found.append(Line(len(found), start, end, text[start:end], mark, after_gap=gap))
        gap = False
    _mark_furniture(found)
    return found


def _columns(text: str) -> Iterator[tuple[str, int]]:
    """The lines of a text with their places; what stands far apart in one is two."""
    at = 0
    for raw in text.split("\n"):
        begin = 0
        for match in _APART.finditer(raw):
            yield raw[begin : match.start() + 1], at + begin
            begin = match.end()
        yield raw[begin:], at + begin
        at += len(raw) + 1


def _is_day(bullet: re.Match[str], raw: str) -> bool:
    """Whether a number and a point begin a date: "16. April"."""
    word = re.match(r"[^\W\d_]+", raw[bullet.end() :])
    return bool(bullet["number"] and word and plain(word[0]) in months())


def _mark_furniture(lines: list[Line]) -> None:
    """A line that comes again and again, digits aside, is a running head; so is a page number."""
    shapes = Counter(_shape(line) for line in lines if len(line.text) <= _HEAD_MOST)
    seen: set[str] = set()
    for line in lines:
        shape = _shape(line)
        again = shape in seen and shapes[shape] >= _HEADS_LEAST and len(line.text) > _HEAD_LEAST
        line.furniture = (bool(_PAGE.fullmatch(line.text)) and not line.bullet) or (
            again and "@" not in line.text
        )
        seen.add(shape)


def _shape(line: Line) -> str:
    return re.sub(r"\d+", "0", line.text.casefold())
