"""The title as printed, the organisation that calls, and what kind of document it is."""

from __future__ import annotations

import re

from app.intake.document import Document
from app.intake.lexicon import Word, begins, phrases, plain, says
from app.intake.model import Confidence, Found, Kind
from app.intake.naming import is_person, kind_of
from app.intake.organisations import CAPS, ORGANISATION, known, names_organisation
from app.intake.references import REFERENCE
from app.intake.timing import stands_alone

_HEAD = 14
_HEADING_WORDS = 8
_TOP, _FEW = 5, 4
_LONG = 30_000
# So much more a heading must weigh than the next to be taken without a second look.
_CLEARLY = 3
_SPOKE = re.compile(rf"({CAPS}(?:[ ]{CAPS}){{1,4}})[ ]+(?:said today|today (?:called|urged|said))")
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
                end, value = _continued(document, index, value)
                return document.found(value, start, end, f"{label.name}_label")
    candidates = [
        at for at in range(min(_HEAD, len(document.lines))) if _may_be_title(document, at)
    ]
    if not candidates:
        return None
    best = max(candidates, key=lambda at: _weight(document, at))
    weights = sorted((_weight(document, at)[0] for at in candidates), reverse=True)
    clear = len(weights) < 2 or weights[0] - weights[1] >= _CLEARLY
    line = document.lines[best]
    end, value = _continued(document, best, line.text)
    return document.found(
        value, line.start, end, "heading", confidence="found" if clear else "check"
    )


def _may_be_title(document: Document, at: int) -> bool:
    line, label = document.lines[at], document.labels[at]
    if label and label.name not in {"demands", "background"} and label.strong:
        return False
    if not 4 <= len(line.text) <= 200 or _FURNITURE.search(line.text) or line.text.endswith(","):
        return False
    if line.bullet and line.bullet[:1] not in "•*":
        return False
    days = list(document.days_of(line.start, line.end))
    if days and stands_alone(line.text, days[0], line.start):
        return False
    if begins("greeting", line.text) and line.text.rstrip().endswith((",", ":")):
        return False
    return bool(re.search(r"[^\W\d_]{3}", line.text)) and not (
        len(line.text) > 90 and line.text.rstrip().endswith(".")
    )


def _weight(document: Document, at: int) -> tuple[float, int]:
    """Headings that tell a case weigh more than those that only say what the page is."""
    line = document.lines[at]
    words = document.words[at]
    text = line.text.rstrip()
    score = -0.6 * at
    score += 3 if at == 0 or line.after_gap else 0
    score += 2 if len(words) >= 4 else 0
    score -= 5 if _says_only_kind(words) else 0
    score += 2 if ":" in text[:-1] else 0
    score += 2 if text.isupper() and len(words) >= 3 else 0
    score -= 3 if text.endswith((".", ";")) else 0
    score -= 4 if text.endswith(":") else 0
    score -= 6 if names_organisation(text) and len(words) <= 8 and ":" not in text else 0
    score -= 8 if _is_numbers(text) else 0
    score -= 6 if ORGANISATION.fullmatch(text) else 0
    score += 4 if REFERENCE.search(text) and not _is_numbers(text) else 0
    score += 4 if at and _is_numbers(document.lines[at - 1].text) else 0
    score -= 2 if kind_of(text) == "prose" and not text.isupper() else 0
    score -= 4 if len(words) == 1 or sum(map(str.isdigit, text)) > 8 else 0
    score += 4 if at and _says_only_kind(document.words[at - 1]) else 0
    score += 2 if at == 0 else 0
    score -= 3 if phrases("phrases").within(words, "call") else 0
    score -= 3 if kind_of(text.split(",")[0]) in {"name", "role"} and not text.isupper() else 0
    score -= 2 if document.labels[at] else 0
    followed = at + 1 >= len(document.lines) or document.lines[at + 1].after_gap
    score += 2 if followed else 0
    return score, -at


def _is_numbers(text: str) -> bool:
    """Whether a line holds the document's numbers and nearly nothing else."""
    rest = REFERENCE.sub(" ", text) if REFERENCE.search(text) else ""
    if not rest:
        return bool(re.fullmatch(r"[\W\d_]*", text))
    words = re.findall(r"[^\W\d_]{2,}", rest)
    return len(words) <= 2


def _says_only_kind(words: list[Word]) -> bool:
    said = phrases("phrases").within(words, "urgent", "no_action", "appeal")
    return any(meaning.size >= len(words) for _, meaning in said)


