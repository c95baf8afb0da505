"""Backups that hold no key: what is destroyed later is destroyed in them too."""

from __future__ import annotations

import os
import secrets
import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

from sqlalchemy import make_url

from app.core.db import Database
from app.core.errors import Refused


class NoProgram(Refused):
    """A program that makes the backup is not installed."""

    code = "program_missing"


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


def _copy_sqlite(source: str, target: Path) -> None:
    # SQLite's backup API: pages are copied as one moment saw them, while others write.
    with (
        closing(sqlite3.connect(source)) as here,
        closing(sqlite3.connect(target, isolation_level=None)) as there,
    ):
        here.backup(there)
        there.execute("PRAGMA secure_delete=ON")
        there.execute("DELETE FROM data_key")
        there.execute("PRAGMA journal_mode=DELETE")
        there.execute("VACUUM")


def _dump_postgresql(url: str, target: Path) -> None:
    program = shutil.which("pg_dump")
    if program is None:
        raise NoProgram("pg_dump")
    parsed = make_url(url).set(drivername="postgresql")
    address = parsed.set(password=None).render_as_string(hide_password=False)
    subprocess.run(  # noqa: S603 - the words are ours and no shell reads them
        [program, "--format=custom", "--exclude-table-data=data_key", f"--file={target}", address],
        # The password goes by the environment: a command line can be read by everybody.
        env={"PGPASSWORD": parsed.password or ""},
        check=True,
    )
