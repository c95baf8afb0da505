from __future__ import annotations

from dataclasses import replace

import pytest

from app.letters.frames import languages_with_frames, words_round
from app.letters.manners import languages_with_manners
from app.letters.render import Paragraph, ParagraphKind
from app.letters.spoken import phone_script
from tests.letters.pdf import A_LETTER


def test_a_caller_says_two_sentences_and_what_is_asked() -> None:
    assert phone_script(A_LETTER) == (
        "Good day, my name is Sam Supporter, and I am calling about this matter:"
        " Release Ada Prisoner.\n\n"
        "I respectfully ask you to take note of my request and to pass it on:\n\n"
        "1. Please release her.\n\n"
        "2. Please drop the charges.\n"
    )


def test_a_caller_need_not_give_a_name_and_one_demand_has_no_number() -> None:
    only = (Paragraph(ParagraphKind.DEMAND, "Please release her."),)
    said = phone_script(replace(A_LETTER, writer="", paragraphs=only))
    assert said.startswith("Good day, I am calling about")
    assert said.endswith("pass it on:\n\nPlease release her.\n")


def test_nothing_in_a_name_or_a_subject_is_a_hole() -> None:
    said = phone_script(replace(A_LETTER, writer="{subject}", subject="{name}"))
    assert "my name is {subject}" in said
    assert "matter: {name}." in said


def test_words_round_a_letter_are_there_for_every_language_with_manners() -> None:
    assert set(languages_with_frames()) == set(languages_with_manners())


@pytest.mark.parametrize("language", languages_with_frames())
def test_every_language_has_the_same_words_with_the_same_holes(language: str) -> None:
    model, words = words_round("en"), words_round(language)
    assert set(words) == set(model)
    for table in ("fax", "phone", "handing"):
        assert set(words[table]) == set(model[table])
        assert all(words[table].values())
    assert words["page"].count("{page}") == words["page"].count("{pages}") == 1
    for key in ("opening", "unnamed"):
        assert words["phone"][key].count("{subject}") == 1
    assert "{name}" in words["phone"]["opening"]
    assert "{name}" not in words["phone"]["unnamed"]


def test_a_language_without_words_of_its_own_borrows_english_ones() -> None:
    assert words_round("sw-KE") == words_round("en")
