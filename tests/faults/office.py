"""The mail servers of supporters and offices in one: what arrives is kept in memory alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope
from aiosmtpd.smtp import Session as Talk

from tests.faults.service import free_port

SUPPORTERS = "@supporters.example.org"


@dataclass
class Office:
    """Takes what is for supporters; with letters it does what it is told to.

    What it says when it refuses repeats what was sent, as rude servers do.
    """

    port: int
    taken: list[tuple[str, str, bytes]] = field(default_factory=list)
    letters: str = "takes"
    repeat: str = ""

    async def handle_RCPT(  # noqa: N802 - named by aiosmtpd
        self, _server: SMTP, _talk: Talk, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if self.letters == "refuses" and not address.endswith(SUPPORTERS):
            return f"550 5.1.1 <{self.repeat}> is not known here"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802 - named by aiosmtpd
        self, server: SMTP, _talk: Talk, envelope: Envelope
    ) -> str:
        to = envelope.rcpt_tos[0]
        content = bytes(envelope.original_content or b"")
        self.taken.append((to, envelope.mail_from or "", content))
        if self.letters == "hangs up" and not to.endswith(SUPPORTERS):
            server.transport.abort()
        return "250 2.0.0 Ok: queued as 4ABC-1"

    def mails_to(self, part: str) -> list[bytes]:
        return [content for to, _sender, content in list(self.taken) if part in to]


@contextmanager
def an_office() -> Iterator[Office]:
    office = Office(free_port())
    controller = Controller(office, hostname="127.0.0.1", port=office.port)
    controller.start()
    try:
        yield office
    finally:
        controller.stop()
