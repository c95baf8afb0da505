"""flask mail receive and listen: reports and answers that come in by mail.

Both say with their answer who keeps the mail: "taken", "later" (the mail server keeps it and tries
again) or "no". Nothing that a mail says reaches the log or the answer: a mail server quotes both in
a report to the sender.
"""

from __future__ import annotations

import asyncio
import logging
import os
import re
import sys
import threading
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any, Final

import click
import structlog
from aiosmtpd.controller import Controller, UnixSocketController
from aiosmtpd.lmtp import LMTP
from sqlalchemy.orm import Session

from app.cli.mail_records import returns_of
from app.cli.state import answer, now, refuse, state
from app.core.db import unit_of_work
from app.delivery import queries
from app.delivery.arrivals import Arrival, Came, take_in
from app.delivery.channels.base import Envelope, NeverWill, Outlet, Steps
from app.delivery.channels.maildir import Maildir
from app.delivery.channels.smtp import Relay, RelayAddress
from app.delivery.message import build
from app.delivery.reports import AT_MOST, Sort, TooMuch
from app.delivery.returns import Forged, NotOurs, Returns
from app.jobs.runner import stop_on_signals
from app.signatures.answers import WayBack, find_way_back, with_answer
from app.signatures.ladder import note_came_back
from app.state import State

log = structlog.get_logger()

_LOOPBACK: Final = frozenset(("127.0.0.1", "::1", "localhost"))
_LINE_END = re.compile(rb"\r\n|\r|\n")
# A mail server waits five minutes after the dot; whoever cannot pass an answer on by then says so.
_PASS_ON_WITHIN: Final = 60.0


class Answer(Enum):
    """What a mail server is told: its exit code (sysexits.h) and its LMTP reply."""

    TAKEN = (os.EX_OK, "250 2.0.0 Taken")
    NOBODY = (os.EX_NOUSER, "550 5.1.1 Nobody of that name")
    TOO_MUCH = (os.EX_DATAERR, "552 5.3.4 Too large or too deep")
    REFUSED = (os.EX_UNAVAILABLE, "550 5.3.0 Cannot be passed on")
    LATER = (os.EX_TEMPFAIL, "451 4.3.0 Try again later")

    @property
    def exit_code(self) -> int:
        return self.value[0]

    @property
    def reply(self) -> str:
        return self.value[1]


@dataclass(frozen=True, slots=True)
class Desk:
    """Where mail comes in, apart from how it comes."""

    of: State
    returns: Returns

    def take(self, raw: bytes, *, recipient: str, sender: str) -> Answer:
        """Deal with one mail; whatever goes wrong, the mail server keeps it."""
        try:
            return self._take(raw, recipient, sender)
        except NotOurs:
            return Answer.NOBODY
        except TooMuch:
            return Answer.TOO_MUCH
        except NeverWill:
            return Answer.REFUSED
        except Exception as error:  # noqa: BLE001 - a traceback would go to the sender of the mail
            log.error("mail cannot be taken", kind=type(error).__name__)  # noqa: TRY400 - quotes it
            return Answer.LATER

    def _take(self, raw: bytes, recipient: str, sender: str) -> Answer:
        with unit_of_work(self.of.database.writing) as session:
            came = take_in(
                session, self.returns, raw, recipient=recipient, sender=sender, now=now()
            )
            if came.sort is Sort.BOUNCED and came.dispatch is not None:
                note_came_back(session, came.dispatch)
            home = self._home(session, came)
        log.info("mail came in", result=str(came.came), kind=str(came.sort or ""))
        if came.came is Came.TOO_EARLY:
            return Answer.LATER
        if home is not None:
            self._pass_on(raw, home)
        return Answer.TAKEN

    def _home(self, session: Session, came: Arrival) -> WayBack | None:
        if came.came is not Came.ANSWER or came.dispatch is None:
            return None
        return find_way_back(session, self.of.keys, came.dispatch, links=self.of.links)

    def _pass_on(self, raw: bytes, home: WayBack) -> None:
        """Give an answer to whom it is for, at once, so that it is kept nowhere here."""
        settings = self.of.settings
        outlet: Outlet = Maildir(settings.maildir)
        if settings.mail_url and not home.keep_local:
            address = RelayAddress.from_url(settings.mail_url)
            outlet = Relay(address, timeout=min(settings.smtp_timeout, _PASS_ON_WITHIN))
        # One kind of line end: another might end the mail early for the next server.
        content = _LINE_END.sub(b"\r\n", raw.rstrip(b"\r\n") + b"\r\n")
        name = f"<{os.urandom(16).hex()}@{self.returns.domain}>"
        if home.to_writer is not None:
            content = build(with_answer(home.to_writer, content), message_id=name, date=now())
        try:
            envelope = Envelope(home.sender_address, home.address)
            outlet.send(envelope, content, message_id=name, steps=Steps())
        finally:
            outlet.close()


