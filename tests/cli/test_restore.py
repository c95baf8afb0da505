"""flask data restore: muted, nothing erased or destroyed comes back, and every "no" says why."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select, text, update

from app import create_app
from app.audit.models import AuditEntry
from app.campaigns.models import Campaign, CampaignState
from app.cli.running import join_the_running
from app.core.beside import read_lines
from app.core.db import unit_of_work
from app.core.models import DataKey, Installation
from app.core.schema import schema_trouble
from app.core.sealing import require_own_key
from app.delivery.models import Dispatch, DispatchState
from app.reminders.actions import ask
from app.reminders.models import ReminderRequest
from app.signatures.actions import confirm
from app.signatures.models import Signature
from app.signatures.queries import open_answers, seal_of
from app.state import State, state_of
from config import Settings
from tests.builders import LINKS, a_campaign, a_form, a_signature, an_account
from tests.cast import AMAL, NOOR, PASSWORD, SAM
from tests.conftest import a_database
from tests.postgres import programs


@dataclass
class House:
    """An installation with two campaigns, two people and a backup of all that."""

    app: Flask
    backup: Path

    @property
    def own(self) -> State:
        return state_of(self.app)

    def call(self, *words: str, given: str = "") -> tuple[int, str]:
        with self.app.app_context():
            done = self.app.test_cli_runner().invoke(args=list(words), input=given)
        return done.exit_code, done.output

    def says(self, *words: str) -> str:
        code, said = self.call(*words)
        assert code == 0, said
        return said

    def destroy(self, reference: str) -> None:
        """Destroy a campaign's key, with the second person that it takes."""
        words = ("data", "destroy-campaign-key", reference, "--yes", "--second", AMAL.email)
        code, said = self.call(*words, given=f"{PASSWORD}\n")
        assert code == 0, said

    def refuses(self, *words: str) -> str:
        before = self.rows()
        code, said = self.call(*words)
        assert code == 1, said
        assert self.rows() == before, "a refusal touches nothing"
        return said

    def rows(self) -> list[str]:
        if schema_trouble(self.own.database):
            return []
        with self.own.database.reading() as session:
            return sorted(str(tuple(row)) for row in session.execute(select(Signature.__table__)))

    def restore(self, *words: str) -> str:
        return self.says("data", "restore", str(self.backup), *words)

    def people(self) -> list[str]:
        with self.own.database.reading() as session:
            found = session.scalars(select(Signature).where(Signature.sealed_email.is_not(None)))
            return sorted(
                open_answers(seal_of(session, self.own.keys, one), one).email for one in found
            )

    def muted(self) -> str | None:
        with self.own.database.reading() as session:
            return session.scalar(select(Installation.muted))


