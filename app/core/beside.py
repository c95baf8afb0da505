"""What lies beside the database, because a restored backup must not undo it.

In one folder with the master key, whose copy is kept apart from the backups: the wrapped data keys,
and two lists that only grow, of erased addresses (a keyed hash each) and of destroyed keys (an id
each). No name, no address, no campaign.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Beside:
    """The folder and what its files are called."""

    folder: Path

    @property
    def erased(self) -> Path:
        return self.folder / "erased"

    @property
    def destroyed(self) -> Path:
        return self.folder / "destroyed"

    @property
    def data_keys(self) -> Path:
        return self.folder / "data.keys"


def append_lines(path: Path, lines: Iterable[str]) -> None:
    """Add lines to a list that only grows; they are on the disk before this returns."""
    content = "".join(f"{line}\n" for line in lines)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(descriptor, "rb+") as target:
        # A line that a loss of power cut off must not swallow the next one.
        if target.seek(0, os.SEEK_END):
            target.seek(-1, os.SEEK_END)
            if target.read(1) != b"\n":
                content = f"\n{content}"
        target.write(content.encode())
        target.flush()
        os.fsync(target.fileno())


def read_lines(path: Path) -> dict[str, str]:
    """The first word of each line and the rest of it; empty where there is no file."""
    if not path.exists():
        return {}
    words = (line.partition(" ") for line in path.read_text().splitlines() if line.strip())
    return {first: rest for first, _space, rest in words}


def replace_lines(path: Path, lines: Iterable[str]) -> None:
    """Write a file anew: a reader finds the old one or the new one, whole."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w") as target:
            target.writelines(f"{line}\n" for line in lines)
            target.flush()
            os.fsync(target.fileno())
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)
