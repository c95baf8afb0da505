"""The real product as an operator starts it, and a hand that kills its processes outright.

Nothing but the parent that was started here, its children and their children is ever touched.
"""

from __future__ import annotations

import http.client
import os
import random
import re
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from tests.conftest import ROOT

HAS_PROC = Path("/proc/self/stat").exists()
KINDS = ("web", "worker", "scheduler")
STARTED = {
    kind: re.compile(rf'"event": "{kind} started"|{kind} started')
    for kind in ("worker", "scheduler")
}


@dataclass(slots=True)
class Service:
    """One `flask all` with its own folder and port."""

    var: Path
    settings: dict[str, str] = field(default_factory=dict)
    port: int = 0
    parent: subprocess.Popen[bytes] | None = None
    kills: Counter[str] = field(default_factory=Counter)
    _log: IO[bytes] | None = None

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        return (self.var / "log").read_text(errors="replace")

    def start(self, *words: str, within: float = 60) -> None:
        """Start and wait until all three kinds of process can work."""
        self.launch(*words)
        wait_for(lambda: self.has_ended() or self.is_ready(), within, "a start")
        assert not self.has_ended(), self.log

    def launch(self, *words: str) -> None:
        self.var.mkdir(parents=True, exist_ok=True)
        self.port = self.port or free_port()
        own = {name: value for name, value in os.environ.items() if not name.startswith("OUTCRY_")}
        self._log = (self.var / "log").open("ab")
        self.parent = subprocess.Popen(
            [sys.executable, "-m", "flask", "--app", "wsgi", "all", *words],
            cwd=ROOT,
            env={
                **own,
                "PORT": str(self.port),
                "OUTCRY_VAR": str(self.var),
                "OUTCRY_LEASE_SECONDS": "1",
                # What signs here is a machine, and means to be one.
                "OUTCRY_FILL_SECONDS": "0",
                "OUTCRY_CAMPAIGN_BURST": "1000000",
                "OUTCRY_DOMAIN_BURST": "1000000",
                "OUTCRY_POLL_SECONDS": "0.1",
                "OUTCRY_LOG_FORMAT": "json",
                **self.settings,
            },
            stdout=self._log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def is_ready(self) -> bool:
        log = self.log
        return all(STARTED[kind].search(log) for kind in STARTED) and self.answers()

    def answers(self) -> bool:
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=2)
        try:
            line.request("GET", "/readyz")
            return line.getresponse().status == http.HTTPStatus.OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            line.close()

    def has_ended(self) -> bool:
        return self.parent is None or self.parent.poll() is not None

    def processes(self) -> dict[str, list[int]]:
        """The processes of each kind, the web server's own children with it."""
        assert self.parent is not None
        found: dict[str, list[int]] = {}
        for pid in children_of(self.parent.pid):
            kind = words_of(pid)[-1:]
            if kind and kind[0] in KINDS:
                found.setdefault(kind[0], []).extend([pid, *children_of(pid)])
        return found

    def kill(self, kind: str, chance: random.Random) -> bool:
        """SIGKILL one kind of process: of the web server its master, its worker, or both."""
        pids = self.processes().get(kind, [])
        if not pids:
            return False
        if kind == "web" and len(pids) > 1:
            pids = chance.choice((pids[:1], pids[1:], pids))
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.kills[kind] += 1
        return True

    def is_working(self, kind: str) -> bool:
        """Whether this kind has come back and has got past its imports."""
        if kind == "web":
            return self.answers()
        pids = self.processes().get(kind, [])
        return bool(pids) and any(
            f'"pid": {pids[0]}' in line and f"{kind} started" in line
            for line in self.log.splitlines()
        )

    def stop(self, how: int = signal.SIGTERM, within: float = 30) -> float:
        """Ask the parent to end; return how long it took."""
        if self.parent is None:
            return 0.0
        begun = time.monotonic()
        if self.parent.poll() is None:
            self.parent.send_signal(how)
        try:
            self.parent.wait(within)
        finally:
            self.sweep()
        return time.monotonic() - begun

    def sweep(self) -> None:
        """Leave nothing behind, however a test ended."""
        if self.parent is not None:
            for pid in [pid for pids in self.processes().values() for pid in pids]:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            if self.parent.poll() is None:
                self.parent.kill()
            self.parent.wait()
        if self._log is not None:
            self._log.close()


def children_of(parent: int) -> list[int]:
    """The processes whose parent this is, oldest first."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError, IndexError, ValueError):
                # The name stands in brackets and may hold anything; the parent is the second after.
                state, above = (entry / "stat").read_text().rpartition(")")[2].split()[:2]
                if int(above) == parent and state != "Z":
                    found.append(int(entry.name))
    return sorted(found)


def words_of(pid: int) -> list[str]:
    try:
        return (Path("/proc") / str(pid) / "cmdline").read_text().rstrip("\0").split("\0")
    except OSError:
        return []


def is_alive(pid: int) -> bool:
    try:
        state = (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()[0]
    except (OSError, IndexError):
        return False
    return state != "Z"


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def port_is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def wait_for(ready: Callable[[], object], within: float, what: str, pause: float = 0.1) -> None:
    ends = time.monotonic() + within
    while not ready():
        if time.monotonic() > ends:
            raise TimeoutError(f"no {what} within {within:g} s")
        time.sleep(pause)
