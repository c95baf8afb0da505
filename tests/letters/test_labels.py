from __future__ import annotations

import io

import pytest
from pypdf import PdfReader

from app.letters.labels import print_envelope, print_labels
from app.letters.paper import Paper
from tests.letters.pdf import MM, page_texts, positions


def labels(count: int, paper: Paper = Paper.A4) -> bytes:
    addresses = [(f"Office {number}", "1 Palace Square", "City") for number in range(count)]
    return print_labels(addresses, title="Labels", language="en", paper=paper)


@pytest.mark.parametrize(
    ("paper", "pitch", "begin", "a_page"),
    [
        (Paper.A4, (70, 37), (0, 0.5), 24),
        (Paper.US_LETTER, (69.85, 25.4), (4.7625, 12.7), 30),
    ],
)
def test_each_address_stands_on_its_label(
    paper: Paper, pitch: tuple[float, float], begin: tuple[float, float], a_page: int
) -> None:
    printed = labels(a_page + 1, paper)
    places = positions(printed)
    for number in range(a_page):
        x, y = places[f"Office {number}"]
        left = begin[0] + number % 3 * pitch[0]
        top = begin[1] + number // 3 * pitch[1]
        assert left + 2 < x < left + pitch[0]
        assert top + 3 < y < top + pitch[1] - 6
    first, second = page_texts(printed)
    assert f"Office {a_page}" not in first
    assert f"Office {a_page}" in second


def test_a_long_address_shrinks_and_stays_on_its_label() -> None:
    long = tuple(f"Line {number} of an address" for number in range(9))
    places = positions(print_labels([long], title="Labels", language="en"))
    assert max(y for _x, y in places.values()) < 37
    assert min(y for _x, y in places.values()) > 1


@pytest.mark.parametrize(
    ("paper", "size", "left", "top"),
    [(Paper.A4, (220, 110), 110, 55), (Paper.US_LETTER, (241.3, 104.8), 101.6, 50.8)],
)
def test_an_envelope_has_the_address_in_its_lower_half_and_the_sender_above(
    paper: Paper, size: tuple[float, float], left: float, top: float
) -> None:
    printed = print_envelope(
        ("Office", "City"), title="Envelope", language="en", sender=("Sam", "Bern"), paper=paper
    )
    box = PdfReader(io.BytesIO(printed)).pages[0].mediabox
    assert (float(box.width) / MM, float(box.height) / MM) == pytest.approx(size, abs=0.2)
    places = positions(printed)
    assert places["Office"][0] == pytest.approx(left, abs=0.5)
    assert top < places["Office"][1] < top + 6
    assert places["Sam"] < (20, 20)


def test_without_a_sender_the_envelope_names_the_office_alone() -> None:
    assert page_texts(print_envelope(("Office",), title="x", language="en")) == ["Office"]


def test_a_character_without_a_glyph_does_not_stop_a_label() -> None:
    assert page_texts(print_labels([("𓀀 Street",)], title="x", language="en")) == ["(?) Street"]
