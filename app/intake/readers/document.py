"""What reading a file gives: a text with notes, or one reason why there is none."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from app.core.errors import Refused

BYTES_AT_MOST = 5 * 1024 * 1024
# Some thirty pages; an action has one to six. Reading stays within two seconds whatever they say.
CHARACTERS_AT_MOST = 100_000
PAGES_AT_MOST = 50


class FileKind(StrEnum):
    """What a file is, by its content; its name says nothing."""

    TEXT = "text"
    HTML = "html"
    DOCX = "docx"
    ODT = "odt"
    PDF = "pdf"
    EML = "eml"


class NoteCode(StrEnum):
    """What somebody who compares the text with the file should know."""

    ENCODING_GUESSED = "encoding_guessed"
    MOJIBAKE_REPAIRED = "mojibake_repaired"
    PAGES_WITHOUT_TEXT = "pages_without_text"
    COLUMNS = "columns"
    HEADS_REMOVED = "heads_removed"
    RIGHT_TO_LEFT = "right_to_left"
    ATTACHMENT_READ = "attachment_read"


class Reason(StrEnum):
    """Why a file gives no text."""

    EMPTY = "empty"
    TOO_LARGE = "too_large"
    TOO_LONG = "too_long"
    TOO_MANY_PAGES = "too_many_pages"
    TOO_HEAVY = "too_heavy"
    BINARY = "binary"
    UNKNOWN_KIND = "unknown_kind"
    OLD_WORD = "old_word"
    RICH_TEXT = "rich_text"
    LOCKED = "locked"
    BROKEN = "broken"
    SCAN = "scan"


@dataclass(frozen=True, slots=True)
class Note:
    """One remark; `detail` is a number or a name that its sentence holds."""

    code: NoteCode
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Document:
    """The clean text of a file: line feeds, NFC, nothing unseen."""

    text: str
    kind: FileKind
    notes: tuple[Note, ...] = ()


class Unreadable(Refused):
    """A file gives no text, and nothing was made of it."""

    code = "unreadable"

    def __init__(self, reason: Reason, detail: str = "") -> None:
        super().__init__(f"{reason} {detail}".strip())
        self.reason, self.detail = reason, detail
