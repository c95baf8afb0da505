"""The same mail written by `EmailMessage` throughout: what the frames are held against."""

from __future__ import annotations

import hashlib
from datetime import datetime
from email.message import EmailMessage

from app.delivery.frame import encoding
from app.delivery.headers import MAIL, require_sound
from app.delivery.message import Message, named_headers


def build_by_library(message: Message, *, message_id: str, date: datetime) -> bytes:
    mail = EmailMessage(policy=MAIL)
    named = named_headers(message, message_id, date)
    for name, value in named:
        mail[name] = value
    mail.set_content(message.text, cte=encoding(message.text))
    if message.html:
        mail.add_alternative(message.html, subtype="html", cte=encoding(message.html))
    for attachment in message.attachments:
        main, _, sub = attachment.content_type.partition("/")
        mail.add_attachment(
            attachment.content, maintype=main, subtype=sub, filename=attachment.filename
        )
    mail["Content-Language"] = message.language
    seed = hashlib.sha256(message_id.encode()).hexdigest()[:24]
    for place, part in enumerate(part for part in mail.walk() if part.is_multipart()):
        part.set_boundary(f"=_{seed}_{place}")
    raw = mail.as_bytes()
    expected = [*(name for name, _ in named), "Content-Language", "MIME-Version", "Content-Type"]
    if not mail.is_multipart():
        expected.append("Content-Transfer-Encoding")
    require_sound(raw, expected)
    return raw
