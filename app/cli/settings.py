"""flask config: what this installation is set to."""

from __future__ import annotations

from urllib.parse import urlsplit

import click

from app.cli.origin import Origin
from app.cli.state import answer, refuse, state
from app.core.clocks import zones_as_of
from app.core.db import unit_of_work
from app.core.schema import schema_trouble
from app.core.sealing import WrongKey, require_own_key

MASK = "…"


@click.group()
def config() -> None:
    """Look at the settings; they are changed in the environment."""


@config.command("show")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show(*, as_json: bool) -> None:
    """Print every setting and its value, secrets masked, and which zone data counts."""
    settings = state().settings
    rows = [
        {"name": f"OUTCRY_{name}".upper(), "value": masked(str(getattr(settings, name)))}
        for name in type(settings).model_fields
    ]
    rows.append({"name": "tzdata", "value": zones_as_of()})
    answer(rows, as_json=as_json, line="{name}={value}")


@config.command("check")
def check() -> None:
    """Say whether the service could start: settings, tables, key."""
    trouble = schema_trouble(state().database)
    if trouble:
        refuse(f"The database cannot be worked with: {', '.join(trouble)}. Try `flask db upgrade`.")
    try:
        with unit_of_work(state().database.writing) as session:
            require_own_key(session, state().keys)
    except WrongKey:
        refuse(
            f"{state().settings.key_file} is not the key that this database is sealed with."
            " The folder is set by OUTCRY_VAR."
        )
    trouble_with_mail = Origin(state().settings.var, state().database).trouble()
    if trouble_with_mail:
        click.echo(f"Mail stays here until `flask mail unmute` ({trouble_with_mail}).")
    if state().settings.mail_only_to:
        click.echo(f"ALL mail goes to {state().settings.mail_only_to} (OUTCRY_MAIL_ONLY_TO).")
    click.echo("All settings can be used.")


def masked(value: str) -> str:
    """Addresses without their passwords, however many stand in one setting."""
    for each in value.replace(",", " ").split():
        password = urlsplit(each).password if "://" in each else None
        if password:
            value = value.replace(f":{password}@", f":{MASK}@", 1)
    return value
