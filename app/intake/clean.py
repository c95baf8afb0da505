"""The text as it is read: repaired, without markup, each character knowing where it stood."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from app.intake.lookalikes import in_one_script
from app.intake.mojibake import repaired_bytes, repaired_letters

_SPACES = dict.fromkeys(map(ord, "\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006"), " ")
_SPACES |= dict.fromkeys(map(ord, "\u2007\u2008\u2009\u200a\u202f\u205f\u3000\t\x0b"), " ")
_SPACES |= dict.fromkeys(map(ord, "\x0c\u2028\u2029\x85\x1c\x1d\x1e"), "\n")
_SPACES |= {ord("¦"): "|", ord("´"): "'", ord("`"): "'"}

# Nobody sees them, and no rule may stumble over them. The joiners stay: Persian needs them.
_UNSEEN = re.compile("[\u00ad\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufffe\x00]+")
_BREAKS = re.compile(r"\r\n?")
# Marks of a mail that was answered or forwarded, before every line of it.
_QUOTED = re.compile(r"^[ ]?(?:[>|][ ]?)+", re.MULTILINE)
_HEADING = re.compile(r"^#{1,6}[ ]+", re.MULTILINE)
_LINK = re.compile(r"!?\[([^\]\n]{1,300})\]\(([^()\s]{1,500}(?:\([^()\s]*\)[^()\s]*)?)\)")
_EMPHASIS = re.compile(r"\*{1,3}|(?<!\w)_{1,3}(?=\w)|(?<=\w)_{1,3}(?!\w)|\\(?=[*_#.\-\[\]])")
_EDGE_STAR = re.compile(r"(?m)^(?P<bullet>[ ]*\*[ ]+)")
_ANGLED = re.compile(r"<(?:mailto:)?([^<>\s]+@[^<>\s]+|https?://[^<>\s]+)>")


@dataclass(frozen=True, slots=True)
class Clean:
    """A text to read rules over, and for each of its characters the place in the text handed in."""

    text: str
    origin: list[int]
    changes: frozenset[str]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The range in the text handed in that the range of the clean text was read from."""
        if start >= end:
            return self.origin[start], self.origin[start]
        return self.origin[start], self.origin[end - 1] + 1


class _Work:
    """A text under repair; every step keeps the places."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.origin = list(range(len(text) + 1))
        self.changes: set[str] = set()

    def same_length(self, text: str, change: str = "") -> None:
        if change and text != self.text:
            self.changes.add(change)
        self.text = text

    def replace(
        self, pattern: re.Pattern[str], by: Callable[[re.Match[str]], str], change: str = ""
    ) -> None:
        pieces: list[str] = []
        origin: list[int] = []
        at = 0
        for match in pattern.finditer(self.text):
            new = by(match)
            if new == match[0]:
                continue
            pieces += (self.text[at : match.start()], new)
            origin += self.origin[at : match.start()]
            inside = match[0].find(new)
            first = match.start() + max(inside, 0)
            last = match.end() - 1
            step = 1 if inside >= 0 else 0
            origin += [self.origin[min(first + step * i, last)] for i in range(len(new))]
            at = match.end()
            if change:
                self.changes.add(change)
        if not at:
            return
        self.text = "".join([*pieces, self.text[at:]])
        self.origin = origin + self.origin[at:]


def clean(text: str) -> Clean:
    """Repair what is certain (wrong encodings, look-alike letters), drop quoting and markup."""
    work = _Work(text)
    work.same_length(repaired_letters(work.text), "wrong_encoding")
    work.replace(*repaired_bytes(), change="wrong_encoding")
    work.replace(_BREAKS, lambda _: "\n")
    work.replace(_UNSEEN, lambda _: "")
    work.same_length(work.text.translate(_SPACES))
    if len(_QUOTED.findall(work.text)) >= 3:
        work.replace(_QUOTED, lambda _: "")
    work.replace(_HEADING, lambda _: "")
    work.replace(_LINK, _link_text)
    work.replace(_ANGLED, lambda match: match[1])
    work.replace(_EDGE_STAR, lambda match: match[0].replace("*", "•"))
    work.replace(_EMPHASIS, lambda _: "")
    work.same_length(in_one_script(work.text), "look_alikes")
    return Clean(work.text, work.origin, frozenset(work.changes))


def _link_text(match: re.Match[str]) -> str:
    """What a link shows, and where it leads if that is more than what it shows."""
    shown, address = match[1], match[2]
    bare = address.removeprefix("mailto:")
    return shown if bare in shown or address.startswith("#") else f"{shown} {bare}"
