"""Pages and forms a second, against bare Flask views in the same server.

    ./run python -m bench.web            # about two minutes

Both sides run in granian with the same number of processes and threads and take turns, round by
round; the ratio is the median of the rounds. The bare view of a page answers with the same bytes.
The bare view of a form does the same inserts with SQLAlchemy Core, in one transaction of the same
durability, and knows nothing else: no note to check, no seal, no allowance of mails.
"""

from __future__ import annotations

import os
import pickle
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import repeat
from pathlib import Path
from statistics import median

from flask import Flask
from sqlalchemy import func, select

from app import create_app
from app.core.db import Base, unit_of_work
from app.core.schema import upgrade
from app.core.tokens import seal_form
from app.signatures.models import Signature
from app.state import state_of
from app.web.supporter.form import PURPOSE
from bench.bare_web import RECORD, Row
from bench.loopback import HERE, Load, get, post, press
from config import Settings
from tests.builders import the_demonstration
from tests.end_to_end.running import free_port

ROUNDS = 5
SECONDS = 3.0
PROCESSES, THREADS = 1, 4
PAGE_GOAL, FORM_GOAL = 0.65, 0.5
MANY = 1_000_000
ANSWERS = {"country": "SE", "sentence": "", "targets": "1", "letter_language": "en", "consent": "1"}


@dataclass(slots=True)
class Side:
    """One of the two that race: where it listens, what its rounds gave."""

    name: str
    port: int
    process: subprocess.Popen[bytes]
    pages: list[Load] = field(default_factory=list)
    forms: list[Load] = field(default_factory=list)

    def memory(self) -> float:
        """What its processes hold together, in MB."""
        return sum(_resident(pid) for pid in _family(self.process.pid)) / 1024


def main() -> int:
    """Race both; 1 when a goal is missed."""
    with tempfile.TemporaryDirectory() as folder:
        var = Path(folder) / "var"
        settings = Settings(
            var=var, fill_seconds=0, campaign_burst=MANY, domain_burst=MANY, network_burst=MANY
        )
        app = create_app(settings)
        path, reference = _fill(app)
        record = _record(app, path, Path(folder))
        notes = _forms(app, reference)
        with _served("Outcry", _product(var)) as ours, _served("bare", _bare(record)) as bare:
            for side, place in ((bare, "/page"), (ours, path)):
                press(side.port, repeat(get(place)), 1.0)
            for _round in range(ROUNDS):
                for side, place in ((bare, "/page"), (ours, path)):
                    side.pages.append(press(side.port, repeat(get(place)), SECONDS))
            for _round in range(ROUNDS):
                for side, place in ((bare, "/send"), (ours, f"{path}/send")):
                    asked = (post(place, next(notes)) for _ in iter(int, 1))
                    side.forms.append(press(side.port, asked, SECONDS))
            missed = _say("campaign page", bare.pages, ours.pages, PAGE_GOAL)
            missed |= _say("form", bare.forms, ours.forms, FORM_GOAL)
            for side in (bare, ours):
                print(f"{side.name:<8} {side.memory():6.0f} MB")
            missed |= _kept(app, ours)
        state_of(app).database.dispose()
    return int(missed)


def _say(what: str, bare: list[Load], ours: list[Load], goal: float) -> bool:
    for name, loads in (("bare", bare), ("Outcry", ours)):
        rate = median(load.rate for load in loads)
        p99 = median(load.percentile(0.99) for load in loads) * 1000
        answers = sum((load.statuses for load in loads), start=type(loads[0].statuses)())
        print(f"{what:<14} {name:<7} {rate:8.0f}/s  p99 {p99:7.1f} ms  {dict(answers)}")
    ratio = median(one.rate / other.rate for one, other in zip(ours, bare, strict=True))
    rates = [load.rate for load in bare]
    word = "met" if ratio >= goal else "MISSED"
    print(f"{what:<14} ratio {ratio:.2f} (goal >= {goal}) {word}; ", end="")
    print(f"spread of the yardstick {max(rates) / min(rates):.2f}")
    return ratio < goal


def _kept(app: Flask, ours: Side) -> bool:
    """Every form that was answered with a page is a row, whatever the rush."""
    accepted = sum(load.statuses[200] for load in ours.forms)
    with state_of(app).database.reading() as session:
        # One was there before, from which the bare view learned what to write.
        kept = (session.scalar(select(func.count()).select_from(Signature)) or 0) - 1
    met = kept == accepted
    print(f"forms answered {accepted}, kept {kept}: {'met' if met else 'MISSED'}")
    return not met


