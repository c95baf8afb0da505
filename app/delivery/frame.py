"""The part of a mail that is the same for every letter of its kind, written once and then filled.

`EmailMessage` takes longer to write one mail than a relay takes to accept it. Which parts there
are, how each is encoded, what their headers say: that differs from campaign to campaign, not from
letter to letter. So the library writes it once, with marks where the bodies go, and the result is
parsed and checked once. Each letter is then cut and filled, and must be that very frame again.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from email import quoprimime
from email.message import EmailMessage
from functools import lru_cache
from typing import Final

from app.delivery.headers import (
    LINE_AT_MOST,
    LINE_WANTED,
    MAIL,
    BadHeader,
    require_line,
    require_sound,
)

QUOTED: Final = "quoted-printable"
BASE64: Final = "base64"

# As long as what takes its place, so that lines are broken at the same spots.
_SEED: Final = "0f1e2d3c4b5a69788796a5b4"
_MARK: Final = b"mark%dof7c1e9f20"

_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*")
_TYPE = re.compile(r"(?:application|audio|image|text|video)/[A-Za-z0-9][A-Za-z0-9.+-]*")
_CONTINUED = re.compile(rb"[ \t]+[!-~]")
# What a body may hold. Neither encoding can write "--=_", so no body can end its part.
_ALLOWED: Final = {
    QUOTED: bytes((9, 10, 13, *range(32, 127))),
    BASE64: b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=\r\n",
}
_NO_ESCAPE = re.compile(rb"=(?![0-9A-F]{2}|\r\n)")


@dataclass(frozen=True, slots=True)
class Kind:
    """What two mails must share to be written into the same frame. Holds nobody's words."""

    language: str
    text: str
    html: str = ""
    files: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Frame:
    """A mail without its own headers and bodies: the bytes between them."""

    # The rest of the head with its blank line, then what stands between bodies, then the end.
    between: tuple[bytes, ...]
    encodings: tuple[str, ...]
    names: tuple[bytes, ...]

    def fill(self, head: bytes, bodies: Sequence[bytes], message_id: str) -> bytes:
        """The finished bytes."""
        pieces = [head, self._seeded(0, message_id)]
        for place, body in enumerate(bodies, start=1):
            pieces += (body, self._seeded(place, message_id))
        return b"".join(pieces)

    def require(self, raw: bytes, named: Sequence[str], message_id: str) -> None:
        """Refuse finished bytes that are not this frame with those headers before it.

        Stands beside the guard of each value and asks nothing of it: lines that end in CRLF and
        fit, nothing beyond ASCII, exactly the wanted headers in order, the frame's own bytes each
        in its place, and between them only what an encoded body may hold. The frame was parsed
        when it was made, so what is this frame needs no parsing again.
        """
        if not raw.isascii() or b"\x00" in raw:
            raise BadHeader
        lines = raw.split(b"\r\n")
        if not len(lines) - 1 == raw.count(b"\r") == raw.count(b"\n"):
            raise BadHeader
        if max(map(len, lines)) > LINE_AT_MOST:
            raise BadHeader
        self._require_head(raw, named)
        first = self._seeded(0, message_id)
        start = raw.find(first)
        if start < 0:
            raise BadHeader
        at = start + len(first)
        for place, encoding_ in enumerate(self.encodings, start=1):
            following = self._seeded(place, message_id)
            end = raw.find(following, at) if following else len(raw)
            if end < 0:
                raise BadHeader
            body = raw[at:end]
            if body.translate(None, _ALLOWED[encoding_]):
                raise BadHeader
            if encoding_ == QUOTED and _NO_ESCAPE.search(body):
                raise BadHeader
            at = end + len(following)
        if at != len(raw):
            raise BadHeader

    def _require_head(self, raw: bytes, named: Sequence[str]) -> None:
        wanted = [*(name.encode() for name in named), *self.names]
        found: list[bytes] = []
        for line in raw.partition(b"\r\n\r\n")[0].split(b"\r\n"):
            if line[:1] in (b" ", b"\t") and found:
                if not _CONTINUED.match(line):
                    raise BadHeader
            else:
                found.append(line.partition(b":")[0])
        if found != wanted:
            raise BadHeader

    def _seeded(self, place: int, message_id: str) -> bytes:
        return self.between[place].replace(_SEED.encode(), seed_of(message_id))


