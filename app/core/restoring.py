"""Reading a backup back: looked at before anything is touched, and put in place whole.

SQLite: a copy is made ready beside the database and takes its place in one step. PostgreSQL: the
backup is read through to its end first, then loaded in one transaction without its version; as long
as that is missing no process starts over it.
"""

from __future__ import annotations

import os
import secrets
import shutil
import sqlite3
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

from alembic.script import ScriptDirectory
from sqlalchemy import MetaData, inspect, make_url, text
from sqlalchemy.exc import DatabaseError

from app.core.backups import ProgramFailed, ask_postgresql, run_program
from app.core.db import Database
from app.core.errors import Refused
from app.core.schema import alembic_config

RESTORING: Final = "restoring"
RESTORED: Final = "restored"
_SQLITE: Final = b"SQLite format 3\0"
_POSTGRESQL: Final = b"PGDMP"
_T = TypeVar("_T")


class BadBackup(Refused):
    """The file cannot be restored; the message says why in one sentence."""

    code = "bad_backup"


class InUse(Refused):
    """Somebody works with the database that would be replaced."""

    code = "in_use"


@dataclass(frozen=True, slots=True)
class Found:
    """What stands in a backup, as far as one must know before anything is touched."""

    version: str
    key_check: bytes
    key_ids: frozenset[uuid.UUID]
    # Wrapped keys: only a copy that was made by other means holds any.
    data_keys: frozenset[uuid.UUID]
    destroyed: frozenset[uuid.UUID]


def inspect_backup(path: Path, *, is_sqlite: bool) -> Found:
    """Look into a backup; refuse what is no backup, damaged, of the other engine, or newer."""
    try:
        with path.open("rb") as source:
            start = source.read(16)
    except OSError as error:
        raise BadBackup(f"{path} cannot be read ({error.strerror}).") from error
    if not start.startswith((_SQLITE, _POSTGRESQL)):
        raise BadBackup(f"{path} is no backup of Outcry, or its beginning is damaged.")
    if start.startswith(_SQLITE) is not is_sqlite:
        here, there = ("SQLite", "PostgreSQL") if is_sqlite else ("PostgreSQL", "SQLite")
        raise BadBackup(f"{path} is a backup of {there}, and OUTCRY_DATABASE_URL names {here}.")
    found = _inspect_sqlite(path) if is_sqlite else _inspect_dump(path)
    script = ScriptDirectory.from_config(alembic_config(""))
    if found.version not in {each.revision for each in script.walk_revisions()}:
        raise BadBackup(
            f"{path} was made by a newer version of Outcry (its tables are at {found.version})."
            " Install that version first."
        )
    return found


