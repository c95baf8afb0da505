"""One worker process on SQLite, on one machine: a second one is refused, and told who works.

SQLite has one writer at a time, and a database file on a network share is written by two machines
only until it breaks. The lease row names machine and process, so that the refusal can.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import structlog

from app.cli.state import refuse
from app.core import leases
from app.core.db import OUT_OF_REACH, Database, unit_of_work

LEASE = "worker"

log = structlog.get_logger()


@contextmanager
def only_one(database: Database, ttl: timedelta, stop: threading.Event) -> Iterator[None]:
    """Hold the lease of the only worker, or end with the name of who holds it."""
    me = f"{socket.gethostname()}:{os.getpid()}"
    ends = time.monotonic() + ttl.total_seconds() * 1.5 + 1
    while not _take(database, me, ttl):
        # One that was killed renews no more; one that is alive does so within this time.
        if time.monotonic() > ends:
            _refuse(database)
        if stop.wait(0.1):
            raise SystemExit(0)
    done = threading.Event()
    renewal = threading.Thread(target=_renew, args=(database, me, ttl, done, stop), daemon=True)
    renewal.start()
    try:
        yield
    finally:
        done.set()
        renewal.join(ttl.total_seconds())
        _give_back(database, me)


def _take(database: Database, me: str, ttl: timedelta) -> bool:
    with unit_of_work(database.writing) as session:
        held = leases.holder_of(session, LEASE)
        if held is not None and held.holder != me and _is_dead(held.holder):
            leases.give_back(session, LEASE, held.holder)
        return leases.take(session, LEASE, me, ttl) is not None


def _is_dead(holder: str) -> bool:
    """Whether it was a process of this machine that is gone: nobody need wait for its lease."""
    host, _, pid = holder.rpartition(":")
    if host != socket.gethostname():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except (OSError, ValueError):
        return False
    return False


def _refuse(database: Database) -> None:
    with database.reading() as session:
        held = leases.holder_of(session, LEASE)
    host, _, pid = held.holder.rpartition(":") if held else ("?", "", "?")
    refuse(
        f"A worker is at work already: process {pid} on {host}. SQLite allows one worker on one"
        " machine; more of them need PostgreSQL (OUTCRY_DATABASE_URL)."
    )


def _renew(
    database: Database, me: str, ttl: timedelta, done: threading.Event, stop: threading.Event
) -> None:
    while not done.wait(ttl.total_seconds() / 3):
        try:
            with unit_of_work(database.writing) as session:
                is_held = leases.take(session, LEASE, me, ttl) is not None
        except OUT_OF_REACH:
            continue
        if not is_held:
            # This process was stopped for longer than its lease, and another one works now.
            log.error("another worker has taken over", kind=LEASE)
            stop.set()
            return


def _give_back(database: Database, me: str) -> None:
    try:
        with unit_of_work(database.writing) as session:
            leases.give_back(session, LEASE, me)
    except OUT_OF_REACH:
        log.warning("lease left to run out", kind=LEASE)
