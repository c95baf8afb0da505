"""The day of issue and the last day for appeals, among all the days a document names."""

from __future__ import annotations

import re
from datetime import date

from app.intake.dates import Day
from app.intake.document import Document
from app.intake.lexicon import Word, phrases, words_of
from app.intake.model import Found
from app.intake.references import REFERENCE

_NEAR = 70
_EARLIEST = 1961
_HEAD_LINES = 25
_WEEKDAY_ROOM = 34


def deadline_of(document: Document) -> Found[str] | None:
    """The last day: after a label or a sentence that asks to write until then."""
    said = [(day, strength) for day in document.days if (strength := _bound(document, day))]
    if not said:
        return None
    best = max(strength for _, strength in said)
    days = [day for day, strength in said if strength == best]
    return _settled(document, days, "deadline_label" if best > 1 else "deadline_sentence")


def _bound(document: Document, day: Day) -> int:
    """How plainly the words before a day make it the last one: 2 a label, 1 a sentence, 0 not."""
    begin = max(document.text.rfind("\n\n", 0, day.start), day.start - 220, 0)
    before = document.text[begin : day.start]
    near = words_of(before[-_NEAR:])
    all_words = words_of(before)
    labels = phrases("labels").within(near, "deadline")
    if any(_reaches(near, place + m.size) and m.size > 1 for place, m in labels):
        return 2
    line = before.rsplit("\n", 1)[-1]
    if any(place + m.size == len(near) or len(line) < _NEAR for place, m in labels):
        heads = words_of(line)
        if phrases("labels").within(heads[:1], "deadline") or line.rstrip().endswith(":"):
            return 2
    until = phrases("phrases").within(near, "until", "after")
    ends = [m for place, m in until if len(near) - (place + m.size) <= 1]
    if not ends:
        return 0
    if any(m.name == "after" and m.size >= 3 for m in ends):
        return 2
    after = words_of(document.text[day.end : day.end + 60].split("\n\n")[0])
    # "Not to write after a day" is said beside the call; other things happened after other days.
    sentence = words_of(" ".join(re.split(r"[.!?]\s", before)[-2:])) + after
    asked = sentence if any(m.name == "after" for m in ends) else all_words + after
    return 1 if phrases("phrases").within(asked, "call", "appeal") else 0


def _reaches(words: list[Word], end: int) -> bool:
    return len(words) - end <= 8


def _settled(document: Document, days: list[Day], reason: str) -> Found[str] | None:
    first = days[0]
    value, doubt = _whole(document, first)
    if value is None:
        return None
    others = {on.isoformat() for day in days if (on := day.on()) and on != value}
    if others:
        doubt = "two_dates"
    note = ", ".join(sorted(others)) or None
    return document.found(
        value.isoformat(),
        first.start,
        first.end,
        doubt or reason,
        confidence="check" if doubt else "found",
        note=note,
    )


def _whole(document: Document, day: Day) -> tuple[date | None, str]:
    """The day with its year: its own, or the first after the day of issue."""
    if day.year is not None:
        return day.on(), day.doubt
    issued = issued_of(document)
    if issued is None:
        return None, ""
    since = date.fromisoformat(issued.value)
    this = day.on(since.year)
    if this and this < since:
        this = day.on(since.year + 1)
    return this, "year_is_guessed"


def issued_of(document: Document) -> Found[str] | None:
    """The day a document was issued: labelled, on a line of its own, or beside its number."""
    weaker: Found[str] | None = None
    for index, line in enumerate(document.lines):
        days = [day for day in document.days_of(line.start, line.end) if day.year]
        if not days or (on := days[0].on()) is None or on.year < _EARLIEST:
            continue
        if _bound(document, days[0]):
            continue
        label = document.labels[index]
        at = (on.isoformat(), days[0].start, days[0].end)
        doubt = days[0].doubt
        if label and label.name == "issued" and label.strong and days[0].start - line.start <= 45:
            reason, sure = "issued_label", True
        elif index < _HEAD_LINES and _beside_reference(line.text, days[0], line.start):
            reason, sure = "beside_reference", True
        elif stands_alone(line.text, days[0], line.start):
            reason, sure = "date_line", index < _HEAD_LINES
        else:
            continue
        found = document.found(
            *at, doubt or reason, confidence="found" if sure and not doubt else "check"
        )
        if sure:
            return found
        weaker = weaker or found
    return weaker


def stands_alone(text: str, day: Day, start: int) -> bool:
    """A line that says little beside its day: a place, a weekday, an hour."""
    left = text[: day.start - start] + " " + text[day.end - start :]
    if re.search(r"[()]|\d{3}|https?:", left) or ":" in text[day.end - start :][:3]:
        left = re.sub(r"\d{1,2}:\d\d(?::\d\d)?|\+\d{4}|[A-Z]{3,4}", "", left)
        if re.search(r"\d{3}|https?:", left):
            return False
    words = re.findall(r"[^\W\d_]+", left)
    return len(left.strip()) <= _WEEKDAY_ROOM and len(words) <= 4


def _beside_reference(text: str, day: Day, start: int) -> bool:
    before = text[: day.start - start]
    ends = [match.end() for match in REFERENCE.finditer(before)]
    return bool(ends) and len(before) - ends[-1] <= 45 and "(" not in before[ends[-1] :]
