"""The master key lives in a file outside the database, readable by nobody else.

A key file holds two lines: the master key, which wraps the data keys, and the root key, from which
links and look-up values are made. While the master key is rotated the new file lies beside the old
one, and both are read. A file of one line, as the first versions made it, is both keys in one.
"""

from __future__ import annotations

import base64
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from app.core.tokens import Keys, Masters

KEY_BYTES = 32


class NoKey(Exception):
    """The key file is missing where it must exist, or does not hold a key."""


@dataclass(frozen=True, slots=True)
class KeyFile:
    """What one key file holds."""

    master: bytes
    root: bytes

    @property
    def is_one_key(self) -> bool:
        return self.master == self.root


def read_or_make_keys(path: Path) -> Keys:
    """Read the keys; on a fresh machine make them (mode 0600)."""
    if not path.exists() and not next_file(path).exists():
        _write(path, KeyFile(secrets.token_bytes(KEY_BYTES), secrets.token_bytes(KEY_BYTES)))
    return read_keys(path)


def read_keys(path: Path) -> Keys:
    """The keys of this installation, which notice by themselves when the files change."""
    found = read_file(path if path.exists() else next_file(path))
    return Keys(found.root, Masters(_masters(path), lambda: _masters(path)))


def next_file(path: Path) -> Path:
    """Where the next master key lies while a rotation is under way."""
    return path.with_name(f"{path.name}.next")


def prepare_next(path: Path) -> KeyFile:
    """Make the next key file beside the present one; an existing one is kept."""
    beside = next_file(path)
    if not beside.exists():
        _write(beside, KeyFile(secrets.token_bytes(KEY_BYTES), read_file(path).root))
    return read_file(beside)


def adopt_next(path: Path) -> None:
    """Put the next key file in the place of the present one, which is gone with that."""
    next_file(path).replace(path)
    _sync(path.parent)


def read_file(path: Path) -> KeyFile:
    try:
        lines = path.read_bytes().split()
        keys = [base64.b64decode(line, validate=True) for line in lines]
    except (OSError, ValueError) as error:
        raise NoKey(
            f"cannot read the master key at {path} (in the folder that OUTCRY_VAR names)"
        ) from error
    if len(keys) not in (1, 2) or any(len(key) != KEY_BYTES for key in keys):
        raise NoKey(f"{path} does not hold a master key of {KEY_BYTES} bytes")
    return KeyFile(keys[0], keys[-1])


def _masters(path: Path) -> tuple[bytes, ...]:
    # The next one first: a rotation ends between two looks, and then both names hold the same key.
    found = []
    for each in (next_file(path), path):
        try:
            found.append(read_file(each).master)
        except NoKey:
            if each.exists():
                raise
    if not found:
        raise NoKey(f"cannot read the master key at {path}")
    return tuple(dict.fromkeys(reversed(found)))


def _write(path: Path, content: KeyFile) -> None:
    """Make a key file that is whole from its first moment; the first of several writers wins."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # Of several processes that start together one makes the key, the others read it. It is
    # written under a name of its own first, so that nobody reads half a key.
    fresh = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as target:
        for key in (content.master, content.root):
            target.write(base64.b64encode(key) + b"\n")
        target.flush()
        os.fsync(target.fileno())
    try:
        os.link(fresh, path)
    except FileExistsError:
        pass
    finally:
        fresh.unlink()
    _sync(path.parent)


def _sync(folder: Path) -> None:
    """Make the name of a file as durable as its content."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
