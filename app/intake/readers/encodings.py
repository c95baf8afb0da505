"""Bytes into text, whatever they were written in; and text that was read in the wrong one.

Repaired is only what is certain: a repaired text must be words where there were none before.
"""

from __future__ import annotations

import codecs
import re

import ftfy
from charset_normalizer import from_bytes

from app.intake.readers.document import CHARACTERS_AT_MOST, Note, NoteCode, Reason, Unreadable

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# In which documents of the last forty years were written, for the languages that have lexicons.
_KNOWN = [
    "cp1252",
    "cp1250",
    "cp1251",
    "koi8_r",
    "koi8_u",
    "cp866",
    "iso8859_5",
    "mac_cyrillic",
    "cp1253",
    "iso8859_7",
    "cp1254",
    "cp1255",
    "cp1256",
    "cp1257",
    "iso8859_2",
    "mac_roman",
    "shift_jis",
    "gb18030",
    "big5",
    "euc_kr",
]
_CYRILLIC = ("cp1251", "koi8_r", "koi8_u", "cp866", "iso8859_5", "mac_cyrillic")
# Pairs of letters that make up most of any Russian, Ukrainian or Bulgarian text.
_PAIRS = re.compile(
    "(?=(ст|но|то|на|ен|ов|ни|ра|во|ко|го|не|ро|по|ос|ал|ре|от|пр|ли|ит|ор|ер|та|да|об|ет|ва|ол|"
    "ел|за|ка|ан|ть|ла|ия|ры|ий|ти|ки|ам|ої|ня|ві|ів|ій|ськ))"
)
_CAPITALS_INSIDE = re.compile("[а-яёіїє][А-ЯЁІЇЄ]")
_CONTROLS = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_LETTERS = re.compile(r"[^\W\d_]")


def decode(data: bytes) -> tuple[str, tuple[Note, ...]]:
    """The text of a file, with a note where its encoding had to be guessed or repaired."""
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return repair(data.decode(encoding, errors="replace"))
    wide = _wide_encoding(data)
    if wide:
        return repair(data.decode(wide, errors="replace"))
    if b"\x00" in data:
        raise Unreadable(Reason.BINARY)
    try:
        return repair(data.decode("utf-8"))
    except UnicodeDecodeError:
        encoding = _guess(data)
    text, notes = repair(data.decode(encoding, errors="replace"))
    return text, (Note(NoteCode.ENCODING_GUESSED, codecs.lookup(encoding).name), *notes)


def repair(text: str) -> tuple[str, tuple[Note, ...]]:
    """Undo a wrong decoding that happened before the text came here."""
    if len(_CONTROLS.findall(text)) * 50 > len(text):
        raise Unreadable(Reason.BINARY)
    if len(text) > 2 * CHARACTERS_AT_MOST:
        raise Unreadable(Reason.TOO_LONG, str(CHARACTERS_AT_MOST))
    if text.isascii():
        return text, ()
    fixed = _fixed_cyrillic(ftfy.fix_encoding(text))
    return (fixed, (Note(NoteCode.MOJIBAKE_REPAIRED),)) if fixed != text else (text, ())


def _wide_encoding(data: bytes) -> str:
    """UTF-16 without its mark: every other byte of Latin text is zero."""
    start = data[:2_000]
    if len(start) < 8:
        return ""
    even, odd = start[0::2].count(0), start[1::2].count(0)
    half = len(start) // 2
    if odd > half * 0.6 and even < half * 0.1:
        return "utf-16-le"
    if even > half * 0.6 and odd < half * 0.1:
        return "utf-16-be"
    return ""


def _guess(data: bytes) -> str:
    high = sum(byte >= 0x80 for byte in data[:50_000])
    read = {one: data.decode(one, errors="replace") for one in _CYRILLIC}
    best = max(read, key=lambda one: _russian(read[one]))
    if high > 0.2 * min(len(data), 50_000) and _russian(read[best]) > 0.3:
        return best
    found = from_bytes(data[:50_000], cp_isolation=list(_KNOWN)).best()
    if found is None:
        raise Unreadable(Reason.BINARY)
    return found.encoding


def _russian(text: str) -> float:
    """How much of the letters stand in usual pairs, small after capital and not the reverse."""
    letters = len(_LETTERS.findall(text))
    if letters < 8:
        return 0.0
    pairs = len(_PAIRS.findall(text)) - 3 * len(_CAPITALS_INSIDE.findall(text))
    return pairs / letters


def _fixed_cyrillic(text: str) -> str:
    """Cyrillic that was read as another Cyrillic encoding, or as Western letters."""
    if len(_LETTERS.findall(text)) < 20:
        return text
    as_it_is = _russian(text)
    if as_it_is > 0.25:
        return text
    best, found = max(as_it_is * 2, 0.3), text
    for wrong in ("cp1252", "latin-1", *_CYRILLIC):
        try:
            data = text.encode(wrong)
        except UnicodeEncodeError:
            continue
        for right in _CYRILLIC:
            if right == wrong:
                continue
            tried = data.decode(right, errors="replace")
            if "\ufffd" not in tried and _russian(tried) > best:
                best, found = _russian(tried), tried
    return found
