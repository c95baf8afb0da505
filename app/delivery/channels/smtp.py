"""One relay over SMTP: a connection that is kept, one recipient a transaction, one clear end."""

from __future__ import annotations

import re
import smtplib
import socket
import ssl
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, Self
from urllib.parse import parse_qs, unquote, urlsplit

from app.delivery.channels.base import (
    Envelope,
    HandOver,
    NeverWill,
    NobodyThere,
    Receipt,
    Steps,
    TryLater,
    Unknown,
    Withheld,
)
from app.delivery.channels.relay_log import RelayLog
from app.delivery.headers import require_address

# Longest wait for a connection and greeting; a letter is not late because a relay is down.
CONNECT_SECONDS: Final = 30.0
# RFC 5321 4.5.3.1.5 allows 512 a line; generous, and yet no server can fill our memory.
REPLY_AT_MOST: Final = 64 * 1024
# The relay does not know us or wants another encryption: a setting is wrong, not a letter.
_NOT_THE_LETTER: Final = frozenset((530, 534, 535, 538))
# "Closing down": the line is of no more use, whatever it was an answer to.
_BYE: Final = 421
# First digits of a refusal: it may pass, or it will not.
_PASSING: Final = 4
_LASTING: Final = 5
_DONE: Final = 250
# The name of the machine is nobody's business, and looking it up may ask a name server.
_OUR_NAME: Final = "[127.0.0.1]"
_LOOPBACK: Final = frozenset(("localhost", "127.0.0.1", "::1"))

_STATUS = re.compile(rb"[245]\.\d{1,3}\.\d{1,3}")
_QUEUED = re.compile(rb"queued as ([A-Za-z0-9._-]{1,64})", re.IGNORECASE)
_DOT_FIRST = re.compile(rb"(?m)^\.")
_LINE_OF_REPLY = re.compile(rb"([2-5]\d\d)(?:([ -])(.*))?")


class _Garbage(smtplib.SMTPException):
    """The other side does not speak SMTP, or never stops speaking."""


class _Bounded:
    """Reads replies under a limit of size and of time as a whole; smtplib has neither."""

    sock: socket.socket | None
    timeout: float
    _rest: bytes = b""

    if TYPE_CHECKING:

        def close(self) -> None: ...

    def getreply(self) -> tuple[int, bytes]:
        try:
            answer = self._answer(time.monotonic() + self.timeout)
        except (OSError, smtplib.SMTPException):
            self.close()
            raise
        if self.sock is not None:
            self.sock.settimeout(self.timeout)
        return answer

    def _answer(self, until: float) -> tuple[int, bytes]:
        text: list[bytes] = []
        size = 0
        while True:
            line = self._line(until)
            size += len(line)
            parts = _LINE_OF_REPLY.fullmatch(line)
            if parts is None or size > REPLY_AT_MOST:
                raise _Garbage
            text.append(parts[3] or b"")
            if parts[2] != b"-":
                return int(parts[1]), b"\n".join(text)

    def _line(self, until: float) -> bytes:
        while b"\n" not in self._rest:
            left = until - time.monotonic()
            if left <= 0:
                raise TimeoutError
            if self.sock is None:
                raise smtplib.SMTPServerDisconnected
            if len(self._rest) > REPLY_AT_MOST:
                raise _Garbage
            self.sock.settimeout(left)
            more = self.sock.recv(8192)
            if not more:
                raise smtplib.SMTPServerDisconnected
            self._rest += more
        line, _, self._rest = self._rest.partition(b"\n")
        return line.rstrip(b"\r")

    def require_silence(self) -> None:
        """Refuse words that were slipped in before the encryption began."""
        if self._rest:
            raise _Garbage


class _Clear(_Bounded, smtplib.SMTP):
    pass


class _Encrypted(_Bounded, smtplib.SMTP_SSL):
    pass


@dataclass(frozen=True, slots=True, repr=False)
class RelayAddress:
    """Where a relay is and how to speak to it, read from a URL. No `repr`: it holds a password."""

    host: str
    port: int
    user: str = ""
    password: str = ""
    is_smtps: bool = False
    wants_tls: bool = True

    @property
    def name(self) -> str:
        """What operators see: no user, no password."""
        return f"{self.host}:{self.port}"

    @classmethod
    def from_url(cls, url: str) -> Self:
        """Read `smtp://user:password@host:port` or `smtps://…`.

        On the way to another machine the line is encrypted and the certificate checked;
        `?tls=none` is the only way not to.
        """
        parts = urlsplit(url)
        host = parts.hostname or ""
        is_smtps = parts.scheme == "smtps"
        is_plain = parse_qs(parts.query).get("tls") == ["none"] or host in _LOOPBACK
        return cls(
            host=host,
            port=parts.port or (465 if is_smtps else 25),
            user=unquote(parts.username or ""),
            password=unquote(parts.password or ""),
            is_smtps=is_smtps,
            wants_tls=not is_smtps and not is_plain,
        )


