"""One worker process: a thread and a line of its own for each lane, and an orderly end.

A relay may take ten minutes for one answer (RFC 5321 4.5.3.2). A confirmation that shares a line
with letters would wait so long behind one of them, while somebody sits in front of an empty
mailbox. So each lane has a thread with its own connections; neither can hold up the other.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Final

import structlog

from app.delivery.worker import Worker

# Long enough for the letter at hand on any healthy line, short of what a supervisor allows. Then
# the line is cut; what was on it is settled as after any broken line.
FINISH_WITHIN: Final = 12.0
_SETTLE_WITHIN: Final = 8.0

log = structlog.get_logger()


class Crew:
    """The workers of one process, told to stop together."""

    def __init__(self, workers: Sequence[Worker], *, stop: threading.Event, poll: float) -> None:
        self._workers = tuple(workers)
        self._stop = stop
        self._poll = poll
        self._wakes = [threading.Event() for _ in self._workers]
        self._trouble: BaseException | None = None

    def wake(self) -> None:
        """There may be something to do."""
        for each in self._wakes:
            each.set()

    def run(self, between: Callable[[], object]) -> None:
        """Work until told to stop; `between` is called by the last worker after its rounds."""
        threads = []
        for worker, wake in zip(self._workers, self._wakes, strict=True):
            extra = between if worker is self._workers[-1] else _nothing
            thread = threading.Thread(target=self._work, args=(worker, wake, extra), daemon=True)
            threads.append(thread)
            thread.start()
        # Signals are handled by the main thread, which must not sleep for ever in one call.
        while not self._stop.wait(0.2):
            pass
        self.wake()
        self._join(threads, FINISH_WITHIN)
        for worker in self._workers:
            worker.hang_up()
        self._join(threads, _SETTLE_WITHIN)
        if self._trouble is not None:
            raise self._trouble

    def _work(self, worker: Worker, wake: threading.Event, between: Callable[[], object]) -> None:
        try:
            worker.run(self._stop, self._poll, between, wake)
        except BaseException as error:  # noqa: BLE001 - raised again by the main thread
            # One lane that cannot go on must not leave a process that looks alive.
            self._trouble = error
            self._stop.set()

    def _join(self, threads: Sequence[threading.Thread], seconds: float) -> None:
        for thread in threads:
            thread.join(seconds / len(threads))


def _nothing() -> None:
    """Only one worker of a process does the upward work."""
