"""Many letters in one mail: what it says in twelve languages, and how large its file may be."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from app.letters.digest import FILE_AT_MOST, covering, gather
from app.letters.frames import languages_with_frames, words_round
from app.letters.handing import Cover
from app.letters.render import FinishedLetter
from tests.letters.pdf import A_LETTER, page_texts, tool

TWELVE = ("en", "fr", "es", "de", "it", "pt", "ru", "uk", "pl", "ar", "fa", "tr")


def a_cover(language: str = "en") -> Cover:
    return Cover(language, ("The Ministry",), "Example Organisation", "Release Ada", 0, "a day")


def letters(count: int) -> Iterator[FinishedLetter]:
    return (replace(A_LETTER, writer=f"Writer {number}") for number in range(count))


@pytest.mark.parametrize("language", TWELVE)
def test_each_language_has_a_covering_text_of_its_own(language: str) -> None:
    assert language in languages_with_frames()
    words = words_round(language)["digest"]
    assert set(words) == {"subject", "why", "file", "names", "ask"}
    assert words["subject"].count("{campaign}") == 1
    said = covering(
        a_cover(language), ["Ada", "Bo"], salutation="Dear Minister,", closing="Respectfully,"
    )
    assert "Release Ada" in said.subject
    parts = said.text.strip().split("\n\n")
    assert parts[0] == "Dear Minister,"
    assert parts[-2:] == ["Respectfully,", "Example Organisation"]
    assert [line.partition(". ")[2] for line in parts[5].split("\n")] == ["Ada", "Bo"]
    assert "{" not in said.text
    if language != "en":
        english = words_round("en")["digest"]
        assert not set(words.values()) & set(english.values())


def test_figures_are_those_of_the_language_and_nobody_adds_a_line() -> None:
    said = covering(a_cover("fa"), ["Ada\nBcc: x"], salutation="", closing="")
    assert "۱. Ada Bcc: x" in said.text


def test_a_file_holds_a_cover_with_the_true_number_the_letters_and_the_list() -> None:
    gathered = gather(a_cover(), letters(3))
    texts = page_texts(gathered.content)
    assert "Number of letters: 3" in texts[0]
    assert [f"Writer {n}" in texts[n + 1] for n in range(3)] == [True] * 3
    assert texts[-1] == "List of the letters 1. Writer 0 2. Writer 1 3. Writer 2"
    assert gathered.letters == (0, 1, 2)
    assert gathered.names == ("Writer 0", "Writer 1", "Writer 2")
    assert gathered.broken == ()
    assert gather(a_cover(), letters(3)).content == gathered.content, "the same bytes each time"


def test_what_does_not_fit_is_left_out_and_the_cover_knows(tmp_path: Path) -> None:
    at_most = 400_000
    gathered = gather(a_cover(), letters(150), at_most=at_most)
    assert 0 < len(gathered.letters) < 150
    assert len(gathered.content) <= at_most
    assert f"Number of letters: {len(gathered.letters)}" in page_texts(gathered.content)[0]
    assert "No syntax or stream encoding errors" in tool(
        "qpdf", gathered.content, tmp_path, "--check"
    )


def test_one_group_leaves_even_where_it_is_larger_than_the_limit() -> None:
    assert len(gather(a_cover(), letters(60), at_most=1).letters) == 50


@pytest.mark.long
@pytest.mark.timeout(900)
def test_two_thousand_letters_fit_into_one_file_that_mail_servers_take(tmp_path: Path) -> None:
    gathered = gather(a_cover(), letters(2_000))
    assert len(gathered.letters) == 2_000
    assert len(gathered.content) < FILE_AT_MOST
    assert "No syntax or stream encoding errors" in tool(
        "qpdf", gathered.content, tmp_path, "--check"
    )
