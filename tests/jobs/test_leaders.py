"""Three schedulers over one database, the leader killed again and again: nothing twice, no gap."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import select, text

from app.core.db import Database, connect
from app.core.keys import read_or_make_keys
from app.core.models import Lease, Tick
from app.jobs.runner import LEASE
from tests.conftest import ROOT

LEASE_SECONDS = 1.0
KILLS = 100
SEED = 6


class Nursery:
    """Schedulers by their pid; the one that leads is named by the lease."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.living: set[int] = set()

    def start(self) -> int:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write("one more\n")
        self._process.stdin.flush()
        pid = int(self._process.stdout.readline())
        self.living.add(pid)
        return pid

    def kill(self, pid: int) -> None:
        assert pid in self.living, "only what was started here"
        os.kill(pid, signal.SIGKILL)
        self.living.remove(pid)


@contextmanager
def a_nursery(url: str, key: Path) -> Iterator[Nursery]:
    words = [sys.executable, "-m", "tests.jobs.nursery", url, str(key), str(LEASE_SECONDS)]
    with subprocess.Popen(
        words, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield Nursery(process)
        assert process.stdin is not None
        process.stdin.close()


@pytest.mark.long
@pytest.mark.timeout(600)
def test_a_hundred_dead_leaders_and_every_moment_once(database_url: str, tmp_path: Path) -> None:
    key = tmp_path / "keys" / "master.key"
    key.parent.mkdir()
    read_or_make_keys(key)
    database = connect(database_url)
    with database.engine.begin() as connection:
        connection.execute(text("CREATE TABLE mark (due TEXT, pid INTEGER)"))
    chance, gaps, killed_at_work = random.Random(SEED), [], 0
    with a_nursery(database_url, key) as nursery:
        for _ in range(3):
            nursery.start()
        fence = wait_for_a_leader(database, after=0)
        for _ in range(KILLS):
            time.sleep(chance.uniform(0, 1.5 * LEASE_SECONDS))
            leader, fence = leads(database)
            nursery.kill(leader)
            killed = time.monotonic()
            killed_at_work += within_a_tick(time.time())
            fence = wait_for_a_leader(database, after=fence)
            gaps.append(time.monotonic() - killed)
            nursery.start()

    with database.reading() as session:
        marks = Counter(session.scalars(text("SELECT due FROM mark")))
        ticks = {due.isoformat() for due in session.scalars(select(Tick.due))}
        by = set(session.scalars(text("SELECT pid FROM mark")))
    database.dispose()
    print(  # noqa: T201 - the figures of a long run
        f"{len(marks)} moments by {len(by)} leaders, takeover {sum(gaps) / len(gaps):.2f} s on"
        f" average, {max(gaps):.2f} s at most, {killed_at_work} killed at work"
    )
    assert [due for due, times in marks.items() if times > 1] == []
    assert set(marks) == ticks, "a moment is noted with what it caused, or neither is"
    assert len(marks) > KILLS / 2
    assert len(by) > KILLS / 2
    assert max(gaps) <= 2 * LEASE_SECONDS


def within_a_tick(moment: float) -> bool:
    return moment % 1 < 0.15


def leads(database: Database) -> tuple[int, int]:
    with database.reading() as session:
        row = session.get_one(Lease, LEASE)
        return int(row.holder.split(":")[1]), row.fence


def wait_for_a_leader(database: Database, *, after: int) -> int:
    """The fence of a leader newer than `after`, as soon as there is one."""
    ends = time.monotonic() + 20
    while time.monotonic() < ends:
        with database.reading() as session:
            row = session.get(Lease, LEASE)
            if row is not None and row.fence > after:
                return row.fence
        time.sleep(0.02)
    raise TimeoutError
