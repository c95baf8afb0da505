"""Whatever a text is, it is cleaned once and for all and read in time."""

from __future__ import annotations

import time
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.text import clean_text
from app.intake.parsing import read_action
from app.intake.readers.cleaning import clean
from app.intake.readers.document import CHARACTERS_AT_MOST, Unreadable

# Of the processor, on a busy machine; two on an idle one.
SECONDS_AT_MOST = 4.0
ABSURD = {
    "one word": "a",
    "one number": "1",
    "initials": "A. ",
    "brackets": "[",
    "addresses": "a@b.example, ",
    "numbers": "+7 (717) 274-56-31, ",
    "lines": "\n",
}


@given(st.text(max_size=300))
def test_a_clean_text_is_clean(text: str) -> None:
    """The page sends it back, and every passage must still be where it was."""
    try:
        once = clean(text)
    except Unreadable:
        return
    assert clean(once) == once
    assert clean(once.replace("\n", "\r\n")) == once
    clean_text(once)  # no field that is filled from it is refused for its characters


def test_a_picture_in_a_text_is_no_text() -> None:
    inside = f"Write ![flag](data:image/png;base64,{'iVBOR' * 40_000}) to the minister"
    assert clean(inside) == "Write ![flag](data:) to the minister"


@pytest.mark.parametrize("name", ABSURD)
def test_an_absurd_text_is_read_in_time(name: str) -> None:
    text = (ABSURD[name] * CHARACTERS_AT_MOST)[:CHARACTERS_AT_MOST]
    began = time.process_time()
    found = read_action(text, today=date(2026, 11, 25))
    assert time.process_time() - began < SECONDS_AT_MOST
    assert not found.is_action
