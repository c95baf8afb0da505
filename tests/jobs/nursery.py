"""A warm process that forks schedulers: `nursery.py URL KEY LEASE`, one for each line it reads.

A scheduler that starts by itself needs seconds for its imports; a hundred of them would be minutes
in which nothing is tested.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

from sqlalchemy import text

from app.core.beside import Beside
from app.core.clocks import use_locked_zones
from app.core.db import connect
from app.core.keys import read_or_make_keys
from app.jobs.machine import Machine
from app.jobs.runner import Runner, due_before
from app.jobs.timetable import Job, Work
from app.notices.links import Links

SECOND = timedelta(seconds=1)
# Long enough that one kill in five or so meets a transaction half done.
WORKING = 0.1


def _mark(work: Work) -> int:
    """Leave a row that nothing keeps from standing there twice."""
    due = due_before(MARK, work.now).isoformat()
    said = text("INSERT INTO mark (due, pid) VALUES (:due, :pid)")
    work.session.execute(said, {"due": due, "pid": os.getpid()})
    time.sleep(WORKING)
    return 0


MARK = Job("mark", SECOND, _mark)


def serve(url: str, key: str, lease: float) -> None:
    with Path(os.devnull).open("w") as nowhere:  # what it logs; the pids go by these lines
        os.dup2(nowhere.fileno(), sys.stdout.fileno())
        os.dup2(nowhere.fileno(), sys.stderr.fileno())
    runner = Runner(
        connect(url),
        read_or_make_keys(Path(key)),
        Links("http://outcry.test"),
        timedelta(seconds=lease),
        Machine(Beside(Path(key).parent), Path(key).parent / "mail"),
    )
    runner.run(threading.Event(), (MARK,))


def main() -> None:
    url, key, lease = sys.argv[1:]
    use_locked_zones()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for those that are killed
    started = []
    try:
        for _line in sys.stdin:
            pid = os.fork()
            if pid == 0:
                serve(url, key, float(lease))
                os._exit(0)
            started.append(pid)
            sys.stdout.write(f"{pid}\n")
            sys.stdout.flush()
    finally:
        for pid in started:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


if __name__ == "__main__":
    main()
