"""Many PDF files as one, written from the front to the end while the later ones are still made.

Libraries that join files hold all of them until the end; ten thousand letters would be gigabytes.
Here pypdf reads one file at a time, its objects get new numbers and leave at once. What stays is
where each object stands, and what the pages and the tags of the whole hang on.

A letter has two dozen small objects that say what is a heading and what a paragraph, alike in every
letter. They are packed together (ISO 32000-1, 7.5.7), or they would be most of the file.
"""

from __future__ import annotations

import io
import zlib
from array import array
from typing import Any, cast
from xml.sax.saxutils import escape

from pypdf import PdfReader
from pypdf.generic import (
    ArrayObject,
    BooleanObject,
    DictionaryObject,
    IndirectObject,
    NameObject,
    NumberObject,
    PdfObject,
    StreamObject,
    TextStringObject,
)

# The objects that the whole file hangs on have the first numbers.
_CATALOG, _PAGES, _TAGS, _PARENTS, _INFO, _METADATA = range(1, 7)
_OF_ALL = 6
_SKIPPED = ("/ObjStm", "/XRef")
# Whoever wants one object unpacks all of its packet.
_PACKET = 200
_WIDTHS = (1, 5, 2)
_FREE, _PLAIN, _PACKED = range(3)
# The title, and that the file keeps to PDF/UA-1 (ISO 14289-1, clause 5), which programs that read
# aloud look for. The files that are joined do; what their tags are called is carried over below.
_XMP = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/"
 xmlns:pdfuaid="http://www.aiim.org/pdfua/ns/id/">