@lru_cache(maxsize=256)
def frame_of(kind: Kind) -> Frame:
    """The frame for all mails of this kind; `BadHeader` if no mail may be like that."""
    if not _LANGUAGE.fullmatch(kind.language):
        raise BadHeader
    mail = EmailMessage(policy=MAIL)
    marks = [_MARK % place for place in range(2 + len(kind.files))]
    mail.set_content(marks[0].decode(), cte=kind.text)
    if kind.html:
        mail.add_alternative(marks[1].decode(), subtype="html", cte=kind.html)
    for mark, (filename, content_type) in zip(marks[2:], kind.files, strict=True):
        _attach(mail, mark, filename, content_type)
    # Last, because the library takes every Content- header down into the first part.
    mail["Content-Language"] = kind.language
    for place, part in enumerate(part for part in mail.walk() if part.is_multipart()):
        # "=_" stands in neither of the two encodings, so no text can end a part early.
        part.set_boundary(f"=_{_SEED}_{place}")
    raw = mail.as_bytes()
    expected = ["Content-Language", "MIME-Version", "Content-Type"]
    if not mail.is_multipart():
        expected.append("Content-Transfer-Encoding")
    require_sound(raw, expected)
    texts = [(marks[0], kind.text)] + ([(marks[1], kind.html)] if kind.html else [])
    written = [encoded(mark.decode(), how) for mark, how in texts]
    written += [base64.encodebytes(mark).replace(b"\n", b"\r\n") for mark in marks[2:]]
    between = _cut(raw, written)
    encodings = (*(how for _, how in texts), *(BASE64 for _ in kind.files))
    return Frame(between, encodings, tuple(name.encode() for name in mail))


def encoding(text: str) -> str:
    """Never the bare text: an encoded body has no line that SMTP could take for a command."""
    # Quoted-printable can be read in the raw mail; where most letters would become =XX, base64 is
    # a third of its size.
    beyond = len(text) - len(text.encode("ascii", "ignore"))
    return QUOTED if beyond * 6 <= len(text) else BASE64


def encoded(text: str, how: str) -> bytes:
    """A text as the body of a part, its lines ended as mail ends them."""
    lines = text.encode().splitlines()
    if how == BASE64:
        return encoded_file(b"\r\n".join(lines) + b"\r\n")
    quoted = quoprimime.body_encode((b"\n".join(lines) + b"\n").decode("latin-1"), LINE_WANTED)
    return quoted.replace("\n", "\r\n").encode("ascii")


def encoded_file(content: bytes) -> bytes:
    """A file as the body of a part."""
    return base64.encodebytes(content).replace(b"\n", b"\r\n")


def seed_of(message_id: str) -> bytes:
    """What makes boundaries different from mail to mail, and the same on every attempt."""
    return hashlib.sha256(message_id.encode()).hexdigest()[: len(_SEED)].encode()


def _attach(mail: EmailMessage, mark: bytes, filename: str, content_type: str) -> None:
    require_line(filename)
    if not filename or not _TYPE.fullmatch(content_type):
        raise BadHeader
    main, _, sub = content_type.partition("/")
    mail.add_attachment(mark, maintype=main, subtype=sub, filename=filename)


def _cut(raw: bytes, written: Sequence[bytes]) -> tuple[bytes, ...]:
    between = []
    for body in written:
        # A file's name could repeat a mark on purpose; then no frame can be told from a body.
        if raw.count(body) != 1:
            raise BadHeader
        before, _, raw = raw.partition(body)
        between.append(before)
    return (*between, raw)
