"""Runs the timetable: one leader by lease, each due moment once, one transaction a job.

APScheduler wakes the jobs; what is due is always read from the tables, so an outage only delays.
Its job store is in memory: stores must not be shared between schedulers (APScheduler 3 user guide).
"""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import structlog
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.interval import IntervalTrigger

from app.core import leases
from app.core.db import OUT_OF_REACH, Database, unit_of_work
from app.core.tokens import Keys
from app.jobs.machine import Machine
from app.jobs.timetable import TIMETABLE, Job, Work
from app.notices.links import Links
from app.notices.manners import REMINDERS_A_WEEK

LEASE = "scheduler"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# How often in one lease a process renews it, or looks whether it is free.
BEATS = 3

log = structlog.get_logger()


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(slots=True)
class Runner:
    """One scheduler process. Several may run; the one that holds the lease works."""

    database: Database
    keys: Keys
    links: Links
    lease: timedelta
    machine: Machine
    clock: Callable[[], datetime] = utc_now
    fax: bool = False
    a_week: int = REMINDERS_A_WEEK
    name: str = field(
        default_factory=lambda: f"{socket.gethostname()}:{os.getpid()}:{uuid4().hex[:8]}"
    )

    def run_all_once(self, jobs: Iterable[Job] = TIMETABLE) -> dict[str, int | None]:
        """Every job that is due, once, in order; what each did. For `scheduler --once`."""
        return {job.name: self._guarded(job) for job in jobs}

    def run_job(self, job: Job) -> int | None:
        """Do one job for its current due moment, if this process leads and it was not done."""
        now = self.clock()
        due = due_before(job, now)
        fence = self._lead()
        if fence is None:
            return None
        try:
            with unit_of_work(self.database.writing) as session:
                leases.require_held(session, LEASE, fence)
                if not leases.first_time(session, job.name, due, fence):
                    return None
                work = Work(
                    session,
                    self.keys,
                    self.links,
                    now,
                    self.machine.beside,
                    self.fax,
                    self.a_week,
                )
                result = job.do(work)
            if job.then is not None:
                job.then(self.database, self.machine, now)
        except OUT_OF_REACH as error:
            log.warning("job waits for the database", job=job.name, kind=type(error).__name__)
            return None
        except leases.LostLease:
            log.info("lease passed on", job=job.name, fence=fence)
            return None
        if result:
            log.info("job done", job=job.name, result=result)
        return result

    def run(self, stop: threading.Event, jobs: Iterable[Job] = TIMETABLE) -> None:
        """Keep the timetable until told to stop, then give the lease back."""
        scheduler = BackgroundScheduler(
            timezone=UTC,
            # A late run is better than none: the tables say what is still owed. One at a time.
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )
        for job in jobs:
            scheduler.add_job(
                self._guarded,
                IntervalTrigger(seconds=int(job.every.total_seconds()), timezone=UTC),
                args=(job,),
                id=job.name,
                next_run_time=utc_now(),
            )
        # Whoever leads keeps the lease though no job is due, and whoever waits sees its end at
        # once: a leader that died is replaced within two leases, however rare the jobs are.
        beat = IntervalTrigger(seconds=self.lease.total_seconds() / BEATS, timezone=UTC)
        scheduler.add_job(self._lead, beat, id=LEASE, next_run_time=utc_now())
        scheduler.start()
        log.info("scheduler started", process="scheduler", pid=os.getpid())
        stop.wait()
        scheduler.shutdown(wait=True)
        try:
            with unit_of_work(self.database.writing) as session:
                leases.give_back(session, LEASE, self.name)
        except OUT_OF_REACH:
            log.warning("lease left to run out", process="scheduler")
        log.info("scheduler stopped", process="scheduler", pid=os.getpid())

    def _guarded(self, job: Job) -> int | None:
        try:
            return self.run_job(job)
        except Exception as error:
            # One bad row or template must not stop the other jobs, nor this one for ever.
            log.exception("job failed", job=job.name, kind=type(error).__name__)
            return None

    def _lead(self) -> int | None:
        try:
            with unit_of_work(self.database.writing) as session:
                return leases.take(session, LEASE, self.name, self.lease)
        except OUT_OF_REACH as error:
            log.warning("scheduler waits for the database", kind=type(error).__name__)
            return None


def due_before(job: Job, now: datetime) -> datetime:
    """The newest moment of the job's rhythm that is not after `now`."""
    return now - (now - EPOCH) % job.every


def stop_on_signals() -> threading.Event:
    """An event that SIGTERM and SIGINT set: finish what is begun, then end."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: stop.set())
    return stop
