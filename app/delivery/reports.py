"""Reading what comes back: a report, an automatic answer, or an answer. Pure; nothing is kept.

What comes in was written by anybody. It is measured before it is parsed, and all that is taken
from it is one word and one status code.
"""

from __future__ import annotations

import email
import logging
import re
from dataclasses import dataclass
from email.message import Message as Mail
from email.policy import compat32
from enum import StrEnum
from typing import Final

from flufl.bounce import all_failures

AT_MOST: Final = 1024 * 1024
# A report has three parts, an answer a few files; a mail made to choke parsers has thousands.
_PARTS_AT_MOST: Final = 100
_NESTED_AT_MOST: Final = 12
_HEADERS_AT_MOST: Final = 1000
# What was passed on so often goes round in a circle (RFC 5321 6.3).
_HOPS_AT_MOST: Final = 50
# Reports without a form say it in the first lines; looking for it costs more the longer they are.
_PROSE_AT_MOST: Final = 64 * 1024

# What the library's detectors stumble over is no report of any mail server.
_NOT_READABLE: Final = (ValueError, TypeError, LookupError, AttributeError)
# It writes a traceback for that, which quotes the mail.
logging.getLogger("flufl.bounce").setLevel(logging.CRITICAL)

_STATUS = re.compile(r"\s*([245])\.(\d{1,3})\.(\d{1,3})\b")
_MAILED_BY_MACHINE: Final = ("auto_reply", "bulk", "junk", "list")
# Who is gone: bad mailbox, bad system, bad syntax, moved, ambiguous (RFC 3463 3.2), or disabled.
_GONE: Final = frozenset(("5.1.0", "5.1.1", "5.1.2", "5.1.3", "5.1.4", "5.1.6", "5.1.10", "5.2.1"))


class Sort(StrEnum):
    """What a mail that came back is."""

    BOUNCED = "bounced"
    DELAYED = "delayed"
    AUTOMATIC = "automatic"
    ANSWER = "answer"
    NOISE = "noise"


class TooMuch(Exception):
    """Larger, deeper or longer under way than anything that answers a letter."""


@dataclass(frozen=True, slots=True)
class Report:
    """One word, and for what bounced its status (RFC 3463)."""

    sort: Sort
    status: str = ""

    @property
    def is_hard(self) -> bool:
        """The address is gone. Everything else says something of this mail or this day only."""
        return self.status in _GONE


def read(raw: bytes, *, sender: str) -> Report:
    """What `raw` is; `sender` is its envelope sender, empty for the null sender."""
    mail = _parsed(raw)
    report = _delivery_status(mail) or _prose(raw, mail)
    if report is not None:
        return report
    return Report(Sort.AUTOMATIC if _is_automatic(mail, sender) else Sort.ANSWER)


def _parsed(raw: bytes) -> Mail:
    small = raw.lower()
    if (
        len(raw) > AT_MOST
        or small.count(b"content-type:") > _PARTS_AT_MOST
        or small.count(b"multipart/") + small.count(b"message/") > _NESTED_AT_MOST
        or len(re.findall(rb"(?m)^received:", small)) > _HOPS_AT_MOST
        or small.partition(b"\n\n")[0].partition(b"\n\r\n")[0].count(b"\n") > _HEADERS_AT_MOST
    ):
        raise TooMuch
    return email.message_from_bytes(raw, policy=compat32)


def _delivery_status(mail: Mail) -> Report | None:
    """What a report in the form of RFC 3464 says; None if it is no such report."""
    if mail.get_content_type() != "multipart/report":
        return None
    said = [
        (str(block.get("Action", "")).strip().lower(), str(block.get("Status", "")))
        for part in mail.walk()
        if part.get_content_type() == "message/delivery-status" and part.is_multipart()
        for block in part.get_payload()
        if isinstance(block, Mail) and block.get("Action")
    ]
    if not said:
        return None
    for action, status in said:
        if action == "failed":
            return Report(Sort.BOUNCED, _status(status))
    delayed = any(action == "delayed" for action, _ in said)
    return Report(Sort.DELAYED if delayed else Sort.NOISE)


def _prose(raw: bytes, mail: Mail) -> Report | None:
    """What a report in the words of some mail server says."""
    if str(mail.get("Auto-Submitted", "")).strip().lower().startswith("auto-replied"):
        # An out-of-office note may quote anything.
        return None
    try:
        temporary, permanent = all_failures(
            email.message_from_bytes(raw[:_PROSE_AT_MOST], policy=compat32)
        )
    except _NOT_READABLE:
        return None
    if permanent:
        return Report(Sort.BOUNCED, "5.0.0")
    return Report(Sort.DELAYED) if temporary else None


def _is_automatic(mail: Mail, sender: str) -> bool:
    """Whether a machine wrote it (RFC 3834 and what came before)."""
    submitted = str(mail.get("Auto-Submitted", "no")).partition(";")[0].strip().lower()
    return (
        not sender.strip("<> ")
        or submitted != "no"
        or str(mail.get("Precedence", "")).strip().lower() in _MAILED_BY_MACHINE
        or any(mail.get(name) for name in ("X-Autoreply", "X-Autorespond", "X-Auto-Response-From"))
        or sender.lower().startswith(("mailer-daemon@", "postmaster@"))
    )


def _status(text: str) -> str:
    found = _STATUS.match(text)
    return ".".join(found.groups()) if found else "5.0.0"
