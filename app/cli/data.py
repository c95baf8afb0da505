"""flask data: keys, personal data, backups."""

from __future__ import annotations

from dataclasses import asdict

import click

from app.audit.actions import note
from app.cli.state import answer, now, refuse, state
from app.core.db import unit_of_work
from app.core.keys import prepare_next
from app.core.rotation import is_shared_root, key_status, renew_data_keys, rotate_master
from app.core.sealing import WrongKey

OPERATOR = "operator"


@click.group()
def data() -> None:
    """Keys, personal data, backups."""


@data.group()
def keys() -> None:
    """The keys that open names, addresses and words."""


@keys.command("status")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def keys_status(*, as_json: bool) -> None:
    """How many data keys there are, and what an unfinished rotation has left to do."""
    try:
        with unit_of_work(state().database.writing) as session:
            found = key_status(session, state().keys, state().settings.key_file)
    except WrongKey:
        _refuse_key()
        return
    answer(
        asdict(found),
        as_json=as_json,
        line="{data_keys} data keys, {under_old_master} under the old master key, "
        "{half_renewed} half renewed, rotation under way: {rotation_under_way}",
    )


@keys.command("prepare")
def keys_prepare() -> None:
    """Only write the next key file, to be copied to all machines before `rotate`."""
    prepare_next(state().settings.key_file)
    click.echo(f"{state().settings.key_file}.next is there. Copy it to every machine, then rotate.")


@keys.command("rotate")
@click.option("--master-only", is_flag=True, help="Leave the campaigns' own keys as they are.")
def keys_rotate(*, master_only: bool) -> None:
    """Make the keys anew while the service runs. Killed at any moment, call it again."""
    path = state().settings.key_file
    click.echo("Rotating. This may be stopped at any moment and called again.")
    try:
        wrapped = rotate_master(state().database, state().keys, path)
        renewed, values = renew_data_keys(state().database, state().keys, resume=master_only)
    except WrongKey:
        _refuse_key()
        return
    with unit_of_work(state().database.writing) as session:
        note(
            session,
            OPERATOR,
            "keys.rotate",
            about=("installation", "1"),
            now=now(),
            wrapped=wrapped,
            renewed=renewed,
            values=values,
        )
    click.echo(
        f"{wrapped} data keys wrapped anew, {renewed} made anew, {values} values sealed again."
    )
    if is_shared_root(path):
        click.echo("Links are still made from the first key: keep old copies of it locked away.")
    click.echo(f"Copy {path} to where you keep its copy, and destroy the copies of the old one.")


def _refuse_key() -> None:
    refuse(
        f"{state().settings.key_file} is not the key that this database is sealed with."
        " The folder is set by OUTCRY_VAR."
    )
