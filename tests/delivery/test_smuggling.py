"""SMTP smuggling: whatever a writer types about the end of data, one mail stays one mail.

A raw sink takes the bytes as they are on the wire and reads them by each reading of "end of data"
that servers have been found with (bare LF, bare CR, a dot beside either).
"""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.core.db import Database
from app.core.tokens import Keys
from app.delivery.channels.base import Envelope, Steps
from app.delivery.channels.smtp import Relay, RelayAddress
from app.delivery.dkim import make_keys, read_signers
from app.delivery.headers import BadHeader
from app.delivery.models import DispatchState
from app.delivery.outgoing import Outgoing
from app.delivery.returns import Returns
from tests.delivery.outbox import Outbox, a_listener, a_message

SECOND = (
    "MAIL FROM:<evil@evil.example>{e}RCPT TO:<victim@ministry.example.org>{e}DATA{e}"
    "From: evil@evil.example{e}Subject: smuggled{e}{e}Pay here{e}.{e}"
)
ENDS = (
    "\r\n.\r\n",
    "\n.\n",
    "\r.\r",
    "\n.\r\n",
    "\r\n.\n",
    "\r\n.\r",
    "\r.\r\n",
    "\r.\n",
    "\n.\r",
    "\r\n\x00.\r\n",
    "\r\n.\x00\r\n",
    "\r\n\r.\r\n",
    "\r\r\n.\r\r\n",
    "\n\n.\n\n",
    "\r\n..\r\n",
    "\r\n.\x0b\r\n",
    "\x85.\x85",
    "\u2028.\u2028",
    ".\r\n",
)
# How a careless server may read the end of data.
READINGS = (rb"\r\n\.\r\n", rb"\r?\n\.\r?\n", rb"[\r\n]\.[\r\n]", rb"[\r\n]\x00?\.\x00?[\r\n]")


class Wire:
    """Answers yes to everything and keeps the bytes of DATA until the proper end."""

    def __init__(self) -> None:
        self.data: list[bytes] = []
        self.commands: list[bytes] = []

    def __call__(self, line: socket.socket) -> None:
        stream = line.makefile("rb")
        line.sendall(b"220 sink\r\n")
        while command := stream.readline():
            self.commands.append(command)
            if command.upper().startswith(b"QUIT"):
                return
            if not command.upper().startswith(b"DATA"):
                line.sendall(b"250 OK\r\n")
                continue
            line.sendall(b"354 go\r\n")
            body = b""
            while not body.endswith(b"\r\n.\r\n"):
                body += stream.read(1)
            self.data.append(body)
            line.sendall(b"250 2.0.0 Ok\r\n")


@pytest.fixture
def wire() -> Iterator[tuple[Wire, int]]:
    sink = Wire()
    with a_listener(sink) as port:
        yield sink, port


@pytest.fixture
def outbox(sqlite_database: Database, keys: Keys, tmp_path: Path) -> Iterator[Outbox]:
    opened = Outbox.on(sqlite_database, keys, tmp_path / "mail")
    yield opened
    opened.hang_up()


@pytest.mark.parametrize("is_html", [False, True])
def test_each_end_of_data_sends_exactly_one_mail(
    outbox: Outbox, wire: tuple[Wire, int], tmp_path: Path, *, is_html: bool
) -> None:
    sink, port = wire
    make_keys(tmp_path / "dkim", "s1")
    signers = read_signers(tmp_path / "dkim", "s1", "act.example.org")
    outgoing = Outgoing(signers, Returns(outbox.keys, "back.act.example.org"))
    texts = [
        f"Dear Minister,{end}{SECOND.format(e=line_end)}"
        for end in ENDS
        for line_end in ("\r\n", "\n", "\r")
    ]
    texts += [f"{'é' * 900}{text}" for text in texts[:6]]  # written in base64
    for number, text in enumerate(texts):
        message = a_message(text=text, html=text if is_html else "")
        outbox.put(f"letter:{number}", message=message)

    outbox.widen()
    outbox.worker(port, outgoing=outgoing).drain()

    states = {outbox.state(f"letter:{number}") for number in range(len(texts))}
    assert states == {DispatchState.SENT}
    assert len(sink.data) == len(texts)
    for data in sink.data:
        for reading in READINGS:
            assert len(re.findall(reading, data)) == 1, "only the end itself"
        assert not re.search(rb"\r(?!\n)|(?<!\r)\n|\x00", data)
    verbs = [command.split(b" ")[0].split(b":")[0].strip().upper() for command in sink.commands]
    assert verbs.count(b"MAIL") == verbs.count(b"RCPT") == verbs.count(b"DATA") == len(texts)
    assert not any(b"evil" in command for command in sink.commands)


@pytest.mark.parametrize("end", ENDS)
def test_no_address_carries_a_command(end: str) -> None:
    relay = Relay(RelayAddress("127.0.0.1", 9), timeout=1)
    bad = f"a@b.example{end}RCPT TO:<victim@ministry.example.org>"
    for envelope in (Envelope(bad, "c@d.example"), Envelope("c@d.example", bad)):
        with pytest.raises(BadHeader):
            relay.send(envelope, b"x\r\n", message_id="<a@b>", steps=Steps())
