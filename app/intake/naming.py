"""What a line of an address names: a person, an office, a body, a place for the postman."""

from __future__ import annotations

import re
from dataclasses import dataclass

from app.intake.country import countries_in, names_place, people_in, towns_in
from app.intake.lexicon import begins, plain, says, stems

_WORD = re.compile(r"[^\W_]+(?:[.'’\-‘`][^\W_]+)*\.?")
_PARTICLES = frozenset(
    [
        "de",
        "del",
        "la",
        "las",
        "los",
        "da",
        "do",
        "das",
        "dos",
        "di",
        "du",
        "des",
        "van",
        "von",
        "der",
        "den",
        "ter",
        "ten",
        "zu",
        "zum",
        "el",
        "al",
        "bin",
        "ben",
        "ibn",
        "bint",
        "ul",
        "ur",
        "ud",
        "y",
        "e",
        "i",
        "bt",
        "abu",
        "ould",
        "le",
        "af",
        "ap",
        "ab",
        "ag",
        "w",
        "ou",
        "und",
        "te",
        "d",
        "dal",
        "della",
        "delle",
        "lo",
        "st",
        "bou",
        "ait",
        "os",
    ]
)
_PREPOSITIONS = frozenset(
    [
        "of",
        "de",
        "du",
        "des",
        "der",
        "del",
        "della",
        "dello",
        "dell",
        "di",
        "da",
        "do",
        "das",
        "dos",
        "the",
        "for",
        "für",
        "fuer",
        "pour",
        "para",
        "per",
        "van",
        "av",
        "af",
        "von",
        "y",
        "e",
        "and",
        "et",
        "und",
        "i",
        "en",
        "in",
        "la",
        "le",
        "el",
        "los",
        "las",
        "les",
        "au",
        "aux",
        "a",
        "à",
        "to",
        "à",
        "al",
        "alla",
        "zum",
        "zur",
        "dem",
        "des",
        "w",
        "na",
        "z",
        "ze",
    ]
)
_LABEL_DASH = re.compile(r"\s+[-–—]\s+|\s*[–—]\s*")
_ASIDE = re.compile(r"\([^()]*\)")


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of an address and what it is: name, role, body or place."""

    text: str
    start: int
    what: str


@dataclass(frozen=True, slots=True)
class Split:
    """An office and the person who holds it, as one line says them."""

    role: str = ""
    name: str = ""


def bare_name(text: str) -> str:
    """A name without the titles before it: "His Majesty King Salman" is Salman."""
    rest = text.strip(' ,;:.-–—•"“”')
    while match := stems("title").match(plain(rest)):
        shorter = rest[match.end() :].lstrip(" .,-")
        # A title may have a complement: General de División.
        complement = re.match(r"(?:de|of)\s+(?:the\s+)?[^\W\d_]+\s+", shorter)
        if complement and len(shorter.split()) > 3:
            shorter = shorter[complement.end() :]
        if not shorter or not _looks_named(shorter, least=1):
            break
        rest = shorter
    return rest


def is_person(text: str) -> bool:
    """Words with capitals that name no office, no body and no place."""
    rest = bare_name(_ASIDE.sub("", text))
    titled = plain(rest) != plain(text.strip(' ,;:.-–—•"“”'))
    if not _looks_named(rest, least=1 if titled else 2) or len(rest.split()) > 7:
        return False
    if says("office", rest) or says("body", rest) or names_place(rest):
        return False
    if not titled and any(people_in(word[0]) for word in _WORD.finditer(rest)):
        return False
    place = stems("place").match(plain(rest))
    return titled or not place or len(place[0]) <= 3


def begins_office(text: str) -> bool:
    """Whether a text begins with who holds an office, not with the house it is held in."""
    return begins("office", text) and not begins("body", text)


def is_role(text: str) -> bool:
    return says("office", text) or begins("role", text)


def is_body(text: str) -> bool:
    return says("body", text)


def is_place(text: str) -> bool:
    """Something that helps a letter find its way: digits, streets, towns, countries."""
    if any(map(str.isdigit, text)) or says("place", text):
        return True
    return bool(countries_in(text) or towns_in(text))


def split_office(text: str) -> Split | None:
    """A role and a name that follow each other without a mark: "Minister of Justice John Smith"."""
    lead = stems("title").match(plain(text.lstrip()))
    if lead and not begins("role", text.lstrip()):
        text = " " * lead.end() + text.lstrip()[lead.end() :].replace(".", " ", 1)
        text = re.sub(r"^(\s+)(?:le|la|the|el|o|a|il)(?=\s)", lambda m: " " * len(m[0]), text)
    words = list(_WORD.finditer(text))
    if len(words) < 2 or not says("office", text) or not begins("role", text.lstrip()):
        return None
    for at in range(1, len(words)):
        before, name = words[at - 1][0], text[words[at].start() :]
        first = plain(words[at][0])
        titled = begins("title", name)
        if plain(before) in _PREPOSITIONS or (_is_complement(first) and not titled):
            continue
        if at == len(words) - 1 and (
            at != 1 or not _is_proper(words[at][0]) or begins("role", name)
        ):
            return None
        if at == len(words) - 1 or is_person(name):
            return Split(text[: words[at].start()].strip(" ,;"), bare_name(name))
    return None


def _is_complement(word: str) -> bool:
    """Whether a word belongs to an office: "of", "Justice", a country."""
    parts = re.split(r"['’\-]", word)
    if parts[0] in _PREPOSITIONS or word in _PREPOSITIONS:
        return True
    return any(stems("portfolio").fullmatch(part) for part in parts) or bool(
        countries_in(word.capitalize()) or people_in(word)
    )


def _looks_named(text: str, *, least: int) -> bool:
    words = _WORD.findall(text)
    if not least <= len(words) or len(words) > 8 or any(map(str.isdigit, text)):
        return False
    if re.search(r"[:;!?@/=]|\.\.\.|[^\W\d_]{5}\. ", text.rstrip(" .:;,")):
        return False
    if not text[:1].isalpha() and text[:1] not in "‘’'\"“«":
        return False
    proper = [word for word in words if plain(word).strip(".") not in _PARTICLES]
    return bool(proper) and all(_is_proper(word) for word in proper)


def _is_proper(word: str) -> bool:
    first = word[0]
    if first.isupper() or not (first.islower() or first.isupper()):
        return True
    # Names such as al-Assad and d'Alema begin small.
    return bool(re.match(r"(?:al|el|ad|an|as|ash|ar|at|az|ul|d|l|ad|es)[-'’‘][^\W\d_]", word))


def parts_of(text: str) -> list[Part]:
    """The pieces of a line at its commas and dashes, each with what it is."""
    found = []
    at = 0
    for piece in re.split(r"(\s+[-–—]\s+|\s*[–—]\s*|,\s+|;\s*)", text):
        if not re.fullmatch(r"\s+[-–—]\s+|\s*[–—]\s*|,\s+|;\s*|\s*", piece):
            found.append(Part(piece.strip(), at + len(piece) - len(piece.lstrip()), kind_of(piece)))
        at += len(piece)
    return found


def kind_of(text: str) -> str:  # noqa: PLR0911 - a ladder, the plainest sign first
    """What a piece of an address is: name, role, body, place, prose, or other."""
    if _is_prose(text):
        return "prose"
    if any(map(str.isdigit, text)) and not is_role(text):
        return "body" if begins("body", text) and not begins("place", text) else "place"
    if begins_office(text):
        return "role"
    if is_person(text):
        return "name"
    if begins("body", text):
        return "body"
    if is_role(text) and (begins("role", text) or not is_body(text)):
        return "role"
    if is_body(text):
        return "body"
    return "place" if is_place(text) else "other"


def _is_prose(text: str) -> bool:
    if "@" in text or "http" in text:
        return False
    words = re.findall(r"[^\W\d_]+", text)
    small = [word for word in words if word[0].islower() and plain(word) not in _PREPOSITIONS]
    return len(words) >= 7 and 10 * len(small) >= 5 * len(words)
