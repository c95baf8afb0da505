"""Mail and logs on this machine's own disk, which nobody else would ever clear."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path


def prune_maildir(folder: Path, before: datetime) -> int:
    """Delete what the local Maildir has held since before then; return how many messages."""
    parts = (folder / part for part in ("new", "cur", "tmp"))
    return _prune((path for part in parts for path in part.glob("*")), before)


def prune_rotated(log: Path, before: datetime) -> int:
    """Delete the parts of a relay's log that were put aside before then: they hold addresses.

    The log that is being written belongs to the relay; whoever rotates it makes these parts.
    """
    return _prune(log.parent.glob(f"{log.name}[.-]*"), before)


def _prune(paths: Iterator[Path], before: datetime) -> int:
    pruned = 0
    for path in paths:
        # Another machine, or a mail program, may have been quicker; or it may not be ours.
        with suppress(OSError):
            if path.is_file() and path.stat().st_mtime < before.timestamp():
                path.unlink()
                pruned += 1
    return pruned