def _continued(document: Document, at: int, value: str) -> tuple[int, str]:
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
    folded = plain(document.text)
    best: tuple[int, re.Match[str]] | None = None
    for pattern in known():
        match = pattern.search(folded)
        if match and (best is None or match.start() < best[0]):
            best = (match.start(), match)
    if best:
        match = best[1]
        around = ORGANISATION.finditer(document.text)
        longer = next(
            (m for m in around if m.start() <= match.start() and match.end() <= m.end()), None
        )
        match = longer or match
        return document.found(
            document.text[match.start() : match.end()].replace("\n", " "),
            match.start(),
            match.end(),
            "known_organisation",
            confidence="found" if match.start() < 400 else "check",
        )
    return _labelled_sender(document) or _telling_name(document)


def _labelled_sender(document: Document) -> Found[str] | None:
    """The sender in the header of a mail that was passed on."""
    for index, label in enumerate(document.labels[:30]):
        if label and label.name == "organisation" and label.strong and label.value_at:
            line = document.lines[index]
            value = re.sub(r"\s*[<(].*$", "", line.text[label.value_at :]).strip(' "')
            if len(value.split()) >= 2 and not is_person(value) and "@" not in value:
                start = line.start + line.text.index(value, label.value_at)
                end = start + len(value)
                return document.found(value, start, end, "sender", confidence="check")
    return None


def _telling_name(document: Document) -> Found[str] | None:
    """A name in capitals that says it is an organisation; where it is named last, it signs."""
    spoke = _SPOKE.search(document.text)
    if spoke:
        start, end = spoke.span(1)
        return document.found(spoke[1], start, end, "speaker", confidence="check")
    best: tuple[int, str, int] | None = None
    counts: dict[str, int] = {}
    for match in ORGANISATION.finditer(document.text):
        text = re.sub(r"^(?:The|Die|Der|Das|La|Le|Les|El|Los|Il|De|Het|O|A)\s", "", match[0])
        if says("office", text) or begins("body", text) or len(text.split()) < 2:
            continue
        counts[text] = counts.get(text, 0) + 1
        start = match.end() - len(text)
        if best is None or counts[text] >= best[0]:
            best = (counts[text], text, start)
    if best is None:
        return None
    _, text, start = best
    return document.found(text, start, start + len(text), "organisation_name", confidence="check")


def kind_of_document(document: Document, *, targets: int, letter: bool) -> Found[Kind]:
    """An urgent action says so in its head; an appeal calls for letters; anything else is other."""
    place = _urgent_at(document)
    if place is not None and not _is_report(document, targets=targets, letter=letter):
        sure: Confidence = "found" if document.lines[place].words <= _HEADING_WORDS else "check"
        return _kind(document, "urgent_action", place, "urgent_words", sure)
    calls = [
        (at, meaning)
        for at, words in enumerate(document.words)
        for _, meaning in phrases("phrases").within(words, "call")
    ]
    if (
        targets
        and not _is_report(document, targets=targets, letter=letter)
        and (calls or _label_at(document) is not None)
    ):
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
        if early and line.words <= 16 and _urgent_heading(words, at, line.text):
            return at
        if at < _HEAD and re.search(r"urgentaction|actionurgente|accionurgente", squeezed):
            return at
        if early and any(match["ua"] for match in REFERENCE.finditer(line.text)):
            return at
    return None


def _urgent_heading(words: list[Word], at: int, text: str) -> bool:
    """Whether a heading says urgent action; a foreword that passes an appeal on is no heading."""
    if kind_of(text) == "prose" and not text.isupper():
        return False
    for place, meaning in phrases("phrases").within(words, "urgent"):
        marked = text[words[place + meaning.size - 1].end :][:1] == ":"
        short = len(words) <= 2 * meaning.size + 4 or text.isupper() or at < _TOP
        if short and (meaning.size >= 2 or len(words) <= _FEW or marked):
            return True
    return False


def _is_report(document: Document, *, targets: int, letter: bool) -> bool:
    if letter or (targets and len(document.text) < _LONG):
        return False
    head = [word for words in document.words[:_HEAD] for word in words]
    if phrases("phrases").within(head, "urgent"):
        return False
    return bool(phrases("phrases").within(head, "no_action")) or len(document.text) > _LONG


def _kind(
    document: Document,
    value: Kind,
    at: int,
    reason: str,
    confidence: Confidence,
) -> Found[Kind]:
    line = document.lines[at] if document.lines else None
    start, end = document.clean.span(line.start, line.end) if line else (0, 0)
    return Found(value, confidence, start, end, reason)
