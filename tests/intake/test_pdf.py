"""A PDF is read as people read it: columns one after the other, no furniture, whole words."""

# ruff: noqa: E501 - sources of documents are as wide as they are
from __future__ import annotations

import pytest

from app.intake.readers.document import Document, NoteCode
from app.intake.readers.layout import Fragment, arrange
from app.intake.readers.reading import read_file
from tests.intake.files import pdf

PARTS = [
    "First the head of the section tells who is in danger and since when exactly it has been so.",
    "Then it goes on to name the officials who have it in their hands to end the danger at once.",
    "At last it says until which day letters may be sent and which languages are read over there.",
]
WORDS = [
    "alpha",
    "beta",
    "gamma",
    "delta",
    "epsilon",
    "zeta",
    "eta",
    "theta",
    "iota",
    "kappa",
    "lambda",
    "mu",
]
TWELVE = "\n\n".join(
    f"Paragraph number {n}. {word} {PARTS[n % 3]} {word * 2} to the end of it."
    for n, word in enumerate(WORDS, 1)
)
PAGES = f"""
#set page(width: 14cm, height: 12cm, margin: 1.6cm, header: [Index: EUR 57/5360/2022], footer: align(center)[#context counter(page).display("1 of 1", both: true)])
#set text(size: 10pt, hyphenate: false)
= Free Ada Prisoner
{TWELVE}
A word that is cut: pre-\\
occupied, and vice-\\
president as well as vice-president.#footnote[The note says more of it.]
"""
COLUMNS = f"""
#set page(width: 21cm, height: 20cm, margin: 2cm)
#set text(size: 10pt, hyphenate: false)
= Two columns
#columns(2)[
LEFTSTART #range(7).map(n => "{PARTS[0]}").join(" ") LEFTEND
#colbreak()
RIGHTSTART #range(7).map(n => "{PARTS[1]}").join(" ") RIGHTEND
]
"""
TABLE = """
#set page(width: 18cm, height: 12cm, margin: 2cm)
#table(columns: (4cm, 10cm), stroke: none,
  [Name:], [Alma Example of the Ministry of Justice], [Fax:], [+41 22 555 01 23 in office hours only],
  [E-mail:], [minister\\@example.org or the secretariat], [Address:], [Main Street 1, 1000 Town, Country],
  [Phone:], [+41 22 555 01 24 from nine to twelve], [Form:], [https://www.example.org/contact/form])
"""


@pytest.fixture(scope="module")
def pages() -> Document:
    return read_file(pdf(PAGES))


def test_heads_stand_once_and_page_numbers_nowhere(pages: Document) -> None:
    assert pages.text.count("EUR 57/5360/2022") == 1
    assert " of 2" not in pages.text
    assert " of 3" not in pages.text
    assert NoteCode.HEADS_REMOVED in {note.code for note in pages.notes}


def test_words_cut_at_the_margin_are_whole_and_those_with_a_hyphen_keep_it(pages: Document) -> None:
    assert "preoccupied, and" in pages.text.replace("\n", " ")
    assert pages.text.count("vice-president") == 2


def test_a_note_stands_at_the_end_and_its_figure_not_in_the_word(pages: Document) -> None:
    assert "president.\n" in pages.text + "\n"
    assert pages.text.rstrip().endswith("The note says more of it.")


def test_paragraphs_are_parted(pages: Document) -> None:
    assert "since when" in pages.text
    assert "\n\nParagraph number 2." in pages.text


def test_two_columns_are_read_down_one_after_the_other() -> None:
    found = read_file(pdf(COLUMNS))
    order = [
        found.text.index(word) for word in ("Two columns", "LEFTSTART", "LEFTEND", "RIGHTSTART")
    ]
    assert order == sorted(order)
    assert found.text.rstrip().endswith("RIGHTEND")
    assert NoteCode.COLUMNS in {note.code for note in found.notes}
    for part in PARTS[:2]:
        assert part in " ".join(found.text.split())


def test_labels_beside_their_values_are_read_across() -> None:
    found = read_file(pdf(TABLE))
    assert "Fax:   +41 22 555 01 23 in office hours only" in found.text
    assert NoteCode.COLUMNS not in {note.code for note in found.notes}


def test_a_page_of_pieces_that_lie_anywhere_still_gives_each_of_them() -> None:
    pieces = [
        Fragment(float(n * 37 % 400), float(n * 53 % 600), 450.0, 0.1, f"w{n}") for n in range(50)
    ]
    said = " ".join(arrange(pieces).lines)
    assert all(f"w{n}" in said for n in range(50))
