"""Engine, sessions and the shorthands of typed columns, the same on SQLite and PostgreSQL."""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, ClassVar

from sqlalchemy import (
    JSON,
    DateTime,
    Dialect,
    Engine,
    Enum,
    LargeBinary,
    MetaData,
    Text,
    TypeDecorator,
    Uuid,
    create_engine,
    event,
    make_url,
)
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import DeclarativeBase, Session, mapped_column, sessionmaker

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

# A writer of SQLite waits for the one before it; the busy handler is not fair, so the wait is long.
BUSY_SECONDS = 20
# Emptying the log holds writers up, so it waits for readers only so long and so often.
TIDY_WAITS_MS = 500
TIDY_TRIES = 6


class Instant(TypeDecorator[datetime]):
    """A moment with its zone, stored in UTC. A time without a zone is a mistake and is refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a stored instant needs a time zone")
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(
        self,
        value: datetime | None,
        dialect: Dialect,  # noqa: ARG002 - SQLAlchemy passes it
    ) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


# Random on purpose: an id in order of arrival would tell who signed before whom.
pk = Annotated[uuid.UUID, mapped_column(Uuid, primary_key=True, default=uuid.uuid4)]


class Base(DeclarativeBase):
    """The root of all tables."""

    metadata = MetaData(naming_convention=NAMES)
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: Instant,
        str: Text,
        bytes: LargeBinary,
        uuid.UUID: Uuid,
        dict[str, Any]: JSON,
        dict[str, str]: JSON,
        dict[str, dict[str, str]]: JSON,
        dict[str, list[str]]: JSON,
        list[str]: JSON,
        StrEnum: Enum(
            StrEnum,
            native_enum=False,
            create_constraint=True,
            length=32,
            values_callable=lambda kind: [member.value for member in kind],
        ),
    }


@dataclass(frozen=True, slots=True)
class Database:
    """One engine with two kinds of session: one that only looks, one that writes.

    And a kind of line, `glancing`: each statement on it sees what is committed at that moment. It
    may be kept for long, for no transaction is ever open on it.
    """

    engine: Engine
    glancing: Engine
    reading: sessionmaker[Session]
    writing: sessionmaker[Session]

    @property
    def is_sqlite(self) -> bool:
        return self.engine.dialect.name == "sqlite"

    def dispose(self) -> None:
        self.engine.dispose()


def connect(url: str, *, pool_size: int = 5) -> Database:
    """Open the database at `url`.

    On SQLite a session of `writing` takes the write lock when it begins: a transaction that first
    reads and then writes would otherwise fail at once when another has written in between,
    whatever the busy timeout says.
    """
    parsed = make_url(url)
    options: dict[str, Any] = {"hide_parameters": True, "pool_size": pool_size}
    if parsed.get_backend_name() == "sqlite":
        if parsed.database and parsed.database != ":memory:":
            Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
        options["connect_args"] = {"timeout": BUSY_SECONDS}
    else:
        options["pool_pre_ping"] = True
    engine = create_engine(parsed, **options)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    writing = engine.execution_options(outcry_writes=True)
    # The driver of SQLite never begins by itself (see below), so there it is enough not to begin.
    glancing = engine.execution_options(outcry_glances=True)
    if engine.dialect.name != "sqlite":
        glancing = glancing.execution_options(isolation_level="AUTOCOMMIT")
    return Database(
        engine,
        glancing,
        sessionmaker(engine, expire_on_commit=False),
        sessionmaker(writing, expire_on_commit=False),
    )


@contextmanager
def unit_of_work(sessions: sessionmaker[Session]) -> Iterator[Session]:
    """One transaction: commits at the end, rolls everything back on any error."""
    with sessions() as session, session.begin():
        yield session


def tidy(database: Database) -> None:
    """After a purge: nothing of what went stays in SQLite's log, and free pages leave the file.

    PostgreSQL's vacuum does its own. Readers may keep the log busy for now: it is tried a few
    times, never long, because writers wait meanwhile; the next purge looks again.
    """
    if not database.is_sqlite:
        return
    connection = database.engine.raw_connection()
    try:
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout={TIDY_WAITS_MS}")
        for _ in range(TIDY_TRIES):
            if _empty_log(cursor):
                break
        cursor.execute(f"PRAGMA busy_timeout={BUSY_SECONDS * 1000}")
        cursor.close()
    finally:
        connection.close()


def _empty_log(cursor: Any) -> bool:
    try:
        # A step frees one page; the driver runs only a script to the end of such a statement.
        cursor.executescript("PRAGMA incremental_vacuum;")
        is_busy, _pages, _moved = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    except sqlite3.OperationalError:
        return False
    return not is_busy


def _prepare_sqlite(connection: Any, _record: object) -> None:
    # The driver must not open transactions of its own; `begin` below says which kind it is.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    # What is deleted is overwritten: a name that was erased must not stand in a free page.
    cursor.execute("PRAGMA secure_delete=ON")
    cursor.execute("PRAGMA trusted_schema=OFF")
    cursor.close()


def _begin_sqlite(connection: Any) -> None:
    options = connection.get_execution_options()
    if not options.get("outcry_glances"):
        writes = options.get("outcry_writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def day_of(moment: datetime) -> date:
    """The UTC day: acts of people are stored no finer than this."""
    return moment.astimezone(UTC).date()


# What a driver raises when the database cannot be reached or is too busy for now.
OUT_OF_REACH = (OperationalError, InterfaceError, PoolTimeout)
