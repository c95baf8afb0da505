"""An outbox to play with: what stands in it, a clock that can be set, and an SMTP server."""

from __future__ import annotations

import logging
import socket
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope
from aiosmtpd.smtp import Session as Talk
from sqlalchemy import select, update

from app.core.db import Database, unit_of_work
from app.core.sealing import Seal, new_seal
from app.core.tokens import Keys
from app.delivery.actions import enqueue, mailbox_for, new_gate, open_gate
from app.delivery.channels.maildir import Maildir
from app.delivery.channels.smtp import Relay, RelayAddress
from app.delivery.message import Message
from app.delivery.models import Dispatch, DispatchState, Gate, Lane
from app.delivery.queries import find_dispatch
from app.delivery.worker import Worker
from app.tally.actions import Labels
from app.tally.models import Figure, TallyEntry

NOON = datetime(2026, 5, 12, 12, 0, 30, tzinfo=UTC)
CAMPAIGN = uuid.UUID(int=7)
LABELS = Labels(campaign=CAMPAIGN, country="KZ", channel="email")


class Killed(BaseException):
    """Stands for SIGKILL: nothing of the product catches it."""


@dataclass
class Clock:
    """A clock that goes only when told to."""

    now: datetime = NOON

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, time: timedelta) -> None:
        self.now += time


@dataclass
class Outbox:
    """One database with a data key and a gate, and short words for what tests do with them."""

    database: Database
    keys: Keys
    folder: Path
    seal: Seal
    gate: Gate
    clock: Clock = field(default_factory=Clock)
    workers: list[Worker] = field(default_factory=list)

    @classmethod
    def on(cls, database: Database, keys: Keys, folder: Path) -> Outbox:
        with unit_of_work(database.writing) as session:
            seal = new_seal(session, keys)
            gate = new_gate(session)
            open_gate(session, gate, NOON + timedelta(days=30))
        return cls(database, keys, folder, seal, gate)

    def put(
        self,
        once_key: str = "letter:1",
        *,
        lane: Lane = Lane.LETTER,
        message: Message | None = None,
        expires_at: datetime | None = None,
        keep_local: bool = False,
    ) -> None:
        with unit_of_work(self.database.writing) as session:
            enqueue(
                session,
                self.seal,
                message or a_message(),
                once_key=once_key,
                lane=lane,
                now=self.clock.now,
                expires_at=expires_at,
                gate=session.get_one(Gate, self.gate.id) if lane is Lane.LETTER else None,
                keep_local=keep_local,
                counted_as=LABELS,
            )

    def widen(self, address: str = "office@ministry.example.org", times: int = 100_000) -> None:
        """A mailbox whose budget is not what the test is about."""
        with unit_of_work(self.database.writing) as session:
            mailbox = mailbox_for(session, address)
            mailbox.per_minute = mailbox.per_hour = mailbox.per_day = mailbox.at_most = times

    def get(self, once_key: str = "letter:1") -> Dispatch:
        with self.database.reading() as session:
            found = find_dispatch(session, once_key)
        assert found is not None
        return found

    def state(self, once_key: str = "letter:1") -> DispatchState:
        return self.get(once_key).state

    def set(self, once_key: str = "letter:1", **values: object) -> None:
        """Change a row behind the product's back."""
        with unit_of_work(self.database.writing) as session:
            session.execute(update(Dispatch).where(Dispatch.once_key == once_key).values(**values))

    def run_out(self) -> None:
        """Let every lease run out, as if its worker had been dead for long."""
        with unit_of_work(self.database.writing) as session:
            session.execute(
                update(Dispatch)
                .where(Dispatch.state == DispatchState.SENDING)
                .values(lease_until=datetime(2020, 1, 1, tzinfo=UTC))
            )

    def counted(self, figure: Figure) -> int:
        with self.database.reading() as session:
            return sum(session.scalars(select(TallyEntry.times).where(TallyEntry.figure == figure)))

    def worker(self, port: int | None = None, **options: object) -> Worker:
        relay = (
            None
            if port is None
            else Relay(RelayAddress.from_url(f"smtp://127.0.0.1:{port}"), timeout=5)
        )
        worker = Worker(
            self.database,
            self.keys,
            **{
                "local": Maildir(self.folder),
                "relay": relay,
                "name": "test",
                "lease": timedelta(seconds=30),
                "clock": self.clock,
                **options,
            },
        )
        self.workers.append(worker)
        return worker

    def hang_up(self) -> None:
        for worker in self.workers:
            worker.close()

    def in_maildir(self) -> list[Path]:
        return sorted((self.folder / "new").glob("*"))


def a_message(**different: object) -> Message:
    return Message(
        **{
            "sender_name": "Olena for Outcry",
            "sender_address": "letters@act.example.org",
            "to_address": "office@ministry.example.org",
            "subject": "The case of Mamaï",
            "text": "Dear Minister,\n.\nplease act.\n",
            "language": "en",
            **different,
        }
    )


def killing(step: str) -> Callable[[str], None]:
    """A worker's `at` that dies at one step."""

    def at(reached: str) -> None:
        if reached == step:
            raise Killed(step)

    return at


@dataclass
class Sink:
    """What an SMTP server saw, and how it is told to behave."""

    port: int = 0
    accepted: list[bytes] = field(default_factory=list)
    seen: list[bytes] = field(default_factory=list)
    connections: int = 0
    # One answer for each end of data, then 250. "drop" takes the mail and hangs up; "bye" is 421.
    at_dot: list[str] = field(default_factory=list)
    at_rcpt: list[str] = field(default_factory=list)

    async def handle_RCPT(  # noqa: N802 - named by aiosmtpd
        self, server: SMTP, _talk: Talk, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        answer = self.at_rcpt.pop(0) if self.at_rcpt else "250 OK"
        if answer == "drop":
            server.transport.close()
            return "451 gone"
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(  # noqa: N802 - named by aiosmtpd
        self, server: SMTP, _talk: Talk, envelope: Envelope
    ) -> str:
        content = bytes(envelope.original_content or b"")
        self.seen.append(content)
        answer = self.at_dot.pop(0) if self.at_dot else "250 2.0.0 Ok: queued as 4ABC-1"
        if answer in ("drop", "lose"):
            if answer == "drop":
                self.accepted.append(content)
            server.transport.abort()
            return "451 gone"
        if answer.startswith("250"):
            self.accepted.append(content)
        return answer


class _Counting(Controller):
    lines: list[SMTP]

    def factory(self) -> SMTP:
        self.handler.connections += 1
        self.lines.append(SMTP(self.handler, **self.SMTP_kwargs))
        return self.lines[-1]

    def hang_up(self) -> None:
        for line in self.lines:
            if line.transport is not None:
                self.loop.call_soon_threadsafe(line.transport.abort)


@contextmanager
def a_sink(**options: object) -> Iterator[Sink]:
    """A real SMTP server on a free port of the loopback."""
    # Its log quotes whole mails, and is the test's, not the product's.
    logging.getLogger("mail.log").setLevel(logging.CRITICAL)
    sink = Sink(port=free_port())
    controller = _Counting(sink, hostname="127.0.0.1", port=sink.port, **options)
    controller.lines = []
    controller.start()
    sink.connections = 0  # the controller knocks once to see that it stands
    try:
        yield sink
    finally:
        controller.hang_up()
        controller.stop()


@contextmanager
def a_listener(script: Callable[[socket.socket], None]) -> Iterator[int]:
    """A raw server: `script(connection)` is run for each one that knocks."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            with connection, suppress(OSError):
                script(connection)

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield server.getsockname()[1]
    finally:
        server.close()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]
