"""Every kind of file by its own reader, here and now; `child` calls this on a stranger's."""

from __future__ import annotations

from app.intake.readers.cleaning import clean
from app.intake.readers.document import (
    BYTES_AT_MOST,
    Document,
    FileKind,
    Note,
    Reason,
    Unreadable,
)
from app.intake.readers.docx import read_docx
from app.intake.readers.eml import KINDS_ATTACHED, read_eml
from app.intake.readers.encodings import decode, repair
from app.intake.readers.html import read_html
from app.intake.readers.kinds import kind_of
from app.intake.readers.odt import read_odt
from app.intake.readers.pdf import read_pdf


def read_file(data: bytes) -> Document:
    """A file as one clean text."""
    require_size(data)
    kind = kind_of(data)
    if kind is FileKind.EML:
        text, notes = read_eml(data, _read_attachment)
    else:
        text, notes = _read(kind, data)
    return Document(clean(text), kind, notes)


def read_pasted(text: str) -> Document:
    """What somebody pasted: text, or the source of a page."""
    if not text.strip():
        raise Unreadable(Reason.EMPTY)
    repaired, notes = repair(text)
    return Document(clean(repaired), FileKind.TEXT, notes)


def require_size(data: bytes) -> None:
    if not data.strip(b" \t\r\n\x00"):
        raise Unreadable(Reason.EMPTY)
    if len(data) > BYTES_AT_MOST:
        raise Unreadable(Reason.TOO_LARGE, str(BYTES_AT_MOST // 1024 // 1024))


def _read(kind: FileKind, data: bytes) -> tuple[str, tuple[Note, ...]]:
    match kind:
        case FileKind.PDF:
            return read_pdf(data)
        case FileKind.DOCX:
            return read_docx(data), ()
        case FileKind.ODT:
            return read_odt(data), ()
        case FileKind.HTML:
            markup, notes = decode(_with_its_charset(data))
            return read_html(markup), notes
        case _:
            return decode(data)


def _read_attachment(data: bytes) -> tuple[str, tuple[Note, ...]]:
    require_size(data)
    kind = kind_of(data)
    if kind not in KINDS_ATTACHED:
        raise Unreadable(Reason.UNKNOWN_KIND)
    return _read(kind, data)


def _with_its_charset(data: bytes) -> bytes:
    """A page in the encoding that it names itself, as UTF-8."""
    start = data[:2_048].lower()
    at = start.find(b"charset=")
    if at < 0:
        return data
    name = (
        start[at + 8 :].lstrip(b"\"' ").split(b'"')[0].split(b"'")[0].split(b">")[0].strip(b" /;")
    )
    try:
        return data.decode(name.decode("ascii", "ignore")).encode()
    except (LookupError, UnicodeError, ValueError):
        return data
