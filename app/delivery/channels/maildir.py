"""The Maildir on this machine: where mail goes while no relay is configured.

A file is named after its Message-ID, so handing over twice makes one file, and afterwards this
channel can say whether it has a message.
"""

from __future__ import annotations

import hashlib
import os
import threading
from datetime import timedelta
from pathlib import Path

from app.delivery.channels.base import Envelope, HandOver, Receipt, Steps, TryLater


class Maildir:
    """Writes into `tmp`, moves to `new`, and lets nobody see half a message."""

    can_tell = True
    patience = timedelta()

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def send(
        self,
        envelope: Envelope,  # noqa: ARG002 - the addresses stand in the message itself
        content: bytes,
        *,
        message_id: str,
        steps: Steps,
    ) -> Receipt:
        name = _name(message_id)
        try:
            self._make_folders()
        except OSError as error:
            raise TryLater(0, reason="local_mail") from error
        steps.connected()
        steps.before_data()
        steps.before_body()
        if not self._is_there(name):
            try:
                self._write(name, content)
            except OSError as error:
                # Disk full, folder read-only. Had the file arrived after all, it will be found.
                raise TryLater(0, reason="local_mail") from error
        steps.after_body()
        steps.answered()
        return Receipt(250, name)

    def has(self, message_id: str, hand_over: HandOver) -> bool:  # noqa: ARG002 - files stay
        return self._is_there(_name(message_id))

    def hang_up(self) -> None:
        """A file is written in no time."""

    def _is_there(self, name: str) -> bool:
        if (self._folder / "new" / name).exists():
            return True
        # A mail program moves what it has shown to "cur" and appends its flags.
        return any((self._folder / "cur").glob(f"{name}*"))

    def close(self) -> None:
        """Nothing stays open."""

    def _make_folders(self) -> None:
        if not (self._folder / "cur").is_dir():
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            for part in ("tmp", "new", "cur"):
                (self._folder / part).mkdir(mode=0o700, exist_ok=True)

    def _write(self, name: str, content: bytes) -> None:
        # A name of its own for each writer: a worker that was thought dead may still be writing.
        draft = self._folder / "tmp" / f"{name}.{os.getpid()}.{threading.get_ident()}"
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as target:
            # Lines of local mail end as local files do.
            target.write(content.replace(b"\r\n", b"\n"))
            target.flush()
            os.fsync(target.fileno())
        draft.replace(self._folder / "new" / name)
        _keep(self._folder / "new")


def _keep(folder: Path) -> None:
    """Make the folder's new entry survive a loss of power."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _name(message_id: str) -> str:
    return f"{hashlib.sha256(message_id.encode()).hexdigest()[:32]}.outcry"
