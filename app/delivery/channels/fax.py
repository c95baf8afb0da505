"""HylaFAX by its own command: a finished fax on its standard input, a number, and a tag.

No shell and no file on a disk: the document is of a person, and nothing of it may lie about when a
machine dies. What the command says is not read while it runs, so one that never stops speaking
fills its pipe and no memory of ours. The tag is the Message-ID; HylaFAX keeps it with the job, so
that whoever decides about a fax that is held can look for it. The command itself cannot be asked.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from typing import IO, Final

from app.delivery.channels.base import (
    Envelope,
    HandOver,
    NeverWill,
    Receipt,
    Steps,
    TryLater,
    Unknown,
)

_NUMBER = re.compile(r"\+[1-9]\d{6,14}")
_QUEUED = re.compile(rb"request id is (\d{1,12})")
_DONE: Final = 250
# What a wrapper may say with its exit code (sysexits.h): this number or document is of no use.
_OF_NO_USE: Final = frozenset((os.EX_USAGE, os.EX_DATAERR, os.EX_NOUSER))
_OUTPUT_AT_MOST: Final = 64 * 1024
_GONE_WITHIN: Final = 5.0


class SendFax:
    """Gives each fax to `sendfax`; HylaFAX dials, and dials again, on its own."""

    can_tell = False
    patience = timedelta()

    def __init__(self, command: Sequence[str] = ("sendfax",), *, timeout: float) -> None:
        self._command = tuple(command)
        self._timeout = timeout
        self._running: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        self._ends = False

    def send(self, envelope: Envelope, content: bytes, *, message_id: str, steps: Steps) -> Receipt:
        """`envelope.recipient` is the number, `content` the PDF."""
        if not _NUMBER.fullmatch(envelope.recipient):
            raise NeverWill(0, reason="bad_number")
        steps.connected()
        steps.before_data()
        steps.before_body()
        tag = message_id.strip("<>").partition("@")[0]
        # No cover page (-n): ours is the first page, in the language of the letter.
        with _held(content) as document:
            process = self._start(["-n", "-i", tag, "-d", envelope.recipient], document)
        try:
            steps.after_body()
            process.wait(self._timeout)
            steps.answered()
            return _receipt(process.returncode, _said(process))
        except subprocess.TimeoutExpired as error:
            raise Unknown from error
        finally:
            # Also what it may have started and left behind.
            _end(process)
            with suppress(subprocess.TimeoutExpired):
                process.wait(_GONE_WITHIN)
            if process.stdout is not None:
                process.stdout.close()
            self._running = None

    def has(self, message_id: str, hand_over: HandOver) -> bool | None:  # noqa: ARG002 - see above
        return None

    def hang_up(self) -> None:
        with self._lock:
            self._ends = True
            if self._running is not None:
                _end(self._running)

    def close(self) -> None:
        """Nothing stays open."""

    def _start(self, words: Sequence[str], document: IO[bytes]) -> subprocess.Popen[bytes]:
        with self._lock:
            if self._ends:
                raise TryLater(0, reason="fax_interrupted")
            try:
                self._running = subprocess.Popen(  # noqa: S603 - the operator's own setting, no shell
                    [*self._command, *words],
                    stdin=document,
                    stdout=subprocess.PIPE,
                    # What it complains of may name the number; an exit code is enough.
                    stderr=subprocess.DEVNULL,
                    # With whatever it starts, it can be ended as one.
                    start_new_session=True,
                )
            except OSError as error:
                raise TryLater(0, reason="no_sendfax") from error
            return self._running


def _held(content: bytes) -> IO[bytes]:
    """The document as an open file without a name: in memory where the system can do that."""
    if sys.platform == "linux":
        document: IO[bytes] = os.fdopen(os.memfd_create("fax"), "w+b")
    else:
        document = tempfile.TemporaryFile()  # noqa: SIM115 - closed by the caller
    document.write(content)
    document.seek(0)
    return document


def _said(process: subprocess.Popen[bytes]) -> bytes:
    """What stands in the pipe now; whoever else still holds it open is not waited for."""
    if process.stdout is None:
        return b""
    os.set_blocking(process.stdout.fileno(), False)
    try:
        return os.read(process.stdout.fileno(), _OUTPUT_AT_MOST)
    except BlockingIOError:
        return b""


def _receipt(code: int, said: bytes) -> Receipt:
    queued = _QUEUED.search(said)
    if code == 0:
        return Receipt(_DONE, queued[1].decode() if queued else "")
    if queued is not None or code < 0:
        # HylaFAX had it before the command failed; or it was killed, and nobody knows when.
        raise Unknown
    if code in _OF_NO_USE:
        raise NeverWill(code, reason="sendfax_refused")
    raise TryLater(code, reason="sendfax_failed")


def _end(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
