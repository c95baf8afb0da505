"""What an administrator changes about a section: checked field by field before any is kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import available_timezones

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.addresses import checked_address
from app.core.errors import NotFound, Refused
from app.core.i18n import is_language
from app.core.text import clean_line, clean_text
from app.sections.models import AfterDeadline, Section

KEEP_DAYS_AT_MOST = 180


class BadField(Refused):
    """One field cannot be what was asked for; nothing at all was changed."""

    code = "bad_field"

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Change:
    """What a field was and what it is now, as the audit log keeps it."""

    field: str
    before: Any
    after: Any


def get_section(session: Session, key: str) -> Section:
    """The section with this key. Raises NotFound."""
    found = session.scalars(select(Section).where(Section.key == key)).one_or_none()
    if found is None:
        raise NotFound
    return found


def change_section(section: Section, wanted: Mapping[str, Any]) -> list[Change]:
    """Set the fields that are named; all of them or, where one is refused, none.

    Raises BadField with the name of the first that cannot be.
    """
    checked = {field: _check(field, value) for field, value in wanted.items()}
    if privacy := checked.get("privacy"):
        # A language that is not named keeps its text; an empty text takes it away.
        merged = {**section.privacy, **privacy}
        checked["privacy"] = {language: text for language, text in merged.items() if text}
    changes = [
        Change(field, _plain(getattr(section, field)), _plain(value))
        for field, value in checked.items()
        if getattr(section, field) != value
    ]
    for change in changes:
        setattr(section, change.field, checked[change.field])
    return changes


def _check(field: str, value: Any) -> Any:
    try:
        return _CHECKS[field](value)
    except BadField:
        raise
    except Refused as error:
        raise BadField(field, error.code) from error


def _line(field: str) -> Callable[[str], str]:
    def check(value: str) -> str:
        line = clean_line(value)
        if not line:
            raise BadField(field, "empty")
        return line

    return check


def _languages(value: list[str]) -> list[str]:
    tags = list(dict.fromkeys(tag.strip() for tag in value if tag.strip()))
    if not tags:
        raise BadField("languages", "empty")
    for tag in tags:
        if not is_language(tag):
            raise BadField("languages", f"no_language {tag}")
    return tags


def _time_zone(value: str) -> str:
    if value not in available_timezones():
        raise BadField("time_zone", "no_such_zone")
    return value


def _keep_days(value: int) -> int:
    if not 0 <= value <= KEEP_DAYS_AT_MOST:
        raise BadField("keep_days", f"0_to_{KEEP_DAYS_AT_MOST}")
    return value


def _privacy(value: Mapping[str, str]) -> dict[str, str]:
    for language in value:
        if not is_language(language):
            raise BadField("privacy", f"no_language {language}")
    return {language: clean_text(text) for language, text in value.items()}


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, AfterDeadline) else value


_CHECKS: dict[str, Callable[[Any], Any]] = {
    "name": _line("name"),
    "languages": _languages,
    "time_zone": _time_zone,
    "sender_name": _line("sender_name"),
    "sender_address": checked_address,
    "reply_to": checked_address,
    "postal_address": _line("postal_address"),
    "after_deadline": AfterDeadline,
    "keep_days": _keep_days,
    "privacy": _privacy,
    "relay_answers": bool,
}
FIELDS = tuple(_CHECKS)
