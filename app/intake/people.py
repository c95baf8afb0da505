"""Who is at risk, and the pronoun to use: by a labelled line, else by what the text tells."""

from __future__ import annotations

import re
from collections.abc import Sequence

from app.intake.document import Document
from app.intake.entry import Block
from app.intake.lexicon import plain
from app.intake.model import Found
from app.intake.spoken import spoken_of

_PRONOUN = re.compile(r"\(\s*(?P<said>[^()\d]{1,40})\s*\)\s*\.?$")
_PRONOUNS = re.compile(
    r"he|she|they|him|her|them|il|elle|iel|ils|elles|lui|el|ella|ellos|ellas|er|sie|lei|loro|ele|ela|"
    r"eles|elas|femenino|masculino|feminin|masculin|feminino|femminile|maschile|он|она|они|вона|він|"
    r"вони|ona|on|oni|one|hij|zij|hen|die|hun|han|hon|hun|de|o|onlar|αυτος|αυτη|αυτοι|ő|ők|ea|ei|"
    r"هی|هو|هم|هما|هن|او|آنان"
)


def people_of(
    document: Document, blocks: Sequence[Block]
) -> tuple[tuple[Found[str], ...], Found[str] | None]:
    """The names and the pronoun of a labelled line, or the names the text speaks of."""
    labelled = _labelled(document)
    if labelled:
        return labelled
    officials = [set(plain(name).split()) for name in (b.named.text for b in blocks if b.named)]
    spoken = spoken_of(document, [(block.start, block.end) for block in blocks])
    return tuple(
        name
        for name in spoken
        if not any(set(plain(name.value).split()) <= official for official in officials)
    ), None


def _labelled(document: Document) -> tuple[tuple[Found[str], ...], Found[str] | None] | None:
    for index, label in enumerate(document.labels):
        if not label or label.name != "people" or not label.strong:
            continue
        line = document.lines[index]
        value, start = line.text[label.value_at :].strip(), line.start + label.value_at
        if not value and not line.text.rstrip().endswith((":", "：")):
            continue
        if not value and index + 1 < len(document.lines):
            line = document.lines[index + 1]
            value, start = line.text, line.start
        if not value or len(value) > 220 or not re.search(r"[^\W\d_]{2}", value):
            continue
        start = document.text.index(value, start)
        found = _names_of_value(document, value, start)
        if found[0]:
            return found
    return None


def _names_of_value(
    document: Document, value: str, start: int
) -> tuple[tuple[Found[str], ...], Found[str] | None]:
    names: list[Found[str]] = []
    pronoun: Found[str] | None = None
    for match in re.finditer(r"(?P<name>[^(),;/&]+)(?:\((?P<said>[^()]*)\))?", value):
        text = re.sub(
            r"^(?:and|et|y|und|e|en|og|och|i|и|та|ve|και|és|și|و)\s+",
            "",
            match["name"].strip(" .–-:"),
        )
        said = (match["said"] or "").strip()
        first = start + match.start("name") + max(match["name"].find(text), 0)
        if text and text[0].isalpha() and not text[0].islower() and len(text) <= 80:
            for piece in re.split(
                r"\s+(?:and|et|y|und|e|en|og|och|и|та|ve|και|és|și)\s+(?=[A-ZА-ЯÀ-Þ])", text
            ):
                begin = first + text.index(piece)
                names.append(document.found(piece, begin, begin + len(piece), "people_label"))
        if said and pronoun is None and _is_pronoun(said):
            begin = start + match.start("said")
            pronoun = document.found(said, begin, begin + len(said), "pronoun_label")
    return tuple(names), pronoun


def _is_pronoun(text: str) -> bool:
    parts = [part for part in re.split(r"[/,\s]+", text) if part]
    return bool(parts) and all(_PRONOUNS.fullmatch(plain(part)) for part in parts)
