"""A PDF: what its text layer says, in the order in which people read it."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable
from typing import Any, cast

from pypdf import PageObject, PdfReader
from pypdf._text_extraction import _layout_mode
from pypdf.errors import PyPdfError
from pypdf.generic import ArrayObject, ContentStream, DictionaryObject, StreamObject

from app.core.text import has_direction
from app.intake.readers.document import PAGES_AT_MOST, Note, NoteCode, Reason, Unreadable
from app.intake.readers.furniture import join_pages
from app.intake.readers.layout import Fragment, Page, arrange

# A page with fewer letters than this is a picture, or empty.
_LETTERS_AT_LEAST = 25
_LETTER = re.compile(r"[^\W\d_]")
# Everything that pypdf is known to raise on files that are cut or made up.
_BROKEN = (PyPdfError, ValueError, KeyError, IndexError, TypeError, AttributeError, OSError)


def read_pdf(data: bytes) -> tuple[str, tuple[Note, ...]]:
    """The whole text; `Unreadable` where there is only a picture of it."""
    pages = [_read_page(page) for page in _open(data)]
    empty = [number for number, page in enumerate(pages, 1) if not _has_text(page)]
    if len(empty) == len(pages):
        raise Unreadable(Reason.SCAN, str(len(pages)))
    text, removed = join_pages(pages)
    notes = []
    if empty:
        notes.append(Note(NoteCode.PAGES_WITHOUT_TEXT, ", ".join(map(str, empty))))
    if any(page.columns > 1 for page in pages):
        notes.append(Note(NoteCode.COLUMNS))
    if removed:
        notes.append(Note(NoteCode.HEADS_REMOVED, str(removed)))
    if has_direction(text, "rtl"):
        notes.append(Note(NoteCode.RIGHT_TO_LEFT))
    return text, tuple(notes)


def _open(data: bytes) -> Iterable[PageObject]:
    try:
        reader = PdfReader(io.BytesIO(data), strict=False)
        if reader.is_encrypted and not reader.decrypt(""):
            raise Unreadable(Reason.LOCKED)
        # What the file says of itself, before ten thousand pages are looked for one by one.
        tree = cast(DictionaryObject, reader.root_object["/Pages"].get_object())
        promised = tree.get("/Count", 0)
        if not isinstance(promised, int) or promised > PAGES_AT_MOST:
            raise Unreadable(Reason.TOO_MANY_PAGES, str(promised))
        pages = list(reader.pages)
    except (*_BROKEN, RecursionError) as error:
        raise Unreadable(Reason.BROKEN) from error
    if len(pages) > PAGES_AT_MOST:
        raise Unreadable(Reason.TOO_MANY_PAGES, str(len(pages)))
    if not pages:
        raise Unreadable(Reason.BROKEN)
    return pages


def _read_page(page: PageObject) -> Page:
    try:
        arranged = arrange(_fragments(page))
    except _BROKEN:
        arranged = Page((), 1)
    if _has_text(arranged):
        return arranged
    # Some programs draw a page as one form, which only the simple reading looks into.
    try:
        plain = page.extract_text()
    except (*_BROKEN, RecursionError):
        return arranged
    return Page(tuple(line.strip() for line in plain.splitlines()), 1)


def _fragments(page: PageObject) -> list[Fragment]:
    """Every piece of text with its place: what pypdf's own layout is made from."""
    contents: Any = page.get("/Contents")
    contents = contents.get_object() if contents is not None else None
    if not isinstance(contents, (ArrayObject, StreamObject)):
        return []
    operations = iter(ContentStream(contents, page.pdf, "bytes").operations)
    fonts = page._layout_mode_fonts()  # noqa: SLF001 - the only reading of pypdf with places in it
    groups = _layout_mode.text_show_operations(operations, fonts)
    return [
        Fragment(
            group["tx"],
            group["ty"] * group["flip_sort"],
            group["displaced_tx"],
            abs(group["font_height"]) or abs(group["font_size"]) or 1.0,
            group["text"],
        )
        for group in groups
        if group["text"].strip()
    ]


def _has_text(page: Page) -> bool:
    return len(_LETTER.findall(" ".join(page.lines)[:2_000])) >= _LETTERS_AT_LEAST
