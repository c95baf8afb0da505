"""Letters a second from the outbox into a local sink, against what else could send them.

    ./run python -m bench.delivery [--database sqlite|postgresql] [--letters N] [--rounds N]

Every ratio is the median of rounds in which all sides take turns: postfix's `smtp-source` as the
limit, smtplib with ready bytes, django-post_office from its own queue on the same server.
"""

from __future__ import annotations

import argparse
import json
import os
import smtplib
import socket
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Final

from sqlalchemy import delete, func, select
from sqlalchemy.engine import make_url

from app.core.db import Database, connect, unit_of_work
from app.core.keys import read_or_make_keys
from app.core.schema import upgrade
from app.core.sealing import Seal, new_seal, require_own_key
from app.core.tokens import Keys
from app.delivery.actions import enqueue, mailbox_for, new_gate, open_gate
from app.delivery.dkim import make_keys
from app.delivery.message import Message, build
from app.delivery.models import Dispatch, DispatchState, Gate, Lane
from bench.claiming import claiming_race
from bench.talking import Talk, Took, a_talk
from tests.faults.run import a_server

ROOT: Final = Path(__file__).parent
PEERS: Final = Path(os.environ.get("BENCH_PEERS", ROOT.parent / "var" / "peers"))
SENDER: Final = "letters@act.example.org"
OFFICES: Final = tuple(f"office{number}@ministry.example.org" for number in range(5))
TEXT: Final = "Dear Minister, I ask you to release the prisoner at once and safely.\n" * 30
PAUSE_MS: Final = 20
# Of django-post_office: processes and threads. The best of them is the yardstick.
PEER_SETTINGS: Final = ((1, 1), (1, 5), (2, 1), (2, 5))


@dataclass
class Bench:
    """One database, the sinks, and the seconds that each side took, round by round."""

    url: str
    var: Path
    database: Database
    keys: Keys
    seal: Seal
    gate: Gate
    port: int
    slow_port: int
    letters: int
    senders: ExitStack
    seconds: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    busy: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    _talks: dict[str, list[Talk]] = field(default_factory=dict)

    def note(self, side: str, took: Took, letters: int | None = None) -> None:
        self.seconds[side].append(took.seconds / (letters or self.letters))
        self.busy[side].append(took.busy / (letters or self.letters))

    def queue(self, letters: int) -> Took:
        """Put letters in, some in one transaction; how long it took."""
        began, busy = time.perf_counter(), time.process_time()
        now = datetime.now(UTC)
        for first in range(0, letters, 100):
            with unit_of_work(self.database.writing) as session:
                gate = session.get_one(Gate, self.gate.id)
                for number in range(first, min(first + 100, letters)):
                    enqueue(
                        session,
                        self.seal,
                        a_message(number),
                        once_key=f"bench:{number}",
                        lane=Lane.LETTER,
                        now=now,
                        gate=gate,
                    )
        return Took(time.perf_counter() - began, time.process_time() - busy)

    def deliver(
        self, workers: int, *, guard: bool = True, signed: bool = False, slow: bool = False
    ) -> Took:
        """Empty the outbox by so many processes; how long from the word to the last end."""
        told = {
            "url": self.url,
            "var": str(self.var),
            "port": self.slow_port if slow else self.port,
            "guard": guard,
            "signed": signed,
        }
        kind = json.dumps(told)
        talks = self._talks.setdefault(kind, [])
        while len(talks) < workers:
            command = [sys.executable, "-m", "bench.sender", kind]
            talks.append(self.senders.enter_context(a_talk(command)))
        began = time.perf_counter()
        for sender in talks[:workers]:
            sender.say("")
        busy = sum(sender.took().busy for sender in talks[:workers])
        took = Took(time.perf_counter() - began, busy)
        self.forget()
        return took

    def forget(self) -> None:
        """Every letter was handed over once; begin anew."""
        with unit_of_work(self.database.writing) as session:
            counted = select(Dispatch.state, func.count()).group_by(Dispatch.state)
            states = {row[0]: row[1] for row in session.execute(counted)}
            assert set(states) == {DispatchState.SENT}, states
            session.execute(delete(Dispatch))