<dc:title><rdf:Alt><rdf:li xml:lang="x-default">{title}</rdf:li></rdf:Alt></dc:title>
<dc:language><rdf:Bag><rdf:li>{language}</rdf:li></rdf:Bag></dc:language>
<pdfuaid:part>1</pdfuaid:part>
</rdf:Description>
</rdf:RDF>
</x:xmpmeta>
<?xpacket end="r"?>"""


class Bundle:
    """One PDF in the making. Every method returns the bytes that come next."""

    def __init__(self, title: str, language: str) -> None:
        self._title = title
        self._language = language
        self._at = 0
        # Where an object stands, or the number of its packet and its place in there.
        self._places = array("Q", [0] * (_OF_ALL + 1))
        self._inside = array("i", [-1] * (_OF_ALL + 1))
        self._packet: list[tuple[int, bytes]] = []
        self._kids: list[tuple[int, int]] = []
        self._tags: list[int] = []
        self._roles: dict[str, str] = {}
        self._parents: list[tuple[int, int]] = []
        self._next_parent = 0

    def begin(self) -> bytes:
        return self._counted(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")

    @property
    def objects(self) -> int:
        """How many objects the file has so far."""
        return len(self._places)

    def add(self, printed: bytes, *, in_front: bool = False) -> bytes:
        """The objects of a file that typst made, under their numbers in the whole.

        Its pages come behind those that are there, or before all of them.
        """
        stream = io.BytesIO(printed)
        reader = PdfReader(stream)
        root = cast(DictionaryObject, reader.trailer["/Root"])
        shift = len(self._places) - 1
        numbers = sorted({*reader.xref.get(0, {}), *reader.xref_objStm} - {0})
        self._make_room(numbers[-1])
        pages, tags = root.raw_get("/Pages").idnum, root.raw_get("/StructTreeRoot").idnum
        self._kids.insert(0 if in_front else len(self._kids), (pages + shift, len(reader.pages)))
        self._hang_tags(cast(DictionaryObject, root["/StructTreeRoot"]), shift, in_front=in_front)
        catalog = reader.trailer.raw_get("/Root").idnum
        begun, highest = self._next_parent, self._next_parent
        out = bytearray()
        for number in numbers:
            found = reader.get_object(number)
            if number in (tags, catalog) or found is None:
                continue
            if isinstance(found, DictionaryObject):
                if found.get("/Type") in _SKIPPED:
                    continue
                for key in ("/StructParents", "/StructParent"):
                    if key in found:
                        place = begun + int(cast(NumberObject, found[key]))
                        highest = max(highest, place + 1)
                        found[NameObject(key)] = NumberObject(place)
                if number == pages:
                    found[NameObject("/Parent")] = _Number(_PAGES)
            out += self._object(number + shift, _moved(found, shift, {tags: _TAGS}))
        self._next_parent = max(highest, self._next_parent)
        # A reader and its objects hold one another. Left to themselves, hundreds of letters of
        # other people would stay in memory until Python gets round to them.
        reader.close()
        stream.close()
        return bytes(out + self._pack())

    def end(self) -> bytes:
        """The objects of the whole, and the table of where every object stands."""
        out = bytearray()
        name, text, number = NameObject, TextStringObject, NumberObject
        of_all: dict[int, dict[str, Any]] = {
            _CATALOG: {
                "/Type": name("/Catalog"),
                "/Pages": _Number(_PAGES),
                "/StructTreeRoot": _Number(_TAGS),
                "/MarkInfo": _dictionary({"/Marked": BooleanObject(value=True)}),
                "/Lang": text(self._language),
                "/ViewerPreferences": _dictionary({"/DisplayDocTitle": BooleanObject(value=True)}),
                "/Metadata": _Number(_METADATA),
            },
            _PAGES: {
                "/Type": name("/Pages"),
                "/Kids": ArrayObject([_Number(kid) for kid, _count in self._kids]),
                "/Count": number(sum(count for _kid, count in self._kids)),
            },
            _TAGS: {
                "/Type": name("/StructTreeRoot"),
                "/K": ArrayObject([_Number(tag) for tag in self._tags]),
                "/ParentTree": _Number(_PARENTS),
                "/ParentTreeNextKey": number(self._next_parent),
                "/RoleMap": _dictionary({own: name(role) for own, role in self._roles.items()}),
            },
            _PARENTS: {
                "/Nums": ArrayObject(
                    item for key, tag in self._parents for item in (number(key), _Number(tag))
                )
            },
            _INFO: {"/Title": text(self._title)},
        }
        for place, entries in of_all.items():
            out += self._object(place, _dictionary(entries))
        out += self._object(_METADATA, _metadata(self._title, self._language))
        out += self._pack()
        table = self._at
        self._make_room(1)
        size = len(self._places)
        self._places[-1] = table
        rows = b"".join(
            self._row(place, inside)
            for place, inside in zip(self._places, self._inside, strict=True)
        )
        head = b"/Type /XRef /Size %d /W [%d %d %d] /Root %d 0 R /Info %d 0 R" % (
            size,
            *_WIDTHS,
            _CATALOG,
            _INFO,
        )
        out += self._stream(size - 1, head, rows)
        return bytes(out + b"startxref\n%d\n%%%%EOF\n" % table)

    def _make_room(self, objects: int) -> None:
        self._places.extend([0] * objects)
        self._inside.extend([-1] * objects)

    def _row(self, place: int, inside: int) -> bytes:
        kind = _PACKED if inside >= 0 else _PLAIN if place else _FREE
        cells = (kind, place, max(inside, 0))
        return b"".join(
            cell.to_bytes(width, "big") for cell, width in zip(cells, _WIDTHS, strict=True)
        )

    def _pack(self) -> bytes:
        """The small objects that have come together, packed."""
        out = bytearray()
        for start in range(0, len(self._packet), _PACKET):
            packet = self._packet[start : start + _PACKET]
            number = len(self._places)
            self._make_room(1)
            where, starts, bodies = 0, list[bytes](), list[bytes]()
            for inside, (object_number, body) in enumerate(packet):
                self._places[object_number], self._inside[object_number] = number, inside
                starts.append(b"%d %d" % (object_number, where))
                bodies.append(body + b"\n")
                where += len(body) + 1
            index = b" ".join(starts) + b"\n"
            head = b"/Type /ObjStm /N %d /First %d" % (len(packet), len(index))
            self._places[number] = self._at
            out += self._stream(number, head, index + b"".join(bodies))
        self._packet = []
        return bytes(out)

    def _stream(self, number: int, head: bytes, content: bytes) -> bytes:
        packed = zlib.compress(content)
        return self._counted(
            b"%d 0 obj\n<< %s /Filter /FlateDecode /Length %d >>\nstream\n%s\nendstream\nendobj\n"
            % (number, head, len(packed), packed)
        )

    def _hang_tags(self, tags: DictionaryObject, shift: int, *, in_front: bool) -> None:
        for own, role in cast(DictionaryObject, tags.get("/RoleMap", {})).items():
            self._roles[str(own)] = str(role)
        kids = tags.raw_get("/K")
        listed = kids if isinstance(kids, ArrayObject) else [kids]
        at = 0 if in_front else len(self._tags)
        self._tags[at:at] = [kid.idnum + shift for kid in listed]
        numbers = _numbers(cast(DictionaryObject, tags["/ParentTree"]))
        for key, tag in zip(numbers[::2], numbers[1::2], strict=True):
            self._parents.append((int(key) + self._next_parent, tag.idnum + shift))

    def _object(self, number: int, found: PdfObject) -> bytes:
        stream = io.BytesIO()
        if not isinstance(found, StreamObject):
            found.write_to_stream(stream)
            self._packet.append((number, stream.getvalue()))
            return b""
        self._places[number] = self._at
        stream.write(b"%d 0 obj\n" % number)
        found.write_to_stream(stream)
        stream.write(b"\nendobj\n")
        return self._counted(stream.getvalue())

    def _counted(self, piece: bytes) -> bytes:
        self._at += len(piece)
        return piece


class _Number(PdfObject):
    """A reference to an object of the whole file, by its number there."""

    def __init__(self, number: int) -> None:
        self._number = number

    def write_to_stream(self, stream: Any, _encryption_key: Any = None) -> None:
        stream.write(b"%d 0 R" % self._number)


def _moved(found: Any, shift: int, known: dict[int, int]) -> Any:
    """An object whose references carry their numbers in the whole file."""
    if isinstance(found, IndirectObject):
        return _Number(known.get(found.idnum, found.idnum + shift))
    if isinstance(found, DictionaryObject):
        for key in list(found):
            found[key] = _moved(found.raw_get(key), shift, known)
        return found
    if isinstance(found, ArrayObject):
        return ArrayObject(_moved(item, shift, known) for item in _raw(found))
    return found


def _numbers(tree: DictionaryObject) -> list[Any]:
    """The pairs of a number tree, whether it is one node or several."""
    if "/Nums" in tree:
        return _raw(cast(ArrayObject, tree["/Nums"]))
    return [pair for kid in cast(ArrayObject, tree["/Kids"]) for pair in _numbers(kid.get_object())]


def _raw(items: ArrayObject) -> list[Any]:
    # Asked by a number, an array would fetch what it refers to.
    return [list.__getitem__(items, place) for place in range(len(items))]


def _metadata(title: str, language: str) -> StreamObject:
    # Not packed, so that whoever cannot read PDF finds it too.
    stream = StreamObject()
    stream[NameObject("/Type")] = NameObject("/Metadata")
    stream[NameObject("/Subtype")] = NameObject("/XML")
    written = _XMP.format(title=escape(title), language=escape(language))
    stream.set_data(written.encode(errors="replace"))
    return stream


def _dictionary(entries: dict[str, Any]) -> DictionaryObject:
    return DictionaryObject({NameObject(key): value for key, value in entries.items()})
