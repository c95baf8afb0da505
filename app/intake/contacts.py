"""How an addressee can be reached: telephone and fax numbers, e-mail addresses, web forms.

Numbers stay as printed. Whether one can be dialled is asked of phonenumbers; one that cannot is
kept and marked, since real ministries have numbers that no plan knows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import phonenumbers

from app.intake.lexicon import phrases, words_of
from app.intake.model import Number

EMAIL = re.compile(r"[\w.+%\-]+@[\w\-]+(?:\.[\w\-]+)*\.[^\W\d_]{2,}", re.UNICODE)
_VEILED = re.compile(
    r"(?P<who>[\w.+\-]+)\s?[\[(]\s?(?:at|arroba|chez|ät|собака)\s?[\])]\s?(?P<where>[\w\-]+(?:\s?(?:\.|[\[(]\s?dot\s?[\])])\s?[\w\-]+)+)",
    re.IGNORECASE,
)
URL = re.compile(r"(?:https?://|www\.)[^\s<>\"“”»]+[^\s<>\"“”».,;:!?)\]']", re.IGNORECASE)
_NUMBER = re.compile(
    r"(?<![\w/@])(?:\(int\.?\)\s?|\(?\+\s?|\(?00(?=\d)|\((?=\d)|(?=\d))"
    r"(?:\d{2,5}\s/\s(?=\d))?\d(?:\d|[ .\-‐‑–()]{1,3}(?=[\d(])|/(?=\d{2})){4,22}"
    r"(?:\s?(?:x|ext\.?|extn?\.?|poste|доб\.?|int\.)\s?\d{1,5})?(?![\w@])"
)
_REMARK = re.compile(r"\s*\(([^()\n]{2,120})\)?")
_DETAIL = frozenset({"phone", "fax", "both", "email", "form", "other_channel", "salutation"})
# One letter or none is a label only with a mark behind it and a number after that.
_SHORT = 2


@dataclass(frozen=True, slots=True)
class Mark:
    """A label inside a line: its meaning, where it starts, and where its value begins."""

    name: str
    start: int
    value_at: int


def marks_in(text: str) -> list[Mark]:
    """Every label of a detail in a line: at its start, before a colon, or before a value."""
    words = words_of(text)
    found: list[Mark] = []
    at = 0
    while at < len(words):
        taken = 1
        for meaning in phrases("labels").at(words, at):
            if meaning.name not in _DETAIL:
                continue
            end = words[at + meaning.size - 1].end
            if _is_label(text, words[at].start, end):
                colon = re.match(
                    r"\s*(?:\([^()\d]{0,40}\)\s*)?(?:[.:：]|n[°ºo]\.?)*\s*[:：]?\s*", text[end:]
                )
                found.append(
                    Mark(meaning.name, words[at].start, end + (colon.end() if colon else 0))
                )
                taken = meaning.size
                break
        at += taken
    return found


def _is_label(text: str, start: int, end: int) -> bool:
    rest = text[end:]
    if re.match(r"\s*(?:\([^()\d]{0,40}\))?\s*\.?\s*[:：]", rest):
        return True
    if end - start <= _SHORT:
        return False
    if re.match(r"\s*(?:n[°ºo]\.?|no\.?|nr\.?)?[.\s]*(?:\(?\+?\d|\(\+?\d|\(int)", rest):
        return True
    if re.match(r"[\s.]*[\w.+\-]+@", rest):
        return True
    return start == 0 and (not rest.strip(" .") or bool(re.match(r"\s+(?:https?:|www\.|\()", rest)))


def emails_in(text: str) -> Iterator[tuple[str, int, int, bool]]:
    """Each address with its range, and whether it was written with a word for the sign."""
    for match in EMAIL.finditer(text):
        yield match[0].strip(".-"), match.start(), match.end(), False
    for match in _VEILED.finditer(text):
        where = re.sub(r"\s?[\[(]\s?dot\s?[\])]\s?", ".", match["where"], flags=re.IGNORECASE)
        yield f"{match['who']}@{where.replace(' ', '')}", match.start(), match.end(), True


def numbers_in(text: str, region: str | None) -> Iterator[tuple[Number, int, int]]:
    """Each number with its range and with what is said of it in brackets."""
    for match in _NUMBER.finditer(text):
        printed = _balanced(match[0].strip(" -–./"))
        digits = sum(map(str.isdigit, printed))
        if not 5 <= digits <= 19 or re.fullmatch(r"(?:19|20)\d\d[-/–](?:19|20)?\d\d", printed):
            continue
        remark = _REMARK.match(text, match.end())
        yield (
            Number(printed, remark[1].strip() if remark else None, dialled(printed, region)),
            match.start(),
            match.start() + len(match[0]),
        )


def _balanced(text: str) -> str:
    return text.rstrip("( ") if text.count("(") > text.count(")") and text.endswith("(") else text


def dialled(text: str, region: str | None) -> str | None:
    """The number as it is dialled from abroad, if there is a country it could belong to."""
    bare = re.sub(r"(?:x|ext\.?|extn?\.?|poste|доб\.?)\s?\d+$", "", text, flags=re.IGNORECASE)
    bare = re.sub(r"\(int\.?\)\s?", "+", bare)
    bare = re.sub(r"^\(?00\s?(?=[1-9])", "+", bare.strip())
    for place in (None, region):
        if place is None and not bare.lstrip("( ").startswith("+"):
            continue
        try:
            number = phonenumbers.parse(bare.lstrip("( "), place)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_possible_number(number):
            return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return None
