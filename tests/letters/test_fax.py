from __future__ import annotations

import io
import re
from dataclasses import replace
from pathlib import Path

import pytest
from pypdf import PdfReader

from app.core.i18n import text_direction
from app.letters.fax import print_fax
from app.letters.frames import languages_with_frames, words_round
from app.letters.paper import Paper
from tests.letters.pdf import A_LETTER, page_texts, pixels, tool


def test_a_fax_is_a_cover_and_the_letter() -> None:
    cover, letter = page_texts(print_fax(A_LETTER, "+7 7172 74 56 31"))
    for said in (
        "To: Alma Example President of Example",
        "Fax number: +7 7172 74 56 31",
        "From: Sam Supporter",
        "Date: 21 November 2026",
        "Subject: Release Ada Prisoner",
        "Pages, this one included: 2",
    ):
        assert said in cover
    assert "Your Excellency, Ada was arrested." in letter
    assert letter.endswith("Sam Supporter Page 2 of 2")


def test_a_fax_without_a_name_leaves_the_row_out() -> None:
    cover, _letter = page_texts(print_fax(replace(A_LETTER, writer="")))
    assert "From" not in cover
    assert "Fax number" not in cover


@pytest.mark.parametrize("language", languages_with_frames())
def test_the_cover_speaks_the_language_of_the_letter(language: str, tmp_path: Path) -> None:
    letter = replace(A_LETTER, language=language, direction=text_direction(language))
    printed = print_fax(letter, "+7 7172")
    cover = tool("pdftotext", printed, tmp_path, "-l", "1")
    words = words_round(language)["fax"]
    # Readers put marks on letters that stand alone in another place, so the letters are compared.
    letters = "".join(re.findall(r"\w", cover))
    for key in ("title", "to", "from", "date", "subject"):
        assert "".join(re.findall(r"\w", words[key])) in letters


def test_nothing_in_a_fax_is_lost_at_200_dots_an_inch(tmp_path: Path) -> None:
    printed = print_fax(A_LETTER, "+7 7172", paper=Paper.US_LETTER)
    sizes = {
        float(size)
        for page in PdfReader(io.BytesIO(printed)).pages
        for size in re.findall(rb"/\w+ ([\d.]+) Tf", page.get_contents().get_data())
    }
    assert min(sizes) >= 12
    for page in (1, 2):
        grey = pixels(printed, tmp_path, page, "-r", "200", "-aa", "yes")
        mono = pixels(printed, tmp_path, page, "-r", "200", "-aa", "no", "-aaVector", "no")
        ink = sum(255 - value for row in grey for value in row)
        drawn = sum(255 - value for row in mono for value in row)
        # As much ink in black and white as in greys: no stroke falls between the dots.
        assert drawn == pytest.approx(ink, rel=0.25)
    # The one line on the cover: black, and at least two dots high.
    cover = pixels(printed, tmp_path, 1, "-r", "200", "-aaVector", "no")
    height = sum(sum(value < 128 for value in row) > 1000 for row in cover)
    assert height >= 3


def test_there_is_no_grey_in_a_fax() -> None:
    pages = PdfReader(io.BytesIO(print_fax(A_LETTER))).pages
    colours = {
        found
        for page in pages
        for found in re.findall(
            rb"([\d. ]+) (?:g|G|rg|RG|sc|SC|scn|SCN)\n", page.get_contents().get_data()
        )
    }
    assert all(set(colour.split()) == {b"0"} for colour in colours), colours
