"""flask worker: one process that empties the outbox."""

from __future__ import annotations

import os
import random
import signal
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Final

import click
import structlog

from app.cli.child import follow_parent, machine_of, require_ready
from app.cli.mail_records import outgoing_of
from app.cli.only_one import only_one
from app.cli.origin import Origin
from app.cli.state import now, state
from app.core.db import OUT_OF_REACH, Database, unit_of_work
from app.delivery.actions import note_health
from app.delivery.channels.base import Outlet
from app.delivery.channels.fax import SendFax
from app.delivery.channels.maildir import Maildir
from app.delivery.channels.relay_log import RelayLog
from app.delivery.channels.relays import Breaker, Health, Relays
from app.delivery.channels.smtp import Relay, RelayAddress
from app.delivery.crew import Crew
from app.delivery.models import Lane
from app.delivery.wakeup import listen
from app.delivery.worker import STEPS, Worker
from app.jobs.machine import clear_machine
from app.jobs.runner import stop_on_signals, utc_now
from app.signatures.digests import digest_writer
from app.signatures.queries import list_unsettled
from app.signatures.upkeep import settle
from app.state import State

_AN_HOUR = 3600.0

log = structlog.get_logger()

# HylaFAX takes a fax into its queue within seconds; dialling comes later and is not waited for.
_FAX_WITHIN: Final = 120.0


@click.command()
@click.option("--drain", is_flag=True, help="Send until nothing is due, then end.")
def worker(*, drain: bool) -> None:
    """Empty the outbox until told to stop."""
    require_ready()
    stop = stop_on_signals()
    follow_parent()
    # The lanes are threads, which have no application of their own to ask.
    own = state()
    settings = own.settings
    with _alone_on_sqlite(own, stop):
        origin = Origin(settings.var, own.database)
        origin.require_same()
        make = _maker(own)
        if drain:
            emptier = make(tuple(Lane))
            while emptier.drain() + _tell_writers(own):
                pass
            origin.keep()
            return
        # Confirmations first in the list, letters last: the last one does the upward work.
        crew = Crew([make((lane,)) for lane in Lane], stop=stop, poll=settings.poll_seconds)
        if not own.database.is_sqlite:
            listen(settings.database_url, stop, crew.wake)
        log.info("worker started", process="worker", pid=os.getpid())
        if settings.mail_only_to:
            log.warning("all mail goes to one address", setting="OUTCRY_MAIL_ONLY_TO")

        clear = _each_hour(partial(_clear, own))

        def between() -> None:
            _tell_writers(own)
            origin.keep()
            clear()

        crew.run(between)
        log.info("worker stopped", process="worker", pid=os.getpid())


def _maker(own: State) -> Callable[[tuple[Lane, ...]], Worker]:
    """How to make the worker of some lanes: its own lines and breakers, one shared log."""
    settings = own.settings
    addresses = [RelayAddress.from_url(url) for url in settings.relays]
    book = None
    if settings.relay_log:
        book = RelayLog(
            Path(settings.relay_log),
            grace=timedelta(seconds=settings.relay_grace),
            queue=settings.relay_queue.split(),
            clock=utc_now,
        )
    outgoing = outgoing_of(own)
    at = _killing(settings.test_kill_at if settings.test_faults else "")

    def make(lanes: tuple[Lane, ...]) -> Worker:
        relay: Outlet | None = None
        if addresses:
            lines = [Relay(each, timeout=settings.smtp_timeout, book=book) for each in addresses]
            # Each lane counts for itself: offices that defer every letter say nothing about a
            # confirmation, which must not wait because of them.
            tell = partial(_alert, own.database)
            breakers = [Breaker(f"{each.name} {'+'.join(lanes)}", tell=tell) for each in addresses]
            relay = Relays(list(zip(breakers, lines, strict=True)))
        fax = None
        if settings.fax_command:
            fax = SendFax((settings.fax_command,), timeout=_FAX_WITHIN)
        return Worker(
            own.database,
            own.keys,
            local=Maildir(settings.maildir),
            relay=relay,
            name=f"{socket.gethostname()}:{os.getpid()}:{'+'.join(lanes)}",
            lease=timedelta(seconds=settings.lease_seconds),
            clock=utc_now,
            lanes=lanes,
            only_to=settings.mail_only_to,
            outgoing=outgoing,
            fax=fax,
            at=at,
            write_digest=digest_writer(own.keys),
        )

    return make


def _killing(setting: str) -> Callable[[str], None]:
    """Ends this process outright when it reaches a step so often: only tests ask for it.

    `any:25` takes another step each time the process starts, and one of the first 25 times.
    """
    step, _, told = setting.partition(":")
    times = int(told or 1)
    if step == "any":
        step, times = random.choice(STEPS), random.randint(1, times)  # noqa: S311 - no secret
    reached: Counter[str] = Counter()

    def at(now_at: str) -> None:
        reached[now_at] += 1
        if now_at == step and reached[step] >= times:
            os.kill(os.getpid(), signal.SIGKILL)

    return at


def _alert(database: Database, health: Health) -> None:
    """A relay was paused or has come back: into the log, and where `mail status` finds it."""
    until = None if health.pause is None else now() + health.pause
    if until is None:
        log.warning("relay works again", relay=health.name)
    else:
        log.error(
            "relay paused",
            relay=health.name,
            count=health.failures,
            reason=health.reason,
            until=until.isoformat(),
        )
    try:
        with unit_of_work(database.writing) as session:
            note_health(
                session,
                health.name,
                failures=health.failures,
                reason=health.reason,
                paused_until=until,
            )
    except OUT_OF_REACH:
        log.warning("cannot write down how a relay does", relay=health.name)


def _each_hour(do: Callable[[], None]) -> Callable[[], None]:
    """At the first call, and then when an hour is over."""
    due = [time.monotonic()]

    def maybe() -> None:
        if time.monotonic() >= due[0]:
            due[0] = time.monotonic() + _AN_HOUR
            do()

    return maybe


def _clear(own: State) -> None:
    """The scheduler may run elsewhere; the mail that was written here lies here."""
    try:
        clear_machine(own.database, machine_of(own), now())
    except (*OUT_OF_REACH, OSError) as error:
        log.warning("machine not cleared", kind=type(error).__name__)


@contextmanager
def _alone_on_sqlite(own: State, stop: threading.Event) -> Iterator[None]:
    if not own.database.is_sqlite:
        yield
        return
    with only_one(own.database, timedelta(seconds=own.settings.lease_seconds), stop):
        yield


def _tell_writers(own: State) -> int:
    """Upward work the outbox may not know of: telling writers how their letters ended."""
    with own.database.reading() as looking:
        # Most rounds have nothing to tell; only looking takes no lock from the writers.
        if not list_unsettled(looking, 1):
            return 0
    with unit_of_work(own.database.writing) as session:
        return settle(session, own.keys, links=own.links, now=now(), fax=bool(own.settings.fax))
