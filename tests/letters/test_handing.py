"""Many letters in one file, for whoever carries them to an office."""

from __future__ import annotations

import gc
import io
import json
import re
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from pypdf import PdfReader
from pypdf.generic import ArrayObject, NullObject, StreamObject

from app.letters.bundle import Bundle
from app.letters.handing import GROUP, Cover, hand_over
from app.letters.paper import print_letters
from app.letters.render import FinishedLetter
from tests.letters.pdf import A_LETTER, page_texts, tool

TO = ("Embassy of Example", "2 Consul Street", "1000 Town")


def a_cover(letters: int, language: str = "en") -> Cover:
    return Cover(language, TO, "Example Organisation", "Release Ada", letters, "21 November 2026")


def letters(count: int) -> Iterator[FinishedLetter]:
    return (replace(A_LETTER, writer=f"Writer {number}") for number in range(count))


def handed(count: int, language: str = "en") -> bytes:
    return b"".join(piece for _done, piece in hand_over(a_cover(count, language), letters(count)))


def test_a_cover_stands_before_the_letters_and_a_list_behind() -> None:
    texts = page_texts(handed(3))
    assert len(texts) == 5
    cover = texts[0]
    for said in (
        "Letters for handing over To: Embassy of Example 2 Consul Street 1000 Town",
        "From: Example Organisation",
        "Matter: Release Ada",
        "Number of letters: 3",
        "Date: 21 November 2026",
    ):
        assert said in cover
    for number in range(3):
        assert f"Yours respectfully, Writer {number} Page 1 of 1" in texts[number + 1]
    assert texts[-1] == "List of the letters 1. Writer 0 2. Writer 1 3. Writer 2"


def test_a_letter_without_a_name_stays_without_one_in_the_list() -> None:
    cover = a_cover(1, "fr")
    unnamed = iter([replace(A_LETTER, writer="")])
    texts = page_texts(b"".join(piece for _done, piece in hand_over(cover, unnamed)))
    assert texts[0].startswith("Remise de lettres Destinataire:")
    assert texts[-1] == "Liste des lettres 1. Sans nom"


def test_the_joined_file_is_sound_tagged_and_readable(tmp_path: Path) -> None:
    count = 2 * GROUP + 1
    printed = handed(count)
    assert "No syntax or stream encoding errors found" in tool("qpdf", printed, tmp_path, "--check")
    said = tool("pdfinfo", printed, tmp_path)
    assert re.search(r"Tagged: +yes", said)
    assert re.search(r"JavaScript: +no", said)
    assert re.search(rf"Pages: +{count + 4}\n", said)  # a cover, and a list of two pages
    text = " ".join(tool("pdftotext", printed, tmp_path).split())
    places = [text.index(f"Yours respectfully, Writer {number} ") for number in range(count)]
    assert places == sorted(places)
    for row in tool("pdffonts", printed, tmp_path).splitlines()[2:]:
        assert row.split()[-5:-2] == ["yes", "yes", "yes"]
    objects = json.dumps(json.loads(tool("qpdf", printed, tmp_path, "--json"))["qpdf"])
    for acting in ("/JavaScript", "/URI", "/Launch", "/OpenAction"):
        assert f'"{acting}"' not in objects


def test_every_page_finds_its_own_tags_in_the_joined_file() -> None:
    reader = PdfReader(io.BytesIO(handed(GROUP + 2)))
    tags = reader.trailer["/Root"]["/StructTreeRoot"]
    numbers = tags["/ParentTree"]["/Nums"]
    parents = dict(zip(numbers[::2], numbers[1::2], strict=True))
    keys = [page["/StructParents"] for page in reader.pages]
    assert len(set(keys)) == len(keys)
    for page, key in zip(reader.pages, keys, strict=True):
        element = next(item.get_object() for item in parents[key].get_object() if item)
        assert element["/Pg"].get_object() == page
    assert all(kid.get_object()["/P"].get_object() == tags for kid in tags["/K"])


def test_the_joined_file_says_that_it_keeps_to_pdf_ua(tmp_path: Path) -> None:
    cover = replace(a_cover(2), campaign="Release <Ada> & Žaneta")
    printed = b"".join(piece for _done, piece in hand_over(cover, iter([A_LETTER, A_LETTER])))
    root = PdfReader(io.BytesIO(printed)).trailer["/Root"]
    metadata = root["/Metadata"]
    assert (metadata["/Type"], metadata["/Subtype"]) == ("/Metadata", "/XML")
    assert "/Filter" not in metadata
    said = ET.fromstring(metadata.get_data())
    assert said.findtext(".//{http://www.aiim.org/pdfua/ns/id/}part") == "1"
    title = said.find(".//{http://purl.org/dc/elements/1.1/}title")
    assert title is not None
    assert "".join(title.itertext()).strip() == "Release <Ada> & Žaneta"
    assert re.search(r"Metadata Stream: +yes", tool("pdfinfo", printed, tmp_path))


def test_every_tag_of_the_joined_file_is_one_that_readers_know() -> None:
    tags = PdfReader(io.BytesIO(handed(GROUP + 2))).trailer["/Root"]["/StructTreeRoot"]
    alone = PdfReader(io.BytesIO(print_letters([A_LETTER]))).trailer["/Root"]["/StructTreeRoot"]
    assert tags["/RoleMap"] == alone["/RoleMap"]
    known = {"/Document", "/P", "/H1", "/L", "/LI", "/Lbl", "/LBody", "/Span", "/Part"}
    used = set()

    def look(element: Any) -> None:
        found = element.get_object()
        kids = found if isinstance(found, list) else [found]
        for one in (kid.get_object() for kid in kids):
            if isinstance(one, dict):
                used.update({one["/S"]} if "/S" in one else ())
                look(one.get("/K", NullObject()))

    look(tags["/K"])
    assert "/Strong" in used
    assert {tags["/RoleMap"].get(role, role) for role in used} <= known


def test_the_file_is_written_while_later_letters_are_still_made() -> None:
    asked = 0

    def made() -> Iterator[FinishedLetter]:
        nonlocal asked
        for letter in letters(4 * GROUP):
            asked += 1
            yield letter

    for done, piece in hand_over(a_cover(4 * GROUP), made()):
        assert piece
        assert asked - done in (0, GROUP)
        assert asked in (done, 4 * GROUP)


def test_what_has_been_joined_is_let_go_at_once() -> None:
    """Words of hundreds of people must not wait in memory for the collector to come round."""

    def alive() -> int:
        return sum(isinstance(found, ArrayObject | StreamObject) for found in gc.get_objects())

    printed = print_letters(list(letters(GROUP)))
    bundle = Bundle("Release Ada", "en")
    gc.collect()
    gc.disable()
    try:
        before = alive()
        bundle.add(printed)
        assert alive() <= before + 2
    finally:
        gc.enable()


@pytest.mark.long
def test_memory_does_not_grow_with_the_letters() -> None:
    def peak(count: int) -> int:
        tracemalloc.start()
        for _done, _piece in hand_over(a_cover(count), letters(count)):
            pass
        highest = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return highest

    peak(GROUP)
    few, many = peak(2 * GROUP), peak(8 * GROUP)
    assert many < 1.5 * few
