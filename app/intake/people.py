"""Who is at risk: by a labelled line, or by names that the words around them speak of.

Capitals alone never make a person: a name must be in the title, or be told to be held, threatened,
a journalist, a prisoner, or be named again and again.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

from app.intake.country import names_place
from app.intake.document import Document
from app.intake.lexicon import plain, says, stems
from app.intake.model import Found

_PARTICLE = r"(?:de la|de los|de las|del|de|da|das|do|dos|di|du|van der|van den|van|von|der|bin|ben|ibn|bint|al|el|ul|ould|y|e|abu|le|ter)"
_CAP = r"(?:[A-ZÀ-ÖØ-ÞĀ-ž\u0400-\u042F\u0370-\u03AB][^\W\d_]*(?:['’`\-‑][^\W\d_]+)*|(?:[aA]l|[eE]l|[aA]n|[aA]s|[aA]d|[aA]t|[aA]z|[aA]sh)[-‑'’]\s?[A-Z][^\W\d_]+(?:[-‑][^\W\d_]+)*)\.?"
_NAME = re.compile(rf"(?<![\w@./]){_CAP}(?:[ ]+(?:{_PARTICLE}[ ]+)?{_CAP}){{1,4}}(?![@\w])")
_PRONOUN = re.compile(r"\(\s*(?P<said>[^()\d]{1,40})\s*\)\s*\.?$")
_PRONOUNS = frozenset(
    [
        "he",
        "she",
        "they",
        "him",
        "her",
        "them",
        "il",
        "elle",
        "iel",
        "ils",
        "elles",
        "lui",
        "el",
        "ella",
        "elle",
        "ellos",
        "ellas",
        "er",
        "sie",
        "lei",
        "ele",
        "ela",
        "он",
        "она",
        "они",
        "вона",
        "він",
        "вони",
        "ona",
        "on",
        "oni",
        "one",
        "hij",
        "zij",
        "hen",
        "die",
        "hun",
        "han",
        "hon",
        "hen",
        "hun",
        "de",
        "hän",
        "o",
        "onlar",
        "αυτος",
        "αυτη",
        "αυτοι",
        "ő",
        "ea",
        "ei",
        "هو",
        "هي",
        "هم",
        "او",
    ]
)
_WINDOW = 60
_MOST = 8


@dataclass(slots=True)
class _Candidate:
    text: str
    start: int
    end: int
    score: float = 0.0


def people_of(document: Document) -> tuple[tuple[Found[str], ...], Found[str] | None]:
    """The names and the pronoun of a labelled line, or the names the text speaks of."""
    labelled = _labelled(document)
    if labelled:
        return labelled
    return tuple(_spoken_of(document)), None


def _labelled(document: Document) -> tuple[tuple[Found[str], ...], Found[str] | None] | None:
    for index, label in enumerate(document.labels):
        if not label or label.name != "people" or not label.strong:
            continue
        line = document.lines[index]
        value, start = line.text[label.value_at :].strip(), line.start + label.value_at
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
    return all(
        plain(part) in _PRONOUNS or part in _PRONOUNS for part in re.split(r"[/,\s]+", text) if part
    )


def _spoken_of(document: Document) -> list[Found[str]]:
    text = document.text[:9000]
    skip = _skipped(document)
    candidates: dict[str, _Candidate] = {}
    folded = plain(text)
    head_end = document.lines[min(5, len(document.lines) - 1)].end if document.lines else 0
    for match in _NAME.finditer(text):
        if any(start <= match.start() < end for start, end in skip):
            continue
        name = _trimmed(match[0])
        if name is None:
            continue
        key = plain(name)
        one = candidates.setdefault(key, _Candidate(name, match.start(), match.start() + len(name)))
        before = folded[max(0, match.start() - _WINDOW) : match.start()]
        after = folded[match.end() : match.end() + _WINDOW]
        near = re.split(r"[.!?]\s", before)[-1] + " | " + re.split(r"[.!?]\s", after)[0]
        one.score += 1.0 + (1.5 if stems("risk").search(near) else 0.0)
        one.score += 1.5 if match.start() < head_end else 0.0
    return _best(document, list(candidates.values()), folded)


def _skipped(document: Document) -> list[tuple[int, int]]:
    """Passages that name authorities or authors: their people are not at risk."""
    spans = []
    for index, label in enumerate(document.labels):
        if (
            label
            and label.strong
            and label.name in {"targets", "copies", "diplomatic", "authors", "background"}
        ):
            last = document.next_label(index)
            spans.append((document.lines[index].start, document.lines[last - 1].end))
    return spans


def _trimmed(name: str) -> str | None:
    """A name without the titles and sentence openings before it, or None for no person."""
    words = name.split()
    while words and (stems("title").match(plain(words[0])) or _is_office_word(words[0])):
        words = words[1:]
    if len(words) < 2:
        return None
    rest = " ".join(words).rstrip(".'’")
    if says("office", rest) or says("body", rest) or says("portfolio", rest) or names_place(rest):
        return None
    return rest


def _is_office_word(word: str) -> bool:
    return says("office", word) or says("risk", word)


def _best(document: Document, candidates: list[_Candidate], folded: str) -> list[Found[str]]:
    del folded
    surnames = Counter(plain(one.text.split()[-1]) for one in candidates)
    for one in candidates:
        one.score += 0.5 * (surnames[plain(one.text.split()[-1])] > 1)
    strong = [one for one in candidates if one.score >= 4.0]
    if not strong:
        strong = [one for one in candidates if one.score >= 2.5][:3]
    kept: list[_Candidate] = []
    for one in sorted(strong, key=lambda one: -len(one.text.split())):
        words = set(plain(one.text).split())
        if not any(words <= set(plain(other.text).split()) for other in kept):
            kept.append(one)
    kept.sort(key=lambda one: one.start)
    return [
        document.found(one.text, one.start, one.end, "spoken_of", confidence="check")
        for one in kept[:_MOST]
    ]
