"""A file of Word: its paragraphs, tables and text boxes by `mammoth`, which knows them."""

from __future__ import annotations

import io
import re
from typing import Any
from xml.parsers.expat import ExpatError
from zipfile import BadZipFile

import mammoth

from app.intake.readers.archive import open_archive
from app.intake.readers.document import Reason, Unreadable
from app.intake.readers.html import read_html

# A mark in the text and the way back from the note: the note itself is kept, at the end.
_NOTE_MARK = re.compile(r'<sup><a href="#(?:foot|end)note-[^"]*"[^>]*>\[\d+\]</a></sup>')
_WAY_BACK = re.compile(r'<a href="#(?:foot|end)note-ref-[^"]*">↑</a>')


def read_docx(data: bytes) -> str:
    open_archive(data).close()
    try:
        made = mammoth.convert_to_html(io.BytesIO(data), convert_image=_no_picture)
    except (KeyError, ValueError, AttributeError, IndexError, BadZipFile, ExpatError) as error:
        raise Unreadable(Reason.BROKEN) from error
    return read_html(_WAY_BACK.sub("", _NOTE_MARK.sub("", made.value)))


def _no_picture(_image: Any) -> list[Any]:
    """Pictures are neither opened nor fetched."""
    return []
