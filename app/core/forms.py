"""What every saved form has in common: fields that are refused by name, and two people at once."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import date

from app.core.errors import Refused
from app.core.text import BadCharacters, clean_line

LINE_AT_MOST = 300
# Spaces that hold two words on one line: French needs them before its colons, numbers inside.
_NO_BREAK = re.compile("([\u00a0\u202f])")


@dataclass(frozen=True, slots=True)
class Flaw:
    """What is wrong with one field: a code, and where in a longer text."""

    code: str
    line: int = 0
    detail: str = ""


class FieldErrors(Refused):
    """Fields that cannot be saved as they are, each by its name in the form."""

    code = "field_errors"

    def __init__(self, errors: dict[str, Flaw]) -> None:
        super().__init__(", ".join(f"{name}: {flaw.code}" for name, flaw in errors.items()))
        self.errors = errors


class EditedMeanwhile(Refused):
    """Somebody else saved this form since it was opened; `stored` is what stands there now."""

    code = "edited_meanwhile"

    def __init__(self, stored: object) -> None:
        super().__init__()
        self.stored = stored


class Check:
    """Cleans typed fields one by one and remembers what is wrong with them."""

    def __init__(self) -> None:
        self.errors: dict[str, Flaw] = {}

    def line(self, name: str, typed: str, *, at_most: int = LINE_AT_MOST) -> str:
        return self._cleaned(name, typed, at_most, is_line=True)

    def text(self, name: str, typed: str, *, at_most: int) -> str:
        return self._cleaned(name, typed, at_most, is_line=False)

    def needs(self, name: str, value: object, code: str = "missing") -> None:
        if not value:
            self.refuse(name, code)

    def day(self, name: str, typed: str) -> date | None:
        """A date as browsers send it (ISO 8601); nothing where nothing was typed, or no date."""
        if not typed.strip():
            return None
        try:
            return date.fromisoformat(typed.strip())
        except ValueError:
            self.refuse(name, "no_date")
            return None

    def refuse(self, name: str, code: str, *, line: int = 0, detail: str = "") -> None:
        self.errors.setdefault(name, Flaw(code, line, detail))

    def done(self) -> None:
        """Refuse the form if anything was wrong with it."""
        if self.errors:
            raise FieldErrors(self.errors)

    def _cleaned(self, name: str, typed: str, at_most: int, *, is_line: bool) -> str:
        try:
            cleaned = _cleaned_line(typed) if is_line else _cleaned_text(typed)
        except BadCharacters:
            self.refuse(name, "bad_characters")
            return typed
        if len(cleaned) > at_most:
            self.refuse(name, "too_long", detail=str(len(cleaned) - at_most))
        return cleaned


def mark_of(form: object) -> str:
    """A short mark of what a form holds, for finding out whether it still does."""
    return hashlib.sha256(repr(form).encode()).hexdigest()[:24]


def _cleaned_text(typed: str) -> str:
    lines = typed.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return "\n".join(_cleaned_line(line) for line in lines).strip()


def _cleaned_line(typed: str) -> str:
    """Cleaned as any line, but for the no-break spaces that an organiser set on purpose."""
    parts = _NO_BREAK.split(typed)
    return "".join(part if n % 2 else clean_line(part) for n, part in enumerate(parts)).strip()
