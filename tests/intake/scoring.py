"""How near a reading comes to its truth, counted as the published scorer counts it.

A small form of it, so that the project's own documents can be measured where the scorer is not at
hand: weights and comparisons are the scorer's.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Iterator
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

DOCUMENTS = Path(__file__).with_name("documents")
WEIGHTS = {
    "kind": 1,
    "language": 1,
    "organisation": 1,
    "title": 2,
    "pronoun": 0.5,
    "country": 2,
    "deadline": 2,
    "issued": 1,
    "reference": 2,
    "letter_first_words": 2,
    "letter_closing": 1,
    "demands_count": 1,
    "has_model_letter": 1,
    "case_names": 2,
    "preferred_languages": 1,
    "targets": 10,
}
Same = Callable[[Any, Any], bool]


def norm(text: object) -> str:
    folded = unicodedata.normalize("NFKD", str(text)).casefold()
    folded = "".join(char for char in folded if not unicodedata.combining(char))
    return " ".join(re.findall(r"\w+", folded))


def alike(a: object, b: object) -> bool:
    left, right = norm(a), norm(b)
    if not left or not right:
        return False
    if left == right or SequenceMatcher(None, left, right, autojunk=False).ratio() >= 0.8:
        return True
    short, long = sorted((set(left.split()), set(right.split())), key=len)
    return len("".join(short)) >= 4 and short <= long


def exactly(a: object, b: object) -> bool:
    return str(a).strip().casefold() == str(b).strip().casefold()


def same_digits(a: object, b: object) -> bool:
    left, right = (re.sub(r"\D", "", str(x)).lstrip("0") for x in (a, b))
    short, long = sorted((left, right), key=len)
    return bool(short) and (left == right or (len(short) >= 6 and long.endswith(short)))


def same_reference(a: object, b: object) -> bool:
    left, right = (norm(x).replace(" ", "") for x in (a, b))
    short, long = sorted((left, right), key=len)
    return len(short) >= 4 and short in long


def same_opening(got: object, want: object) -> bool:
    words = norm(want).split()
    return alike(" ".join(norm(got).split()[: len(words)]), " ".join(words))


SCALARS: dict[str, Same] = {
    "kind": exactly,
    "language": exactly,
    "organisation": alike,
    "title": alike,
    "pronoun": alike,
    "country": exactly,
    "deadline": exactly,
    "issued": exactly,
    "reference": same_reference,
    "letter_first_words": same_opening,
    "letter_closing": alike,
    "demands_count": exactly,
    "has_model_letter": exactly,
}
DETAILS: dict[str, Same] = {"emails": exactly, "phones": same_digits, "faxes": same_digits}


def accepted(truth: dict[str, Any], key: str) -> list[Any]:
    return [value for value in (truth.get(key), *truth.get(f"{key}_also", ())) if value is not None]


def is_right(key: str, got: object, truth: dict[str, Any]) -> bool:
    return any(SCALARS[key](got, want) for want in accepted(truth, key))


def pairs(got: list[Any], want: list[Any], same: Same) -> Iterator[tuple[Any, Any]]:
    """Each wanted value with the first value got that is the same; what is left, with None."""
    left = list(want)
    for value in got:
        hit = next((other for other in left if same(value, other)), None)
        if hit is not None:
            left.remove(hit)
        yield value, hit
    for missed in left:
        yield None, missed


def f1(counted: list[tuple[Any, Any]]) -> float | None:
    if not counted:
        return None
    right = sum(got is not None and want is not None for got, want in counted)
    return 2 * right / (2 * right + sum(got is None or want is None for got, want in counted))


def same_target(got: dict[str, Any], want: dict[str, Any]) -> bool:
    who = [value for value in (got["name"], got["role"]) if value]
    whom = [value for value in (want["name"], want["role"]) if value]
    return any(alike(a, b) for a in who for b in whom) or bool(
        set(got["emails"]) & set(want["emails"])
    )


def score(got: dict[str, Any], truth: dict[str, Any]) -> float:
    """The weighted mean of a document's fields."""
    points: list[tuple[float, float]] = []
    for key in SCALARS:
        wanted = accepted(truth, key)
        nothing = wanted == [False] or (not wanted and (key == "title" or got[key] is None))
        if nothing and not (key == "has_model_letter" and got[key]):
            continue
        points.append((WEIGHTS[key], float(is_right(key, got[key], truth))))
    for key, same in (("case_names", alike), ("preferred_languages", exactly)):
        value = f1(list(pairs(got[key], truth[key], same)))
        if value is not None:
            points.append((WEIGHTS[key], value))
    told = list(pairs(got["targets"], truth["targets"], same_target))
    if told:
        details = [
            pair
            for mine, theirs in told
            for key, same in DETAILS.items()
            for pair in pairs((mine or {}).get(key, []), (theirs or {}).get(key, []), same)
        ]
        for weight, value in ((6, f1(told)), (4, f1(details))):
            if value is not None:
                points.append((weight, value))
    return sum(weight * value for weight, value in points) / sum(weight for weight, _ in points)


def texts() -> list[Path]:
    return sorted(DOCUMENTS.glob("*.txt"))


def truth_of(text: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(text.with_suffix(".json").read_text(encoding="utf-8"))
    return found
