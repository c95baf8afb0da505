"""The form of address and the closing an office gets where nobody has written them down for it."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

from app.letters.agreement import PersonForm

_TABLES = Path(__file__).with_suffix(".toml")
# Offices everywhere read English.
_OTHERWISE = "en"


class OfficeKind(StrEnum):
    """What sort of office a letter goes to, as far as manners tell them apart."""

    HEAD_OF_STATE = "head_of_state"
    MINISTER = "minister"
    PROSECUTOR = "prosecutor"
    JUDGE = "judge"
    OFFICIAL = "official"
    OFFICE = "office"
    ORGANISATION = "organisation"


@dataclass(frozen=True, slots=True)
class Manners:
    """What stands before and after a letter."""

    salutation: str
    closing: str


def default_manners(kind: OfficeKind, form: PersonForm, language: str, name: str = "") -> Manners:
    """How a language addresses such an office; English where we know no better.

    `form` is the addressee's, `name` what stands after Mr or Ms. An official without a name is
    written to as an office.
    """
    if kind is OfficeKind.OFFICIAL and not name:
        kind = OfficeKind.OFFICE
    table = _tables().get(language.partition("-")[0], _tables()[_OTHERWISE])
    of_kind = table[kind.value]
    titles = of_kind["title"]
    title = titles if isinstance(titles, str) else titles[form.value]

    def said(pattern: str) -> str:
        # The name last: nothing in it is a hole.
        return pattern.replace("{title}", title).replace("{name}", name)

    return Manners(said(table["salutation"]), said(of_kind.get("closing", table["closing"])))


def languages_with_manners() -> tuple[str, ...]:
    return tuple(_tables())


@cache
def _tables() -> dict[str, Any]:
    return tomllib.loads(_TABLES.read_text(encoding="utf-8"))
