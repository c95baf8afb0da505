"""Backups that hold no key: what is destroyed later is destroyed in them too."""

from __future__ import annotations

import os
import secrets
import shutil
import sqlite3
import subprocess
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from sqlalchemy import make_url

from app.core.db import Database
from app.core.errors import Refused


class NoProgram(Refused):
    """A program that makes or reads the backup is not installed."""

    code = "program_missing"


class ProgramFailed(Refused):
    """A program that makes or reads the backup has failed, and said why."""

    code = "program_failed"


def backup_database(database: Database, url: str, target: Path) -> int:
    """Write a consistent copy without the data keys; return its size. It appears whole or not."""
    fresh = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    os.close(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    try:
        if database.is_sqlite:
            _copy_sqlite(str(make_url(url).database), fresh)
        else:
            ask_postgresql(
                "pg_dump",
                url,
                "--format=custom",
                "--exclude-table-data=data_key",
                f"--file={fresh}",
            )
        fresh.replace(target)
    finally:
        fresh.unlink(missing_ok=True)
    return target.stat().st_size


def ask_postgresql(name: str, url: str, *words: str) -> None:
    """Run one of PostgreSQL's own programs on this database."""
    parsed = make_url(url).set(drivername="postgresql")
    address = parsed.set(password=None).render_as_string(hide_password=False)
    # The password goes by the environment: a command line can be read by everybody.
    secret = {"PGPASSWORD": parsed.password} if parsed.password else None
    run_program(name, *words, f"--dbname={address}", only=secret)


def run_program(name: str, *words: str, only: dict[str, str] | None = None) -> bytes:
    """Run a program and return what it printed; refuse with the end of what it complained about.

    Given `only`, that is its whole environment.
    """
    program = shutil.which(name)
    if program is None:
        raise NoProgram(name)
    done = subprocess.run(  # noqa: S603 - the words are ours and no shell reads them
        [program, *words], env=only, capture_output=True, check=False
    )
    if done.returncode:
        raise ProgramFailed(_last_line(done.stderr.decode(errors="replace").splitlines(), name))
    return done.stdout


def _last_line(said: Sequence[str], name: str) -> str:
    return next((line.strip() for line in reversed(said) if line.strip()), name)[:300]


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
