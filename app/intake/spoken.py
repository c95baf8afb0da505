"""Names that a text speaks of, told by the words around them.

Capitals alone never make a person: a name must be told to be held, threatened, a journalist, a
prisoner, or be named again and again.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from app.intake.country import countries_in, people_in
from app.intake.document import Document
from app.intake.lexicon import common_words, phrases, plain, says, stems, words_of
from app.intake.model import Found
from app.intake.organisations import names_organisation

_PARTICLE = (
    r"(?:de la|de los|de las|del|de|da|das|do|dos|di|du|van der|van den|van|von|der|bin|ben|ibn|"
    r"bint|al|el|ul|ould|y|e|abu|le|ter)"
)


_CAP = (
    r"(?:[A-Z]\.|[A-ZÀ-ÖØ-ÞĀ-ž\u0400-\u042F\u0370-\u03AB][^\W\d_]*(?:['’`\-‑][^\W\d_]+)*"
    r"|(?:[aA]l|[eE]l|[aA]n|[aA]s|[aA]d|[aA]t|[aA]z|[aA]sh)[-‑'’]\s?[A-Z][^\W\d_]+"
    r"(?:[-‑][^\W\d_]+)*)"
)


_NAME = re.compile(
    rf"(?<![\w@./]){_CAP}(?:(?:[ ]{{1,3}}|(?<=\S) ?\n(?=\S))(?:{_PARTICLE}[ ]+)?{_CAP}){{1,6}}"
    r"(?!@|[^\W\d])"
)


_WINDOW = 60


_MOST = 8


_FULL_LINE = 45


_LISTED = re.compile(
    r"\s*(?:,|and|y|et|und|e|en|og|och|i|и|та|ve|και|és|și|&|,\s*(?:and|y|et|und|e))\s*"
)


# An article or "in" before a name makes it a thing's or a place's.
_PLACED = re.compile(
    r"\b(?:the|den|der|die|das|dem|le|la|les|los|las|il|gli|in|at|en|em|im|nel|na|no|w|we|v|ve|i|på|στο|στη|στην|στον|said|says|dit|declare|dijo|sagte|portavoce|portavoz|porte-parole|"
    r"spokesperson|spokesman|spokeswoman|sprecher|sprecherin|dichiarato|declaro|director|directora)\s$"
)


_KIN = re.compile(
    r"\s?,\s(?:(?:le|la|the|her|his|their|su|sein|seine|ihr|ihre|il|o|a|el|son|sa)\s)?(?:mari|husband|wife|epouse|"
    r"frere|soeur|pere|mere|brother|sister|father|mother|spouse|esposo|esposa|marido|hermano|ehemann|ehefrau|"
    r"bruder|schwester|marito|moglie|fratello|director|deputy|spokes)"
)


_SMALL = frozenset({"de", "la", "los", "las", "del", "da", "do", "dos", "di", "du", "van", "von"})
_SMALL |= {"der", "bin", "al", "el", "ul", "e", "y", "i", "a", "o"}


_ARTICLES = frozenset(
    {"el", "la", "los", "las", "the", "les", "le", "il", "lo", "gli", "der", "die"}
)
_ARTICLES |= {"das", "o", "os", "as", "de", "het", "een", "un", "una"}


_LABELS = (
    "reference",
    "background",
    "summary",
    "demands",
    "letter",
    "deadline",
    "issued",
    "targets",
)


@dataclass(slots=True)
class _Candidate:
    text: str
    start: int
    end: int
    score: float = 0.0
    capital: bool = True
    prose: bool = False


def spoken_of(document: Document, listed: Sequence[tuple[int, int]]) -> list[Found[str]]:
    text = document.text[:9000]
    skip = [*_skipped(document), *listed]
    found: dict[str, _Candidate] = {}
    folded = plain(text)
    if not _has_case(text):
        return _repeated(document, text, skip)
    head_end = document.lines[min(5, len(document.lines) - 1)].end if document.lines else 0
    last = 0
    chains: list[list[_Candidate]] = []
    for run, at in _runs(text):
        if any(start <= at < end for start, end in skip):
            continue
        for name, start in _names(run, at):
            if not _is_name(name, document.language):
                continue
            one = found.setdefault(_key(name), _Candidate(name, start, start + len(name)))
            one.capital = one.capital and name.isupper()
            if (not name.isupper() and one.text.isupper()) or len(name) < len(one.text):
                one.text = name
                one.start, one.end = start, start + len(name)
            one.score += _score(folded, start, start + len(name), head_end)
            one.prose = one.prose or _in_prose(text, start)
            if chains and _LISTED.fullmatch(text[last:start]):
                chains[-1].append(one)
            else:
                chains.append([one])
            last = start + len(name)
    _merge(found)
    # In a list of names what is said of one is said of all.
    for chain in chains:
        most = max(one.score for one in chain) + (1.0 if len(chain) > 2 else 0.0)
        for one in chain:
            one.score = most
    return _best(document, list(found.values()))


def _merge(found: dict[str, _Candidate]) -> None:
    """German nouns before a name have capitals too: "Verbleib Salaheddin al-Tabbaas"."""
    for key in list(found):
        for other in list(found):
            if key != other and key.endswith(f" {other}") and len(other.split()) >= 2:
                found[other].score += found[key].score
                found[other].prose = found[other].prose or found[key].prose
                found[key].score = 0.0
                break


def _key(name: str) -> str:
    """One key for a name and its genitive."""
    return re.sub(r"(?<=\w{4})['’]?s$", "", plain(name))


def _runs(text: str) -> Iterator[tuple[str, int]]:
    """Runs of capitals as far as they may be one name: over the end of a full line, no other."""
    at = 0
    while match := _NAME.search(text, at):
        run, at = match[0], match.end()
        if "\n" in run:
            broken = match.start() + run.index("\n")
            if broken - (text.rfind("\n", 0, match.start()) + 1) >= _FULL_LINE:
                run = run.replace(" \n", "  ").replace("\n", " ")
            else:
                run, at = run[: run.index("\n")], broken + 1
        yield run, match.start()


def _in_prose(text: str, start: int) -> bool:
    begin, end = text.rfind("\n", 0, start) + 1, text.find("\n", start)
    line = text[begin : end if end >= 0 else len(text)]
    return len([word for word in line.split() if word[0].islower()]) >= 4


def _has_case(text: str) -> bool:
    """Whether capitals tell anything: not in Arabic or Persian, nor where all are capitals."""
    small = sum(map(str.islower, text))
    return 10 * small > sum(map(str.isalpha, text))


def _repeated(document: Document, text: str, skip: Sequence[tuple[int, int]]) -> list[Found[str]]:
    """The words that are said together again and again, where no capitals tell what is a name."""
    counts: Counter[str] = Counter()
    where: dict[str, tuple[str, int]] = {}
    runs = re.finditer(
        r"[^\W\d_]+(?:['’\-][^\W\d_]+)*(?:[ \n][^\W\d_]+(?:['’\-][^\W\d_]+)*)*", text
    )
    for run in runs:
        words = [
            word
            for word in re.finditer(r"[^\W\d_]+(?:['’\-][^\W\d_]+)*", run[0])
            if not any(a <= run.start() + word.start() < b for a, b in skip)
        ]
        for size in (4, 3, 2):
            for at in range(len(words) - size + 1):
                first, last = words[at].start(), words[at + size - 1].end()
                said = run[0][first:last]
                if said.count(" ") + said.count("\n") == size - 1 and _may_be_name(said, document):
                    counts[plain(said).replace("\n", " ")] += 1
                    where.setdefault(plain(said).replace("\n", " "), (said, run.start() + first))
    often = [key for key, count in counts.most_common(40) if count >= 2]
    often.sort(key=lambda key: (-counts[key], -len(key)))
    for key in often:
        longer = [k for k in often if key in k and counts[k] >= counts[key] - 1]
        said, start = where[max(longer, key=len)]
        return [
            document.found(
                " ".join(said.split()), start, start + len(said), "said_often", confidence="check"
            )
        ]
    return []


def _may_be_name(said: str, document: Document) -> bool:
    words = [plain(word) for word in said.split()]
    risky = [word for word in words if stems("risk").match(word) or len(word) < 3]
    return not risky and _is_name(said.title() if said.isupper() else said, document.language)


def _score(folded: str, start: int, end: int, head_end: int) -> float:
    """What a mention tells: more near words of arrest, threat or calling, and in the head."""
    before = re.split(r"[.!?:]\s", folded[max(0, start - 2 * _WINDOW) : start])[-1]
    after = re.split(r"[.!?]\s", folded[end : end + _WINDOW])[0]
    if _PLACED.search(before) or _KIN.match(after):
        return 0.0
    score = 1.0 + (1.5 if stems("risk").search(f"{before} | {after}") else 0.0)
    return score + (1.5 if start < head_end else 0.0)


def _names(text: str, start: int) -> Iterator[tuple[str, int]]:
    """The names of a run of capitals: two people joined by "and", titles taken off."""
    at = 0
    for piece in re.split(r"(\s(?:e|y|and)\s)", text):
        if len(piece.split()) >= 2 and not re.fullmatch(r"\s\w+\s", piece):
            words = list(re.finditer(r"\S+", piece))
            first = 0
            while first < len(words) and _is_lead(words[first][0]):
                first += 1
            owned = [n for n, word in enumerate(words) if re.search(r"['’]s$", word[0])]
            if owned and owned[-1] < len(words) - 2:
                first = max(first, owned[-1] + 1)
                while first < len(words) and _is_lead(words[first][0]):
                    first += 1
            if len(words) - first >= 2:
                name = piece[words[first].start() :].rstrip(" .'’")
                yield name, start + at + words[first].start()
        at += len(piece)


def _is_lead(word: str) -> bool:
    bare = word.strip(".,")
    return bool(stems("title").fullmatch(plain(bare))) or says("office", bare) or says("risk", bare)


def _is_name(name: str, language: str) -> bool:
    words = [plain(word) for word in re.findall(r"[^\W\d_]+", name)]
    if words[0] in _ARTICLES:
        return False
    common = common_words().get(language, frozenset()) | common_words()["en"]
    if any(word in common and word not in _SMALL for word in words):
        return False
    if any(says(kind, name) for kind in ("office", "body", "portfolio", "risk", "greeting")):
        return False
    if countries_in(name) or people_in(name, language) or names_organisation(name):
        return False
    if phrases("labels").within(words_of(name), *_LABELS) or phrases("phrases").within(
        words_of(name), "urgent", "appeal", "call", "no_action", "update"
    ):
        return False
    capital = [word for word in name.split() if len(word) > 1 and word.isupper()]
    return not capital or len(capital) == len([word for word in name.split() if len(word) > 1])


def _skipped(document: Document) -> list[tuple[int, int]]:
    """Passages of authors and of the history: their people are not at risk, or not now."""
    spans = []
    for index, label in enumerate(document.labels):
        if label and label.strong and label.name in {"diplomatic", "authors", "background"}:
            last = document.next_label(index)
            spans.append((document.lines[index].start, document.lines[last - 1].end))
    return spans


def _best(document: Document, candidates: list[_Candidate]) -> list[Found[str]]:
    """The names told most of; capitals throughout are a heading's unless the text says them too."""
    surnames = Counter(plain(one.text.split()[-1]) for one in candidates)
    for one in candidates:
        one.score += 0.5 * (surnames[plain(one.text.split()[-1])] > 1)
        one.score -= 3.0 if one.capital or not one.prose else 0.0
    most = max((one.score for one in candidates), default=0.0)
    strong = [one for one in candidates if one.score >= max(3.5, most / 4)]
    if not strong:
        strong = [one for one in candidates if one.score >= 2.5][:3]
    kept: list[_Candidate] = []
    for one in sorted(strong, key=lambda one: -len(one.text.split())):
        words = set(plain(one.text).split())
        if not any(words <= set(plain(other.text).split()) for other in kept):
            kept.append(one)
    kept.sort(key=lambda one: one.start)
    return [
        document.found(
            " ".join(one.text.split()), one.start, one.end, "spoken_of", confidence="check"
        )
        for one in kept[:_MOST]
    ]