@pytest.fixture(params=["sqlite", "postgresql"])
def house(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[House]:
    (tmp_path / "var").mkdir()
    with a_database(request, request.param, tmp_path / "var") as url:
        if request.param == "postgresql":
            # The programs that belong to the server of the tests; a machine's own may be older.
            monkeypatch.setenv("PATH", f"{programs()}:{os.environ['PATH']}")
        yield from _a_house(tmp_path, url)


def _a_house(tmp_path: Path, url: str) -> Iterator[House]:
    app = create_app(Settings(var=tmp_path / "var", database_url=url))
    own, now = state_of(app), datetime.now(UTC)
    with unit_of_work(own.database.writing) as session:
        require_own_key(session, own.keys)
        an_account(session, AMAL)
        for name in ("mamai", "dosmagambetov"):
            campaign = a_campaign(session, own.keys, name=name, now=now)
            for who in (SAM, NOOR):
                form = a_form(campaign, who=who, sentence=f"I am {who.name}.")
                signature = a_signature(session, own.keys, campaign, form, now)
                confirm(session, own.keys, signature, links=LINKS, now=now)
            ask(session, own.keys, campaign, SAM.email, "en", links=LINKS, now=now)
    made = House(app, tmp_path / "backup")
    made.says("data", "backup", str(made.backup))
    yield made
    own.database.dispose()


def references(house: House) -> list[str]:
    with house.own.database.reading() as session:
        return list(session.scalars(select(Campaign.reference).order_by(Campaign.reference)))


def test_a_backup_brings_everything_back_and_sends_nothing(house: House) -> None:
    before = house.rows()
    with unit_of_work(house.own.database.writing) as session:
        session.execute(text("DELETE FROM letter"))
        session.execute(text("DELETE FROM signature"))
    assert house.rows() == []
    house.restore("--replace")
    assert house.rows() == before
    assert house.people() == sorted([SAM.email, NOOR.email] * 2)
    assert house.muted() == "restored"
    assert "MUTED (restored)" in house.says("mail", "status")
    house.says("worker", "--drain")
    assert not list(house.own.settings.maildir.glob("*/*"))
    assert house.says("db", "check") is not None
    with house.own.database.reading() as session:
        assert session.scalars(select(AuditEntry.action)).all()[-1] == "data.restore"
    house.says("mail", "unmute")
    house.says("worker", "--drain")
    assert list(house.own.settings.maildir.glob("new/*"))


def test_who_was_erased_since_is_erased_again_before_anything_starts(house: House) -> None:
    house.says("data", "erase", "--email", SAM.email, "--yes")
    said = house.restore("--replace")
    # Two signatures and one wish are three mails; a fourth on one day is not written.
    assert "2 signatures, 1 wishes" in said
    assert house.people() == [NOOR.email] * 2
    with house.own.database.reading() as session:
        assert session.scalars(select(ReminderRequest)).all() == []
        assert house.own.settings.erasures.read_text().count("\n") == 1
    assert SAM.email not in house.own.settings.erasures.read_text()


def test_a_key_that_was_destroyed_since_stays_so(house: House) -> None:
    old_keys = house.own.beside.data_keys.read_text()
    gone, stays = references(house)
    house.destroy(gone)
    # Even with the file of data keys from the day of the backup.
    house.own.beside.data_keys.write_text(old_keys)
    assert "1 campaigns" in house.restore("--replace")
    with house.own.database.reading() as session:
        found = {row.reference: row for row in session.scalars(select(Campaign))}
        assert found[gone].state is CampaignState.CLOSED
        assert found[stays].state is CampaignState.OPEN
        assert session.get(DataKey, found[gone].key_id) is None
        left = select(Dispatch.state).where(Dispatch.key_id == found[gone].key_id)
        assert set(session.scalars(left)) == {DispatchState.CANCELLED}
        of_gone = select(Signature.sealed_email).where(Signature.campaign_id == found[gone].id)
        assert set(session.scalars(of_gone)) == {None}
    assert found[gone].key_id.hex not in read_lines(house.own.beside.data_keys)
    assert found[stays].key_id.hex in read_lines(house.own.beside.data_keys)


# The folder is the same beside both.
@pytest.mark.parametrize("house", ["sqlite"], indirect=True)
def test_a_fresh_machine_needs_the_folder_of_keys_and_nothing_else(
    house: House, tmp_path: Path
) -> None:
    house.says("data", "erase", "--email", SAM.email, "--yes")
    there = create_app(Settings(var=tmp_path / "there"))
    moved = House(there, house.backup)
    assert "new one has been made" in moved.refuses("data", "restore", str(house.backup))
    moved.own.database.dispose()
    shutil.rmtree(tmp_path / "there" / "keys")
    shutil.copytree(house.own.beside.folder, tmp_path / "there" / "keys")
    moved = House(create_app(Settings(var=tmp_path / "there")), house.backup)
    moved.restore()
    assert moved.people() == [NOOR.email] * 2
    assert moved.muted() == "restored"


def test_a_database_that_is_there_is_not_thrown_away_by_accident(house: House) -> None:
    assert "--replace" in house.refuses("data", "restore", str(house.backup))


def test_a_running_installation_is_left_alone(house: House) -> None:
    again = ("data", "restore", str(house.backup), "--replace")
    if house.own.database.is_sqlite:
        with sqlite3.connect(house.own.database.engine.url.database or "") as other:
            other.execute("SELECT count(*) FROM signature").fetchone()
            assert "open" in house.refuses(*again)
        other.close()
    else:
        other = create_app(house.own.settings)
        with state_of(other).database.reading() as session:
            session.execute(select(Installation.id))
            assert "connections" in house.call(*again)[1]
        state_of(other).database.dispose()
    # A process that works here, as web, worker and scheduler say at their start.
    join_the_running(house.own.settings.var)
    assert "stop web, worker and scheduler" in house.refuses(*again)


def test_files_that_are_no_whole_backup_are_refused_and_nothing_is_touched(
    house: House, tmp_path: Path
) -> None:
    content = house.backup.read_bytes()
    other = b"PGDMP" if house.own.database.is_sqlite else b"SQLite format 3\0"
    middle = len(content) // 2
    for name, bad, says in (
        ("nothing", b"", "no backup"),
        ("words", b"Dear Sam, " * 100, "no backup"),
        ("of another engine", other + content, "is a backup of"),
        ("cut short", content[:middle], "damaged"),
        ("overwritten", content[:middle] + bytes(4096) + content[middle + 4096 :], "damaged"),
    ):
        house.backup.write_bytes(bad)
        said = house.refuses("data", "restore", str(house.backup), "--replace")
        assert says in said, name
    house.backup.unlink()
    assert "cannot be read" in house.refuses("data", "restore", str(house.backup), "--replace")


def test_a_backup_of_a_newer_version_is_refused(house: House) -> None:
    with house.own.database.engine.begin() as connection:
        head = connection.scalar(text("SELECT version_num FROM alembic_version"))
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    newer = house.backup.with_name("newer")
    house.says("data", "backup", str(newer))
    with house.own.database.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :head"), {"head": head})
    said = house.refuses("data", "restore", str(newer), "--replace")
    assert "newer version" in said
    assert "9999" in said


def test_missing_and_foreign_keys_are_named(house: House, tmp_path: Path) -> None:
    keys = house.own.beside.data_keys
    kept = keys.read_text()
    again = ("data", "restore", str(house.backup), "--replace")
    keys.write_text(kept.splitlines()[0] + "\n")
    assert "lacks the keys of 1 campaigns" in house.refuses(*again)
    # Wrapped by another master key than the one that lies beside it.
    keys.write_text("".join(f"{line.split()[0]} {'00' * 60} -\n" for line in kept.splitlines()))
    assert "another master key" in house.refuses(*again)
    keys.write_text(kept.splitlines()[0] + "\n")
    house.restore("--replace", "--without-keys")
    assert len(house.people()) == 2
    with house.own.database.reading() as session:
        states = sorted(session.scalars(select(Campaign.state)))
    assert states == [CampaignState.CLOSED, CampaignState.OPEN]


def test_keys_that_were_made_anew_do_not_open_an_older_backup(house: House) -> None:
    said = house.says("data", "keys", "rotate")
    assert "Make a backup now" in said
    code, said = house.call("data", "restore", str(house.backup), "--replace")
    assert code == 1
    assert "made anew" in said
    fresh = house.backup.with_name("fresh")
    if house.own.database.is_sqlite:
        assert len(house.people()) == 4, "nothing was touched"
        house.says("data", "backup", str(fresh))
        house.says("data", "restore", str(fresh), "--replace")
        assert len(house.people()) == 4
    else:
        # It had to be loaded to see that; nothing starts over it, and nothing leaves.
        assert house.muted() == "restoring"
        assert "cut short" in house.call("mail", "unmute")[1]
        assert "cut short" in house.call("worker", "--drain")[1]


def test_a_new_master_key_alone_still_opens_an_older_backup(house: House) -> None:
    house.says("data", "keys", "rotate", "--master-only")
    house.restore("--replace")
    assert len(house.people()) == 4
    assert "rotation under way: False" in house.says("data", "keys", "status")


# A copied file is SQLite's; what is done then is the same.
@pytest.mark.parametrize("house", ["sqlite"], indirect=True)
def test_a_database_put_back_by_hand_is_cleared_at_the_start(house: House, tmp_path: Path) -> None:
    path, aside = Path(house.own.database.engine.url.database or ""), tmp_path / "aside"
    house.own.database.dispose()
    shutil.copy(path, aside)
    gone, _ = references(house)
    house.says("data", "erase", "--email", SAM.email, "--yes")
    house.destroy(gone)
    house.own.database.dispose()
    shutil.copy(aside, path)
    assert len(house.people()) == 4
    with unit_of_work(house.own.database.writing) as session:
        session.execute(update(Installation).values(muted="by_hand"))
    house.own.database.dispose()
    house.says("worker", "--drain")
    assert house.people() == [NOOR.email]
    for canary in (SAM.email, SAM.name):
        assert canary.encode() not in path.read_bytes()
