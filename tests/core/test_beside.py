"""What lies beside the database: destroyed keys and erased addresses stay so, on every machine."""

from __future__ import annotations

import uuid
from datetime import date
from pathlib import Path

from app.core.beside import Beside, append_lines, read_lines
from app.core.db import Database, unit_of_work
from app.core.destroyed import (
    destroy_data_key,
    drop_destroyed,
    extend_destroyed,
    keep_data_keys,
    reload_destroyed,
)
from app.core.erasures import all_erased, extend_erasures, reload_erasures, remember_erasure
from app.core.models import DataKey, DestroyedKey
from app.core.sealing import new_seal, require_own_key
from app.core.tokens import Keys

DAY = date(2026, 6, 1)


def two_keys(database: Database, keys: Keys) -> tuple[uuid.UUID, uuid.UUID]:
    with unit_of_work(database.writing) as session:
        require_own_key(session, keys)
        return new_seal(session, keys).id, new_seal(session, keys).id


def test_a_line_that_a_loss_of_power_cut_off_spoils_no_other(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "list"
    append_lines(path, ["one 1"])
    with path.open("a") as cut:
        cut.write("tw")
    append_lines(path, ["three 3"])
    assert read_lines(path) == {"one": "1", "tw": "", "three": "3"}
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_a_destroyed_key_leaves_the_file_and_never_comes_back(
    database: Database, keys: Keys, tmp_path: Path
) -> None:
    beside = Beside(tmp_path)
    gone, stays = two_keys(database, keys)
    keep_data_keys(database, beside)
    assert set(read_lines(beside.data_keys)) == {gone.hex, stays.hex}
    old = beside.data_keys.read_text()
    with unit_of_work(database.writing) as session:
        destroy_data_key(session, gone, DAY, beside)
    assert drop_destroyed(database, beside) == 1
    assert drop_destroyed(database, beside) == 0
    assert set(read_lines(beside.data_keys)) == {stays.hex}
    # Somebody puts an old copy of the file there: it is cleared again, and by a backup too.
    beside.data_keys.write_text(old)
    keep_data_keys(database, beside)
    assert set(read_lines(beside.data_keys)) == {stays.hex}


def test_the_list_knows_of_a_destroyed_key_even_if_nothing_was_committed(
    database: Database, keys: Keys, tmp_path: Path
) -> None:
    beside = Beside(tmp_path)
    gone, _ = two_keys(database, keys)
    with database.writing() as session:
        destroy_data_key(session, gone, DAY, beside)
        session.rollback()
    with unit_of_work(database.writing) as session:
        assert reload_destroyed(session, beside) == 1
        assert reload_destroyed(session, beside) == 0
        assert session.get(DestroyedKey, gone) is not None


def test_the_file_keeps_keys_that_only_it_knows(
    database: Database, keys: Keys, tmp_path: Path
) -> None:
    beside, other = Beside(tmp_path), uuid.uuid4()
    two_keys(database, keys)
    append_lines(beside.data_keys, [f"{other.hex} 00 -"])
    keep_data_keys(database, beside)
    assert other.hex in read_lines(beside.data_keys)


def test_each_machine_learns_what_another_one_has_destroyed_and_erased(
    database: Database, keys: Keys, tmp_path: Path
) -> None:
    here, there = Beside(tmp_path / "here"), Beside(tmp_path / "there")
    gone, stays = two_keys(database, keys)
    keep_data_keys(database, there)
    with unit_of_work(database.writing) as session:
        destroy_data_key(session, gone, DAY, here)
        remember_erasure(session, keys, "sam@example.org", DAY, here.erased)
    with database.reading() as session:
        assert extend_destroyed(session, there) == 1
        assert extend_erasures(session, there.erased) == 1
        assert extend_destroyed(session, there) == extend_erasures(session, there.erased) == 0
        assert [row.id for row in session.query(DataKey)] == [stays]
    drop_destroyed(database, there)
    assert set(read_lines(there.data_keys)) == {stays.hex}
    assert read_lines(there.erased) == read_lines(here.erased)
    assert "sam" not in there.erased.read_text()


def test_an_older_database_learns_of_erasures_once(
    database: Database, keys: Keys, tmp_path: Path
) -> None:
    beside = Beside(tmp_path)
    with database.writing() as session:
        remember_erasure(session, keys, "sam@example.org", DAY, beside.erased)
        session.rollback()
    with unit_of_work(database.writing) as session:
        assert reload_erasures(session, beside.erased) == 1
        assert reload_erasures(session, beside.erased) == 0
        assert len(all_erased(session)) == 1
