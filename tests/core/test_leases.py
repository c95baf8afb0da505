"""One holder at a time, and a number that stops whoever comes too late; on both databases."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from app.core import leases
from app.core.db import Database, unit_of_work
from app.core.models import Lease, Tick

LONG = timedelta(minutes=5)
SHORT = timedelta(milliseconds=60)
DUE = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)


def take(database: Database, holder: str, ttl: timedelta = LONG) -> int | None:
    with unit_of_work(database.writing) as session:
        return leases.take(session, "scheduler", holder, ttl)


def write_under(database: Database, fence: int) -> None:
    with unit_of_work(database.writing) as session:
        leases.require_held(session, "scheduler", fence)
        session.add(Tick(job="work", due=DUE, fence=fence))


def test_of_three_that_come_one_leads(database: Database) -> None:
    assert [take(database, name) for name in ("a", "b", "c")] == [1, None, None]


def test_of_three_that_come_at_once_one_leads(database: Database) -> None:
    together = threading.Barrier(3)
    found: list[int | None] = []

    def come(name: str) -> None:
        together.wait()
        found.append(take(database, name))

    threads = [threading.Thread(target=come, args=(name,)) for name in "abc"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(found, key=str) == [1, None, None]


def test_the_holder_renews_under_the_same_number(database: Database) -> None:
    assert take(database, "a") == 1
    with database.reading() as session:
        before = session.get_one(Lease, "scheduler").until
    assert take(database, "a", 2 * LONG) == 1
    with database.reading() as session:
        assert session.get_one(Lease, "scheduler").until > before + LONG / 2


def test_a_lease_that_ran_out_passes_on_with_a_higher_number(database: Database) -> None:
    assert take(database, "a", SHORT) == 1
    time.sleep(2 * SHORT.total_seconds())
    assert take(database, "b") == 2
    assert take(database, "a") is None


def test_a_holder_that_slept_past_its_lease_gets_another_number(database: Database) -> None:
    """It may have been planning under the old one; that plan must not be written."""
    assert take(database, "a", SHORT) == 1
    time.sleep(2 * SHORT.total_seconds())
    assert take(database, "a") == 2


def test_a_late_writer_is_refused_and_writes_nothing(database: Database) -> None:
    old = take(database, "a", SHORT)
    time.sleep(2 * SHORT.total_seconds())
    new = take(database, "b")
    assert (old, new) == (1, 2)

    with pytest.raises(leases.LostLease):
        write_under(database, 1)
    write_under(database, 2)

    with database.reading() as session:
        assert session.scalars(select(Tick.fence)).all() == [2]


def test_nobody_takes_over_while_the_holder_writes(database: Database) -> None:
    """The check locks the lease's row: between it and the commit no other number can appear."""
    assert take(database, "a", SHORT) == 1
    passed_on: list[int | None] = []
    with unit_of_work(database.writing) as session:
        leases.require_held(session, "scheduler", 1)
        time.sleep(2 * SHORT.total_seconds())
        other = threading.Thread(target=lambda: passed_on.append(take(database, "b")))
        other.start()
        other.join(0.2)
        assert passed_on == []
        session.add(Tick(job="work", due=DUE, fence=1))
    other.join()
    assert passed_on == [2]


def test_a_lease_that_is_given_back_need_not_run_out(database: Database) -> None:
    take(database, "a")
    with unit_of_work(database.writing) as session:
        leases.give_back(session, "scheduler", "b")
    assert take(database, "b") is None, "only the holder can give it back"
    with unit_of_work(database.writing) as session:
        leases.give_back(session, "scheduler", "a")
    assert take(database, "b") == 2


def test_leases_of_different_names_do_not_meet(database: Database) -> None:
    take(database, "a")
    with unit_of_work(database.writing) as session:
        assert leases.take(session, "another", "b", LONG) == 1


def test_a_due_moment_is_taken_once(database: Database) -> None:
    with unit_of_work(database.writing) as session:
        assert leases.first_time(session, "close", DUE, 1)
    with unit_of_work(database.writing) as session:
        assert not leases.first_time(session, "close", DUE, 2)
        assert leases.first_time(session, "close", DUE + timedelta(seconds=1), 2)
        assert leases.first_time(session, "another", DUE, 2)


def test_old_moments_are_forgotten_and_the_newest_stay(database: Database) -> None:
    with unit_of_work(database.writing) as session:
        for days in range(3):
            leases.first_time(session, "close", DUE - timedelta(days=days), 1)
        leases.forget_ticks(session, DUE - timedelta(days=1))
    with database.reading() as session:
        assert len(session.scalars(select(Tick)).all()) == 2


def test_the_clock_of_a_lease_is_the_databases_own_and_moves_within_a_transaction(
    database: Database,
) -> None:
    with unit_of_work(database.writing) as session:
        first = leases.database_now(session)
        time.sleep(0.02)
        second = leases.database_now(session)
    assert first.utcoffset() == timedelta(0)
    assert abs(datetime.now(UTC) - first) < timedelta(seconds=5)
    assert second > first
