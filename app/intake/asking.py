"""What is asked: the explicit list of demands, and the languages named for writing."""

from __future__ import annotations

import re
from functools import cache

from babel import Locale

from app.intake.dates import LANGUAGES
from app.intake.document import Document
from app.intake.lexicon import phrases, plain, says, words_of
from app.intake.lines import Line
from app.intake.model import Found

_ENDED = frozenset(
    [
        "targets",
        "copies",
        "letter",
        "background",
        "authors",
        "diplomatic",
        "languages",
        "deadline",
        "people",
    ]
)
_CODES = {"nb": "no", "nn": "no", "iw": "he", "fil": "tl", "prs": "fa"}
_MORE = {
    "farsi": "fa",
    "dari": "fa",
    "mandarin": "zh",
    "persan": "fa",
    "castilian": "es",
    "castellano": "es",
    "azerice": "az",
    "azeri": "az",
}


def demands_of(document: Document) -> tuple[Found[str], ...]:
    """The entries of the first list under words that demand something; a list of one is none."""
    for index in range(len(document.lines)):
        if not _announces(document, index):
            continue
        items = _items(document, index + 1) or _unmarked(document, index + 1)
        if len(items) >= 2:
            return tuple(
                document.found(
                    " ".join(document.text[first.start : last.end].split()),
                    first.start,
                    last.end,
                    "demand_list",
                )
                for first, last in items
            )
    return ()


def _announces(document: Document, index: int) -> bool:
    line, label = document.lines[index], document.labels[index]
    if label and label.name == "demands":
        return True
    if label and label.name == "languages" and line.text.rstrip().endswith(":"):
        return True
    if not line.text.rstrip().endswith((":", "：", "to", "-")) or index + 1 >= len(document.lines):
        return False
    if not document.lines[index + 1].bullet:
        return False
    near = document.lines[max(index - 2, 0) : index + 1]
    text = " ".join(one.text for one in near)
    return says("demand", text) or bool(phrases("phrases").within(words_of(text), "call"))


def _items(document: Document, begin: int) -> list[tuple[Line, Line]]:
    items: list[tuple[Line, Line]] = []
    mark = ""
    for at in range(begin, len(document.lines)):
        line, label = document.lines[at], document.labels[at]
        if label and label.name in _ENDED and label.strong:
            break
        if line.bullet and (not mark or _same_kind(mark, line.bullet)):
            if re.search(r"@|\+\d{2}", line.text):
                break
            mark = mark or line.bullet
            items.append((line, line))
        elif items and not line.after_gap and not line.bullet:
            items[-1] = (items[-1][0], line)
        elif (items and not mark[:1].isdigit()) or (not items and at - begin > 4):
            break
    return items


def _unmarked(document: Document, begin: int) -> list[tuple[Line, Line]]:
    """A list that lost its marks: lines in a row that end with a semicolon, and one more."""
    items: list[tuple[Line, Line]] = []
    for at in range(begin, len(document.lines)):
        line = document.lines[at]
        if at > begin and line.after_gap:
            break
        items.append((line, line))
        if not line.text.rstrip().endswith(";"):
            break
    return items if len(items) >= 2 else []


def _same_kind(a: str, b: str) -> bool:
    return a[:1].isdigit() == b[:1].isdigit() and (a[:1].isdigit() or a[:1] == b[:1])


@cache
def _language_names() -> dict[str, str]:
    names: dict[str, str] = {}
    for locale in LANGUAGES:
        for code, name in Locale.parse(locale).languages.items():
            if len(code) == 2 or code in _CODES:
                names.setdefault(plain(name), _CODES.get(code, code))
    return names | _MORE


def _language(word: str) -> str | None:
    """The language a word names; inflected endings of up to three letters are forgiven."""
    names = _language_names()
    if word in names:
        return names[word]
    if len(word) < 6:
        return None
    for size in range(len(word) - 1, max(4, len(word) - 4), -1):
        beginning = word[:size]
        hits = {
            code
            for name, code in names.items()
            if name.startswith(beginning) and " " not in name and len(name) <= size + 3
        }
        if len(hits) == 1:
            return hits.pop()
    return None


def languages_of(document: Document) -> tuple[Found[str], ...]:
    """The languages after a label or after "please write in", in the order they stand."""
    for index, label in enumerate(document.labels):
        if label and label.name == "languages":
            line = document.lines[index]
            rest = line.text[label.value_at :]
            start = line.start + label.value_at
            if not re.search(r"\w{3}", rest) and index + 1 < len(document.lines):
                line = document.lines[index + 1]
                rest, start = line.text, line.start
            found = _named_in(document, rest, start, "languages_label")
            if found:
                return found
    return _by_sentence(document)


def _by_sentence(document: Document) -> tuple[Found[str], ...]:
    for index, words in enumerate(document.words):
        line = document.lines[index]
        for place, meaning in phrases("phrases").within(words, "own_language"):
            del meaning
            begin = max(0, words[place].start - 160)
            found = _named_in(
                document,
                line.text[begin : words[place].start],
                line.start + begin,
                "languages_sentence",
            )
            if found:
                return found
        for place, meaning in phrases("labels").within(words, "languages"):
            if meaning.size >= 3:
                begin = words[place + meaning.size - 1].end
                found = _named_in(
                    document,
                    line.text[begin : begin + 90],
                    line.start + begin,
                    "languages_sentence",
                )
                if found:
                    return found
    return ()


def _named_in(document: Document, text: str, start: int, reason: str) -> tuple[Found[str], ...]:
    found: dict[str, Found[str]] = {}
    for word in words_of(text.split(". ", maxsplit=1)[0]):
        code = _language(word.text)
        if code and code not in found:
            found[code] = document.found(code, start + word.start, start + word.end, reason)
    return tuple(found.values())