@click.command("receive")
@click.option("--recipient", required=True, help="The address it came to (Postfix: ${recipient}).")
@click.option("--sender", default="", help="The address it came from (Postfix: ${sender}).")
def receive(recipient: str, sender: str) -> None:
    """Read one mail from standard input, as a mail server's pipe brings it."""
    desk = _desk()
    raw = sys.stdin.buffer.read(AT_MOST + 1)
    sys.exit(desk.take(raw, recipient=recipient, sender=sender).exit_code)


@click.command("listen")
@click.option("--lmtp", "where", required=True, help="HOST:PORT on the loopback, or unix:/PATH.")
def listen(where: str) -> None:
    """Take mail by LMTP until told to stop."""
    stop = stop_on_signals()
    with_desk = _desk()
    listener = listener_at(where, with_desk)
    listener.start()
    log.info("listening for mail", process="listen", pid=os.getpid())
    stop.wait()
    listener.stop()


@click.command("answers")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def answers(*, as_json: bool) -> None:
    """How offices answer: letters, answers by people and by machines, usual days until then."""
    with state().database.reading() as session:
        rows = [
            {
                "office": office.address,
                "letters": office.letters,
                "answered": office.answered,
                "automatic": office.automatic,
                "usual_days": office.usual_days,
            }
            for office in queries.list_answers(session)
        ]
    answer(
        rows,
        as_json=as_json,
        line="{office}: {answered} of {letters} answered, {automatic} by machines, "
        "usually after {usual_days} days",
    )


COMMANDS = (receive, listen, answers)


def listener_at(where: str, desk: Desk) -> Controller | UnixSocketController:
    """An LMTP listener that nobody outside this machine reaches."""
    # The library's log quotes addresses.
    logging.getLogger("mail.log").setLevel(logging.CRITICAL)
    door = _Door(desk)
    if where.startswith("unix:"):
        path = Path(where.removeprefix("unix:"))
        path.unlink(missing_ok=True)
        return _OnSocket(door, unix_socket=str(path))
    host, _, port = where.rpartition(":")
    host = host.strip("[]")
    if host not in _LOOPBACK or not port.isdecimal() or not 0 < int(port) < 65536:
        refuse(f"{where} is not HOST:PORT on the loopback: LMTP knows no passwords.")
    return _OnPort(door, hostname=host, port=int(port))


class _Door:
    """Answers to LMTP, one recipient a mail so that one answer speaks for one."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        # One after the other: a flood fills the mail server's queue, not our memory.
        self._turn = threading.Lock()

    async def handle_RCPT(  # noqa: N802 - named by aiosmtpd
        self, _server: Any, _talk: Any, envelope: Any, address: str, _options: list[str]
    ) -> str:
        if envelope.rcpt_tos:
            return "452 4.5.3 One at a time"
        try:
            self._desk.returns.read(address)
        except NotOurs:
            return Answer.NOBODY.reply
        except Forged:
            # Taken and let go: a refusal would be sent on to whoever stands in the sender.
            pass
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, _server: Any, _talk: Any, envelope: Any) -> str:  # noqa: N802 - as above
        return await asyncio.to_thread(self._take, envelope)

    def _take(self, envelope: Any) -> str:
        with self._turn:
            return self._desk.take(
                bytes(envelope.content or b""),
                recipient=envelope.rcpt_tos[0],
                sender=envelope.mail_from or "",
            ).reply


class _OnPort(Controller):
    def factory(self) -> LMTP:
        return _lmtp(self.handler)


class _OnSocket(UnixSocketController):
    def factory(self) -> LMTP:
        return _lmtp(self.handler)


def _lmtp(handler: Any) -> LMTP:
    # A name of its own: the machine's is nobody's business.
    return LMTP(handler, hostname="outcry", ident="LMTP", data_size_limit=AT_MOST, timeout=60)


def _desk() -> Desk:
    returns = returns_of(state())
    if returns is None:
        refuse("Set OUTCRY_BOUNCE_DOMAIN first: without it no mail names an address to come to.")
        raise AssertionError
    return Desk(state(), returns)