def main() -> int:
    """Run everything; 1 when a goal is missed."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--database", choices=("sqlite", "postgresql"), action="append")
    asked.add_argument("--letters", type=int, default=1000)
    asked.add_argument("--rounds", type=int, default=5)
    given = asked.parse_args()
    missed = 0
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="outcry-bench-")))
        folder.chmod(0o755)  # the server of PostgreSQL runs as another user
        port, slow_port = free_port(), free_port()
        as_nobody = ["-u", "nobody"] if os.geteuid() == 0 else []
        stack.enter_context(a_process(["smtp-sink", *as_nobody, f"127.0.0.1:{port}", "512"], port))
        slow = [sys.executable, "-m", "bench.sink", str(slow_port), str(PAUSE_MS)]
        stack.enter_context(a_process(slow, slow_port))
        for kind in given.database or ("sqlite", "postgresql"):
            url = f"sqlite:///{folder}/outcry.db"
            if kind == "postgresql":
                (folder / "server").mkdir(mode=0o755)
                plain, _ = stack.enter_context(a_server(folder / "server"))
                url = plain.replace("postgresql://", "postgresql+psycopg://", 1)
            bench = a_bench(url, folder, port, slow_port, given.letters)
            with bench.senders, a_peer(bench) as peer:
                for number in range(given.rounds):
                    one_round(bench, peer)
                    print(f"round {number + 1} of {given.rounds} on {kind}", file=sys.stderr)
            missed += report(bench, kind)
            bench.database.dispose()
    return int(missed > 0)


def one_round(bench: Bench, peer: Talk | None) -> None:
    """Every side once."""
    number = bench.letters
    for sessions in (1, 8):
        bench.note(f"smtp-source, {sessions} lines", smtp_source(bench.port, number, sessions))
    bench.note("smtplib, ready bytes", bare_smtplib(bench.port, number))
    for name, options in (
        ("guard", {}),
        ("guard, signed twice", {"signed": True}),
        ("letter by letter", {"guard": False}),
    ):
        queueing = bench.queue(number)
        sending = bench.deliver(1, **options)
        bench.note(f"ours, {name}", sending)
        bench.note(f"ours, {name}, with queueing", queueing + sending)
    if peer is not None:
        mails = [
            {
                "sender": SENDER,
                "recipients": [OFFICES[n % len(OFFICES)]],
                "subject": "The case of Max Bokayev",
                "message": f"{TEXT}{n}\n",
            }
            for n in range(number)
        ]
        for processes, threads in PEER_SETTINGS:
            if processes > 1 and not bench.database.is_sqlite:
                continue  # its children hang up the parent's line to PostgreSQL, and it ends
            queueing = peer.ask({"do": "queue", "mails": mails})
            sending = peer.ask({"do": "send", "processes": processes, "threads": threads})
            bench.note(f"post_office {processes}x{threads}", sending)
            bench.note(f"post_office {processes}x{threads}, with queueing", queueing + sending)
    if not bench.database.is_sqlite:
        claiming_race(bench)
        bench.queue(number)
        bench.note("ours, guard, 4 workers", bench.deliver(4))
        for workers in (1, 2, 4):
            few = 150 * workers
            bench.queue(few)
            took = bench.deliver(workers, slow=True)
            bench.note(f"ours, slow sink, {workers} workers", took, few)


def report(bench: Bench, kind: str) -> int:
    """The table, and how many goals were missed."""
    print(f"\n{kind}: letters a second, medians of {len(bench.seconds['ours, guard'])}")
    for side, taken in bench.seconds.items():
        noise, busy = max(taken) / min(taken), median(bench.busy[side])
        print(
            f"  {side:<42} {1 / median(taken):>7,.0f}   noise {noise:4.2f}"
            f"   {busy * 1e6:>6,.0f} µs of a processor each"
        )
    races: list[tuple[str, str, float]] = []
    if any(side.startswith("post_office") for side in bench.seconds):
        best = best_of(bench, lambda side: not side.endswith("queueing"))
        queued = best_of(bench, lambda side: side.endswith("queueing"))
        races += [
            ("ours, guard", best, 2.0),
            ("ours, guard, with queueing", queued, 2.5),
            ("ours, guard, signed twice", best, 1.2),
            ("ours, guard, signed twice, with queueing", queued, 1.2),
        ]
    else:
        print("  django-post_office: not installed, see bench/README.md")
    if not bench.database.is_sqlite:
        races += [
            ("claiming, ours", "claiming, bare psycopg", 0.8),
            ("ours, slow sink, 2 workers", "ours, slow sink, 1 workers", 1.8),
            ("ours, slow sink, 4 workers", "ours, slow sink, 1 workers", 3.4),
        ]
    missed = 0
    for ours, theirs, goal in races:
        pairs = zip(bench.seconds[ours], bench.seconds[theirs], strict=True)
        ratio = median(other / mine for mine, other in pairs)
        missed += ratio < goal
        verdict = "met" if ratio >= goal else "MISSED"
        busy = zip(bench.busy[ours], bench.busy[theirs], strict=True)
        work = median(other / mine if mine else 0.0 for mine, other in busy)
        print(f"  {ours} against {theirs}: {ratio:.2f} (goal {goal}) {verdict}; by work {work:.2f}")
    return missed


def best_of(bench: Bench, fits: Callable[[str], bool]) -> str:
    """The fastest setting of the peer, by its median."""
    sides = [side for side in bench.seconds if side.startswith("post_office") and fits(side)]
    return min(sides, key=lambda side: median(bench.seconds[side]))


def a_message(number: int) -> Message:
    return Message(
        sender_name=f"Sam Supporter {number}",
        sender_address=SENDER,
        to_address=OFFICES[number % len(OFFICES)],
        subject="The case of Max Bokayev",
        text=f"{TEXT}{number}\n",
        language="en",
    )


def smtp_source(port: int, letters: int, sessions: int) -> Took:
    """Postfix's own generator: lines kept, bodies of the same length made from nothing."""
    began, busy = time.perf_counter(), os.times()
    subprocess.run(
        ["smtp-source", "-d", "-s", str(sessions), "-m", str(letters), "-l", str(len(TEXT) + 300),
         "-f", SENDER, "-t", OFFICES[0], f"127.0.0.1:{port}"],
        check=True,
    )  # fmt: skip
    now = os.times()
    used = now.children_user + now.children_system - busy.children_user - busy.children_system
    return Took(time.perf_counter() - began, used)


