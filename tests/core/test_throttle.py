"""Counting by keyed hash: exact also when many come at once, forgotten with its window."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

from sqlalchemy import select

from app.core.db import Database, unit_of_work
from app.core.models import ThrottleCount
from app.core.throttle import forget_windows, hit

NOON = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)


def hits(database: Database, key: bytes = b"k", now: datetime = NOON) -> int:
    with unit_of_work(database.writing) as session:
        return hit(session, key, DAY, now)


def test_each_one_counts(database: Database) -> None:
    assert [hits(database) for _ in range(3)] == [1, 2, 3]


def test_keys_do_not_meet(database: Database) -> None:
    hits(database)
    assert hits(database, b"another") == 1


def test_a_new_window_begins_at_its_first_instant(database: Database) -> None:
    midnight = datetime(2026, 6, 2, tzinfo=UTC)
    hits(database)
    assert hits(database, now=midnight - timedelta(microseconds=1)) == 2
    assert hits(database, now=midnight) == 1


def test_none_is_lost_when_many_come_at_once(database: Database) -> None:
    together = threading.Barrier(6)
    counted: list[int] = []

    def come() -> None:
        together.wait()
        counted.extend(hits(database) for _ in range(4))

    threads = [threading.Thread(target=come) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(counted) == list(range(1, 25))


def test_a_transaction_that_fails_counts_nothing(database: Database) -> None:
    with database.writing() as session:
        session.begin()
        hit(session, b"k", DAY, NOON)
        session.rollback()
    assert hits(database) == 1


def test_windows_that_are_over_are_forgotten(database: Database) -> None:
    hits(database, now=NOON - DAY)
    hits(database)
    with unit_of_work(database.writing) as session:
        forget_windows(session, datetime(2026, 6, 1, tzinfo=UTC) - timedelta(microseconds=1))
    with database.reading() as session:
        assert len(session.scalars(select(ThrottleCount)).all()) == 2, "not before its end"
    with unit_of_work(database.writing) as session:
        forget_windows(session, datetime(2026, 6, 1, tzinfo=UTC))
    with database.reading() as session:
        assert session.scalars(select(ThrottleCount.ends)).all() == [
            datetime(2026, 6, 2, tzinfo=UTC)
        ]
    assert hits(database) == 2
