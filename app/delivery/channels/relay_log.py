"""What a Postfix on this machine took, read from its log and its queue.

A `message-id=` line alone proves nothing: Postfix writes it while the body is still arriving, and
throws the body away when the line breaks before the dot. What it has taken shows as a queue entry:
`queue active`, a delivery status, or the listing of the queue.

A "no" is only given when the log reaches back to before the hand-over, and only some time after it.
Everything kept is bounded: the newest part of the log, cut lines, so many ids.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO, Final

from app.delivery.channels.base import HandOver

# At about 750 bytes a message this holds more than any worker hands over between two questions.
WINDOW: Final = 32 * 1024 * 1024
IDS_AT_MOST: Final = 50_000
LINE_AT_MOST: Final = 8 * 1024
_CHUNK: Final = 64 * 1024
# A log line may carry whole seconds, and its clock is read a moment before ours.
_BLUR: Final = timedelta(seconds=2)
_QUEUE_WITHIN: Final = 20.0

_STAMPED = re.compile(
    rb"(?P<iso>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d))"
    rb"|(?P<old>[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d)"
)
_ENTRY = re.compile(rb"postfix[^ ]*/([a-z]+)\[\d+\]: ([0-9A-Za-z]{5,20}): (.*)")
_ID = re.compile(rb"message-id=(<[^<>\s]{3,300}>)")
_MONTHS: Final = (
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
)  # fmt: skip


class RelayLog:
    """Reads on from where it stopped, follows a rotation, and says what it can prove."""

    def __init__(
        self,
        path: Path,
        *,
        grace: timedelta,
        queue: Sequence[str],
        clock: Callable[[], datetime],
        window: int = WINDOW,
    ) -> None:
        self.grace = grace
        self._path = path
        self._queue_command = tuple(queue)
        self._clock = clock
        self._window = window
        self._lock = threading.Lock()  # the lanes of one worker share the log
        self._file: BinaryIO | None = None
        self._rest = b""
        self._skips_line = False
        # From when on nothing is missing; None while the log has said nothing.
        self._covers_from: datetime | None = None
        self._newest: datetime | None = None
        self._queue_ids: OrderedDict[bytes, bytes] = OrderedDict()
        self._taken: OrderedDict[bytes, None] = OrderedDict()

    def has(self, message_id: str, hand_over: HandOver) -> bool | None:
        """True: it was taken. False: it was not, and will not turn up. None: cannot be said."""
        with self._lock:
            if not self._read_on():
                return None
            # First the queue, then the rest of the log: what left the queue between stands there.
            wanted = message_id.encode()
            queue_id = self._queue_ids.get(wanted)
            listed = self._list_queue() if queue_id and queue_id not in self._taken else frozenset()
            if not self._read_on():
                return None
            queue_id = self._queue_ids.get(wanted)
            if queue_id is not None and (queue_id in self._taken or queue_id in (listed or ())):
                return True
            if self._clock() < hand_over.latest + self.grace or listed is None:
                return None
            return False if self._reaches_back_to(hand_over.earliest) else None

    def close(self) -> None:
        """Let go of the file; the next question begins anew."""
        with self._lock:
            self._close()

    def _reaches_back_to(self, moment: datetime) -> bool:
        return self._covers_from is not None and self._covers_from <= moment - _BLUR

    def _read_on(self) -> bool:
        """Read what was written since; False if there is no log to read."""
        try:
            if self._file is None:
                self._open()
            self._read_file()
            if self._was_rotated():
                # The old file was read to its end through the open handle; the new one follows it.
                self._close()
                self._file = self._path.open("rb")
                self._read_file()
        except OSError:
            self._close()
            self._forget()
            return False
        return True

    def _open(self) -> None:
        """Begin with the newest part, and with the file before it when this one is short."""
        self._forget()
        before = self._path.with_name(f"{self._path.name}.1")
        size = self._path.stat().st_size
        if size < self._window and before.exists():
            self._file = before.open("rb")
            self._skip_to_newest(self._window - size)
            self._read_file()
            self._close()
        self._file = self._path.open("rb")
        self._skip_to_newest(self._window)

    def _skip_to_newest(self, at_most: int) -> None:
        if self._file is not None:
            size = os.fstat(self._file.fileno()).st_size
            if size - self._file.tell() > at_most:
                self._forget()
                self._file.seek(size - at_most)
                self._skips_line = True

    def _read_file(self) -> None:
        if self._file is None:
            return
        if os.fstat(self._file.fileno()).st_size < self._file.tell():
            # Cut to nothing and written anew: what stood between is lost.
            self._forget()
            self._file.seek(0)
        self._skip_to_newest(self._window)
        while chunk := self._file.read(_CHUNK):
            for line in self._lines(chunk):
                self._take_in(line)

    def _was_rotated(self) -> bool:
        if self._file is None:
            return False
        ours, now = os.fstat(self._file.fileno()), self._path.stat()
        return (ours.st_dev, ours.st_ino) != (now.st_dev, now.st_ino)

    def _lines(self, chunk: bytes) -> Iterator[bytes]:
        *whole, rest = (self._rest + chunk).split(b"\n")
        for line in whole:
            if self._skips_line:
                self._skips_line = False
            else:
                yield line[:LINE_AT_MOST]
        if len(rest) > LINE_AT_MOST:
            self._skips_line, rest = True, b""
        self._rest = rest

    def _take_in(self, line: bytes) -> None:
        stamp = _STAMPED.match(line)
        if stamp is None:
            return
        moment = _moment(stamp, self._clock())
        if moment is not None:
            self._newest = moment
            if self._covers_from is None:
                self._covers_from = moment
        entry = _ENTRY.search(line)
        if entry is None:
            return
        program, queue_id, said = entry.groups()
        found = _ID.search(said) if program == b"cleanup" else None
        if found is not None:
            self._queue_ids[found[1]] = queue_id
            self._queue_ids.move_to_end(found[1])
            if len(self._queue_ids) > IDS_AT_MOST:
                self._queue_ids.popitem(last=False)
                self._covers_from = self._newest
        elif b"queue active" in said or b"status=" in said or said == b"removed":
            self._taken[queue_id] = None
            self._taken.move_to_end(queue_id)
            if len(self._taken) > IDS_AT_MOST:
                self._taken.popitem(last=False)

    def _list_queue(self) -> frozenset[bytes] | None:
        """The ids in the queue; None where it cannot be asked."""
        if not self._queue_command:
            return None
        try:
            listed = subprocess.run(  # noqa: S603 - the operator's own setting
                self._queue_command,
                capture_output=True,
                check=True,
                timeout=_QUEUE_WITHIN,
                stdin=subprocess.DEVNULL,
            )
        except (OSError, subprocess.SubprocessError):
            return None
        return frozenset(_queue_ids(listed.stdout))

    def _forget(self) -> None:
        self._rest, self._skips_line = b"", False
        self._covers_from = self._newest = None
        self._queue_ids.clear()
        self._taken.clear()

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


def _queue_ids(listing: bytes) -> Iterator[bytes]:
    """Of `postqueue -j`, one object a line, or of `mailq`, one entry a paragraph."""
    for line in listing.splitlines():
        if line.startswith(b"{"):
            try:
                yield str(json.loads(line)["queue_id"]).encode()
            except (ValueError, KeyError, TypeError):
                continue
        elif line[:1].isalnum():
            # An active entry carries a star, a held one a bang.
            yield line.split()[0].rstrip(b"*!")


def _moment(stamp: re.Match[bytes], now: datetime) -> datetime | None:
    try:
        if stamp["iso"]:
            return datetime.fromisoformat(stamp["iso"].decode()).astimezone(UTC)
        # The traditional stamp knows neither year nor zone. Of what it can mean (the machine's zone
        # or UTC, this year or the last) the latest that does not lie ahead claims the least.
        month, day, clock = stamp["old"].decode().split()
        hour, minute, second = (int(part) for part in clock.split(":"))
        numbers = (_MONTHS.index(month) + 1, int(day), hour, minute, second)
        for year in (now.year + 1, now.year, now.year - 1):
            with suppress(ValueError):  # the 29th of February is not in every year
                local = datetime(year, *numbers, fold=1)  # noqa: DTZ001 - local on purpose
                meant = (local.replace(tzinfo=UTC), local.astimezone(UTC))
                past = [each for each in meant if each <= now + _BLUR]
                if past:
                    return max(past)
    except ValueError:
        return None
    return None
