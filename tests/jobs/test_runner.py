"""The runner: each due moment once however many run, and nothing written under a lost lease."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from app.core.beside import Beside
from app.core.db import Database, unit_of_work
from app.core.models import Lease, ThrottleCount, Tick
from app.core.tokens import Keys
from app.jobs.machine import Machine
from app.jobs.runner import LEASE, Runner, due_before
from app.jobs.timetable import TIMETABLE, Job, Work
from tests.builders import LINKS, NOON

MINUTE = timedelta(minutes=1)
# The jobs of these tests touch no file.
MACHINE = Machine(Beside(Path("nowhere")), Path("nowhere"))


def runner(
    database: Database,
    keys: Keys,
    name: str = "one",
    *,
    clock: Callable[[], datetime] = lambda: NOON,
    lease: timedelta = MINUTE,
) -> Runner:
    return Runner(database, keys, LINKS, lease, MACHINE, clock=clock, name=name)


def a_job(done: list[datetime], every: timedelta = MINUTE, name: str = "a-job") -> Job:
    """A job that leaves a row behind each time it is done."""

    def do(work: Work) -> int:
        done.append(work.now)
        ends = work.now + len(done) * timedelta(microseconds=1)
        work.session.add(ThrottleCount(key=name.encode(), ends=ends, times=1))
        return 1

    return Job(name, every, do)


def rows(database: Database) -> int:
    with database.reading() as session:
        return len(session.scalars(select(ThrottleCount)).all())


@pytest.mark.parametrize(
    ("every", "now", "due"),
    [
        (timedelta(seconds=1), "12:00:00.999999", "12:00:00"),
        (MINUTE, "12:00:00", "12:00:00"),
        (MINUTE, "12:00:59.999999", "12:00:00"),
        (timedelta(hours=1), "12:59:59", "12:00:00"),
        (timedelta(days=1), "12:00:00", "00:00:00"),
    ],
)
def test_the_due_moment_is_the_newest_that_has_come(every: timedelta, now: str, due: str) -> None:
    day = "2026-06-01T"
    job = a_job([], every)
    assert due_before(job, datetime.fromisoformat(f"{day}{now}+00:00")) == datetime.fromisoformat(
        f"{day}{due}+00:00"
    )


def test_a_due_moment_is_done_once(database: Database, keys: Keys) -> None:
    done: list[datetime] = []
    one = runner(database, keys)
    assert one.run_job(a_job(done)) == 1
    assert one.run_job(a_job(done)) is None
    assert done == [NOON]
    later = runner(database, keys, clock=lambda: NOON + MINUTE)
    assert later.run_job(a_job(done)) == 1


def test_of_three_runners_one_does_it_once(database: Database, keys: Keys) -> None:
    done: list[datetime] = []
    together = threading.Barrier(3)

    def come(name: str) -> None:
        one = runner(database, keys, name)
        together.wait()
        for _ in range(3):
            one.run_job(a_job(done))

    threads = [threading.Thread(target=come, args=(name,)) for name in ("one", "two", "three")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(done) == rows(database) == 1
    with database.reading() as session:
        assert len(session.scalars(select(Tick)).all()) == 1


def test_a_moment_is_not_done_again_by_the_next_leader(database: Database, keys: Keys) -> None:
    done: list[datetime] = []
    runner(database, keys, lease=timedelta(milliseconds=30)).run_job(a_job(done))
    time.sleep(0.08)
    assert runner(database, keys, "two").run_job(a_job(done)) is None
    assert done == [NOON]


def test_an_outage_only_delays_and_missed_moments_are_not_made_up_for_one_by_one(
    database: Database, keys: Keys
) -> None:
    done: list[datetime] = []
    runner(database, keys).run_job(a_job(done))
    three_days_later = runner(database, keys, clock=lambda: NOON + timedelta(days=3))
    three_days_later.run_job(a_job(done))
    three_days_later.run_job(a_job(done))
    assert done == [NOON, NOON + timedelta(days=3)]


def test_under_a_lost_lease_nothing_is_written(
    database: Database, keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process slept between taking the lease and its transaction; another leads by now."""
    done: list[datetime] = []
    slow = runner(database, keys)
    lead = Runner._lead

    def lead_and_sleep(self: Runner) -> int | None:
        fence = lead(self)
        with unit_of_work(database.writing) as session:
            session.execute(
                update(Lease).where(Lease.name == LEASE).values(holder="two", fence=Lease.fence + 1)
            )
        return fence

    monkeypatch.setattr(Runner, "_lead", lead_and_sleep)
    assert slow.run_job(a_job(done)) is None
    assert done == []
    assert rows(database) == 0
    with database.reading() as session:
        assert session.scalars(select(Tick)).all() == []


def test_a_job_that_fails_leaves_nothing_and_is_due_again(database: Database, keys: Keys) -> None:
    done: list[datetime] = []

    def fail(work: Work) -> None:
        work.session.add(ThrottleCount(key=b"half", ends=work.now, times=1))
        work.session.flush()
        raise RuntimeError

    one = runner(database, keys)
    with pytest.raises(RuntimeError):
        one.run_job(Job("a-job", MINUTE, fail))
    assert rows(database) == 0
    assert one.run_job(a_job(done)) == 1, "the moment was not used up"


def test_a_job_that_fails_does_not_stop_the_others(database: Database, keys: Keys) -> None:
    done: list[datetime] = []

    def fail(_work: Work) -> None:
        raise LookupError

    jobs = (Job("broken", timedelta(seconds=1), fail), a_job(done, timedelta(seconds=1)))
    stop = threading.Event()
    one = runner(database, keys, clock=lambda: datetime.now(UTC))
    running = threading.Thread(target=one.run, args=(stop, jobs))
    running.start()
    ends = time.monotonic() + 20
    while len(done) < 2 and time.monotonic() < ends:
        time.sleep(0.05)
    stop.set()
    running.join(20)
    assert not running.is_alive()
    assert len(done) >= 2


def test_who_stops_gives_the_lease_back(database: Database, keys: Keys) -> None:
    done: list[datetime] = []
    stop = threading.Event()
    one = runner(database, keys, clock=lambda: datetime.now(UTC), lease=timedelta(hours=1))
    running = threading.Thread(target=one.run, args=(stop, (a_job(done),)))
    running.start()
    ends = time.monotonic() + 20
    while not done and time.monotonic() < ends:
        time.sleep(0.05)
    stop.set()
    running.join(20)
    assert runner(database, keys, "two", clock=lambda: NOON).run_job(a_job(done)) == 1


def test_all_that_is_due_once_and_what_each_did(database: Database, keys: Keys) -> None:
    results = runner(database, keys).run_all_once()
    assert list(results) == [job.name for job in TIMETABLE]
    again = runner(database, keys).run_all_once()
    assert set(again.values()) == {None}


def test_one_that_fails_does_not_stop_the_others_of_a_single_round(
    database: Database, keys: Keys
) -> None:
    """`scheduler --once`: whether it then ends with an error is for the shell to say."""
    done: list[datetime] = []

    def fail(_work: Work) -> None:
        raise LookupError

    with suppress(LookupError):
        runner(database, keys).run_all_once((Job("broken", MINUTE, fail), a_job(done)))
    assert done == [NOON]


def test_two_processes_of_one_machine_have_two_names(database: Database, keys: Keys) -> None:
    names = {Runner(database, keys, LINKS, MINUTE, MACHINE).name for _ in range(3)}
    assert len(names) == 3
