"""One message as it waits in the outbox, and as the bytes that leave."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Any, Final, Self

from app.delivery.headers import (
    MAIL,
    BadHeader,
    mailbox,
    require_ascii,
    require_line,
    require_sound,
    words,
)

# What a caller may add. Each says how machines should treat the mail; none names a person.
EXTRA_HEADERS: Final = frozenset(
    (
        "auto-submitted",
        "feedback-id",
        "list-help",
        "list-id",
        "list-unsubscribe",
        "list-unsubscribe-post",
        "precedence",
    )
)

_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*")
_TYPE = re.compile(r"(?:application|audio|image|text|video)/[A-Za-z0-9][A-Za-z0-9.+-]*")
_ID = re.compile(r"<[A-Za-z0-9.-]+@[A-Za-z0-9.-]+>")


@dataclass(frozen=True, slots=True, repr=False)
class Attachment:
    """A file that travels with a message."""

    filename: str
    content_type: str
    content: bytes


@dataclass(frozen=True, slots=True, repr=False)
class Message:
    """What the outbox hands over. Has no `repr`: a traceback must not show names and words."""

    sender_name: str
    sender_address: str
    to_address: str
    subject: str
    text: str
    language: str
    to_name: str = ""
    reply_to: str = ""
    html: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    attachments: tuple[Attachment, ...] = ()

    def to_bytes(self) -> bytes:
        """JSON for the sealed payload."""
        fields = asdict(self)
        for stored, attachment in zip(fields["attachments"], self.attachments, strict=True):
            stored["content"] = base64.b64encode(attachment.content).decode()
        return json.dumps(fields, separators=(",", ":"), ensure_ascii=False).encode()

    @classmethod
    def from_bytes(cls, raw: bytes) -> Self:
        fields: dict[str, Any] = json.loads(raw)
        fields["headers"] = tuple((name, value) for name, value in fields["headers"])
        fields["attachments"] = tuple(
            Attachment(**{**stored, "content": base64.b64decode(stored["content"])})
            for stored in fields["attachments"]
        )
        return cls(**fields)


def build(message: Message, *, message_id: str, date: datetime) -> bytes:
    """The finished mail, the same bytes for the same arguments; `BadHeader` if it is not sound."""
    mail = EmailMessage(policy=MAIL)
    named = _named_headers(message, message_id, date)
    for name, value in named:
        mail[name] = value
    mail.set_content(message.text, cte=_encoding(message.text))
    if message.html:
        mail.add_alternative(message.html, subtype="html", cte=_encoding(message.html))
    for attachment in message.attachments:
        _attach(mail, attachment)
    # Last, because the library takes every Content- header down into the first part.
    mail["Content-Language"] = message.language
    _fix_boundaries(mail, message_id)
    raw = mail.as_bytes()
    expected = [*(name for name, _ in named), "Content-Language", "MIME-Version", "Content-Type"]
    if not mail.is_multipart():
        expected.append("Content-Transfer-Encoding")
    require_sound(raw, expected)
    return raw


def _named_headers(message: Message, message_id: str, date: datetime) -> list[tuple[str, str]]:
    if not _ID.fullmatch(message_id) or not _LANGUAGE.fullmatch(message.language):
        raise BadHeader
    # To the minute only: the second at which somebody pressed a button is nobody's business.
    minute = date.astimezone(UTC).replace(second=0, microsecond=0)
    named = [
        ("From", mailbox(message.sender_name, message.sender_address)),
        ("To", mailbox(message.to_name, message.to_address)),
        ("Subject", words(message.subject)),
        ("Date", format_datetime(minute)),
        ("Message-ID", message_id),
    ]
    if message.reply_to:
        named.append(("Reply-To", mailbox("", message.reply_to)))
    for name, value in message.headers:
        if name.lower() not in EXTRA_HEADERS:
            raise BadHeader
        require_ascii(value)
        named.append((name, value))
    return named


def _attach(mail: EmailMessage, attachment: Attachment) -> None:
    require_line(attachment.filename)
    if not attachment.filename or not _TYPE.fullmatch(attachment.content_type):
        raise BadHeader
    main, _, sub = attachment.content_type.partition("/")
    mail.add_attachment(
        attachment.content, maintype=main, subtype=sub, filename=attachment.filename
    )


def _encoding(text: str) -> str:
    """Never the bare text: an encoded body has no line that SMTP could take for a command."""
    # Quoted-printable can be read in the raw mail; where most letters would become =XX, base64 is
    # a third of its size.
    beyond = sum(not letter.isascii() for letter in text)
    return "quoted-printable" if beyond * 6 <= len(text) else "base64"


def _fix_boundaries(mail: EmailMessage, message_id: str) -> None:
    # "=_" stands in neither of the two encodings, so no text can end a part early.
    seed = hashlib.sha256(message_id.encode()).hexdigest()[:24]
    parts = [part for part in mail.walk() if part.is_multipart()]
    for place, part in enumerate(parts):
        part.set_boundary(f"=_{seed}_{place}")
