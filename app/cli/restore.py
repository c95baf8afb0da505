"""flask data restore: a backup put back, muted, and whoever was erased since erased again."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import click
from sqlalchemy import delete, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from app.audit.actions import note
from app.campaigns.models import Campaign
from app.cli.again import Again, forget_again
from app.cli.running import none_running
from app.cli.state import now, refuse, state
from app.core.backups import NoProgram
from app.core.beside import Beside, read_lines
from app.core.db import Database, connect, unit_of_work
from app.core.destroyed import extend_destroyed, keep_data_keys
from app.core.erasures import extend_erasures
from app.core.errors import Refused
from app.core.models import DataKey, DestroyedKey, Installation, Lease
from app.core.restoring import (
    RESTORED,
    BadBackup,
    Found,
    InUse,
    has_tables,
    inspect_backup,
    load_postgresql,
    place_sqlite,
    require_unused,
    staged_sqlite,
)
from app.core.rotation import sealed_columns
from app.core.schema import upgrade
from app.core.sealing import WrongKey, get_seal, opens, owns, take_master
from app.core.tokens import Keys
from app.followers.models import Follower
from app.reminders.actions import forget_requests
from app.signatures.upkeep import stop_and_destroy


@click.command("restore")
@click.argument("source", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--replace", is_flag=True, help="Throw the present database away.")
@click.option("--without-keys", is_flag=True, help="Give up campaigns whose keys are missing.")
def restore(source: Path, *, replace: bool, without_keys: bool) -> None:
    """Put a backup of `data backup` back. Mail stays muted until `flask mail unmute`.

    Needs the folder of keys as it was last kept. Whoever was erased since the backup, and whatever
    key was destroyed, is so again before anything can start.
    """
    try:
        with none_running(state().settings.var):
            again = _replace(source, replace=replace, without_keys=without_keys)
    except NoProgram as error:
        refuse(f"Nothing was restored: {error} is not installed.")
        return
    except Refused as error:
        refuse(str(error))
        return
    click.echo(
        f"Restored. Erased again: {again.signatures} signatures, {again.wishes} wishes,"
        f" {again.campaigns} campaigns whose keys are destroyed."
    )
    click.echo("All mail is muted. Letters that left after this backup was made would leave again:")
    click.echo("close what should not go on, start, look, and then `flask mail unmute`.")


def _replace(source: Path, *, replace: bool, without_keys: bool) -> Again:
    """Look at everything first, and only then touch what is there."""
    own = state()
    require_unused(own.database, own.settings.database_url)
    if has_tables(own.database):
        if not replace:
            raise InUse("There is a database already. --replace throws it away.")
        _remember_present(own.database, own.beside)
    found = inspect_backup(source, is_sqlite=own.database.is_sqlite)
    missing = _require_keys(found, own.keys, own.beside, own.settings.key_file)
    if missing and not without_keys:
        raise BadBackup(
            f"{own.beside.data_keys} lacks the keys of {len(missing)} campaigns. Put the newest"
            " copy of that folder there, or give their supporters up with --without-keys."
        )
    again = _restore(source, found)
    keep_data_keys(own.database, own.beside)
    return again


def _restore(source: Path, found: Found) -> Again:
    own = state()
    if not own.database.is_sqlite:
        load_postgresql(source, own.database, own.settings.database_url, found.version)
        upgrade(own.settings.database_url)
        return _finish(own.database, own.keys, own.beside)
    target = Path(str(own.database.engine.url.database))
    with staged_sqlite(source, target) as stage:
        upgrade(f"sqlite:///{stage}")
        database = connect(f"sqlite:///{stage}")
        try:
            again = _finish(database, own.keys, own.beside)
        finally:
            database.dispose()
        place_sqlite(stage, target)
    return again


def _finish(database: Database, keys: Keys, beside: Beside) -> Again:
    """Everything that must be true before a process may start, in one transaction."""
    with unit_of_work(database.writing) as session:
        # The master key may be a newer one, by which the data keys have been wrapped anew.
        if not owns(keys, session.get_one(Installation, 1).key_check):
            take_master(session, keys, keys.masters.known[0])
        _put_keys_back(session, beside)
        again = forget_again(session, keys, beside, now(), whole=True)
        for campaign in _without_key(session):
            stop_and_destroy(session, campaign, now(), beside)
        forget_requests(session, now())
        _require_opening(session, keys)
        session.execute(delete(Lease))
        session.execute(update(Installation).values(muted=RESTORED))
        note(
            session,
            "operator",
            "data.restore",
            about=("installation", "1"),
            now=now(),
            campaigns=again.campaigns,
            signatures=again.signatures,
            wishes=again.wishes,
        )
    return again


def _remember_present(database: Database, beside: Beside) -> None:
    """Keep beside it what the present database alone may know, before it is thrown away."""
    # It may be damaged, or older than these tables: then only the lists say what they say.
    for extend in _EXTENSIONS:
        with suppress(SQLAlchemyError), database.reading() as session:
            extend(session, beside)
    database.dispose()


_EXTENSIONS: tuple[Callable[[Session, Beside], int], ...] = (
    lambda session, beside: extend_erasures(session, beside.erased),
    extend_destroyed,
)


def _require_keys(found: Found, keys: Keys, beside: Beside, key_file: Path) -> set[uuid.UUID]:
    """The keys that are nowhere; refuses those of another installation."""
    kept = {uuid.UUID(name): line for name, line in read_lines(beside.data_keys).items()}
    mine = found.key_ids & kept.keys()
    if not (mine or owns(keys, found.key_check)):
        raise BadBackup(
            f"{key_file} is not the key that this backup is sealed with; where there was none, a"
            " new one has been made. Put your copy of that folder there and call this again."
        )
    for key_id in mine:
        if not opens(keys, key_id, bytes.fromhex(kept[key_id].partition(" ")[0])):
            raise BadBackup(
                f"{beside.data_keys} was written under another master key than {key_file}."
                " Put both back from the same copy of that folder."
            )
    there = found.data_keys | found.destroyed | kept.keys()
    there |= {uuid.UUID(name) for name in read_lines(beside.destroyed)}
    return set(found.key_ids - there)


def _put_keys_back(session: Session, beside: Beside) -> None:
    wanted = set(session.scalars(select(Campaign.key_id)))
    wanted |= set(session.scalars(select(Follower.key_id)))
    gone = set(session.scalars(select(DestroyedKey.id)))
    for name, content in read_lines(beside.data_keys).items():
        key_id = uuid.UUID(name)
        if key_id in wanted - gone:
            wrapped, _space, before = content.partition(" ")
            row = session.get(DataKey, key_id) or DataKey(id=key_id)
            row.wrapped = bytes.fromhex(wrapped)
            row.wrapped_before = None if before == "-" else bytes.fromhex(before)
            session.add(row)
    session.flush()


def _without_key(session: Session) -> list[Campaign]:
    keyless = (
        select(Campaign)
        .outerjoin(DataKey, DataKey.id == Campaign.key_id)
        .outerjoin(DestroyedKey, DestroyedKey.id == Campaign.key_id)
        .where(DataKey.id.is_(None), DestroyedKey.id.is_(None))
    )
    return list(session.scalars(keyless))


def _require_opening(session: Session, keys: Keys) -> None:
    """Try each key on one value of each kind: newer keys do not open an older backup."""
    for key_id in session.scalars(select(DataKey.id)).all():
        seal = get_seal(session, keys, key_id)
        for column in sealed_columns():
            found = session.execute(column.rows(key_id).limit(1)).one_or_none()
            if found is None:
                continue
            try:
                name, place = column.table.name, column.place
                seal.open_bytes(found[1], table=name, column=place, row=found[0])
            except WrongKey as error:
                raise BadBackup(
                    "The backup was made before the keys were made anew (`flask data keys rotate`)."
                    " Only the copy of the key folder from before that opens it."
                ) from error
