"""Alembic's way in: models are found by walking the rooms, the address comes from the caller."""

from __future__ import annotations

import importlib
import pkgutil
from typing import Any

from alembic import context
from sqlalchemy import Connection, create_engine, event, make_url, pool, text

import app
from app.core.db import Base, Instant

for module in pkgutil.walk_packages(app.__path__, "app."):
    # A list kept by hand would one day leave a table out.
    if module.name.endswith(".models"):
        importlib.import_module(module.name)

# One migrator at a time; the number is arbitrary and only ours.
MIGRATION_LOCK = 774_201


def render(kind: str, thing: object, _context: object) -> str | bool:
    """Write a migration without the code of today: an instant is a time with a zone."""
    if kind == "type" and isinstance(thing, Instant):
        return "sa.DateTime(timezone=True)"
    return False


def run(connection: Connection) -> None:
    is_sqlite = connection.dialect.name == "sqlite"
    if not is_sqlite:
        connection.execute(text("SELECT pg_advisory_lock(:n)"), {"n": MIGRATION_LOCK})
        connection.commit()
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        # SQLite cannot alter a table in place: Alembic copies it instead.
        render_as_batch=is_sqlite,
        render_item=render,
        compare_type=True,
        # Our SQLite connections open real transactions, so a migration happens whole or not at all.
        transactional_ddl=True,
    )
    with context.begin_transaction():
        context.run_migrations()
        if is_sqlite:
            broken = connection.execute(text("PRAGMA foreign_key_check")).first()
            if broken is not None:
                raise RuntimeError(f"the migration left a broken reference in {broken[0]}")


def main() -> None:
    engine = create_engine(make_url(context.config.attributes["url"]), poolclass=pool.NullPool)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare)
        event.listen(engine, "begin", _begin)
    with engine.connect() as connection:
        run(connection)


def _prepare(connection: Any, _record: object) -> None:
    # Off while tables are copied: dropping the old copy of a parent would delete its children.
    connection.isolation_level = None
    connection.execute("PRAGMA busy_timeout=60000")
    # Before the first table, or never: what is purged later can leave the file.
    connection.execute("PRAGMA auto_vacuum=INCREMENTAL")
    connection.execute("PRAGMA secure_delete=ON")
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA foreign_keys=OFF")


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN EXCLUSIVE")


main()
