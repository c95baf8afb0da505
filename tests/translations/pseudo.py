"""Two languages nobody speaks, to see what no translation can show (the names are CLDR's).

`en-xa` is English in accents, two fifths longer and in brackets: a sentence without brackets never
went through a catalogue, and a bracket that is cut off did not fit. `ar-xb` is English written
from right to left, so that somebody who reads no Arabic sees what is not mirrored.
"""

from __future__ import annotations

import re
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.pofile import write_po

from translations import strings

ACCENTED, MIRRORED = "en-xa", "ar-xb"
OPEN, CLOSE = "⟦", "⟧"
_ACCENTS = str.maketrans(
    "aceghijklnorstuwyzACEGHIJKLNORSTUWYZ", "áçéĝĥíĵķļñóŕšţúŵýžÁÇÉĜĤÍĴĶĻÑÓŔŠŢÚŴÝŽ"
)
_KEPT = re.compile(r"(%\(\w+\)[sd]|\{\{.*?\}\}|</?[a-z][^>]*>|&#?\w+;|%%)")
_FORCED_RIGHT_TO_LEFT, _FORCED_END = "\u202e", "\u202c"


def accented(text: str) -> str:
    """The sentence in accents and brackets, two fifths longer; holes and tags as they were."""
    said = "".join(
        part if _KEPT.fullmatch(part) else part.translate(_ACCENTS) for part in _KEPT.split(text)
    )
    return f"{OPEN}{said}{'·' * (len(text) * 2 // 5)}{CLOSE}"


def mirrored(text: str) -> str:
    """The sentence with every word written from right to left; holes and tags as they were."""
    return "".join(
        part
        if _KEPT.fullmatch(part)
        else re.sub(r"[^\s]+", rf"{_FORCED_RIGHT_TO_LEFT}\g<0>{_FORCED_END}", part)
        for part in _KEPT.split(text)
    )


def write(folder: Path) -> None:
    """Write the public catalogue of both below `folder`, as the translations of a language lie."""
    for language, say in ((ACCENTED, accented), (MIRRORED, mirrored)):
        catalogue = Catalog(locale="en", fuzzy=False)
        for message in strings.templates()[strings.PUBLIC]:
            if message.id:
                ids = message.id
                text = tuple(map(say, ids)) if isinstance(ids, tuple) else say(ids)
                catalogue.add(ids, text)
        path = folder / language / "LC_MESSAGES" / "messages.po"
        path.parent.mkdir(parents=True)
        with path.open("wb") as target:
            write_po(target, catalogue)
