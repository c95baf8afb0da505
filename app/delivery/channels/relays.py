"""Several relays in order, each behind a breaker: the next one while one is paused.

Twenty failures in a row say that the relay is at fault and not the letters. It is paused then, each
time longer, and tried again with a single message. While another relay carries the mail the pause
may grow to half an hour; where there is no other it stays short, because mail has to flow again
within half a minute of the relay's return.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from app.delivery.channels.base import (
    Envelope,
    HandOver,
    NeverWill,
    NobodyThere,
    Outlet,
    Receipt,
    Steps,
    TryLater,
    Unknown,
)
from app.delivery.rules import RELAY_REST

FAILURES_AT_MOST: Final = 20
PAUSES: Final = tuple(timedelta(minutes=minutes) for minutes in (1, 2, 4, 8, 16, 30))
PAUSE_ALONE: Final = timedelta(seconds=15)


@dataclass(frozen=True, slots=True)
class Health:
    """What there is to say of a relay that was just paused, or has come back."""

    name: str
    failures: int
    reason: str
    pause: timedelta | None


def _nobody_to_tell(_health: Health) -> None:
    """Outside of a process nobody is alerted."""


@dataclass(slots=True)
class Breaker:
    """Counts the failures of one relay for all lines to it in this process."""

    name: str
    clock: Callable[[], float] = time.monotonic
    tell: Callable[[Health], None] = _nobody_to_tell
    failures: int = 0
    _trips: int = 0
    _until: float | None = None
    _rests_until: float = 0.0
    _is_probing: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def may_try(self) -> bool:
        """Whether a message may be tried: always while it is well, one at a time after a pause."""
        with self._lock:
            if self.clock() < self._rests_until:
                return False
            if self._until is None:
                return True
            if self.clock() < self._until or self._is_probing:
                return False
            self._is_probing = True
            return True

    def worked(self) -> None:
        with self._lock:
            was_paused = self._until is not None
            self.failures = self._trips = 0
            self._until, self._is_probing = None, False
        if was_paused:
            self.tell(Health(self.name, 0, "", None))

    def failed(self, reason: str, *, is_alone: bool) -> None:
        with self._lock:
            self.failures += 1
            if not self._is_probing and (self.failures < FAILURES_AT_MOST or self._until):
                return
            pause = PAUSES[min(self._trips, len(PAUSES) - 1)]
            if is_alone:
                pause = min(pause, PAUSE_ALONE)
            self._trips += 1
            self._is_probing = False
            self._until = self.clock() + pause.total_seconds()
            health = Health(self.name, self.failures, reason, pause)
        self.tell(health)

    def rest(self) -> None:
        """Nobody answered: while another relay can be had, knocking again would cost its wait."""
        with self._lock:
            self._rests_until = self.clock() + RELAY_REST.total_seconds()

    def let_go(self) -> None:
        """The try said nothing about the relay: the message was withheld."""
        with self._lock:
            self._is_probing = False


class Relays:
    """The relays of one worker's lane, in the order of the setting."""

    def __init__(self, relays: Sequence[tuple[Breaker, Outlet]]) -> None:
        self._relays = tuple(relays)
        # Only a single relay can say for all of them what was taken.
        first = self._relays[0][1]
        is_alone = len(self._relays) == 1
        self.can_tell = is_alone and first.can_tell
        self.patience = first.patience if is_alone else timedelta()

    def send(self, envelope: Envelope, content: bytes, *, message_id: str, steps: Steps) -> Receipt:
        last = NobodyThere(0, reason="relays_paused")
        for breaker, outlet in self._relays:
            if not breaker.may_try():
                continue
            try:
                return self._send(breaker, outlet, envelope, content, message_id, steps)
            except NobodyThere as error:
                # Nothing of the message has left, so the next relay may have it.
                last = error
                if len(self._relays) > 1:
                    breaker.rest()
        raise last

    def has(self, message_id: str, hand_over: HandOver) -> bool | None:
        return self._relays[0][1].has(message_id, hand_over) if self.can_tell else None

    def hang_up(self) -> None:
        for _, outlet in self._relays:
            outlet.hang_up()

    def close(self) -> None:
        for _, outlet in self._relays:
            outlet.close()

    def _send(
        self,
        breaker: Breaker,
        outlet: Outlet,
        envelope: Envelope,
        content: bytes,
        message_id: str,
        steps: Steps,
    ) -> Receipt:
        try:
            receipt = outlet.send(envelope, content, message_id=message_id, steps=steps)
        except TryLater as error:
            breaker.failed(error.reason, is_alone=len(self._relays) == 1)
            raise
        except Unknown:
            breaker.failed("no_answer", is_alone=len(self._relays) == 1)
            raise
        except NeverWill:
            breaker.worked()  # it has judged a message; that is its work
            raise
        except BaseException:
            breaker.let_go()
            raise
        breaker.worked()
        return receipt
