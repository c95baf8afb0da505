"""Which kind a file is, told by what is in it."""

from __future__ import annotations

import re

from app.intake.readers.archive import open_archive
from app.intake.readers.document import FileKind, Reason, Unreadable

_LOOKED_AT = 4_096
_HEADER = re.compile(
    rb"^(received|return-path|from|to|subject|date|message-id|mime-version|delivered-to|"
    rb"content-type|reply-to|x-[a-z-]+|dkim-signature|list-[a-z]+|sender|cc|newsgroups|path|"
    rb"references|organization|lines)[ \t]*:",
    re.IGNORECASE,
)
# Enough of them that no letter which begins with "To:" is taken for a mail.
_NEEDED = (b"from", b"subject", b"date", b"message-id", b"mime-version", b"received")
_MARKUP = re.compile(
    rb"<(?:!doctype html|html|head|body|div|p|table|h[1-6]|article|br)\b", re.IGNORECASE
)
_OLD_OFFICE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_PICTURES = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"II*\x00", b"MM\x00*")


def kind_of(data: bytes) -> FileKind:
    """The kind of a file; `Unreadable` for those that are known and not read."""
    start = data[:_LOOKED_AT]
    if b"%PDF-" in start[:1_024]:
        return FileKind.PDF
    if start.startswith(b"PK"):
        return _kind_of_archive(data)
    if start.startswith(_OLD_OFFICE):
        raise Unreadable(Reason.OLD_WORD)
    if start.startswith(b"{\\rtf"):
        raise Unreadable(Reason.RICH_TEXT)
    if start.startswith(_PICTURES):
        raise Unreadable(Reason.SCAN, "1")
    if _is_mail(start):
        return FileKind.EML
    if _MARKUP.search(start.replace(b"\x00", b"")):
        return FileKind.HTML
    return FileKind.TEXT


def _kind_of_archive(data: bytes) -> FileKind:
    with open_archive(data) as archive:
        names = set(archive.namelist())
        if "word/document.xml" in names:
            return FileKind.DOCX
        if "mimetype" in names and archive.read("mimetype").startswith(
            b"application/vnd.oasis.opendocument.text"
        ):
            return FileKind.ODT
    raise Unreadable(Reason.UNKNOWN_KIND)


def _is_mail(start: bytes) -> bool:
    lines = start.replace(b"\r\n", b"\n").split(b"\n")
    names: set[bytes] = set()
    for line in lines:
        if not line:
            break
        if line[:1] in b" \t":
            continue
        found = _HEADER.match(line)
        if found is None:
            # An mbox begins with one line of its own.
            if line.startswith(b"From ") and not names:
                continue
            return False
        names.add(found.group(1).lower())
    return len(names & set(_NEEDED)) >= 3
