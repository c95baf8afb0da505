"""flask data: keys, personal data, backups."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from pathlib import Path

import click
from sqlalchemy.orm import Session

from app.audit.actions import note
from app.campaigns.queries import get_campaign
from app.cli.second import confirmed_by, second_option
from app.cli.state import answer, now, refuse, state
from app.core.backups import NoProgram, ProgramFailed, backup_database
from app.core.db import tidy, unit_of_work
from app.core.destroyed import keep_data_keys, shred_keys
from app.core.errors import NotFound
from app.core.keys import prepare_next
from app.core.rotation import is_shared_root, key_status, renew_data_keys, rotate_master
from app.core.sealing import WrongKey
from app.followers.erasing import erase_followers
from app.followers.own_data import own_follows
from app.reminders.actions import erase_requests, forget_requests
from app.signatures.invalidation import Suspects, invalidate, preview
from app.signatures.own_data import erase_address, list_of_address, own_data
from app.signatures.upkeep import stop_and_destroy
from app.signatures.watch import Mark

OPERATOR = "operator"
# By which a form can be looked for afterwards.
ODD = tuple(mark for mark in Mark if mark is not Mark.INVALIDATED)
_INVALIDATED = (
    "{pending} unconfirmed and {confirmed} confirmed signatures, {stopped} letters stopped; "
    "{handed_over} had been handed over. Marks: {by_mark}"
)


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
    # What lies beside the database was wrapped by the master key that is gone now.
    keep_data_keys(state().database, state().beside)
    click.echo(
        f"{wrapped} data keys wrapped anew, {renewed} made anew, {values} values sealed again."
    )
    if is_shared_root(path):
        click.echo("Links are still made from the first key: keep old copies of it locked away.")
    click.echo(f"Copy {path} to where you keep its copy, and destroy the copies of the old one.")
    click.echo("Make a backup now: these keys do not open the older ones.")


@data.command("export")
@click.option("--email", required=True, help="Whose data.")
@click.option("--reason", required=True, help="Why; stands in the audit log.")
def export(email: str, reason: str) -> None:
    """Print everything that is kept under an address, as JSON. The look is noted."""
    with unit_of_work(state().database.writing) as session:
        found = list_of_address(session, state().keys, email)
        rows = [
            asdict(own_data(session, state().keys, signature))
            for signature in found
            if signature.sealed_email is not None
        ]
        follows = own_follows(session, state().keys, email)
        _note(session, "data.export", reason=reason, signatures=len(rows), follows=len(follows))
    answer([*rows, *(asdict(each) for each in follows)], as_json=True)


@data.command("erase")
@click.option("--email", required=True, help="Whose data.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def erase(email: str, *, yes: bool) -> None:
    """Erase everything under an address at once and never write to it again."""
    if not yes and not click.confirm("Erase everything under this address?"):
        refuse("Nothing was erased.")
    with unit_of_work(state().database.writing) as session:
        erased, stopped = erase_address(
            session, state().keys, email, now=now(), beside=state().settings.erasures
        )
        wishes = erase_requests(session, state().keys, email, now())
        wishes += erase_followers(session, state().keys, email, now(), state().beside)
        _note(session, "data.erase", signatures=erased, stopped=stopped, wishes=wishes)
    tidy(state().database)
    click.echo(f"{erased} signatures and {wishes} wishes erased, {stopped} letters stopped.")


@data.command("invalidate")
@click.argument("reference")
@click.option("--mark", "marks", multiple=True, type=click.Choice([m.value for m in ODD]))
@click.option("--domain", "domains", multiple=True, help="Addresses of this domain; repeatable.")
@click.option("--disposable", is_flag=True, help="Mailboxes to throw away, by today's list.")
@click.option("--from", "first", type=click.DateTime(["%Y-%m-%d"]), help="Signed on or after.")
@click.option("--to", "last", type=click.DateTime(["%Y-%m-%d"]), help="Signed on or before.")
@click.option("--country", default="", help="The country they said, as two letters.")
@click.option("--reason", default="", help="Why; stands in the audit log. Without: only look.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def invalidate_signatures(
    reference: str,
    *,
    marks: tuple[str, ...],
    domains: tuple[str, ...],
    disposable: bool,
    first: datetime | None,
    last: datetime | None,
    country: str,
    reason: str,
    yes: bool,
    as_json: bool,
) -> None:
    """Take signatures out of the count that a machine made. Every condition has to hold.

    Without --reason it only says how many there are.
    """
    suspects = Suspects(
        marks=frozenset(Mark(mark) for mark in marks),
        domains=frozenset(domain.lower() for domain in domains),
        disposable=disposable,
        first_day=first.date() if first else None,
        last_day=last.date() if last else None,
        country=country.upper(),
    )
    if suspects.is_everything:
        refuse("Say which: a mark, a domain, --disposable, a day or a country.")
    try:
        with state().database.reading() as session:
            found = preview(session, state().keys, get_campaign(session, reference), suspects)
        if not reason:
            answer(asdict(found), as_json=as_json, line=f"Would go: {_INVALIDATED}")
            return
        if not yes and not click.confirm(
            f"Take out {found.pending + found.confirmed} signatures? Nothing brings them back."
        ):
            refuse("Nothing was taken out.")
        with unit_of_work(state().database.writing) as session:
            campaign = get_campaign(session, reference)
            done = invalidate(session, state().keys, campaign, suspects, now())
            _note(
                session,
                "signatures.invalidate",
                about=("campaign", str(campaign.id)),
                reason=reason,
                chosen={
                    "marks": sorted(suspects.marks),
                    "domains": sorted(suspects.domains),
                    "disposable": disposable,
                    "from": str(suspects.first_day or ""),
                    "to": str(suspects.last_day or ""),
                    "country": suspects.country,
                },
                pending=done.pending,
                confirmed=done.confirmed,
                stopped=done.stopped,
            )
    except NotFound:
        refuse(f"There is no campaign {reference}.")
        return
    tidy(state().database)
    answer(asdict(done), as_json=as_json, line=f"Taken out: {_INVALIDATED}")


@data.command("destroy-campaign-key")
@click.argument("reference")
@click.option("--yes", is_flag=True, help="For scripts: do not ask for the reference again.")
@second_option
def destroy_campaign_key(reference: str, second: str, *, yes: bool) -> None:
    """In danger: stop a campaign and destroy its key. Nobody can read its supporters again."""
    if not yes and click.prompt("Type the reference again to destroy the key") != reference:
        refuse("Nothing was destroyed.")
    confirmed = confirmed_by(second)
    try:
        with unit_of_work(state().database.writing) as session:
            campaign = get_campaign(session, reference)
            report = stop_and_destroy(session, campaign, now(), state().beside)
            forget_requests(session, now())
            _note(
                session,
                "campaign.destroy_key",
                about=("campaign", str(campaign.id)),
                cancelled=report.cancelled,
                confirmed_by=confirmed,
            )
    except NotFound:
        refuse(f"There is no campaign {reference}.")
        return
    tidy(state().database)
    shred_keys(state().database)
    keep_data_keys(state().database, state().beside)
    click.echo(f"Destroyed. {report.cancelled} letters stopped, {report.in_flight} were leaving.")
    click.echo("Copies of the database file made by other means than `flask data backup` hold the")
    click.echo("wrapped key: destroy them, or run `flask data keys rotate`.")


@data.command("backup")
@click.argument("target", type=click.Path(dir_okay=False, path_type=Path))
def backup(target: Path) -> None:
    """Write a consistent backup that holds no key; the service may run meanwhile.

    The wrapped data keys go beside the master key instead, so that a key destroyed later is gone
    for every backup.
    """
    if target.exists():
        refuse(f"{target} is there already.")
    try:
        kept = backup_database(state().database, state().settings.database_url, target)
    except NoProgram as error:
        refuse(f"No backup was made: {error} is not installed.")
        return
    except ProgramFailed as error:
        refuse(f"No backup was made: {error}")
        return
    keep_data_keys(state().database, state().beside)
    click.echo(f"{target}: {kept} bytes. Without the folder {state().settings.key_file.parent}")
    click.echo("nobody can read it: keep a copy of that folder too, in another place.")


def _note(
    session: Session, what: str, *, about: tuple[str, str] = ("person", ""), **detail: object
) -> None:
    note(session, OPERATOR, what, about=about, now=now(), **detail)


def _refuse_key() -> None:
    refuse(
        f"{state().settings.key_file} is not the key that this database is sealed with."
        " The folder is set by OUTCRY_VAR."
    )
