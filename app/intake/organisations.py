"""The organisations known to issue urgent actions and appeals, by the names they print."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from pathlib import Path

from app.intake.lexicon import plain

_NAMES = Path(__file__).with_name("organisations.toml")


@cache
def known() -> list[re.Pattern[str]]:
    """A pattern for each name, for plain text."""
    table = tomllib.loads(_NAMES.read_text(encoding="utf-8"))["organisations"]["names"]
    return [re.compile(rf"(?<!\w){re.escape(plain(name))}(?!\w)") for name in table]


def names_organisation(text: str) -> bool:
    folded = plain(text)
    return any(pattern.search(folded) for pattern in known())


def opens_with_organisation(text: str) -> bool:
    folded = plain(text)
    return any(pattern.match(folded) for pattern in known())
