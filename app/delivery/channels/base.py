"""What every channel offers, and the few ways in which handing over can end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Envelope:
    """From where to where, once: one recipient, so that one answer speaks for one message."""

    sender: str
    recipient: str


@dataclass(frozen=True, slots=True)
class Receipt:
    """The other side has taken the message."""

    reply_code: int
    queue_id: str = ""


@dataclass(frozen=True, slots=True)
class HandOver:
    """Between which moments a message may have been handed over."""

    earliest: datetime
    latest: datetime


class TryLater(Exception):
    """Not taken, certainly not delivered, and another attempt may do better.

    `reply` holds the enhanced status code at most: what a server writes after it may quote names
    and addresses.
    """

    def __init__(self, code: int, reply: str = "", *, reason: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.reply = reply
        self.reason = reason or f"smtp_{code}"


class NobodyThere(TryLater):
    """The relay itself cannot be used now; no message is at fault."""


class NeverWill(Exception):
    """Refused for good; the same message would be refused again."""

    def __init__(self, code: int, reply: str = "", *, reason: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.reply = reply
        self.reason = reason or f"smtp_{code}"


class Unknown(Exception):
    """The body has left and no answer came: perhaps delivered, perhaps not."""


class Withheld(Exception):
    """Raised by a step: this message must not leave after all."""


def _go_on() -> None:
    """The step of somebody who does not watch."""


@dataclass(frozen=True, slots=True)
class Steps:
    """Called by a channel on its way. A step that raises stops the message where it stands."""

    connected: Callable[[], None] = _go_on
    # The other side would take it; last chance to look whether it may still leave.
    before_data: Callable[[], None] = _go_on
    # From here on the outcome can be unknown. Nothing of the body has been written yet.
    before_body: Callable[[], None] = _go_on
    after_body: Callable[[], None] = _go_on
    answered: Callable[[], None] = _go_on


class Outlet(Protocol):
    """One way out. Raises `TryLater`, `NeverWill` or `Unknown`; never tries twice by itself."""

    def send(
        self, envelope: Envelope, content: bytes, *, message_id: str, steps: Steps
    ) -> Receipt: ...

    # Whether it can say afterwards what it has taken. Only then may marks wait for each other.
    can_tell: bool
    # How long after a hand-over it may still learn of it.
    patience: timedelta

    def has(self, message_id: str, hand_over: HandOver) -> bool | None:
        """Whether this message was taken then; None where nobody can tell, or not yet."""

    def hang_up(self) -> None:
        """Break off what is under way, from another thread: the process has to end."""

    def close(self) -> None:
        """Let go of what is open. The next `send` opens it again."""
