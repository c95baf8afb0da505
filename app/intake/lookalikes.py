"""Letters of one script that look like another's: "Тél" with a Cyrillic Т reads as "Tél"."""

from __future__ import annotations

import re

_CYRILLIC = "АВЕЅІЈКМНОРСТУХаеѕіјорсухҮԛԝ"
_LATIN = "ABESIJKMHOPCTYXaesijopcyxYqw"
_TO_LATIN = dict(zip(map(ord, _CYRILLIC), _LATIN, strict=True))
_TO_CYRILLIC = dict(zip(map(ord, "ABEKMHOPCTXaeopcyx"), "АВЕКМНОРСТХаеорсух", strict=True))
_GREEK = dict(zip(map(ord, "ΑΒΕΖΗΙΚΜΝΟΡΤΥΧο"), "ABEZHIKMNOPTYXo", strict=True))

_WORD = re.compile(r"[^\W\d_]+")
_HAS_LATIN = re.compile("[A-Za-z\u00c0-\u024f]")
_HAS_CYRILLIC = re.compile("[\u0400-\u04ff]")
_HAS_GREEK = re.compile("[\u0370-\u03ff]")


def in_one_script(text: str) -> str:
    """The text with every word in one script, where a mixed one can only be a look-alike's."""
    latin = len(_HAS_LATIN.findall(text))
    cyrillic = len(_HAS_CYRILLIC.findall(text))
    greek = len(_HAS_GREEK.findall(text))
    if latin and greek and greek * 20 < latin:
        text = _WORD.sub(lambda match: _as(match[0], _GREEK, _HAS_GREEK, whole=True), text)
    if not latin or not cyrillic:
        return text
    if latin >= cyrillic:
        # A whole word of look-alikes is one only where the text hardly has another script.
        whole = cyrillic * 20 < latin
        return _WORD.sub(lambda m: _as(m[0], _TO_LATIN, _HAS_CYRILLIC, whole=whole), text)
    return _WORD.sub(lambda m: _as(m[0], _TO_CYRILLIC, _HAS_LATIN, whole=False), text)


def _as(word: str, table: dict[int, str], foreign: re.Pattern[str], *, whole: bool) -> str:
    strange = foreign.findall(word)
    if not strange or (not whole and len(strange) == len(word)):
        return word
    if len(strange) == len(word) and len(word) < 3:
        return word
    return word.translate(table) if all(ord(char) in table for char in strange) else word
