"""An SMTP server that writes down what it took before it says so, and takes its time."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope
from aiosmtpd.smtp import Session as Talk

from tests.faults.service import free_port


@dataclass
class Sink:
    """The relay's own book: what it has taken is taken, whether its answer arrives or not."""

    pause: float
    port: int = 0
    accepted: list[bytes] = field(default_factory=list)
    # Set when a body has arrived and is not answered yet: the one window that cannot be closed.
    in_window: threading.Event = field(default_factory=threading.Event)

    def __call__(self) -> Iterator[bytes]:
        yield from list(self.accepted)

    async def handle_DATA(  # noqa: N802 - named by aiosmtpd
        self, _server: SMTP, _talk: Talk, envelope: Envelope
    ) -> str:
        self.accepted.append(bytes(envelope.original_content or b""))
        self.in_window.set()
        await asyncio.sleep(self.pause)
        self.in_window.clear()
        return "250 2.0.0 Ok: queued as 4ABC-1"


@contextmanager
def a_slow_sink(pause: float) -> Iterator[Sink]:
    sink = Sink(pause, free_port())
    controller = Controller(sink, hostname="127.0.0.1", port=sink.port)
    controller.start()
    try:
        yield sink
    finally:
        controller.stop()
