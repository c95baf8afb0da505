"""The last step of every reader: a text that the parser, the page and the database can take."""

from __future__ import annotations

import re
import unicodedata

import regex

from app.intake.readers.document import CHARACTERS_AT_MOST, Reason, Unreadable

_LINE_ENDS = re.compile("\r\n|[\r\v\f\x85\u2028\u2029]")
# Unseen, and able to deceive: direction controls, zero widths (not the joiners), soft hyphens.
_UNSEEN = re.compile(
    "[\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff"
    "\U000e0000-\U000e007f]"
)
_CONTROLS = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
# Signs of the fonts Symbol and Wingdings, which office programs write bullets with.
_BULLETS = re.compile("[\uf0b7\uf0a7\uf076\uf0d8\uf0fc\uf02d\uf06e]")
_PRIVATE = re.compile("[\ue000-\uf8ff\U000f0000-\U0010ffff]")
_PILES = regex.compile(r"(\p{M}{3})\p{M}+")
# Mail libraries may turn these back into anything (CVE-2024-6923).
_ENCODED_WORD = re.compile(r"=\?(?=[^?\n]*\?[bqBQ]\?)")
# A picture inside a text.
_PICTURE = re.compile(r"data:[a-z]+/[a-z0-9.+-]+;base64,[A-Za-z0-9+/=]*", re.IGNORECASE)
_TRAILING = re.compile("[ \t\u00a0]+$", re.MULTILINE)
_GAPS = re.compile("\n{4,}")


def clean(text: str) -> str:
    """Normal lines and letters, nothing unseen; `Unreadable` when nothing or too much is left."""
    text = _PICTURE.sub("data:", text)
    if len(text) > 2 * CHARACTERS_AT_MOST:
        raise Unreadable(Reason.TOO_LONG, str(CHARACTERS_AT_MOST))
    text = _LINE_ENDS.sub("\n", text)
    text = _UNSEEN.sub("", _CONTROLS.sub("", _BULLETS.sub("•", text.replace("\t", "    "))))
    text = unicodedata.normalize("NFC", _PRIVATE.sub("", text.replace("\ufffd", "")))
    text = _ENCODED_WORD.sub("= ?", _PILES.sub(r"\1", text))
    text = _GAPS.sub("\n\n\n", _TRAILING.sub("", text)).strip("\n")
    if not text.strip():
        raise Unreadable(Reason.EMPTY)
    if len(text) > CHARACTERS_AT_MOST:
        raise Unreadable(Reason.TOO_LONG, str(CHARACTERS_AT_MOST))
    return text
