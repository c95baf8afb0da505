"""The worker's process: alone on SQLite, and silent over a database that was restored."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from datetime import timedelta
from pathlib import Path

import pytest

from app.cli.only_one import LEASE, only_one
from app.cli.origin import Origin
from app.core import leases
from app.core.db import Database, connect, unit_of_work
from app.core.sealing import require_own_key
from app.core.tokens import Keys
from app.delivery.claims import is_muted
from tests.conftest import ROOT
from tests.faults.service import wait_for


def a_worker(var: Path, **settings: str) -> subprocess.Popen[str]:
    own = {name: value for name, value in os.environ.items() if not name.startswith("OUTCRY_")}
    own |= {"OUTCRY_VAR": str(var), "OUTCRY_LEASE_SECONDS": "2", **settings}
    return subprocess.Popen(
        [sys.executable, "-m", "flask", "--app", "wsgi", "worker"],
        cwd=ROOT,
        env=own,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_second_worker_on_sqlite_is_refused_by_name_and_a_dead_one_is_replaced(
    sqlite_template: Path, tmp_path: Path
) -> None:
    shutil.copy(sqlite_template, tmp_path / "outcry.db")
    database = connect(f"sqlite:///{tmp_path / 'outcry.db'}")

    def holder() -> str:
        with database.reading() as session:
            held = leases.holder_of(session, LEASE)
            return held.holder if held else ""

    first = a_worker(tmp_path)
    second = third = None
    try:
        wait_for(holder, 30, "first worker")
        second = a_worker(tmp_path)
        _, said = second.communicate(timeout=40)
        assert second.returncode == 1
        assert f"process {first.pid} on {socket.gethostname()}" in said
        assert "PostgreSQL" in said

        first.send_signal(signal.SIGKILL)
        first.wait()
        third = a_worker(tmp_path)
        wait_for(lambda: holder().endswith(f":{third.pid}"), 30, "its successor")
        third.send_signal(signal.SIGTERM)
        assert third.wait(30) == 0
        assert holder() == "", "the lease is given back"
    finally:
        for each in (first, second, third):
            if each is not None:
                if each.poll() is None:
                    each.kill()
                each.communicate()
        database.dispose()


def test_another_machine_is_named_while_its_lease_runs(sqlite_database: Database) -> None:
    with unit_of_work(sqlite_database.writing) as session:
        leases.take(session, LEASE, "archive:77", timedelta(seconds=60))
    begun = time.monotonic()
    with (
        pytest.raises(SystemExit),
        only_one(sqlite_database, timedelta(seconds=0.2), threading.Event()),
    ):
        pass
    assert time.monotonic() - begun < 5


def test_one_that_lost_its_lease_stops(sqlite_database: Database) -> None:
    stop = threading.Event()
    with only_one(sqlite_database, timedelta(seconds=0.3), stop):
        with unit_of_work(sqlite_database.writing) as session:
            held = leases.holder_of(session, LEASE)
            assert held is not None
            leases.give_back(session, LEASE, held.holder)
            leases.take(session, LEASE, "other:1", timedelta(seconds=60))
        assert stop.wait(3)


def origin(database: Database, var: Path) -> Origin:
    return Origin(var, database)


def muted(database: Database) -> bool:
    with database.reading() as session:
        return is_muted(session)


def test_a_restored_or_moved_database_is_muted_and_the_own_one_is_not(
    sqlite_database: Database, tmp_path: Path, keys: Keys
) -> None:
    with unit_of_work(sqlite_database.writing) as session:
        require_own_key(session, keys)
    origin(sqlite_database, tmp_path / "var").require_same()
    backup = tmp_path / "backup.db"
    with (
        sqlite3.connect(tmp_path / "pages.db") as source,
        sqlite3.connect(backup) as target,
    ):
        source.backup(target)
    source.close()
    target.close()
    for _ in range(2):
        origin(sqlite_database, tmp_path / "var").require_same()
    assert not muted(sqlite_database)

    restored = connect(f"sqlite:///{backup}")
    try:
        assert origin(restored, tmp_path / "elsewhere").trouble() == "moved"
        assert origin(restored, tmp_path / "var").trouble() == "restored"
        origin(restored, tmp_path / "var").require_same()
        assert muted(restored)
        with unit_of_work(restored.writing) as session:
            origin(restored, tmp_path / "var").accept(session)
        assert origin(restored, tmp_path / "var").trouble() == ""
    finally:
        restored.dispose()
