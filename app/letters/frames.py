"""The words round a letter on paper and on the phone, in the language of the letter."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

_TABLES = Path(__file__).with_suffix(".toml")
# Offices everywhere read English.
_OTHERWISE = "en"
_PERSIAN = str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹")


def frame_language(language: str) -> str:
    """The language in which the words round a letter stand: its own, or English."""
    spoken = language.partition("-")[0]
    return spoken if spoken in _tables() else _OTHERWISE


def words_round(language: str) -> Mapping[str, Any]:
    """The words round a letter: `page`, `missing`, and the tables `fax`, `phone` and `handing`."""
    return _tables()[frame_language(language)]


def languages_with_frames() -> tuple[str, ...]:
    return tuple(_tables())


def figures(number: int, language: str) -> str:
    """A count in the figures that the language's own dates are written with."""
    written = str(number)
    return written.translate(_PERSIAN) if frame_language(language) == "fa" else written


@cache
def _tables() -> dict[str, dict[str, Any]]:
    return tomllib.loads(_TABLES.read_text(encoding="utf-8"))
