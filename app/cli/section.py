"""flask section: whose name stands on pages and mails, and by which rules it works."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from app.audit.actions import note
from app.cli.state import answer, now, refuse, state
from app.core.db import unit_of_work
from app.core.errors import NotFound, Refused
from app.sections.actions import DEFAULT
from app.sections.changing import FIELDS, BadField, change_section, get_section
from app.sections.models import AfterDeadline, Section


@click.group()
def section() -> None:
    """Organisations, or their sections in one country."""


@section.command("show")
@click.argument("key", default=DEFAULT)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show(key: str, *, as_json: bool) -> None:
    """Every setting of a section."""
    try:
        with state().database.reading() as session:
            rows = _settings_of(get_section(session, key))
    except NotFound:
        refuse(f"There is no section {key}.")
        return
    if as_json:
        answer(rows, as_json=True)
        return
    for field, value in rows.items():
        click.echo(f"{field:16} {_said(value)}")


@section.command("set")
@click.argument("key", default=DEFAULT)
@click.option("--name", help="The organisation as pages name it.")
@click.option("--languages", help="Which it works in, the first one first: en,fr,ru.")
@click.option("--time-zone", help="Its time zone: Europe/Paris.")
@click.option("--sender-name", help="The name its mails come from.")
@click.option("--sender-address", help="The address its mails come from.")
@click.option("--reply-to", help="Where answers go.")
@click.option("--postal-address", help="On one line; every mail names it.")
@click.option("--after-deadline", type=click.Choice([rule.value for rule in AfterDeadline]))
@click.option("--keep-days", type=int, help="How long people are kept after the end, 0 to 180.")
@click.option(
    "--relay-answers/--no-relay-answers",
    default=None,
    help="Whether answers to letters come by way of this installation, which counts them.",
)
@click.option(
    "--privacy",
    multiple=True,
    metavar="LANGUAGE=FILE",
    help="Its own text for the privacy notice; an empty file takes it away. May be repeated.",
)
def change(key: str, *, privacy: tuple[str, ...], languages: str | None, **given: Any) -> None:
    """Change what is named, all of it or nothing; the audit log keeps what it was before."""
    wanted = {field: value for field, value in given.items() if value is not None}
    if languages is not None:
        wanted["languages"] = languages.split(",")
    if privacy:
        wanted["privacy"] = _texts(privacy)
    if not wanted:
        refuse("Nothing was named that should change. `flask section set --help` lists it.")
    try:
        with unit_of_work(state().database.writing) as session:
            found = get_section(session, key)
            changes = change_section(found, wanted)
            if changes:
                told = {each.field: [each.before, each.after] for each in changes}
                about = ("section", str(found.id))
                note(session, "operator", "section.change", about=about, now=now(), changes=told)
    except NotFound:
        refuse(f"There is no section {key}.")
        return
    except BadField as error:
        refuse(f"Nothing was changed. --{error.field.replace('_', '-')}: {error.reason}.")
        return
    except Refused as error:
        refuse(f"Nothing was changed ({error.code}).")
        return
    for each in changes:
        click.echo(f"{each.field}: {_said(each.before)} → {_said(each.after)}")
    if not changes:
        click.echo("Nothing to change: it is so already.")


def _settings_of(found: Section) -> dict[str, Any]:
    return {"key": found.key, **{field: getattr(found, field) for field in FIELDS}}


def _said(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(value)
    if isinstance(value, dict):
        return ", ".join(value) or "-"
    return str(value)


def _texts(given: tuple[str, ...]) -> dict[str, str]:
    texts = {}
    for words in given:
        language, sign, name = words.partition("=")
        if not sign:
            raise click.BadParameter("LANGUAGE=FILE, for example fr=privacy.fr.txt")
        try:
            texts[language] = Path(name).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise click.BadParameter(f"{name} cannot be read as text.") from error
    return texts
