"""What a reading holds: every value with its passage, its reason and our confidence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, TypeVar

T = TypeVar("T")
Confidence = Literal["found", "check"]
Kind = Literal["urgent_action", "appeal", "other"]


@dataclass(frozen=True, slots=True)
class Found(Generic[T]):
    """A value, the passage it was read from, and why it is believed; what is absent is None."""

    value: T
    confidence: Confidence
    start: int
    end: int
    reason: str
    note: str | None = None

    def evidence(self) -> dict[str, Any]:
        value = self.value.text if isinstance(self.value, Number) else self.value
        told: dict[str, Any] = {"value": _plain(value), "confidence": self.confidence}
        told |= {"start": self.start, "end": self.end, "reason": self.reason}
        if isinstance(self.value, Number):
            told |= {"remark": self.value.remark, "e164": self.value.e164}
        return told | ({"note": self.note} if self.note else {})


@dataclass(frozen=True, slots=True)
class Number:
    """A telephone or fax number as printed, what is said of it, and how it is dialled."""

    text: str
    remark: str | None = None
    e164: str | None = None


@dataclass(frozen=True, slots=True)
class FoundTarget:
    """Somebody the document asks to be written to, or to be sent a copy."""

    kind: Found[str]
    start: int
    end: int
    name: Found[str] | None = None
    role: Found[str] | None = None
    address: tuple[Found[str], ...] = ()
    phones: tuple[Found[Number], ...] = ()
    faxes: tuple[Found[Number], ...] = ()
    emails: tuple[Found[str], ...] = ()
    contact_form: Found[str] | None = None
    salutation: Found[str] | None = None

    def as_schema(self) -> dict[str, Any]:
        return {
            "name": _value(self.name),
            "role": _value(self.role),
            "emails": [mail.value for mail in self.emails],
            "phones": [number.value.text for number in self.phones],
            "faxes": [number.value.text for number in self.faxes],
            "has_postal_address": bool(self.address),
            "contact_form": _value(self.contact_form),
            "salutation": _value(self.salutation),
            "kind": self.kind.value,
        }

    def evidence(self) -> dict[str, Any]:
        single = ("kind", "name", "role", "contact_form", "salutation")
        several = ("address", "phones", "faxes", "emails")
        told: dict[str, Any] = {"start": self.start, "end": self.end}
        told |= {key: _evidence(getattr(self, key)) for key in single}
        return told | {key: _evidences(getattr(self, key)) for key in several}


@dataclass(frozen=True, slots=True)
class FoundLetter:
    """A model letter taken apart; agreement marks are words written for both genders at once."""

    start: int
    end: int
    paragraphs: tuple[Found[str], ...]
    salutation: Found[str] | None = None
    demand: Found[str] | None = None
    closing: Found[str] | None = None
    agreement: tuple[Found[str], ...] = ()

    @property
    def first_words(self) -> str:
        return " ".join(self.paragraphs[0].value.split()[:8])

    def evidence(self) -> dict[str, Any]:
        return {
            "start": self.start,
            "end": self.end,
            "salutation": _evidence(self.salutation),
            "paragraphs": _evidences(self.paragraphs),
            "demand": _evidence(self.demand),
            "closing": _evidence(self.closing),
            "agreement": _evidences(self.agreement),
        }


@dataclass(frozen=True, slots=True)
class Caution:
    """Something a person should know of a passage; the code is stable, the words are the door's."""

    code: str
    start: int
    end: int
    parameters: Mapping[str, str] = field(default_factory=dict)

    def evidence(self) -> dict[str, Any]:
        told = {"code": self.code, "start": self.start, "end": self.end}
        return told | {"parameters": dict(self.parameters)}


@dataclass(frozen=True, slots=True)
class Reading:
    """Everything found in one document, and nothing that is not in it."""

    kind: Found[Kind]
    language: Found[str] | None = None
    organisation: Found[str] | None = None
    title: Found[str] | None = None
    case_names: tuple[Found[str], ...] = ()
    pronoun: Found[str] | None = None
    country: Found[str] | None = None
    deadline: Found[str] | None = None
    issued: Found[str] | None = None
    reference: Found[str] | None = None
    targets: tuple[FoundTarget, ...] = ()
    preferred_languages: tuple[Found[str], ...] = ()
    demands: tuple[Found[str], ...] = ()
    letter: FoundLetter | None = None
    previous: Found[str] | None = None
    background: Found[str] | None = None
    warnings: tuple[Caution, ...] = ()

    @property
    def is_action(self) -> bool:
        return self.kind.value != "other"

    def as_schema(self) -> dict[str, Any]:
        """The document as the published schema has it, with the evidence beside it."""
        return {
            "source": None,
            "language": _value(self.language),
            "organisation": _value(self.organisation),
            "kind": self.kind.value,
            "title": _value(self.title),
            "case_names": [name.value for name in self.case_names],
            "pronoun": _value(self.pronoun),
            "country": _value(self.country),
            "deadline": _value(self.deadline),
            "issued": _value(self.issued),
            "reference": _value(self.reference),
            "targets": [target.as_schema() for target in self.targets],
            "preferred_languages": [code.value for code in self.preferred_languages],
            "has_model_letter": self.letter is not None,
            "letter_first_words": self.letter.first_words if self.letter else None,
            "letter_closing": _value(self.letter.closing) if self.letter else None,
            "demands_count": len(self.demands) or None,
            "evidence": self._evidence(),
        }

    def _evidence(self) -> dict[str, Any]:
        single = ["kind", "language", "organisation", "title", "pronoun", "country", "deadline"]
        single += ["issued", "reference", "previous", "background"]
        several = ("case_names", "preferred_languages", "demands", "targets", "warnings")
        told: dict[str, Any] = {key: _evidence(getattr(self, key)) for key in single}
        told |= {key: _evidences(getattr(self, key)) for key in several}
        return told | {"letter": self.letter.evidence() if self.letter else None}


def _plain(value: object) -> object:
    return value if isinstance(value, (str, int, float, bool)) else str(value)


def _value(found: Found[Any] | None) -> Any:
    return found.value if found else None


def _evidence(found: Found[Any] | None) -> dict[str, Any] | None:
    return found.evidence() if found else None


def _evidences(found: Iterable[Any]) -> list[dict[str, Any]]:
    return [one.evidence() for one in found]
