"""Backups that hold no key: what is destroyed later is destroyed in them too."""

from __future__ import annotations

import os
import secrets
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

from sqlalchemy import make_url, select

from app.core.db import Database
from app.core.models import DataKey


def backup_database(database: Database, url: str, target: Path) -> int:
    """Write a consistent copy without the data keys; return its size. It appears whole or not."""
    fresh = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    os.close(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    try:
        if database.is_sqlite:
            _copy_sqlite(str(make_url(url).database), fresh)
        else:
            _dump_postgresql(url, fresh)
        fresh.replace(target)
    finally:
        fresh.unlink(missing_ok=True)
    return target.stat().st_size


def keep_data_keys(database: Database, target: Path) -> None:
    """Write the wrapped data keys as they are now; those of destroyed campaigns are not there."""
    with database.reading() as session:
        rows = session.scalars(select(DataKey).order_by(DataKey.id)).all()
    fresh = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as content:
        for row in rows:
            before = row.wrapped_before.hex() if row.wrapped_before else "-"
            content.write(f"{row.id.hex} {row.wrapped.hex()} {before}\n")
        content.flush()
        os.fsync(content.fileno())
    fresh.replace(target)


def _copy_sqlite(source: str, target: Path) -> None:
    # SQLite's backup API: pages are copied as one moment saw them, while others write.
    with closing(sqlite3.connect(source)) as here, closing(sqlite3.connect(target)) as there:
        here.backup(there)
        there.execute("PRAGMA secure_delete=ON")
        there.execute("DELETE FROM data_key")
        there.commit()
        there.execute("PRAGMA journal_mode=DELETE")
        there.execute("VACUUM")


def _dump_postgresql(url: str, target: Path) -> None:
    parsed = make_url(url).set(drivername="postgresql")
    # The password goes by the environment: a command line can be read by everybody.
    environment = {**os.environ, "PGPASSWORD": parsed.password or ""}
    address = parsed.set(password=None).render_as_string(hide_password=False)
    subprocess.run(  # noqa: S603 - the program is ours to name and no shell reads the words
        [  # noqa: S607 - wherever the operator has installed it
            "pg_dump",
            "--format=custom",
            "--exclude-table-data=data_key",
            f"--file={target}",
            address,
        ],
        env=environment,
        check=True,
    )
