"""A notice's name, a language and values in; subject, text and HTML out. Nothing is sent here."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from jinja2 import Environment

from app.core.i18n import (
    SOURCE,
    catalogues,
    country_name,
    current_language,
    language_name,
    percent,
    speaking,
)
from app.core.templates import mail_environment
from app.notices.rules import require_values

_BLANK_LINES = re.compile(r"\n\s*\n\s*\n")


class NoTemplates(Exception):
    """`use_templates` was not called: this process cannot write to anybody."""


@dataclass(frozen=True, slots=True)
class Composed:
    """A finished notice, the same words twice."""

    language: str
    subject: str
    text: str
    html: str


class _Shelf:
    """The templates of this installation, found once at the start like the catalogues."""

    def __init__(self) -> None:
        self.environment: Environment | None = None


_shelf = _Shelf()


def use_templates(folder: Path) -> None:
    """Take the trios from `folder`/notices/<name>/{subject.txt,body.txt,body.html}."""
    environment = mail_environment(folder)
    environment.globals.update(
        last_minute=_last_minute,
        local_day=_local_day,
        language_names=_language_names,
        country_names=_country_names,
    )
    environment.filters.update(percent=percent)
    _shelf.environment = environment


def compose(
    name: str,
    *,
    language: str,
    sender_name: str,
    postal_address: str,
    values: Mapping[str, object],
    data_link: str = "",
) -> Composed:
    """Write a notice in `language`, or in the source language where we do not speak it.

    A value that is missing or that no template knows is refused before anything is written.
    """
    require_values(name, values)
    folder = f"notices/{name}"
    spoken = language if language in catalogues.languages else SOURCE
    with speaking(spoken):
        given = {
            **values,
            "sender_name": sender_name,
            "postal_address": postal_address,
            "data_link": data_link,
        }
        subject = " ".join(_part(folder, "subject.txt", given).split())
        text = _spaced(_part(folder, "body.txt", given))
        html = _spaced(_part(folder, "body.html", given | {"subject": subject}))
    return Composed(spoken, subject, text, html)


def _part(folder: str, part: str, given: dict[str, object]) -> str:
    if _shelf.environment is None:
        raise NoTemplates
    return _shelf.environment.get_template(f"{folder}/{part}").render(given)


def _spaced(text: str) -> str:
    """What conditions leave behind is one blank line, not three."""
    return _BLANK_LINES.sub("\n\n", text).strip() + "\n"


def _last_minute(ends_at: datetime) -> datetime:
    """The last minute that is shown: the end itself is already too late."""
    return ends_at - timedelta(minutes=1)


def _local_day(moment: datetime, zone: str) -> date:
    return moment.astimezone(ZoneInfo(zone)).date()


def _country_names(codes: Sequence[str]) -> list[str]:
    return [country_name(code, current_language()) for code in codes]


def _language_names(codes: Sequence[str]) -> list[str]:
    return [language_name(code, current_language()) for code in codes]