class Relay:
    """One SMTP server that takes our mail."""

    def __init__(
        self,
        address: RelayAddress,
        *,
        timeout: float,
        tls: ssl.SSLContext | None = None,
        book: RelayLog | None = None,
    ) -> None:
        self._address = address
        self._book = book
        self.can_tell = book is not None
        self.patience = book.grace if book is not None else timedelta()
        self._timeout = timeout
        self._tls = tls or ssl.create_default_context()
        self._line: _Clear | _Encrypted | None = None

    def send(
        self,
        envelope: Envelope,
        content: bytes,
        *,
        message_id: str,  # noqa: ARG002 - stands in the content; SMTP does not ask for it
        steps: Steps,
    ) -> Receipt:
        require_address(envelope.sender)
        require_address(envelope.recipient)
        try:
            line = self._mail_from(envelope.sender, len(content))
            steps.connected()
            self._ask_for_data(line, envelope.recipient, steps)
            return self._hand_over(line, content, steps)
        except Withheld:
            raise  # the line was left where it can be used, or dropped
        except NobodyThere:
            self.close()
            raise
        except (TryLater, NeverWill) as error:
            self._reset(error.code)
            raise
        except BaseException:
            self.close()
            raise

    def has(self, message_id: str, hand_over: HandOver) -> bool | None:
        """SMTP has no question for it; the log of a relay on this machine answers."""
        return None if self._book is None else self._book.has(message_id, hand_over)

    def hang_up(self) -> None:
        line = self._line
        if line is not None and line.sock is not None:
            with suppress(OSError):
                line.sock.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        line, self._line = self._line, None
        if line is not None:
            line.close()

    def _mail_from(self, sender: str, size: int) -> _Clear | _Encrypted:
        """Begin a transaction, on the line that is open or on a new one."""
        if self._line is not None:
            try:
                answer = _mail(self._line, sender, size)
            except (OSError, smtplib.SMTPException):
                answer = (_BYE, b"")
            if answer[0] != _BYE:
                _expect(answer, 2)
                return self._line
            # The relay has hung up on a line that stood idle. That says nothing about this message.
            self.close()
        self._line = self._open()
        try:
            answer = _mail(self._line, sender, size)
        except (OSError, smtplib.SMTPException) as error:
            raise NobodyThere(0, reason="no_connection") from error
        if answer[0] == _BYE:
            raise NobodyThere(_BYE)
        _expect(answer, 2)
        return self._line

    def _ask_for_data(self, line: _Clear | _Encrypted, recipient: str, steps: Steps) -> None:
        try:
            _expect(line.docmd("RCPT", f"TO:<{recipient}>"), 2)
            try:
                steps.before_data()
            except Withheld:
                self._reset()
                raise
            _expect(line.docmd("DATA"), 3)
        except (OSError, smtplib.SMTPException) as error:
            self.close()
            raise TryLater(0, reason="line_dropped") from error

    def _hand_over(self, line: _Clear | _Encrypted, content: bytes, steps: Steps) -> Receipt:
        """The body and its end. From the first byte on, no answer means that nobody knows."""
        try:
            steps.before_body()
        except Withheld:
            self.close()  # the relay waits for a body; hanging up is the only way to give none
            raise
        try:
            # One write, so that the dot does not wait for an acknowledgement of the body.
            line.send(_DOT_FIRST.sub(b"..", content) + b".\r\n")
            steps.after_body()
            answer = line.getreply()
            steps.answered()
            _expect(answer, 2)
        except (OSError, smtplib.SMTPException) as error:
            raise Unknown from error
        queued = _QUEUED.search(answer[1])
        return Receipt(answer[0], queued[1].decode() if queued else "")

    def _reset(self, code: int = 0) -> None:
        """Leave the transaction, keep the line; drop it where that does not work."""
        try:
            if self._line is not None and (code == _BYE or self._line.rset()[0] != _DONE):
                self.close()
        except (OSError, smtplib.SMTPException):
            self.close()

    def _open(self) -> _Clear | _Encrypted:
        kind = _Encrypted if self._address.is_smtps else _Clear
        options: dict[str, Any] = {"context": self._tls} if self._address.is_smtps else {}
        line = None
        reason = "no_connection"
        try:
            line = kind(
                self._address.host,
                self._address.port,
                local_hostname=_OUR_NAME,
                timeout=min(self._timeout, CONNECT_SECONDS),
                **options,
            )
            if line.sock is not None:
                line.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            line.ehlo_or_helo_if_needed()
            if self._address.wants_tls:
                reason = "tls_refused"
                line.starttls(context=self._tls)
                line.require_silence()
                line.ehlo_or_helo_if_needed()
            if self._address.user:
                reason = "login_refused"
                line.login(self._address.user, self._address.password)
        except (OSError, smtplib.SMTPException) as error:
            if line is not None:
                line.close()
            code = error.smtp_code if isinstance(error, smtplib.SMTPResponseException) else 0
            raise NobodyThere(code, reason=reason) from error
        line.timeout = self._timeout
        return line


def _mail(line: _Clear | _Encrypted, sender: str, size: int) -> tuple[int, bytes]:
    options = f" SIZE={size}" if line.has_extn("size") else ""
    return line.docmd("MAIL", f"FROM:<{sender}>{options}")


def _expect(answer: tuple[int, bytes], hundreds: int) -> None:
    code, text = answer
    family = code // 100
    if family == hundreds:
        return
    status = _STATUS.match(text)
    reply = status[0].decode() if status else ""
    if code in _NOT_THE_LETTER:
        raise NobodyThere(code, reply, reason="login_refused")
    if family == _PASSING:
        raise TryLater(code, reply)
    if family == _LASTING:
        raise NeverWill(code, reply)
    raise _Garbage
