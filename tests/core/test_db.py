"""The database as every part finds it: safe writers, checked references, times with a zone."""

from __future__ import annotations

import threading
import uuid
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import insert, select, text
from sqlalchemy.exc import IntegrityError, StatementError
from sqlalchemy.orm import Session

from app.campaigns.models import Case
from app.core.db import Database, connect, day_of, unit_of_work
from app.core.models import Lease, ThrottleCount, Tick

MOMENT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def a_tick(due: datetime, job: str = "job") -> Tick:
    return Tick(job=job, due=due, fence=1)


def test_a_time_without_a_zone_is_refused(database: Database) -> None:
    wrong = insert(Tick).values(job="job", due=datetime(2026, 3, 1), fence=1)  # noqa: DTZ001 - that is it
    with pytest.raises(StatementError, match="needs a time zone"), database.writing() as session:
        session.execute(wrong)


def test_a_time_comes_back_in_utc_whatever_zone_it_was_given_in(database: Database) -> None:
    almaty = timezone(timedelta(hours=5))
    with unit_of_work(database.writing) as session:
        session.add(a_tick(datetime(2026, 3, 1, 17, 0, tzinfo=almaty)))

    with database.reading() as session:
        found = session.scalars(select(Tick.due)).one()

    assert (found, found.tzinfo) == (MOMENT, UTC)


def test_a_microsecond_is_kept_because_a_deadline_is_compared_by_it(database: Database) -> None:
    almost = MOMENT - timedelta(microseconds=1)
    with unit_of_work(database.writing) as session:
        session.add(a_tick(almost))
    with database.reading() as session:
        assert session.scalars(select(Tick.due).where(Tick.due < MOMENT)).one() == almost


def test_a_reference_to_nothing_is_refused(database: Database) -> None:
    with pytest.raises(IntegrityError), unit_of_work(database.writing) as session:
        session.add(Case(section_id=uuid.uuid4(), title="of no section"))


def test_what_fails_half_way_leaves_nothing(database: Database) -> None:
    def fail(session: Session) -> None:
        session.add(a_tick(MOMENT))
        session.flush()
        raise RuntimeError

    with pytest.raises(RuntimeError), unit_of_work(database.writing) as session:
        fail(session)
    with database.reading() as session:
        assert session.scalars(select(Tick)).all() == []


@pytest.mark.parametrize(
    ("pragma", "value"),
    [
        ("journal_mode", "wal"),
        ("synchronous", 2),  # FULL: with less, a committed row can vanish at a loss of power
        ("foreign_keys", 1),
        ("secure_delete", 1),
        ("trusted_schema", 0),
    ],
)
@pytest.mark.parametrize("kind", ["reading", "writing"])
def test_every_sqlite_connection_is_set_up(
    sqlite_database: Database, kind: str, pragma: str, value: object
) -> None:
    with getattr(sqlite_database, kind)() as session:
        assert session.scalar(text(f"PRAGMA {pragma}")) == value


def test_postgresql_waits_for_the_disk_before_it_says_yes(database: Database) -> None:
    if not database.is_sqlite:
        with database.reading() as session:
            assert session.scalar(text("SHOW synchronous_commit")) == "on"


def test_writers_that_read_first_wait_for_each_other(database: Database) -> None:
    """Under a plain BEGIN the second would fail with "database is locked", whatever the timeout."""
    with unit_of_work(database.writing) as session:
        session.add(ThrottleCount(key=b"k", ends=MOMENT, times=0))
    together = threading.Barrier(4)
    errors: list[BaseException] = []

    def work() -> None:
        together.wait()
        try:
            for _ in range(15):
                with unit_of_work(database.writing) as session:
                    row = session.get_one(ThrottleCount, (b"k", MOMENT), with_for_update=True)
                    row.times += 1
        except Exception as error:  # noqa: BLE001 - told to the test, which fails by it
            errors.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert errors == []
    with database.reading() as session:
        assert session.get_one(ThrottleCount, (b"k", MOMENT)).times == 60


def test_a_reader_is_not_stopped_by_a_writer(database: Database) -> None:
    with unit_of_work(database.writing) as session:
        session.add(a_tick(MOMENT))
        session.flush()
        with database.reading() as looking:
            assert looking.scalars(select(Tick)).all() == []


def test_an_error_of_the_driver_does_not_repeat_what_was_to_be_stored(database: Database) -> None:
    row = {"name": "n", "holder": "Sam Åström", "host": "", "fence": 1, "until": MOMENT}
    twice = insert(Lease).values([row, row])
    with pytest.raises(IntegrityError) as caught, database.writing() as session:
        session.execute(twice)
    assert "Åström" not in str(caught.value)


def test_the_folder_of_the_database_is_made(tmp_path: Path) -> None:
    found = connect(f"sqlite:///{tmp_path}/not/yet/outcry.db")
    with found.engine.connect() as connection:
        assert connection.scalar(text("SELECT 1")) == 1
    found.dispose()


def test_an_act_of_a_person_is_kept_by_its_day_in_utc() -> None:
    late = datetime(2026, 3, 2, 1, 0, tzinfo=timezone(timedelta(hours=5)))
    assert day_of(late).isoformat() == "2026-03-01"
