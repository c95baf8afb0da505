"""Who works in this folder: any number of processes, or one restore, never both.

A lock that the system lets go of by itself when its process ends, however it ends.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.core.restoring import InUse

_held: list[int] = []  # for as long as the process lives


def join_the_running(var: Path) -> None:
    """Say that this process works here, while it lives; `InUse` while somebody restores."""
    _held.append(_lock(var, fcntl.LOCK_SH, "A restore is under way in this folder."))


@contextmanager
def none_running(var: Path) -> Iterator[None]:
    """Keep everybody else out meanwhile; `InUse` while somebody works here."""
    held = _lock(var, fcntl.LOCK_EX, "Outcry is running: stop web, worker and scheduler first.")
    try:
        yield
    finally:
        os.close(held)


def _lock(var: Path, how: int, why_not: str) -> int:
    var.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(var / "running", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, how | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(descriptor)
        raise InUse(why_not) from error
    return descriptor
