"""A file of LibreOffice or any other program that writes OpenDocument text."""

from __future__ import annotations

from xml.parsers import expat

from app.intake.readers.archive import open_archive
from app.intake.readers.document import Reason, Unreadable

_TEXT = "urn:oasis:names:tc:opendocument:xmlns:text:1.0"
_OFFICE = "urn:oasis:names:tc:opendocument:xmlns:office:1.0"
_XLINK = "http://www.w3.org/1999/xlink"


def read_odt(data: bytes) -> str:
    with open_archive(data) as archive:
        try:
            content = archive.read("content.xml")
        except (KeyError, ValueError, OSError) as error:
            raise Unreadable(Reason.BROKEN) from error
    reader = _Lines()
    parser = expat.ParserCreate(namespace_separator=" ")
    # No document of ours declares anything: what does is refused before it can grow.
    parser.EntityDeclHandler = _refuse_entities
    parser.StartElementHandler, parser.EndElementHandler = reader.start, reader.end
    parser.CharacterDataHandler = reader.data
    try:
        parser.Parse(content, True)
    except expat.ExpatError as error:
        raise Unreadable(Reason.BROKEN) from error
    return reader.text()


def _refuse_entities(*_declared: object) -> None:
    raise Unreadable(Reason.TOO_HEAVY)


class _Lines:
    """The paragraphs in their order; footnotes at the end, deleted text nowhere."""

    def __init__(self) -> None:
        self._blocks: list[str] = []
        self._notes: list[str] = []
        self._line: list[str] = []
        self._outer: list[list[str]] = []
        self._in_note = self._left_out = self._lists = 0
        self._lead = ""

    def text(self) -> str:
        notes = ["", *self._notes] if self._notes else []
        return "\n".join([*self._blocks, *notes])

    def start(self, name: str, attributes: dict[str, str]) -> None:
        namespace, _, tag = name.rpartition(" ")
        if self._left_out or (namespace, tag) in _LEFT_OUT:
            self._left_out += 1
        elif namespace != _TEXT:
            return
        elif tag in ("p", "h"):
            self._outer.append(self._line)
            self._line = []
            if tag == "h":
                level = attributes.get(f"{_TEXT} outline-level", "1")
                self._lead = "#" * min(int(level) if level.isdigit() else 1, 6) + " "
        elif tag in ("line-break", "tab", "s"):
            count = attributes.get(f"{_TEXT} c", "1")
            self._line.append("\n" if tag == "line-break" else " " * min(int(count or 1), 8))
        elif tag == "note":
            self._in_note += 1
        elif tag == "list":
            self._lists += 1
        elif tag == "list-item":
            self._lead = "- "

    def end(self, name: str) -> None:
        namespace, _, tag = name.rpartition(" ")
        if self._left_out:
            self._left_out -= 1
        elif namespace != _TEXT:
            return
        elif tag in ("p", "h"):
            self._end_block()
        elif tag == "note":
            self._in_note -= 1
        elif tag == "list":
            self._lists -= 1
            if not self._lists and self._blocks and self._blocks[-1]:
                self._blocks.append("")

    def data(self, data: str) -> None:
        if not self._left_out and self._outer:
            self._line.append(" ".join(data.split("\n")))

    def _end_block(self) -> None:
        whole = "".join(self._line).strip()
        self._line = self._outer.pop() if self._outer else []
        if self._in_note:
            if whole:
                self._notes.append(whole)
            return
        if whole:
            self._blocks.append(self._lead + whole)
            if not self._lists:
                self._blocks.append("")
        self._lead = ""


# The mark of a note stands in the text and says nothing there.
_LEFT_OUT = frozenset(
    (
        (_TEXT, "note-citation"),
        (_TEXT, "tracked-changes"),
        (_OFFICE, "annotation"),
        (_TEXT, "table-of-content"),
        (_TEXT, "bibliography"),
    )
)