@contextmanager
def staged_sqlite(path: Path, target: Path) -> Iterator[Path]:
    """A copy of the backup beside the database, to be made ready; it is gone afterwards."""
    target.parent.mkdir(parents=True, exist_ok=True)
    stage = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    os.close(os.open(stage, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    try:
        shutil.copyfile(path, stage)
        yield stage
    finally:
        for each in (*_logs_of(stage), stage):
            each.unlink(missing_ok=True)


def place_sqlite(stage: Path, target: Path) -> None:
    """Let the finished copy take the place of the database, whose log must not outlive it."""
    with closing(sqlite3.connect(stage, isolation_level=None)) as ready:
        ready.execute("PRAGMA secure_delete=ON")
        ready.execute("PRAGMA journal_mode=DELETE")
        ready.execute("PRAGMA auto_vacuum=INCREMENTAL")
        ready.execute("VACUUM")
    # The old log would be read into the new database: it goes before that is there.
    for each in _logs_of(target):
        each.unlink(missing_ok=True)
    stage.replace(target)
    descriptor = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def require_unused(database: Database, url: str) -> None:
    """Refuse while anybody else has the database open."""
    database.dispose()
    if database.is_sqlite:
        _require_unused_file(Path(str(make_url(url).database)))
        return
    others = text(
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid != pg_backend_pid()"
        " AND backend_type = 'client backend'"
    )
    with database.engine.connect() as connection:
        busy = connection.execute(others).scalar_one()
    database.dispose()
    if busy:
        raise InUse(f"{busy} other connections to this database are open.")


def has_tables(database: Database) -> bool:
    """Whether there is anything that a restore would throw away. A damaged file counts."""
    try:
        return bool(inspect(database.engine).get_table_names())
    except DatabaseError:
        return True
    finally:
        database.dispose()


def load_postgresql(path: Path, database: Database, url: str, version: str) -> None:
    """Load the backup into the emptied database, muted, with its version as the last thing."""
    with database.engine.begin() as connection:
        tables = MetaData()
        tables.reflect(connection)
        for name in tables.tables:
            quoted = connection.dialect.identifier_preparer.quote(name)
            connection.exec_driver_sql(f"DROP TABLE {quoted} CASCADE")
    database.dispose()
    with _contents_without_version(path) as contents:
        ask_postgresql(
            "pg_restore", url, "--single-transaction", "--exit-on-error", "--no-owner",
            "--no-privileges", f"--use-list={contents}", str(path),
        )  # fmt: skip
    with database.engine.begin() as connection:
        connection.execute(text("UPDATE installation SET muted = :m"), {"m": RESTORING})
        connection.execute(text("INSERT INTO alembic_version VALUES (:v)"), {"v": version})


def _inspect_sqlite(path: Path) -> Found:
    try:
        # Read in place and changed by nobody: `immutable` makes no log beside the operator's file.
        uri = f"{path.resolve().as_uri()}?mode=ro&immutable=1"
        with closing(sqlite3.connect(uri, uri=True)) as opened:
            if opened.execute("PRAGMA integrity_check").fetchone() != ("ok",):
                raise BadBackup(f"{path} is damaged.")
            return Found(
                _only(path, _column(opened, "alembic_version", "version_num")),
                _only(path, _column(opened, "installation", "key_check")),
                _ids(_column(opened, "campaign", "key_id")),
                _ids(_column(opened, "data_key", "id")),
                _ids(_column(opened, "destroyed_key", "id")),
            )
    except sqlite3.OperationalError as error:
        raise BadBackup(f"{path} is a database, but no backup of Outcry.") from error
    except sqlite3.DatabaseError as error:
        raise BadBackup(f"{path} is damaged.") from error


def _inspect_dump(path: Path) -> Found:
    try:
        run_program("pg_restore", f"--file={os.devnull}", str(path))  # all of it, to its end
        version = _rows(path, "alembic_version", "version_num")
        check = _rows(path, "installation", "key_check")
        campaigns = _rows(path, "campaign", "key_id")
        data_keys = _rows(path, "data_key", "id")
        destroyed = _rows(path, "destroyed_key", "id")
    except ProgramFailed as error:
        raise BadBackup(f"{path} is damaged, or cannot be read here ({error}).") from error
    return Found(
        _only(path, version),
        bytes.fromhex(_only(path, check).removeprefix("\\\\x")),
        _ids(campaigns),
        _ids(data_keys),
        _ids(destroyed),
    )


def _column(opened: sqlite3.Connection, table: str, column: str) -> list[Any]:
    """One column of one table; a table that is not there yet has no rows."""
    known = opened.execute("SELECT count(*) FROM sqlite_master WHERE name = ?", (table,))
    if not known.fetchone()[0]:
        return []
    rows = opened.execute(f"SELECT {column} FROM {table}")  # noqa: S608 - both names are ours
    return [value for (value,) in rows]


def _ids(values: list[str]) -> frozenset[uuid.UUID]:
    return frozenset(uuid.UUID(value) for value in values)


def _rows(path: Path, table: str, column: str) -> list[str]:
    """One column of one table of a dump: pg_restore prints it as a COPY block."""
    said = run_program("pg_restore", "--data-only", f"--table={table}", "--file=-", str(path))
    lines = iter(said.decode().splitlines())
    for line in lines:
        if line.startswith("COPY ") and line.endswith(" FROM stdin;"):
            names = line.partition("(")[2].partition(")")[0].split(", ")
            place = [name.strip('"') for name in names].index(column)
            break
    found = []
    for line in lines:
        if line == "\\.":
            break
        found.append(line.split("\t")[place])
    return found


def _only(path: Path, rows: list[_T]) -> _T:
    if not rows:
        raise BadBackup(f"{path} is a database, but no backup of Outcry.")
    return rows[0]


@contextmanager
def _contents_without_version(path: Path) -> Iterator[Path]:
    listed = run_program("pg_restore", "--list", str(path)).decode().splitlines()
    kept = [line for line in listed if " TABLE DATA public alembic_version " not in line]
    with tempfile.NamedTemporaryFile("w", suffix=".list") as contents:
        contents.write("\n".join(kept))
        contents.flush()
        yield Path(contents.name)


def _require_unused_file(path: Path) -> None:
    if not path.exists():
        return
    with suppress(sqlite3.DatabaseError), closing(sqlite3.connect(path, timeout=0)) as opened:
        try:
            # Only who has the file alone may leave the mode in which readers and a writer share it.
            opened.execute("PRAGMA journal_mode=DELETE")
        except sqlite3.OperationalError as error:
            raise InUse(f"Somebody has {path} open.") from error


def _logs_of(path: Path) -> list[Path]:
    return [path.with_name(f"{path.name}{end}") for end in ("-wal", "-shm", "-journal")]
