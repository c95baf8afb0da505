"""What would have left: the Maildir of a running service."""

from __future__ import annotations

import email
import email.policy
import re
import time
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path

WITHIN = 10.0


def read_mail(folder: Path) -> list[EmailMessage]:
    """Every message, oldest first."""
    files = [path for part in ("new", "cur") for path in (folder / part).glob("*")]
    found = []
    for path in sorted(files, key=lambda path: path.stat().st_mtime_ns):
        message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        assert isinstance(message, EmailMessage)
        found.append(message)
    return found


def mail_to(folder: Path, address: str, saying: str = "") -> list[EmailMessage]:
    """Messages to an address whose text has some words in it."""
    return [
        message
        for message in read_mail(folder)
        if address in str(message["To"]) and saying in text_of(message)
    ]


def wait_for(look: Callable[[], list[EmailMessage]], within: float = WITHIN) -> list[EmailMessage]:
    """Look until there is something, or for so long; returns what was found, perhaps nothing."""
    ends = time.monotonic() + within
    while not (found := look()) and time.monotonic() < ends:
        time.sleep(0.05)
    return found


def text_of(message: EmailMessage) -> str:
    body = message.get_body(("plain",))
    return str(body.get_content()) if body is not None else ""


def html_of(message: EmailMessage) -> str:
    body = message.get_body(("html",))
    return str(body.get_content()) if body is not None else ""


def links_of(message: EmailMessage) -> list[str]:
    return re.findall(r"http://[^\s<>\"]+", text_of(message))


def confirm_link(message: EmailMessage) -> str:
    return next(link for link in links_of(message) if link.endswith("/confirm"))
