from __future__ import annotations

from dataclasses import replace

import pytest

from app.letters.limits import fitted_text, sentences
from app.letters.render import Paragraph, ParagraphKind
from tests.letters.pdf import A_LETTER


def length(text: str) -> int:
    """As a web form counts: a line break is sent as two characters."""
    return len(text.rstrip("\n").replace("\n", "\r\n"))


def test_a_letter_that_fits_is_not_touched() -> None:
    whole = fitted_text(A_LETTER, length(A_LETTER.as_text()))
    assert (whole.text, whole.left_out, whole.fits) == (A_LETTER.as_text(), (), True)
    assert fitted_text(A_LETTER).text == A_LETTER.as_text()


def test_one_character_less_leaves_a_whole_sentence_out_and_says_which() -> None:
    cut = fitted_text(A_LETTER, length(A_LETTER.as_text()) - 1)
    assert cut.left_out == ("Thank you.",)
    assert cut.fits


def test_every_cut_keeps_the_demands_and_ends_at_a_sentence() -> None:
    everything = {
        "Ada was arrested.",
        "She is held in Example City.",
        "I am a teacher.",
        "Thank you.",
    }
    shortest = fitted_text(A_LETTER, 0)
    for limit in range(length(shortest.text), length(A_LETTER.as_text()) + 1):
        cut = fitted_text(A_LETTER, limit)
        assert cut.fits
        assert length(cut.text) <= limit
        for kept in ("Your Excellency,", "1. Please release her.", "2. Please drop the charges."):
            assert kept in cut.text
        assert cut.text.endswith("Sam Supporter\n")
        assert {one for one in everything if one not in cut.text} == set(cut.left_out)


def test_the_writers_own_words_are_the_last_to_go() -> None:
    bare = fitted_text(A_LETTER, 0)
    own = fitted_text(A_LETTER, length(bare.text) + len("\r\n\r\nI am a teacher."))
    assert "I am a teacher." in own.text
    assert "Ada was arrested." in own.left_out


def test_a_limit_below_the_demands_is_said_and_they_stay() -> None:
    cut = fitted_text(A_LETTER, 20)
    assert not cut.fits
    assert "Please release her." in cut.text
    assert "I am a teacher." in cut.left_out


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("One. Two! Three?", ["One.", "Two!", "Three?"]),
        ("Mr. J. Mamai waits. He is ill.", ["Mr. J. Mamai waits.", "He is ill."]),
        ("هل هذا عدل؟ نعم.", ["هل هذا عدل؟", "نعم."]),
        ("我写信给您。请释放他。", ["我写信给您。", "请释放他。"]),
        ("No end", ["No end"]),
    ],
)
def test_sentences_end_where_readers_see_them_end(text: str, found: list[str]) -> None:
    assert sentences(text) == found


def test_chinese_sentences_are_joined_without_a_space() -> None:
    letter = replace(
        A_LETTER,
        language="zh",
        paragraphs=(
            Paragraph(ParagraphKind.TEXT, "一。二。三三三三三三三三三三三三三三三三三三。"),
            Paragraph(ParagraphKind.DEMAND, "四。"),
        ),
    )
    cut = fitted_text(letter, length(letter.as_text()) - 1)
    assert "一。二。\n" in cut.text
