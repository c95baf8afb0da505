"""What a draft would be made of: every field as text that can be corrected, and what was found.

A field has the name that it has on the desk's page. `Finding` says where its value came from;
a field without one is missing, and what a person typed instead needs none.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from typing import Any

from app.intake.composing import DraftLetter, letter_of
from app.intake.model import Caution, Found, FoundTarget, Number, Reading

# The parser's word for what `Own.PAST` says.
_PASSED = "deadline_passed"
# What a draft cannot do without, and a document usually has.
NEEDED = ("title", "country", "deadline", "people", "targets", "letter")


class Own(StrEnum):
    """Reasons of this room's own; all others are the parser's."""

    COMPOSED = "composed"
    ASK_ASSUMED = "ask_assumed"
    PAST = "past"
    KIND_UNSURE = "kind_unsure"


@dataclass(frozen=True, slots=True)
class Finding:
    """Where the value of one field was read, and whether a person has to look at it."""

    field: str
    value: str
    is_sure: bool
    start: int
    end: int
    reason: str
    note: str = ""

    @property
    def has_place(self) -> bool:
        return self.end > self.start


@dataclass(frozen=True, slots=True)
class PlannedPerson:
    """Somebody concerned."""

    name: str
    pronoun: str = ""


@dataclass(frozen=True, slots=True)
class PlannedTarget:
    """Somebody to write to. `office` is the id of one in the book, `new`, or empty: left out."""

    kind: str = "to"
    role: str = ""
    name: str = ""
    address: str = ""
    emails: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()
    faxes: tuple[str, ...] = ()
    form: str = ""
    salutation: str = ""
    office: str = "new"


@dataclass(frozen=True, slots=True)
class Plan:
    """The fields of a draft, as text; what the document did not give is empty."""

    title: str = ""
    language: str = ""
    country: str = ""
    organisation: str = ""
    number: str = ""
    issued: str = ""
    deadline: str = ""
    letter_languages: tuple[str, ...] = ()
    people: tuple[PlannedPerson, ...] = ()
    targets: tuple[PlannedTarget, ...] = ()
    demands: tuple[str, ...] = ()
    subject: str = ""
    body: str = ""
    closing: str = ""
    background: str = ""
    words: dict[str, dict[str, str]] = field(default_factory=dict)
    # The case of an earlier campaign that this document goes on with, by that one's reference.
    follows: str = ""

    def missing(self) -> list[str]:
        """What has to be there before a draft can be reviewed, and is not."""
        there = {
            "title": self.title,
            "country": self.country,
            "deadline": self.deadline,
            "people": self.people,
            "targets": [target for target in self.targets if target.kind == "to" and target.office],
            "letter": self.body,
        }
        return [name for name in NEEDED if not there[name]]


@dataclass(frozen=True, slots=True)
class Proposal:
    """A plan with the findings behind it, field by field, and what else was noticed."""

    plan: Plan
    findings: tuple[Finding, ...]
    cautions: tuple[Caution, ...]
    is_composed: bool = False

    def finding(self, name: str) -> Finding | None:
        return next((one for one in self.findings if one.field == name), None)

    def to_check(self) -> list[Finding]:
        return [one for one in self.findings if not one.is_sure]


def propose(reading: Reading, today: date) -> Proposal:
    """The draft that a reading would become if nobody corrected anything."""
    language = _value(reading.language)
    letter = letter_of(reading, language)
    plan = Plan(
        title=_line(reading.title),
        language=language,
        country=_value(reading.country),
        organisation=_line(reading.organisation),
        number=_line(reading.reference),
        issued=_value(reading.issued),
        deadline=_value(reading.deadline),
        letter_languages=_letter_languages(reading, letter),
        people=_people(reading),
        targets=tuple(_target(target, reading) for target in reading.targets),
        demands=letter.demands if letter else (),
        subject=letter.subject if letter else "",
        body=letter.body if letter else "",
        closing=_line(reading.letter.closing) if reading.letter else "",
        background=reading.background.value.strip() if reading.background else "",
        words={word.name: word.cases() for word in letter.words} if letter else {},
    )
    findings, cautions = _with_cautions(
        tuple(_findings(reading, letter, plan, today)), reading.warnings
    )
    if reading.kind.confidence == "check":
        cautions = (Caution(Own.KIND_UNSURE, reading.kind.start, reading.kind.end), *cautions)
    return Proposal(plan, findings, cautions, letter is not None and letter.is_composed)


def _says_it(finding: Finding, caution: Caution) -> bool:
    """Whether a field says already what a remark on another passage repeats."""
    return finding.reason == caution.code and finding.note == detail_of(caution.parameters) != ""


def detail_of(parameters: Mapping[str, str]) -> str:
    """What the sentence of a remark has a place for: the other spelling, else what is printed."""
    for name in ("today", "other", "printed"):
        if name in parameters:
            return parameters[name]
    return next(iter(parameters.values()), "")


def _with_cautions(
    findings: tuple[Finding, ...], cautions: Sequence[Caution]
) -> tuple[tuple[Finding, ...], tuple[Caution, ...]]:
    """What is noticed about a passage belongs to the field that was read there."""
    left: list[Caution] = []
    doubted: dict[str, Finding] = {}
    for caution in cautions:
        if any(_says_it(one, caution) for one in findings):
            continue
        at = [one for one in findings if one.start <= caution.start and caution.end <= one.end]
        about = min(at, key=lambda one: one.end - one.start, default=None)
        # A field that is far longer than the passage is not what the remark is about.
        if about is None or about.end - about.start > 3 * (caution.end - caution.start) + 200:
            left.append(caution)
            continue
        known = doubted.get(about.field, about)
        if known.is_sure:
            doubted[known.field] = _doubted(known, caution.code, detail_of(caution.parameters))
        elif known.reason == caution.code and not known.note:
            doubted[known.field] = replace(known, note=detail_of(caution.parameters))
        elif known.reason != caution.code and caution.code not in (known.note, _PASSED):
            left.append(caution)
    return (
        tuple(doubted.get(one.field, one) for one in findings),
        tuple({(one.code, *one.parameters.items()): one for one in left}.values()),
    )


def _findings(
    reading: Reading, letter: DraftLetter | None, plan: Plan, today: date
) -> Iterator[Finding]:
    for name, found in (
        ("title", reading.title),
        ("organisation", reading.organisation),
        ("number", reading.reference),
        ("country", reading.country),
        ("language", reading.language),
        ("issued", reading.issued),
    ):
        if found is not None:
            yield _finding(name, found)
    if reading.deadline is not None:
        found_deadline = _finding("deadline", reading.deadline)
        if plan.deadline < today.isoformat():
            note = found_deadline.note if not found_deadline.is_sure else ""
            reason = Own.PAST if found_deadline.is_sure else found_deadline.reason
            found_deadline = _doubted(found_deadline, str(reason), note)
        yield found_deadline
    for number, person in enumerate(reading.case_names, 1):
        yield _finding(f"person-{number}-name", person)
    if reading.pronoun is not None and len(reading.case_names) == 1:
        yield _finding("person-1-pronoun", reading.pronoun)
    for number, target in enumerate(reading.targets, 1):
        yield from _of_target(f"target-{number}", target)
    if reading.preferred_languages:
        yield _joined("letter_languages", reading.preferred_languages)
    yield from _of_letter(reading, letter)
    if reading.background is not None:
        yield _finding("background", reading.background)


def _of_target(at: str, target: FoundTarget) -> Iterator[Finding]:
    for name in ("kind", "role", "name", "salutation"):
        found = getattr(target, name)
        if found is not None:
            yield _finding(f"{at}-{name}", found)
    if target.contact_form is not None:
        yield _finding(f"{at}-form", target.contact_form)
    for name in ("address", "emails", "phones", "faxes"):
        several: Sequence[Found[Any]] = getattr(target, name)
        if several:
            yield _joined(f"{at}-{name}", several)


def _of_letter(reading: Reading, letter: DraftLetter | None) -> Iterator[Finding]:
    for number, demand in enumerate(reading.demands, 1):
        if letter is not None and number <= len(letter.demands):
            yield _finding(f"demand-{number}", demand)
    if letter is None:
        return
    if letter.is_composed:
        yield Finding("body", letter.body, False, 0, 0, str(Own.COMPOSED))
        return
    taken = reading.letter
    if taken is None:
        return
    whole = _joined("body", taken.paragraphs)
    sure = whole.is_sure and not letter.is_ask_assumed
    reason = str(Own.ASK_ASSUMED) if letter.is_ask_assumed else whole.reason
    yield Finding("body", letter.body, sure, whole.start, whole.end, reason, whole.note)
    if taken.demand is not None and not reading.demands:
        yield _finding("demand-1", taken.demand)
    if taken.closing is not None:
        yield _finding("closing", taken.closing)


def _finding(name: str, found: Found[Any]) -> Finding:
    value = found.value.text if isinstance(found.value, Number) else str(found.value)
    sure = found.confidence == "found"
    return Finding(name, value, sure, found.start, found.end, found.reason, found.note or "")


def _joined(name: str, several: Sequence[Found[Any]]) -> Finding:
    """One finding for a field of several lines: as doubtful as its most doubtful line."""
    one = next((found for found in several if found.confidence == "check"), several[0])
    values = (
        found.value.text if isinstance(found.value, Number) else found.value for found in several
    )
    return Finding(
        name,
        "\n".join(map(str, values)),
        one.confidence == "found",
        min(found.start for found in several),
        max(found.end for found in several),
        one.reason,
        one.note or "",
    )


def _doubted(finding: Finding, reason: str, note: str) -> Finding:
    return Finding(finding.field, finding.value, False, finding.start, finding.end, reason, note)


def _letter_languages(reading: Reading, letter: DraftLetter | None) -> tuple[str, ...]:
    asked = [one.value for one in reading.preferred_languages]
    own = [_value(reading.language)] if letter and reading.language else []
    return tuple(dict.fromkeys([*asked, *own]))


def _people(reading: Reading) -> tuple[PlannedPerson, ...]:
    names = [" ".join(name.value.split()) for name in reading.case_names]
    # One pronoun in a document is of one person; of several it would be a guess for each.
    pronoun = _line(reading.pronoun) if len(names) == 1 else ""
    return tuple(PlannedPerson(name, pronoun) for name in names)


def _target(target: FoundTarget, reading: Reading) -> PlannedTarget:
    salutation = target.salutation
    if salutation is None and reading.letter and len(reading.targets) == 1:
        salutation = reading.letter.salutation
    return PlannedTarget(
        target.kind.value,
        _line(target.role),
        _line(target.name),
        "\n".join(" ".join(line.value.split()) for line in target.address),
        tuple(mail.value for mail in target.emails),
        tuple(_number(phone.value) for phone in target.phones),
        tuple(_number(fax.value) for fax in target.faxes),
        _value(target.contact_form),
        _line(salutation),
    )


def _number(number: Number) -> str:
    return f"{number.text} ({number.remark})" if number.remark else number.text


def _value(found: Found[Any] | None) -> str:
    return str(found.value) if found is not None else ""


def _line(found: Found[Any] | None) -> str:
    return " ".join(_value(found).split())
