"""Many PDF files as one, written from the front to the end while the later ones are still made.

Libraries that join files hold all of them until the end; ten thousand letters would be gigabytes.
Here pypdf reads one file at a time, its objects get new numbers and leave at once. What stays is
where each object stands, and what the pages and the tags of the whole hang on.
"""

from __future__ import annotations

import gc
import io
from array import array
from typing import Any, cast

from pypdf import PdfReader
from pypdf.generic import (
    ArrayObject,
    BooleanObject,
    DictionaryObject,
    IndirectObject,
    NameObject,
    NumberObject,
    PdfObject,
    TextStringObject,
)

# The objects that the whole file hangs on have the first numbers.
_CATALOG, _PAGES, _TAGS, _PARENTS, _INFO = range(1, 6)
_OF_ALL = 5
_SKIPPED = ("/ObjStm", "/XRef")


class Bundle:
    """One PDF in the making. Every method returns the bytes that come next."""

    def __init__(self, title: str, language: str) -> None:
        self._title = title
        self._language = language
        self._at = 0
        self._places = array("Q", [0] * (_OF_ALL + 1))
        self._kids: list[tuple[int, int]] = []
        self._tags: list[int] = []
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
        reader = PdfReader(io.BytesIO(printed))
        root = cast(DictionaryObject, reader.trailer["/Root"])
        shift = len(self._places) - 1
        numbers = sorted({*reader.xref.get(0, {}), *reader.xref_objStm} - {0})
        self._places.extend([0] * numbers[-1])
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
        del reader, root, found
        gc.collect()
        return bytes(out)

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
        table = self._at
        rows = [b"%010d 00000 n \n" % place if place else _FREE for place in self._places]
        size = len(self._places)
        out += b"xref\n0 %d\n" % size + b"".join(rows)
        out += b"trailer\n<< /Size %d /Root %d 0 R /Info %d 0 R >>\n" % (size, _CATALOG, _INFO)
        return bytes(out + b"startxref\n%d\n%%%%EOF\n" % table)

    def _hang_tags(self, tags: DictionaryObject, shift: int, *, in_front: bool) -> None:
        kids = tags.raw_get("/K")
        listed = kids if isinstance(kids, ArrayObject) else [kids]
        at = 0 if in_front else len(self._tags)
        self._tags[at:at] = [kid.idnum + shift for kid in listed]
        numbers = _numbers(cast(DictionaryObject, tags["/ParentTree"]))
        for key, tag in zip(numbers[::2], numbers[1::2], strict=True):
            self._parents.append((int(key) + self._next_parent, tag.idnum + shift))

    def _object(self, number: int, found: PdfObject) -> bytes:
        self._places[number] = self._at
        stream = io.BytesIO()
        stream.write(b"%d 0 obj\n" % number)
        found.write_to_stream(stream)
        stream.write(b"\nendobj\n")
        return self._counted(stream.getvalue())

    def _counted(self, piece: bytes) -> bytes:
        self._at += len(piece)
        return piece


_FREE = b"0000000000 65535 f \n"


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


def _dictionary(entries: dict[str, Any]) -> DictionaryObject:
    return DictionaryObject({NameObject(key): value for key, value in entries.items()})
