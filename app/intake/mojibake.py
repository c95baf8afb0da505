"""Texts read with the wrong encoding, put right where there is no doubt what they were.

Two kinds: UTF-8 read as Windows-1252 ("prÃ©occupÃ©"), which leaves sequences that nothing else
leaves, and Russian in KOI8-R or Windows-1251 read as something else, which leaves a text of letters
that no language writes.
"""

from __future__ import annotations

import re
from collections.abc import Callable

_HIGH = bytes(range(0x80, 0x100))
# What a byte looks like in Windows-1252; its five holes show as the control characters of Latin-1.
_AS_1252 = [bytes([byte]).decode("cp1252", "replace") for byte in _HIGH]
_AS_1252 = [chr(0x80 + i) if char == "\ufffd" else char for i, char in enumerate(_AS_1252)]
_BYTE_OF = {char: 0x80 + i for i, char in enumerate(_AS_1252)}
_BYTE_OF |= {chr(code): code for code in range(0x80, 0xA0)}
_LEAD = re.escape("".join(_AS_1252[0x42:0x75]))
_TRAIL = re.escape("".join({char for char, byte in _BYTE_OF.items() if byte < 0xC0}))
_SEQUENCE = re.compile(f"[{_LEAD}][{_TRAIL}]{{1,3}}")

_RUSSIAN = frozenset("оеаинтсрвлкмдпуяыьгзбчйхжшюцщэфё")
_COMMON = re.compile(r"\b(?:и|в|не|на|что|с|по|к|из|от|за|для|о|его|как|это|был|году)\b")
_LATIN_HIGH = re.compile("[\u00c0-\u00ff]")
_CYRILLIC = re.compile("[\u0410-\u044f\u0401\u0451]")
_LETTER = re.compile(r"[^\W\d_]")
# So many letters must be of the foreign kind before a whole text is taken for wrongly read.
_ENOUGH = 40


def repaired_bytes() -> tuple[re.Pattern[str], Callable[[re.Match[str]], str]]:
    """The pattern of UTF-8 read as Windows-1252, and what each occurrence was."""
    return _SEQUENCE, _decoded


def repaired_letters(text: str) -> str:
    """A Russian text read with another table, letter for letter as it was written."""
    high = len(_LATIN_HIGH.findall(text))
    doubled = len(_SEQUENCE.findall(text))
    if high >= _ENOUGH and 2 * high > len(_LETTER.findall(text)) and 8 * doubled < high:
        return _best(text, [_table("cp1252", "koi8-r"), _table("cp1252", "cp1251")])
    if len(_CYRILLIC.findall(text)) >= _ENOUGH:
        return _best(text, [_table("cp1251", "koi8-r"), _table("koi8-r", "cp1251")])
    return text


def _decoded(match: re.Match[str]) -> str:
    raw = bytes(_BYTE_OF[char] for char in match[0])
    for length in range(len(raw), 1, -1):
        try:
            head = raw[:length].decode("utf-8")
        except UnicodeDecodeError:
            continue
        return head + match[0][length:]
    return match[0]


def _table(read_as: str, written_in: str) -> dict[int, str]:
    shown = [bytes([byte]).decode(read_as, "replace") for byte in _HIGH]
    meant = [bytes([byte]).decode(written_in, "replace") for byte in _HIGH]
    pairs = zip(shown, meant, strict=True)
    return {ord(a): b for a, b in pairs if a != "\ufffd" and b.isalpha() | (b in "№«»–—…ё")}


def _best(text: str, tables: list[dict[int, str]]) -> str:
    """The reading with clearly more Russian words than the text as it came; else the text."""
    candidates = [text, *(text.translate(table) for table in tables)]
    scores = [len(_COMMON.findall(candidate)) for candidate in candidates]
    best = max(range(len(scores)), key=scores.__getitem__)
    return candidates[best] if scores[best] >= 4 * scores[0] + 4 else text
