"""Jinja2 for our own words: one environment for pages and mails, whole sentences, trimmed."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from app.core import i18n
from app.core.text import isolated


def prepare(environment: Environment) -> None:
    """Give an environment our language functions; used for Flask's own and for the mails'."""
    environment.add_extension("jinja2.ext.i18n")
    # Trimmed here and in Babel's extraction alike, or the keys of the catalogue do not match.
    environment.policies["ext.i18n.trimmed"] = True
    environment.install_gettext_callables(  # type: ignore[attr-defined]
        gettext=i18n.gettext,
        ngettext=lambda one, many, n: i18n.catalogues.current().ngettext(one, many, n),
        newstyle=True,
    )
    environment.trim_blocks = True
    environment.lstrip_blocks = True
    environment.undefined = StrictUndefined
    environment.globals.update(
        current_language=i18n.current_language,
        text_direction=i18n.text_direction,
        language_name=i18n.language_name,
        country_name=lambda code: i18n.country_name(code, i18n.current_language()),
        long_date=lambda day: i18n.long_date(day, i18n.current_language()),
        full_date=lambda day: i18n.full_date(day, i18n.current_language()),
        city_of=lambda zone: i18n.city_of(zone, i18n.current_language()),
        utc_offset=i18n.utc_offset,
        short_time=lambda moment, zone: i18n.short_time(moment, i18n.current_language(), zone),
    )
    environment.filters.update(
        number=i18n.number, list_of=i18n.list_of, isolate=isolate, as_day=date.fromisoformat
    )


def mail_environment(folder: Path) -> Environment:
    """The environment that notices are written in; HTML parts are escaped, text parts are not."""
    environment = Environment(
        loader=FileSystemLoader(folder),
        autoescape=select_autoescape(("html",)),
        keep_trailing_newline=False,
    )
    prepare(environment)
    return environment


def isolate(text: str) -> str:
    """Keep a name of another direction from scrambling the sentence round it."""
    return isolated(text, i18n.text_direction(i18n.current_language()))
