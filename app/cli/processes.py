"""flask web, worker, scheduler, and all three under one parent."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path

import click
import structlog
from granian import Granian
from granian.constants import Interfaces

from app.cli import demonstration
from app.cli.child import PARENT, STOP_WITHIN, follow_parent, machine_of, require_ready
from app.cli.state import refuse, state
from app.cli.worker import worker
from app.core.schema import upgrade
from app.jobs.runner import Runner, stop_on_signals
from config import Settings

ROOT = Path(__file__).resolve().parents[2]
# A child that dies at once, again and again, must not keep the machine busy.
RESTART_PAUSE = 0.5
ANSWER_WITHIN = 60.0

log = structlog.get_logger()


@click.command()
def web() -> None:
    """Serve the pages (granian, WSGI) until told to stop."""
    require_ready()
    follow_parent()
    settings = state().settings
    # Server processes are forked from this one: a connection shared by two would mix answers up.
    state().database.dispose()
    Granian(
        "wsgi:app",
        address=settings.host,
        port=settings.port,
        interface=Interfaces.WSGI,
        workers=settings.web_processes,
        blocking_threads=settings.web_threads,
        respawn_failed_workers=True,
        log_enabled=False,
        working_dir=ROOT,
    ).serve()


@click.command()
@click.option("--once", is_flag=True, help="Do every job that is due, once, then end.")
def scheduler(*, once: bool) -> None:
    """Keep the timetable until told to stop."""
    require_ready()
    runner = Runner(
        state().database,
        state().keys,
        state().links,
        timedelta(seconds=state().settings.lease_seconds),
        machine_of(state()),
        fax=bool(state().settings.fax),
        a_week=state().settings.reminders_a_week,
    )
    if once:
        for name, result in runner.run_all_once().items():
            click.echo(f"{name}: {'-' if result is None else result}")
        return
    stop = stop_on_signals()
    follow_parent()
    runner.run(stop)


@click.command("all")
@click.option("--demo", is_flag=True, help="Load the demonstration first, unless OUTCRY_DEMO=0.")
def all_processes(*, demo: bool) -> None:
    """Web, worker and scheduler under one parent, after bringing the tables up to date."""
    settings = state().settings
    _require_free_port(settings.host, settings.port)
    settings.var.mkdir(parents=True, exist_ok=True)
    upgrade(settings.database_url)
    require_ready()
    if demo and settings.demo:
        demonstration.load(settings.var)
    state().database.dispose()
    stop = stop_on_signals()
    children = [
        Child("web", ("web",)),
        *(Child(f"worker {n}", ("worker",)) for n in range(1, settings.workers + 1)),
        Child("scheduler", ("scheduler",)),
    ]
    for child in children:
        child.start()
    greet = partial(_greet, stop, settings, with_demo=demo and settings.demo)
    threading.Thread(target=greet, daemon=True).start()
    while not stop.wait(0.2):
        for child in children:
            child.keep_alive()
    for child in children:
        child.ask_to_stop()
    for child in children:
        child.wait()


@dataclass(slots=True)
class Child:
    """One process under the parent: started again when it dies, stopped when the parent stops."""

    name: str
    words: tuple[str, ...]
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0

    def start(self) -> None:
        self.started = time.monotonic()
        # A group of its own: Ctrl-C reaches the parent, which then stops the children in order.
        self.process = subprocess.Popen(
            [sys.executable, "-m", "flask", "--app", "wsgi", *self.words],
            cwd=ROOT,
            env={**os.environ, PARENT: str(os.getpid())},
            start_new_session=True,
        )

    def keep_alive(self) -> None:
        if self.process is None or self.process.poll() is None:
            return
        log.warning("process ended", process=self.name, code=self.process.returncode)
        self._sweep()
        if time.monotonic() - self.started < RESTART_PAUSE:
            time.sleep(RESTART_PAUSE)
        self.start()

    def ask_to_stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)

    def wait(self) -> None:
        if self.process is None:
            return
        try:
            self.process.wait(STOP_WITHIN)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._sweep()

    def _sweep(self) -> None:
        """A web server killed outright leaves its own children; they hold the port."""
        if self.process is None:
            return
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)


COMMANDS = (web, worker, scheduler, all_processes)


def _require_free_port(host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            refuse(f"Port {port} of {host} is taken. Choose another one: PORT=8001 make run")


def _greet(stop: threading.Event, settings: Settings, *, with_demo: bool) -> None:
    base = f"http://{settings.host}:{settings.port}"
    ends = time.monotonic() + ANSWER_WITHIN
    while not stop.is_set() and time.monotonic() < ends:
        try:
            urllib.request.urlopen(f"{base}/healthz", timeout=2).close()
            break
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    click.echo("")
    click.echo(f"  Supporters      {base}/")
    click.echo(f"  The desk        {base}/desk")
    click.echo(f"  The numbers     {base}/stats")
    if settings.mail_only_to:
        click.echo(f"  ALL mail goes to {settings.mail_only_to} (OUTCRY_MAIL_ONLY_TO)")
    if settings.is_local_only:
        click.echo(f"  Mail that would have left   {base}/dev/mail")
    accounts = settings.var / demonstration.FILE
    if with_demo and accounts.exists():
        click.echo(f"\n  Sign in with (kept in {accounts}):")
        for line in accounts.read_text().splitlines():
            click.echo(f"    {line}")
    else:
        click.echo("\n  First account:  ./run user create --email you@example.org --role organiser")
    click.echo("\n  Ctrl-C stops everything.\n")
