"""One message as it waits in the outbox, and as the bytes that leave."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any, Final, Self

from app.delivery.frame import Kind, encoded, encoded_file, encoding, frame_of
from app.delivery.headers import BadHeader, folded, mailbox, require_ascii, words

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
    # Answers come to us first, to be counted, where there is an address for that.
    relay_answers: bool = False
    html: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    attachments: tuple[Attachment, ...] = ()
    # A fax: the number, as `+` and digits. Its only attachment is the document.
    to_fax: str = ""

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
    named = named_headers(message, message_id, date)
    text = encoding(message.text)
    html = encoding(message.html) if message.html else ""
    files = tuple((each.filename, each.content_type) for each in message.attachments)
    frame = frame_of(Kind(message.language, text, html, files))
    head = "".join(f"{folded(name, value)}\r\n" for name, value in named).encode()
    bodies = [encoded(message.text, text)]
    if html:
        bodies.append(encoded(message.html, html))
    bodies += (encoded_file(each.content) for each in message.attachments)
    raw = frame.fill(head, bodies, message_id)
    frame.require(raw, [name for name, _ in named], message_id)
    return raw


def named_headers(message: Message, message_id: str, date: datetime) -> list[tuple[str, str]]:
    """Every header that differs from mail to mail, each value through the guard."""
    if not _ID.fullmatch(message_id):
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