def _fill(app: Flask) -> tuple[str, str]:
    state = state_of(app)
    upgrade(state.settings.database_url)
    with unit_of_work(state.database.writing) as session:
        made = the_demonstration(session, state.keys, "mamai", datetime.now(UTC))
        return f"/en/campaigns/{made.reference}/{made.slug}", made.reference


def _forms(app: Flask, reference: str) -> Iterator[bytes]:
    """Filled forms without an end, each under a note of its own and from a mailbox of its own."""
    key = state_of(app).keys.derive(PURPOSE)
    while True:
        one = uuid.uuid4().hex
        content = {
            "campaign": reference,
            "since": datetime.now(UTC).date().isoformat(),
            "at": int(time.time()) - 60,
            "key": one,
        }
        fields = {
            **ANSWERS,
            "form": seal_form(key, PURPOSE, content),
            "name": f"Sam {one[:8]}",
            "email": f"{one}@{one[:12]}.example",
        }
        yield urllib.parse.urlencode(fields).encode()


def _record(app: Flask, path: str, folder: Path) -> Path:
    """The bytes of both pages, and the rows that one form makes."""
    client, state = app.test_client(), state_of(app)
    var = state.settings.var
    page = client.get(path, headers={"Accept-Language": "en"}).data
    before = _rows(app)
    body = next(_forms(app, path.split("/")[3]))
    kind = "application/x-www-form-urlencoded"
    sent = client.post(f"{path}/send", data=body, content_type=kind)
    assert sent.status_code == 200, sent.status_code
    made = [(table, row) for table, row in _rows(app) if (table, row) not in before]
    assert re.search(rb"One more tap", sent.data)
    target, own = folder / "record", folder / "bare.db"
    state.database.dispose()
    shutil.copy(var / "outcry.db", own)
    target.write_bytes(
        pickle.dumps(
            {
                "page": page,
                "sent": sent.data,
                "rows": made,
                "url": f"sqlite:///{own}",
            }
        )
    )
    return target


def _rows(app: Flask) -> list[tuple[str, Row]]:
    with state_of(app).database.reading() as session:
        return [
            (table.name, dict(row._mapping))  # noqa: SLF001 - SQLAlchemy's own name for it
            for table in Base.metadata.sorted_tables
            for row in session.execute(select(table))
        ]


def _product(var: Path) -> tuple[list[str], dict[str, str]]:
    bursts = ("CAMPAIGN_BURST", "DOMAIN_BURST", "NETWORK_BURST", "NETWORK_SUSTAINED")
    return [sys.executable, "-m", "flask", "--app", "wsgi", "web"], {
        "OUTCRY_VAR": str(var),
        "OUTCRY_FILL_SECONDS": "0",
        "OUTCRY_WEB_PROCESSES": str(PROCESSES),
        "OUTCRY_WEB_THREADS": str(THREADS),
        **{f"OUTCRY_{name}": str(MANY) for name in bursts},
    }


def _bare(record: Path) -> tuple[list[str], dict[str, str]]:
    return [sys.executable, "-m", "bench.bare_web"], {
        RECORD: str(record),
        "BENCH_PROCESSES": str(PROCESSES),
        "BENCH_THREADS": str(THREADS),
    }


@contextmanager
def _served(name: str, how: tuple[list[str], dict[str, str]]) -> Iterator[Side]:
    command, told = how
    port = free_port()
    if name == "bare":
        command = [*command, str(port)]
    known = {key: value for key, value in os.environ.items() if not key.startswith("OUTCRY_")}
    process = subprocess.Popen(command, env={**known, **told, "PORT": str(port)})
    try:
        _wait(port, process)
        yield Side(name, port, process)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)


def _wait(port: int, process: subprocess.Popen[bytes]) -> None:
    ends = time.monotonic() + 60
    while time.monotonic() < ends:
        assert process.poll() is None, "the server ended at once"
        try:
            socket.create_connection((HERE, port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError("no answer")


def _family(pid: int) -> Iterator[int]:
    yield pid
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in task.read_text(encoding="utf-8").split():
            yield from _family(int(child))


def _resident(pid: int) -> int:
    """In kB."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    found = re.search(r"VmRSS:\s+(\d+)", status)
    return int(found[1]) if found else 0


if __name__ == "__main__":
    sys.exit(main())
