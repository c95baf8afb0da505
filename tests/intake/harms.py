"""What happens to a document on its way, as functions from text to text."""

from __future__ import annotations

import random
import re
from collections.abc import Callable

CYRILLIC = str.maketrans("AaBCcEeHKMOoPpTXx", "АаВСсЕеНКМОоРрТХх")


def shuffled_sections(text: str) -> str:
    """Sections change places: what stands between two blank lines before a heading in capitals."""
    blocks = re.split(r"\n\s*\n(?=[A-ZÀ-Ý][A-ZÀ-Ý’' ]{8,}:?)", text)
    if len(blocks) < 4:
        return text
    head, rest = blocks[:2], blocks[2:]
    random.Random(7).shuffle(rest)
    return "\n\n".join([*head, *rest])


def lost_header(text: str) -> str:
    """The first line is gone, as when only the body was copied."""
    lines = text.lstrip().split("\n")
    return "\n".join(lines[1:])


def other_breaks(text: str) -> str:
    return text.replace("\n", "\r\n")


def page_furniture(text: str) -> str:
    """A running head and a page number after every fifteen lines, between paragraphs."""
    out: list[str] = []
    page = 1
    for number, line in enumerate(text.split("\n"), 1):
        out.append(line)
        if number % 15 == 0 and not line.strip():
            out += ["", f"Page {page}", "", ""]
            page += 1
    return "\n".join(out)


def upper_case(text: str) -> str:
    """A document typed in capitals; addresses of the net stay as they are."""
    keep = re.compile(r"(\S+@\S+|https?://\S+)")
    parts = keep.split(text)
    return "".join(part if keep.fullmatch(part) else part.upper() for part in parts)


def windows_1252(text: str) -> str:
    """UTF-8 read as Windows-1252, its five holes as the control characters browsers show."""
    return "".join(
        bytes([byte]).decode("cp1252", "ignore") or chr(byte) for byte in text.encode("utf-8")
    )


def koi8_as_1252(text: str) -> str:
    """Russian in KOI8-R, read as Windows-1252."""
    return text.encode("koi8-r", "replace").decode("latin-1")


def koi8_as_1251(text: str) -> str:
    return text.encode("koi8-r", "replace").decode("cp1251", "replace")


def look_alikes_in_labels(text: str) -> str:
    """Latin labels before a colon with letters of the Cyrillic alphabet in them."""
    label = re.compile(r"^(\s*)([A-Za-z][A-Za-z-]{1,12})(?=\s?:)", re.MULTILINE)
    return label.sub(lambda match: match[1] + match[2][:1].translate(CYRILLIC) + match[2][1:], text)


def quoted(text: str) -> str:
    return "\n".join(f"> {line}" for line in text.split("\n"))


HARMS: dict[str, Callable[[str], str]] = {
    harm.__name__: harm
    for harm in (
        shuffled_sections,
        lost_header,
        other_breaks,
        page_furniture,
        upper_case,
        windows_1252,
        look_alikes_in_labels,
        quoted,
    )
}
