"""Writing to people of ours: a composed notice becomes a row of the outbox.

Which values each notice takes stands in `rules.NOTICES`, what they mean in `rules.VALUES`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from app.core.sealing import Seal
from app.delivery.actions import enqueue
from app.delivery.message import Attachment, Message
from app.delivery.models import Dispatch, Gate, Lane
from app.notices.compose import compose
from app.notices.rules import NOTICES
from app.sections.models import Section


@dataclass(frozen=True, slots=True)
class Sender:
    """In whose name we write, and where an answer goes."""

    name: str
    address: str
    reply_to: str
    postal_address: str


def sender_of(section: Section) -> Sender:
    """In whose name a section's notices go out."""
    return Sender(
        name=section.sender_name,
        address=section.sender_address,
        reply_to=section.reply_to,
        postal_address=section.postal_address,
    )


def send(
    session: Session,
    seal: Seal,
    sender: Sender,
    *,
    name: str,
    to_address: str,
    language: str,
    once_key: str,
    values: Mapping[str, object],
    now: datetime,
    due_at: datetime | None = None,
    expires_at: datetime | None = None,
    keep_local: bool = False,
    headers: Sequence[tuple[str, str]] = (),
    attachments: Sequence[Attachment] = (),
    gate: Gate | None = None,
    data_link: str = "",
) -> Dispatch:
    """Put a notice into the outbox; the same `once_key` twice sends once."""
    composed = compose(
        name,
        language=language,
        sender_name=sender.name,
        postal_address=sender.postal_address,
        values=values,
        data_link=data_link,
    )
    message = Message(
        sender_name=sender.name,
        sender_address=sender.address,
        to_address=to_address,
        subject=composed.subject,
        text=composed.text,
        language=composed.language,
        reply_to=sender.reply_to,
        html=composed.html,
        headers=(*_headers(name, values), *headers),
        attachments=tuple(attachments),
    )
    return enqueue(
        session,
        seal,
        message,
        once_key=once_key,
        lane=Lane.NOTICE,
        now=now,
        due_at=due_at,
        expires_at=expires_at,
        gate=gate,
        keep_local=keep_local,
    )


def _headers(name: str, values: Mapping[str, object]) -> tuple[tuple[str, str], ...]:
    # RFC 3834: an out-of-office program must not answer us, nor we it.
    headers = (("Auto-Submitted", "auto-generated"),)
    one_click = NOTICES[name].one_click
    if not one_click:
        return headers
    # RFC 8058: the mail program posts to this address itself when its reader wants no more.
    return (
        *headers,
        ("List-Unsubscribe", f"<{values[one_click]}>"),
        ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
    )
