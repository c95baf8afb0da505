"""The organisations known to issue urgent actions and appeals, by the names they print."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from pathlib import Path

from app.intake.lexicon import plain

_NAMES = Path(__file__).with_name("organisations.toml")

CAPS = r"[^\W\d_a-zß-ÿ][\w'’.\-]*"
_JOINING = (
    r"(?:for|of|the|de|des|du|la|le|les|l['’]|los|las|del|y|e|di|dei|da|do|dos|das|für|der|die|und|and|"
    r"et|to|pour|por|per|van|voor|zur)"
)
_TELLING = (
    r"(?:Foundation|Fondation|Fundaci[oó]n|Stiftung|Fondazione|Funda[cç][aã]o|Committee|Comit[eé]|Comitato|"
    r"Komitee|Network|Netzwerk|R[eé]seau|Red|Rete|Rede|Association|Asociaci[oó]n|Associazione|"
    r"Associa[cç][aã]o|Campaign|Coalition|Kampagne|Sektion|Cent(?:re|er|ro)|Watch|Aktion|Cercle|Club|"
    r"Collectif|Ligue|League|Society|Movement|Mouvement|Grupp[oe]|Grupo|Groupe|Initiative|Alliance|"
    r"Solidarit[yé]|Defenders)"
)
ORGANISATION = re.compile(
    rf"(?:{CAPS}[ ]+(?:{_JOINING}[ ]+){{0,3}}){{0,4}}{_TELLING}"
    rf"(?:[ ]+(?:{_JOINING}[ ]+){{0,3}}{CAPS}){{0,5}}(?:\s+e\.\s?V\.)?"
)


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
