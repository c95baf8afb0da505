"""The master key lives in a file outside the database, readable by nobody else."""

from __future__ import annotations

import base64
import os
import secrets
from pathlib import Path

from app.core.tokens import Keys


class NoKey(Exception):
    """The key file is missing where it must exist, or does not hold a key."""


def read_or_make_keys(path: Path) -> Keys:
    """Read the master key; on a fresh machine make one (mode 0600)."""
    if path.exists():
        return read_keys(path)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        # Of several processes that start together one makes the key, the others read it. It is
        # written under a name of its own first, so that nobody reads half a key.
        fresh = path.with_name(f".{path.name}.{os.getpid()}")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as target:
            target.write(base64.b64encode(secrets.token_bytes(32)) + b"\n")
        try:
            os.link(fresh, path)
        finally:
            fresh.unlink()
    except FileExistsError:
        pass
    return read_keys(path)


def read_keys(path: Path) -> Keys:
    try:
        master = base64.b64decode(path.read_bytes(), validate=False)
    except (OSError, ValueError) as error:
        raise NoKey(f"cannot read the master key at {path}") from error
    if len(master) != 32:
        raise NoKey(f"{path} does not hold a master key of 32 bytes")
    return Keys(master)
