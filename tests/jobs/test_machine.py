"""What a machine clears on its own disk, by age, and how far."""

from __future__ import annotations

import os
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

from app.core.beside import Beside, read_lines
from app.core.db import Database, connect, tidy, unit_of_work
from app.core.destroyed import keep_data_keys
from app.core.schema import upgrade
from app.core.tokens import Keys
from app.jobs.machine import KEEP_MAIL, Machine, clear_machine
from app.jobs.runner import Runner
from app.jobs.timetable import TIMETABLE
from app.signatures.actions import confirm
from tests.builders import LINKS, NOON, a_campaign, a_signature

NOW = datetime.now(UTC)
A_MINUTE = timedelta(minutes=1)


def a_file(path: Path, age: timedelta) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("To: sam@example.org")
    moment = (NOW - age).timestamp()
    os.utime(path, (moment, moment))
    return path


def test_mail_and_rotated_logs_go_by_age_and_nothing_else_does(
    database: Database, tmp_path: Path
) -> None:
    old, young = KEEP_MAIL + A_MINUTE, KEEP_MAIL - A_MINUTE
    logs, mail = tmp_path / "logs", tmp_path / "mail"
    goes = [
        *(a_file(mail / part / "a.outcry", old) for part in ("new", "cur", "tmp")),
        a_file(logs / "relay.log.20260501-000000.gz", old),
        a_file(logs / "relay.log-20260501", old),
    ]
    stays = [
        *(a_file(mail / part / "b.outcry", young) for part in ("new", "cur", "tmp")),
        a_file(logs / "relay.log.1", young),
        a_file(logs / "relay.log", old),  # the relay writes it
        a_file(logs / "another.log.1", old),
        a_file(mail / "notes", old),
    ]
    machine = Machine(Beside(tmp_path / "keys"), mail, logs / "relay.log")
    clear_machine(database, machine, NOW)
    assert [path for path in goes if path.exists()] == []
    assert [path for path in stays if not path.exists()] == []


def test_the_end_of_keeping_takes_the_key_out_of_the_file_at_once(
    database: Database, keys: Keys, tmp_path: Path
) -> None:
    machine = Machine(Beside(tmp_path / "keys"), tmp_path / "mail")
    with unit_of_work(database.writing) as session:
        campaign = a_campaign(session, keys)
        confirm(session, keys, a_signature(session, keys, campaign), links=LINKS, now=NOON)
    keep_data_keys(database, machine.beside)
    assert set(read_lines(machine.beside.data_keys)) == {campaign.key_id.hex}
    assert campaign.closes_at is not None
    for later in (campaign.closes_at, campaign.closes_at + timedelta(days=31)):

        def clock(now: datetime = later) -> datetime:
            return now

        runner = Runner(database, keys, LINKS, timedelta(hours=1), machine, clock, name="one")
        runner.run_all_once(TIMETABLE)
    assert read_lines(machine.beside.data_keys) == {}
    assert set(read_lines(machine.beside.destroyed)) == {campaign.key_id.hex}


def test_what_is_deleted_leaves_the_log_and_the_file_of_sqlite(tmp_path: Path) -> None:
    path = tmp_path / "outcry.db"
    upgrade(f"sqlite:///{path}")
    database = connect(f"sqlite:///{path}")
    words = "canary-of-a-page-" * 400
    with database.engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE page (words TEXT)")
        for _ in range(200):
            connection.exec_driver_sql("INSERT INTO page VALUES (?)", (words,))
    log = path.with_name("outcry.db-wal")
    assert b"canary-of-a-page" in log.read_bytes()
    tidy(database)
    full = path.stat().st_size
    with database.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM page")
    tidy(database)
    assert log.stat().st_size == 0
    assert b"canary-of-a-page" not in path.read_bytes()
    assert path.stat().st_size < full / 2
    database.dispose()


def test_a_reader_holds_nobody_up_for_long(tmp_path: Path) -> None:
    path = tmp_path / "outcry.db"
    upgrade(f"sqlite:///{path}")
    database = connect(f"sqlite:///{path}")
    with sqlite3.connect(path, isolation_level=None) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM alembic_version").fetchall()
        with database.engine.begin() as connection:
            connection.exec_driver_sql("CREATE TABLE page (words TEXT)")
        begun = datetime.now(UTC)
        tidy(database)
        assert datetime.now(UTC) - begun < timedelta(seconds=10)
        reader.execute("COMMIT")
    with database.engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA busy_timeout").scalar() == 20_000
    database.dispose()
