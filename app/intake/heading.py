"""The title as printed, the organisation that calls, and what kind of document it is."""

from __future__ import annotations

import re
from typing import Literal

from app.intake.document import Document
from app.intake.lexicon import Word, begins, phrases, plain
from app.intake.lines import Line
from app.intake.model import Found, Kind
from app.intake.organisations import known, names_organisation
from app.intake.references import REFERENCE

_HEAD = 14
_FURNITURE = re.compile(
    r"https?:|www\.|@|\||©|^(?:home|login|menu|search|start(?:seite)?|impressum|accueil|inicio|print|share)\b",
    re.IGNORECASE,
)


def title_of(document: Document) -> Found[str] | None:
    """The labelled title, else the first line of the head that says what it is about."""
    for index, label in enumerate(document.labels[:60]):
        line = document.lines[index]
        if label and label.name in {"title", "subject"} and label.strong:
            value = line.text[label.value_at :].strip()
            if label.name == "subject" and not value:
                continue
            if value:
                start = line.start + line.text.index(value, label.value_at)
                end, value = _continued(document, index, start, value)
                return document.found(value, start, end, f"{label.name}_label")
    candidates = [
        at for at in range(min(_HEAD, len(document.lines))) if _may_be_title(document, at)
    ]
    if not candidates:
        return None
    best = max(candidates, key=lambda at: _weight(document, at))
    line = document.lines[best]
    end, value = _continued(document, best, line.start, line.text)
    return document.found(value, line.start, end, "heading")


def _may_be_title(document: Document, at: int) -> bool:
    line, label = document.lines[at], document.labels[at]
    if label and label.name not in {"demands", "background"} and label.strong:
        return False
    if not 4 <= len(line.text) <= 200 or _FURNITURE.search(line.text) or line.text.endswith(","):
        return False
    covered = sum(day.end - day.start for day in document.days_of(line.start, line.end))
    if covered * 2 > len(line.text):
        return False
    if begins("greeting", line.text) and line.text.rstrip().endswith((",", ":")):
        return False
    return bool(re.search(r"[^\W\d_]{3}", line.text)) and not (
        len(line.text) > 90 and line.text.rstrip().endswith(".")
    )


def _weight(document: Document, at: int) -> tuple[int, int]:
    """Headings that tell a case weigh more than those that only say what the page is."""
    line = document.lines[at]
    words = document.words[at]
    score = 0
    only_kind = _says_only_kind(words)
    score += 3 if at == 0 or line.after_gap else 0
    score += 2 if len(words) >= 4 else 0
    score -= 4 if only_kind else 0
    score += 2 if ":" in line.text or REFERENCE.search(line.text) else 0
    score += 2 if line.text.isupper() and len(words) >= 3 else 0
    score -= 3 if line.text.rstrip().endswith((".", ";")) else 0
    score -= 2 if names_organisation(line.text) and len(words) <= 6 else 0
    score -= 2 if document.labels[at] else 0
    followed = at + 1 >= len(document.lines) or document.lines[at + 1].after_gap
    score += 2 if followed else 0
    return score, -at


def _says_only_kind(words: list[Word]) -> bool:
    said = phrases("phrases").within(words, "urgent", "no_action", "appeal")
    return any(meaning.size >= len(words) - 1 for _, meaning in said)


def _continued(document: Document, at: int, start: int, value: str) -> tuple[int, str]:
    """A heading that runs on into the next line."""
    line = document.lines[at]
    end = line.end
    if at + 1 < len(document.lines):
        after = document.lines[at + 1]
        wrapped = not after.after_gap and len(line.text) >= 60 and len(after.text) <= len(line.text)
        alone = at + 2 >= len(document.lines) or document.lines[at + 2].after_gap
        if wrapped and alone and not document.labels[at + 1]:
            return after.end, f"{value} {after.text}"
    return end, value


def organisation_of(document: Document) -> Found[str] | None:
    """Who calls: a sender's line, a known name, or a name that says it is an organisation."""
    head = document.lines[:_HEAD]
    folded = plain(document.text)
    best: tuple[int, re.Match[str]] | None = None
    for pattern in known():
        match = pattern.search(folded)
        if match and (best is None or match.start() < best[0]):
            best = (match.start(), match)
    if best:
        match = best[1]
        return document.found(
            document.text[match.start() : match.end()].replace("\n", " "),
            match.start(),
            match.end(),
            "known_organisation",
            confidence="found" if match.start() < 400 else "check",
        )
    for line in head:
        if _names_organisation(line):
            return document.found(
                line.text, line.start, line.end, "organisation_name", confidence="check"
            )
    return None


def _names_organisation(line: Line) -> bool:
    return line.words <= 9 and bool(
        re.search(
            r"\b(?:foundation|fondation|fundaci[oó]n|stiftung|fondazione|funda[cç][aã]o|committee|comit[ée]|comitato|"
            r"komitee|comisi[oó]n|network|r[ée]seau|red|rete|netzwerk|association|asociaci[oó]n|associazione|"
            r"campaign|coalition|federation|sektion|section|center|centre|centro|action group|watch)\b",
            line.text,
            re.IGNORECASE,
        )
    )


def kind_of_document(document: Document, *, targets: int, letter: bool) -> Found[Kind]:
    """An urgent action says so in its head; an appeal calls for letters; anything else is other."""
    place = _urgent_at(document)
    if place is not None and not _is_report(document, targets=targets, letter=letter):
        return _kind(document, "urgent_action", place, "urgent_words", "found")
    calls = [
        (at, meaning)
        for at, words in enumerate(document.words)
        for _, meaning in phrases("phrases").within(words, "call")
    ]
    if targets and (calls or _label_at(document) is not None):
        at = calls[0][0] if calls else _label_at(document) or 0
        return _kind(document, "appeal", at, "call_and_targets", "found")
    if calls and not _is_report(document, targets=targets, letter=letter):
        return _kind(document, "appeal", calls[0][0], "call_words", "check")
    return _kind(document, "other", 0, "no_call", "found" if not letter else "check")


def _label_at(document: Document) -> int | None:
    for at, label in enumerate(document.labels):
        if label and label.strong and label.name in {"targets", "copies", "letter"}:
            return at
    return None


def _urgent_at(document: Document) -> int | None:
    for at, words in enumerate(document.words):
        line = document.lines[at]
        squeezed = re.sub(r"\W", "", plain(line.text))
        early = at < 3 * _HEAD or line.text.isupper()
        if early and phrases("phrases").within(words, "urgent") and line.words <= 25:
            return at
        if at < _HEAD and re.search(r"urgentaction|actionurgente|accionurgente", squeezed):
            return at
        if early and any(match["ua"] for match in REFERENCE.finditer(line.text)):
            return at
    return None


def _is_report(document: Document, *, targets: int, letter: bool) -> bool:
    if targets or letter:
        return False
    head = [word for words in document.words[:_HEAD] for word in words]
    if phrases("phrases").within(head, "urgent"):
        return False
    return bool(phrases("phrases").within(head, "no_action")) or len(document.text) > 30_000


def _kind(
    document: Document,
    value: Kind,
    at: int,
    reason: str,
    confidence: Literal["found", "check"],
) -> Found[Kind]:
    line = document.lines[at] if document.lines else None
    start, end = document.clean.span(line.start, line.end) if line else (0, 0)
    return Found(value, confidence, start, end, reason)
