"""How a writer stands under a letter: by name, by initials and town, or by a description. Pure.

What is not to stand there is not kept either: of somebody who signs as a teacher in Lisbon we have
no name.
"""

from __future__ import annotations

from enum import StrEnum

import regex

_PARTS = regex.compile(r"[\s\p{Pd}]+")


class Appearance(StrEnum):
    """What the authority reads under the letter."""

    NAME = "name"
    INITIALS = "initials"
    ALIAS = "alias"


def signed_as(appearance: Appearance, *, name: str, town: str, alias: str) -> str:
    """The line under the letter."""
    if appearance is Appearance.ALIAS:
        return alias
    if appearance is Appearance.INITIALS:
        return ", ".join(part for part in (initials(name), town) if part)
    return name


def initials(name: str) -> str:
    """The first letter of each word: Sam Åström is S. Å., and marks stay with their letters."""
    letters = [
        found[0] for word in _PARTS.split(name) if (found := regex.findall(r"(?=\p{L})\X", word))
    ]
    return " ".join(f"{letter.upper()}." for letter in letters)
