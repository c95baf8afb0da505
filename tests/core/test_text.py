"""What may stand in a typed text: every name of the world, and nothing that deceives."""

from __future__ import annotations

import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.text import (
    BadCharacters,
    clean_line,
    clean_text,
    first_direction,
    fold,
    graphemes,
    has_direction,
    isolated,
)

# Everything a keyboard gives; what is refused is listed below, one by one.
LETTERS = st.text(
    st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp", "Co", "Cf", "Mn"), codec="utf-8")
)


@pytest.mark.parametrize(
    "name",
    [
        "Sam Åström",
        "O'Brien-Łukasiewicz",
        "Жанболат Мамай",
        "محمد علی",
        "نیم‌فاصله",  # with the zero-width non-joiner that Persian needs
        "שָׁלוֹם",
        "クイズ 太郎",
        "नरेन्द्र",
        "María José Ñandú",
        "X Æ A-12",
        "👩‍🚒 Kim",
        "Nguyễn Thị Ánh",
    ],
)
def test_names_of_the_world_pass(name: str) -> None:
    assert clean_line(name) == unicodedata.normalize("NFC", name)


@pytest.mark.parametrize(
    "bad",
    [
        "Sam\r\nBcc: x@example.org",
        "Sam\nBcc: x@example.org",
        "Sam\x00",
        "Sam\x1b[31m",
        "Sam\x7f",
        "Sam\x85next line",
        "Sam\u2028line",
        "Sam\u2029paragraph",
        "Sam\ud800",
        "Sam \u202egnp.exe",
        "\u2066Sam\u2069",
        "Sam\u200f",
        "Sam\ue000",
        "X" + "\u0301" * 5,
        "=?utf-8?q?a=0D=0ABcc=3A_x=40evil=2Eexample?=",
        "=?UTF-8?B?QmNjOg==?=",
        "hello =?iso-8859-1?Q?x?= there",
    ],
)
def test_what_deceives_is_refused_in_a_line(bad: str) -> None:
    with pytest.raises(BadCharacters):
        clean_line(bad)


@pytest.mark.parametrize("bad", ["a\nb\x00", "a\n\u202eb", "a\n=?utf-8?q?x?=", "a\n\ud800"])
def test_what_deceives_is_refused_in_every_line_of_a_text(bad: str) -> None:
    with pytest.raises(BadCharacters):
        clean_text(bad)


def test_a_line_is_folded() -> None:
    assert clean_line("  Sam\t \u00a0Åström\u3000 ") == "Sam Åström"
    assert clean_line("e\u0301") == "é"


def test_the_lines_of_a_text_stay() -> None:
    assert clean_text(" one \r\n\r\n two\tthree\rfour \n") == "one\n\ntwo three\nfour"


def test_four_marks_on_one_letter_are_still_a_script() -> None:
    assert clean_line("a" + "\u0316" * 4)


@given(LETTERS)
def test_cleaning_twice_changes_nothing_more(typed: str) -> None:
    try:
        once = clean_line(typed)
    except BadCharacters:
        return
    assert clean_line(once) == once
    assert clean_text(once) == once


@given(st.text())
def test_no_line_break_and_no_control_gets_through(typed: str) -> None:
    try:
        cleaned = clean_line(typed)
    except BadCharacters:
        return
    assert cleaned == cleaned.strip()
    assert len(cleaned.splitlines()) <= 1
    assert not any(unicodedata.category(letter) in ("Cc", "Cs") for letter in cleaned)
    cleaned.encode()


@pytest.mark.parametrize(
    ("one", "other"),
    [("Sam  ÅSTRÖM", "sam åström"), ("ﬁle", "FILE"), ("Straße", "STRASSE"), ("e\u0301", "É")],
)
def test_spellings_of_one_name_are_one(one: str, other: str) -> None:
    assert fold(one) == fold(other)


def test_different_names_stay_different() -> None:
    assert fold("Astrom") != fold("Åström")


@pytest.mark.parametrize(
    ("text", "letters"),
    [
        ("Sam", 3),
        ("e\u0301", 1),
        ("क्षत्रिय", 3),
        ("กำแพง", 4),
        ("\u1112\u1161\u11ab", 1),
        ("한국", 2),
        ("👨‍👩‍👧‍👦", 1),
        ("🇫🇷", 1),
        ("葛\U000e0100", 1),
        ("שָׁלוֹם", 4),
    ],
)
def test_letters_are_counted_as_readers_see_them(text: str, letters: int) -> None:
    assert graphemes(text) == letters


@pytest.mark.parametrize("unseen", ["\u200b", "\ufeff", "\u00ad", "\u2060", "\U000e0041"])
def test_what_nobody_sees_is_dropped_and_not_kept(unseen: str) -> None:
    assert clean_line(f"Sam{unseen} Åström") == "Sam Åström"


def test_a_character_that_got_lost_is_refused() -> None:
    with pytest.raises(BadCharacters):
        clean_line("Sam\ufffd")


@pytest.mark.parametrize(
    ("text", "first", "held_in"),
    [
        ("Sam Åström", "ltr", {"rtl"}),
        ("Sam مريم", "ltr", {"ltr", "rtl"}),
        ("مريم", "rtl", {"ltr"}),
        ("12/5 · שרה", "rtl", {"ltr"}),
        ("12/5", "", set()),
        ("", "", set()),
    ],
)
def test_only_what_holds_another_direction_is_isolated(
    text: str, first: str, held_in: set[str]
) -> None:
    assert first_direction(text) == first
    for direction in ("ltr", "rtl"):
        held = f"\u2068{text}\u2069" if direction in held_in else text
        assert isolated(text, direction) == held


def test_no_letter_from_right_to_left_is_overlooked() -> None:
    for number in range(sys.maxunicode + 1):
        if unicodedata.bidirectional(chr(number)) in ("R", "AL"):
            assert has_direction(chr(number), "rtl"), hex(number)
