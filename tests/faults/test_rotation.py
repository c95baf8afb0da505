"""Keys made anew while others sign and read, killed again and again: all stays readable."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from app.core.db import Database, connect, unit_of_work
from app.core.keys import next_file, read_file, read_keys, read_or_make_keys
from app.core.models import DataKey
from app.core.rotation import sealed_columns
from app.core.schema import upgrade
from app.core.sealing import Seal, WrongKey, get_seal, require_own_key, wraps
from app.core.tokens import Keys
from app.reminders.actions import ask
from app.signatures.actions import confirm
from app.signatures.models import Signature
from app.signatures.queries import open_answers, seal_of
from tests.builders import LINKS, a_campaign, a_form, a_signature
from tests.cast import Person
from tests.conftest import ROOT

PEOPLE = 60


def fill(database: Database, keys: Keys) -> list[str]:
    """Two campaigns with people who wait, people who confirmed, wishes and letters under way."""
    now = datetime.now(UTC)
    references = []
    with unit_of_work(database.writing) as session:
        require_own_key(session, keys)
        for name in ("mamai", "dosmagambetov"):
            campaign = a_campaign(session, keys, name=name, now=now)
            references.append(campaign.reference)
            for number in range(PEOPLE // 2):
                who = Person(f"Person {number}", f"person{number}@example.org")
                form = a_form(campaign, who=who, sentence=f"Sentence {number}")
                signature = a_signature(session, keys, campaign, form, now)
                if number % 2:
                    confirm(session, keys, signature, links=LINKS, now=now)
                else:
                    ask(session, keys, campaign, who.email, "en", links=LINKS, now=now)
    return references


def open_everything(database: Database, keys: Keys) -> int:
    """Open each sealed value there is; return how many there were."""
    opened = 0
    with database.reading() as session:
        for key_id in session.scalars(select(DataKey.id)):
            for column in sealed_columns():
                for row, sealed in session.execute(column.rows(key_id)):
                    seal = get_seal(session, keys, key_id)
                    place = {"table": column.table.name, "column": column.place, "row": row}
                    seal.open_bytes(sealed, **place)
                    opened += 1
    return opened


def one_person_more(database: Database, keys: Keys, number: int) -> None:
    now = datetime.now(UTC)
    with unit_of_work(database.writing) as session:
        from_before = session.scalars(select(Signature).limit(1)).one()
        who = Person(f"Late {number}", f"late{number}@example.org")
        form = a_form(from_before.campaign, who=who, sentence="While it runs")
        signature = a_signature(session, keys, from_before.campaign, form, now)
        assert open_answers(seal_of(session, keys, signature), signature).name == who.name
        assert open_answers(seal_of(session, keys, from_before), from_before).name


@contextmanager
def others_at_work(work: Callable[[int], None]) -> Iterator[list[str]]:
    """Somebody who was started before the rotation and goes on meanwhile."""
    stop, troubles = threading.Event(), []

    def go_on() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            try:
                work(number)
            except Exception as error:  # noqa: BLE001 - whatever it is, the test is to say so
                troubles.append(repr(error))
            time.sleep(0.1)

    thread = threading.Thread(target=go_on)
    thread.start()
    try:
        yield troubles
    finally:
        stop.set()
        thread.join()


def rotate(url: str, var: Path, *, kill_after: float | None) -> int:
    """`flask data keys rotate` as an operator calls it, killed so long after it has begun."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("OUTCRY_")}
    called = subprocess.Popen(
        [sys.executable, "-u", "-m", "flask", "--app", "wsgi", "data", "keys", "rotate"],
        cwd=ROOT,
        env={**own, "OUTCRY_VAR": str(var), "OUTCRY_DATABASE_URL": url},
        stdout=subprocess.PIPE,
    )
    assert called.stdout is not None
    with called, called.stdout as said:
        assert said.readline().startswith(b"Rotating")
        if kill_after is not None:
            time.sleep(kill_after)
            called.kill()
        said.read()
        return called.wait(120)


def run_rotation(url: str, var: Path, kills: int, seed: int) -> None:
    chance = random.Random(seed)
    path = var / "keys" / "master.key"
    keys = read_or_make_keys(path)
    upgrade(url)
    database = connect(url)
    try:
        fill(database, keys)
        first, before = read_file(path), open_everything(database, keys)
        with database.reading() as session:
            old = {key_id: get_seal(session, keys, key_id) for key_id in _ids(database)}
        with others_at_work(lambda number: one_person_more(database, keys, number)) as troubles:
            for _ in range(kills):
                rotate(url, var, kill_after=chance.uniform(0.0, 2.6))
                assert open_everything(database, read_keys(path)) >= before
            assert rotate(url, var, kill_after=None) == 0
        assert troubles == []
        require_nothing_on_old_keys(database, path, first.master, old)
        assert open_everything(database, keys) > before, "the process from before reads all of it"
    finally:
        database.dispose()


def require_nothing_on_old_keys(
    database: Database, path: Path, first: bytes, old: dict[object, Seal]
) -> None:
    now = read_file(path)
    assert not next_file(path).exists()
    assert now.master != first
    with database.reading() as session:
        for row in session.scalars(select(DataKey)):
            assert wraps(row, now.master)
            assert not wraps(row, first)
            assert row.wrapped_before is None
            for column in sealed_columns():
                for place, sealed in session.execute(column.rows(row.id)):
                    with pytest.raises(WrongKey):
                        old[row.id].open_bytes(
                            sealed, table=column.table.name, column=column.place, row=place
                        )


def _ids(database: Database) -> list[object]:
    with database.reading() as session:
        return list(session.scalars(select(DataKey.id)))


@pytest.mark.timeout(300)
def test_a_rotation_that_was_killed_leaves_everything_readable(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/var/outcry.db"
    run_rotation(url, tmp_path / "var", 1, random.randrange(10_000))


@pytest.mark.long
@pytest.mark.timeout(1200)
def test_a_rotation_killed_twenty_times_leaves_everything_readable(
    url: str, tmp_path: Path
) -> None:
    run_rotation(url, tmp_path / "var", 20, random.randrange(10_000))
