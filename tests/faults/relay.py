"""A relay in a bad mood, with a book of its own: what it took is written down before it says so."""

from __future__ import annotations

import asyncio
import email
import itertools
import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope
from aiosmtpd.smtp import Session as Talk

from tests.faults.service import free_port

OFFICE = "@ministry"

Shares = tuple[tuple[str, float], ...]
AT_RCPT: Shares = (("defers", 0.06), ("drops before the dot", 0.04), ("refuses", 0.02))
AT_DOT: Shares = (("loses", 0.02), ("drops after the dot", 0.04), ("stalls", 0.03))


@dataclass
class RudeRelay:
    """Defers, refuses, stalls, and hangs up before and after the dot, each now and then."""

    log: Path
    chance: random.Random
    port: int = 0
    accepted: list[tuple[float, bytes]] = field(default_factory=list)
    moods: Counter[str] = field(default_factory=Counter)
    # Set while a body has arrived and is not answered: the window that only a log closes.
    in_window: threading.Event = field(default_factory=threading.Event)
    defers_letters: bool = False
    at_rcpt: Shares = AT_RCPT
    at_dot: Shares = AT_DOT
    stalls_for: float = 1.0
    answers_after: float = 0.02
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def __call__(self) -> Iterator[bytes]:
        yield from [content for _, content in list(self.accepted)]

    async def handle_RCPT(  # noqa: N802 - named by aiosmtpd
        self, server: SMTP, _talk: Talk, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        is_letter = not address.startswith("sam.")
        mood = self._mood(self.at_rcpt)
        if is_letter and self.defers_letters:
            mood = "defers"
        if mood == "drops before the dot":
            server.transport.abort()
            return "451 gone"
        if mood == "defers":
            return "451 4.7.1 later"
        # Somebody whose confirmation never comes would never confirm; only letters are refused.
        if mood == "refuses" and is_letter:
            return "550 5.1.1 no such office"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802 - named by aiosmtpd
        self, server: SMTP, _talk: Talk, envelope: Envelope
    ) -> str:
        content = bytes(envelope.original_content or b"")
        # As with long queue ids: never one number for two messages, taken or not.
        number = f"{next(self._numbers):012X}ZZ"
        message_id = email.message_from_bytes(content)["Message-ID"]
        self._write(f"cleanup[7]: {number}: message-id={message_id}")
        mood = self._mood(self.at_dot)
        if mood == "loses":
            server.transport.abort()
            return "451 gone"
        self.accepted.append((time.time(), content))
        self._write(f"qmgr[8]: {number}: from=<x@y>, size=1, nrcpt=1 (queue active)")
        self.in_window.set()
        await asyncio.sleep(self.stalls_for if mood == "stalls" else self.answers_after)
        self.in_window.clear()
        if mood == "drops after the dot":
            server.transport.abort()
            return "451 gone"
        return "250 2.0.0 Ok: queued as " + number

    def _mood(self, moods: Shares) -> str:
        throw = self.chance.random()
        for mood, share in moods:
            throw -= share
            if throw < 0:
                self.moods[mood] += 1
                return mood
        return ""

    def _write(self, said: str) -> None:
        with self.log.open("a") as log:
            log.write(f"{datetime.now(UTC).isoformat()} relay postfix/{said}\n")


@contextmanager
def a_rude_relay(log: Path, chance: random.Random, **temper: Any) -> Iterator[RudeRelay]:
    relay = RudeRelay(log, chance, free_port(), **temper)
    relay._write("postfix-script[1]: starting")
    controller = Controller(relay, hostname="127.0.0.1", port=relay.port)
    controller.start()
    try:
        yield relay
    finally:
        controller.stop()
