"""The real service: parent, web, worker and scheduler as processes, in a fresh folder."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ANSWERS_WITHIN = 90.0
ENDS_WITHIN = 30.0
WATCH = """
import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_IGN)
sys.stdin.read()
os.kill(int(sys.argv[1]), signal.SIGTERM)
"""


@dataclass(slots=True)
class Running:
    """A service that answers at `base` and keeps everything it has in `var`."""

    base: str
    var: Path
    log: Path
    parent: subprocess.Popen[bytes]
    watcher: subprocess.Popen[bytes]
    seconds_to_answer: float = 0.0

    @property
    def mail(self) -> Path:
        return self.var / "mail"

    @property
    def database_url(self) -> str:
        return f"sqlite:///{self.var / 'outcry.db'}"

    def said(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")

    def password_of(self, email: str) -> str:
        """The password that was made for a demonstration account on this machine."""
        for line in (self.var / "demo-accounts.txt").read_text(encoding="utf-8").splitlines():
            if line.startswith(f"{email} "):
                return line.split()[1]
        raise AssertionError(f"no demonstration account {email}")


def start(folder: Path, **settings: str) -> Running:
    """Start `flask all --demo` and wait until its pages answer."""
    port = free_port()
    known = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("OUTCRY_") and name != "PORT"
    }
    known |= {"OUTCRY_VAR": str(folder / "var"), "PORT": str(port), "OUTCRY_POLL_SECONDS": "0.1"}
    # Chromium and the tests' own readers fill in a form in no time, many of them at once.
    known |= {"OUTCRY_FILL_SECONDS": "0", "OUTCRY_CAMPAIGN_BURST": "1000000"}
    known |= {"OUTCRY_DOMAIN_BURST": "1000000"}
    log = folder / "service.log"
    began = time.monotonic()
    with log.open("wb") as output:
        parent = subprocess.Popen(
            [sys.executable, "-m", "flask", "--app", "wsgi", "all", "--demo"],
            cwd=ROOT,
            env=known | settings,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    # When the tests are killed, this end of the pipe closes and the service is told to stop.
    watcher = subprocess.Popen(
        [sys.executable, "-c", WATCH, str(parent.pid)], stdin=subprocess.PIPE
    )
    running = Running(f"http://127.0.0.1:{port}", folder / "var", log, parent, watcher)
    try:
        _wait_for_answer(running, began)
    except BaseException:
        stop(running)
        raise
    running.seconds_to_answer = time.monotonic() - began
    return running


def stop(running: Running) -> list[int]:
    """Ask the parent to stop as Ctrl-C does; return whatever of it is still alive after 30 s."""
    family = [running.parent.pid, *_below(running.parent.pid)]
    running.watcher.kill()
    running.watcher.communicate()
    running.parent.send_signal(signal.SIGTERM)
    ends = time.monotonic() + ENDS_WITHIN
    while time.monotonic() < ends and any(is_alive(pid) for pid in family):
        running.parent.poll()
        time.sleep(0.05)
    left = [pid for pid in family if is_alive(pid)]
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    running.parent.wait()
    return left


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def is_alive(pid: int) -> bool:
    """Whether a process still runs; one that only waits to be buried does not."""
    return _state_of(pid) not in ("", "Z")


def _wait_for_answer(running: Running, began: float) -> None:
    while time.monotonic() - began < ANSWERS_WITHIN:
        if running.parent.poll() is not None:
            raise AssertionError(f"the service ended at once:\n{running.said()}")
        try:
            with urllib.request.urlopen(f"{running.base}/healthz", timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
    raise AssertionError(f"no answer within {ANSWERS_WITHIN:.0f} s:\n{running.said()}")


def _below(pid: int) -> list[int]:
    """Every process that came of this one. They lead groups of their own, so groups do not help."""
    children: dict[int, list[int]] = {}
    for line in _processes("pid=,ppid="):
        child, parent = line.split()
        children.setdefault(int(parent), []).append(int(child))
    found, to_look_at = [], [pid]
    while to_look_at:
        below = children.get(to_look_at.pop(), [])
        found += below
        to_look_at += below
    return found


def _state_of(pid: int) -> str:
    for line in _processes("pid=,state="):
        one, state = line.split(maxsplit=1)
        if int(one) == pid:
            return state[:1]
    return ""


def _processes(columns: str) -> list[str]:
    """What `ps -o` prints; from /proc where there is one, for slim machines have no `ps`."""
    names = [column.removesuffix("=") for column in columns.split(",")]
    if not Path("/proc/self/stat").exists():
        told = subprocess.run(
            ["ps", "-axo", columns], check=True, capture_output=True, text=True, timeout=10
        )
        return told.stdout.splitlines()
    lines = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            pid, _, rest = stat.read_text(encoding="utf-8", errors="replace").partition(" ")
        except OSError:
            continue
        state, parent = rest.rpartition(")")[2].split()[:2]
        values = {"pid": pid, "ppid": parent, "state": state}
        lines.append(" ".join(values[name] for name in names))
    return lines
