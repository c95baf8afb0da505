"""A mail as a file: what its sender wrote, or the document that came with it."""

from __future__ import annotations

import email
import email.policy
import re
from collections.abc import Callable
from email.message import EmailMessage

from app.intake.readers.document import FileKind, Note, NoteCode, Reason, Unreadable
from app.intake.readers.encodings import decode, repair
from app.intake.readers.html import read_html

# "Please find attached": then the document is what is meant.
_COVER_NOTE = 600
_PARTS_AT_MOST = 200
_FLOWED_END = re.compile(r"(?<=\S) \n(?=[^\s>-])")

Reader = Callable[[bytes], tuple[str, tuple[Note, ...]]]


def read_eml(data: bytes, read_attachment: Reader) -> tuple[str, tuple[Note, ...]]:
    """Subject, day and body; `read_attachment` reads a file that came along."""
    if data.startswith(b"From "):
        data = data.partition(b"\n")[2]
    try:
        mail = email.message_from_bytes(data, policy=email.policy.default)
        parts = _parts(mail)
    except (ValueError, LookupError, AttributeError, IndexError, TypeError) as error:
        raise Unreadable(Reason.BROKEN) from error
    body, notes = _body(parts)
    if len(body.strip()) < _COVER_NOTE:
        for part in parts:
            if part.get_content_disposition() == "attachment" or _is_document(part):
                try:
                    attached, more = read_attachment(_payload(part))
                except Unreadable:
                    continue
                return (
                    f"{_head(mail)}{body.strip()}\n\n{attached}",
                    (*notes, *more, Note(NoteCode.ATTACHMENT_READ)),
                )
    return _head(mail) + body, notes


def _parts(mail: EmailMessage) -> list[EmailMessage]:
    """The leaves of a mail, in order; a forwarded mail is opened too."""
    found: list[EmailMessage] = []
    for seen, part in enumerate(mail.walk()):
        if seen > _PARTS_AT_MOST:
            raise Unreadable(Reason.TOO_HEAVY)
        if not part.is_multipart():
            found.append(part)
    return found


def _body(parts: list[EmailMessage]) -> tuple[str, tuple[Note, ...]]:
    shown = [part for part in parts if part.get_content_disposition() != "attachment"]
    plain = [_decoded(part) for part in shown if part.get_content_type() == "text/plain"]
    text = "\n\n".join(one for one, _ in plain)
    notes = tuple(dict.fromkeys(note for _, more in plain for note in more))
    if len(text.strip()) >= 80:
        return text, notes
    pages = [_decoded(part) for part in shown if part.get_content_type() == "text/html"]
    if not pages:
        return text, notes
    notes = tuple(dict.fromkeys(note for _, more in pages for note in more))
    return "\n\n".join(read_html(one) for one, _ in pages), notes


def _decoded(part: EmailMessage) -> tuple[str, tuple[Note, ...]]:
    payload = _payload(part)
    charset = part.get_content_charset() or ""
    try:
        text, notes = repair(payload.decode(charset or "utf-8"))
    except (LookupError, UnicodeDecodeError):
        text, notes = decode(payload) if payload else ("", ())
    text = text.replace("\r\n", "\n")
    if str(part.get_param("format", "")).casefold() == "flowed":
        text = _FLOWED_END.sub(" ", text)
    return text, notes


def _payload(part: EmailMessage) -> bytes:
    found = part.get_payload(decode=True)
    return found if isinstance(found, bytes) else b""


def _is_document(part: EmailMessage) -> bool:
    return part.get_content_maintype() == "application"


def _head(mail: EmailMessage) -> str:
    lines = []
    for name in ("Subject", "Date"):
        try:
            said = " ".join(str(mail.get(name, "")).split())
        except (ValueError, LookupError, AttributeError, IndexError):
            continue
        if said:
            lines.append(f"{name}: {said}")
    return "\n".join(lines) + "\n\n" if lines else ""


KINDS_ATTACHED = (FileKind.PDF, FileKind.DOCX, FileKind.ODT, FileKind.HTML)