def bare_smtplib(port: int, letters: int) -> Took:
    """The library with everything prepared: what a loop without a queue would reach."""
    now = datetime.now(UTC)
    ready = [
        build(a_message(n), message_id=f"<{n:032x}@act.example.org>", date=now)
        for n in range(letters)
    ]
    with smtplib.SMTP("127.0.0.1", port, local_hostname="[127.0.0.1]") as line:
        line.ehlo()
        line.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        began, busy = time.perf_counter(), time.process_time()
        for n, content in enumerate(ready):
            line.sendmail(SENDER, OFFICES[n % len(OFFICES)], content)
        return Took(time.perf_counter() - began, time.process_time() - busy)


def a_bench(url: str, folder: Path, port: int, slow_port: int, letters: int) -> Bench:
    keys = read_or_make_keys(folder / "master.key")
    if not (folder / "dkim").exists():
        make_keys(folder / "dkim", "bench")
        (folder / "relay.log").touch()
    upgrade(url)
    database = connect(url)
    with unit_of_work(database.writing) as session:
        require_own_key(session, keys)
        seal = new_seal(session, keys)
        gate = new_gate(session)
        open_gate(session, gate, datetime.now(UTC) + timedelta(days=1))
        for office in OFFICES:
            # This is about speed; an office's own pace is a thousand times slower.
            mailbox = mailbox_for(session, office)
            mailbox.per_minute = mailbox.per_hour = 100_000_000
            mailbox.per_day = mailbox.at_most = 100_000_000
    return Bench(url, folder, database, keys, seal, gate, port, slow_port, letters, ExitStack())


@contextmanager
def a_peer(bench: Bench) -> Iterator[Talk | None]:
    """django-post_office with a database of its own on the same server; None if not installed."""
    python = PEERS / "bin" / "python"
    if (
        not python.exists()
        or subprocess.run([python, "-c", "import django, nh3"], check=False).returncode
    ):
        yield None
        return
    url = make_url(bench.url)
    if bench.database.is_sqlite:
        options = {"init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL"}
        name = str(bench.var / "peer.db")
        database = {"ENGINE": "django.db.backends.sqlite3", "NAME": name, "OPTIONS": options}
    else:
        with bench.database.engine.connect() as line:
            line.execution_options(isolation_level="AUTOCOMMIT").exec_driver_sql(
                "CREATE DATABASE peer"
            )
        host = url.host or str(url.query.get("host", ""))
        database = {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": "peer",
            "USER": url.username,
            "PASSWORD": url.password,
            "HOST": host,
            "PORT": str(url.port or ""),
            "CONN_MAX_AGE": None,
        }
    told = json.dumps({"database": database, "port": bench.port})
    with a_talk([str(python), str(ROOT / "peer_post_office.py"), told]) as talk:
        yield talk


@contextmanager
def a_process(command: Sequence[str], port: int) -> Iterator[None]:
    """A server on this port, until the block ends."""
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            ends = time.monotonic() + 10
            while True:
                try:
                    socket.create_connection(("127.0.0.1", port), 1).close()
                    break
                except OSError:
                    if time.monotonic() > ends:
                        raise
                    time.sleep(0.05)
            yield
        finally:
            process.terminate()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    sys.exit(main())
