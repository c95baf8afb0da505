"""Data keys that are gone for good, noted by their id: in the database and beside it.

A key that was destroyed must not come back: not from a restored backup, not from the file of data
keys, on whichever machine that lies.
"""

from __future__ import annotations

import uuid
from datetime import date

import structlog
from sqlalchemy import delete, select, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from app.core.beside import Beside, append_lines, read_lines, replace_lines
from app.core.db import Database
from app.core.models import DataKey, DestroyedKey

log = structlog.get_logger()


def destroy_data_key(session: Session, key_id: uuid.UUID, day: date, beside: Beside) -> None:
    """Delete a data key. The list beside the database knows of it before the database does.

    After the commit `keep_data_keys` takes it out of the file of data keys too.
    """
    if key_id.hex not in read_lines(beside.destroyed):
        append_lines(beside.destroyed, [f"{key_id.hex} {day.isoformat()}"])
    if session.get(DestroyedKey, key_id) is None:
        session.add(DestroyedKey(id=key_id, destroyed_on=day))
    session.execute(delete(DataKey).where(DataKey.id == key_id))


def keep_data_keys(database: Database, beside: Beside) -> None:
    """Write the wrapped data keys as they are now. What is destroyed is not among them.

    Keys that only the file knows stay: another backup than the one that was restored may need them.
    """
    kept = read_lines(beside.data_keys)
    with database.reading() as session:
        for row in session.scalars(select(DataKey)):
            before = row.wrapped_before.hex() if row.wrapped_before else "-"
            kept[row.id.hex] = f"{row.wrapped.hex()} {before}"
    _write(beside, kept, _destroyed(database, beside))


def drop_destroyed(database: Database, beside: Beside) -> int:
    """Take what is destroyed out of the file of data keys; return how many keys went."""
    kept = read_lines(beside.data_keys)
    gone = _destroyed(database, beside) & kept.keys()
    if gone:
        _write(beside, kept, gone)
    return len(gone)


def shred_keys(database: Database) -> None:
    """Leave nothing of a destroyed key in PostgreSQL's files, where a deleted row stays for long.

    The table is one row a campaign, so writing it anew takes no time. SQLite overwrites what is
    deleted. Somebody may hold the table for now: the next time does it.
    """
    if database.is_sqlite:
        return
    with database.engine.connect() as connection:
        plain = connection.execution_options(isolation_level="AUTOCOMMIT")
        plain.execute(text("SET lock_timeout = '2s'"))
        try:
            plain.execute(text("VACUUM (FULL) data_key"))
        except OperationalError:
            log.warning("a destroyed key may still stand in the database's files")
        finally:
            plain.execute(text("RESET lock_timeout"))


def reload_destroyed(session: Session, beside: Beside) -> int:
    """Take into the database what only the list knows; return how many were new."""
    known = set(session.scalars(select(DestroyedKey.id)))
    added = [
        DestroyedKey(id=uuid.UUID(name), destroyed_on=date.fromisoformat(day))
        for name, day in read_lines(beside.destroyed).items()
        if uuid.UUID(name) not in known
    ]
    session.add_all(added)
    session.flush()
    return len(added)


def extend_destroyed(session: Session, beside: Beside) -> int:
    """Write into the list what only the database knows: another machine has destroyed it."""
    listed = read_lines(beside.destroyed)
    missing = [
        f"{row.id.hex} {row.destroyed_on.isoformat()}"
        for row in session.scalars(select(DestroyedKey))
        if row.id.hex not in listed
    ]
    if missing:
        append_lines(beside.destroyed, missing)
    return len(missing)


def _destroyed(database: Database, beside: Beside) -> set[str]:
    with database.reading() as session:
        known = {key_id.hex for key_id in session.scalars(select(DestroyedKey.id))}
    return known | read_lines(beside.destroyed).keys()


def _write(beside: Beside, kept: dict[str, str], gone: set[str]) -> None:
    replace_lines(
        beside.data_keys, (f"{name} {kept[name]}" for name in sorted(kept) if name not in gone)
    )
