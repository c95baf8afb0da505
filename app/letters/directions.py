"""The words of a letter as plain mail: names of another direction scramble no line of it.

A reader's program sees nothing but characters. The invisible ones that hold a name together
(Unicode UAX #9) are put into the body of a mail and nowhere else, and only where directions differ.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from app.core.text import first_direction, has_direction, isolated
from app.letters.render import NO_PASSAGE, FinishedLetter, Paragraph, ParagraphKind

_OTHER = {"ltr": "rtl", "rtl": "ltr"}
_MARKS = {"ltr": "\u200e", "rtl": "\u200f"}
_RTL = "\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff"
_ISOLATED = re.compile("\u2068[^\u2069]*\u2069")


def mail_text(letter: FinishedLetter) -> str:
    """The letter as the body of an e-mail, see `FinishedLetter.as_text`."""
    text = letter.as_text()
    if not has_direction(text, _OTHER[letter.direction]):
        return text
    names = _pattern(_foreign(letter))
    parts = [_line(letter.salutation, letter.direction, names)]
    for paragraph, body in zip(letter.paragraphs, letter.body(), strict=True):
        if _is_by_writer(paragraph) and first_direction(body) != letter.direction:
            # Whole sentences of the writer's, in a language of theirs.
            parts.append(isolated(body, letter.direction))
        else:
            parts.append(_line(body, letter.direction, names))
    parts += (_line(text, letter.direction, names) for text in (letter.closing, letter.writer))
    return "\n\n".join([part for part in parts if part]) + "\n"


def _is_by_writer(paragraph: Paragraph) -> bool:
    return paragraph.kind is ParagraphKind.OWN or paragraph.passage == NO_PASSAGE


def _foreign(letter: FinishedLetter) -> Iterator[str]:
    """The names in the letter that hold something of the other direction."""
    for name in (letter.writer, *letter.names):
        if has_direction(name, _OTHER[letter.direction]):
            yield name


def _pattern(names: Iterable[str]) -> re.Pattern[str] | None:
    # The longest first: a town is not to be found within the name of an office.
    known = sorted(set(names), key=lambda name: (-len(name), name))
    if not known:
        return None
    return re.compile(
        "|".join(f"(?<!{_same(name)}){re.escape(name)}(?!{_same(name[::-1])})" for name in known)
    )


def _same(name: str) -> str:
    """The letters that would make another word of a name if they stood before it.

    Arabic and Hebrew write and, to, for together with the next word, whatever its script.
    """
    return f"[{_RTL}]" if first_direction(name) == "rtl" else rf"[^\W{_RTL}]"


def _line(text: str, direction: str, names: re.Pattern[str] | None) -> str:
    """A line that reads in the letter's direction, whatever the names in it."""
    if not has_direction(text, _OTHER[direction]):
        return text
    if names is not None:
        text = names.sub(lambda found: isolated(found[0], direction), text)
    # Programs take the direction of a line from its first letter that has one. Those that know
    # isolates look past them, old ones look into them; a mark in front tells both.
    begins = {first_direction(_ISOLATED.sub("", text)), first_direction(text)}
    return text if begins == {direction} else _MARKS[direction] + text
