"""Beside each paragraph of a letter stands what it says, and nothing stands there by chance."""

from __future__ import annotations

from dataclasses import replace

from app.letters.beside import Row, passage_ids, side_by_side, with_edits
from app.letters.own_words import body_to_edit, with_body
from app.letters.paragraphs import links_in_order
from app.letters.render import FinishedLetter, LetterSource
from tests.letters.test_render import letter

ENGLISH = """First.

{{ own_sentence }}

I ask you:

{{ demands }}

Thank you."""
FRENCH = (
    ENGLISH.replace("First", "Un").replace("I ask you", "Je demande").replace("Thank you", "Merci")
)
ASKED = ("Release her.", "Drop the charges.")
DEMANDES = ("Libérez-la.", "Abandonnez les poursuites.")
Said = list[tuple[str, str]]


def both(english: str = ENGLISH, french: str = FRENCH, own: str = "Me.") -> list[Row]:
    """The French letter with English beside it, linked where paragraphs are as many."""
    source, translation = source_of("en", english), source_of("fr", french)
    links = links_in_order(source, translation)
    ids = (passage_ids(translation), passage_ids(source, links))
    return side_by_side(a_letter("fr", french, own), a_letter("en", english, own), ids)


def source_of(language: str, body: str) -> LetterSource:
    return LetterSource("1", language, "s", body)


def a_letter(language: str, body: str, own: str = "Me.") -> FinishedLetter:
    return letter(
        body=body,
        language=language,
        own=own,
        demands=ASKED if language == "en" else DEMANDES,
    )


def said(rows: list[Row]) -> Said:
    return [
        (
            " / ".join(one.text for one in row.letter),
            " / ".join(one.text for one in row.translation),
        )
        for row in rows
    ]


def test_every_paragraph_has_beside_it_what_it_says() -> None:
    rows = both()
    assert said(rows) == [
        ("Un.", "First."),
        ("Me.", "Me."),
        ("Je demande:", "I ask you:"),
        ("1. Libérez-la.", "1. Release her."),
        ("2. Abandonnez les poursuites.", "2. Drop the charges."),
        ("Merci.", "Thank you."),
    ]
    assert [row.is_same for row in rows] == [False, True, False, False, False, False]


def test_without_a_sentence_of_their_own_nothing_moves() -> None:
    assert said(both(own=""))[1] == ("Je demande:", "I ask you:")


def test_paragraphs_that_are_not_as_many_stand_together() -> None:
    rows = said(both(ENGLISH.replace("First.", "First.\n\nSecond.")))
    assert rows[0] == ("Un.", "First. / Second.")
    assert rows[1] == ("Me.", "Me.")
    assert rows[-1] == ("Merci.", "Thank you.")


def test_what_only_one_of_them_says_is_shown_on_its_side() -> None:
    rows = said(both(ENGLISH.replace("\n\nThank you.", "")))
    assert rows[-1] == ("Merci.", "")
    rows = said(both(french=FRENCH.replace("\n\nMerci.", "")))
    assert rows[-1] == ("", "Thank you.")
    assert len(rows) == 6


def test_links_are_followed_where_a_translator_has_moved_a_paragraph() -> None:
    moved = "Thank you.\n\n{{ own_sentence }}\n\nI ask you:\n\n{{ demands }}\n\nFirst."
    ids = passage_ids(source_of("fr", FRENCH))
    links = [ids[4], ids[1], ids[2], ids[3], ids[0]]
    rows = side_by_side(
        a_letter("fr", FRENCH),
        a_letter("en", moved),
        (ids, passage_ids(source_of("en", moved), links)),
    )
    assert said(rows)[0] == ("Un.", "First.")
    assert said(rows)[-1] == ("Merci.", "Thank you.")


def test_two_translations_of_one_source_know_each_other() -> None:
    source = source_of("ru", FRENCH)
    french, english = source_of("fr", FRENCH), source_of("en", ENGLISH)
    links = links_in_order(french, source)
    ids = (passage_ids(french, links), passage_ids(english, links))
    rows = side_by_side(a_letter("fr", FRENCH), a_letter("en", ENGLISH), ids)
    assert said(rows) == said(both())


def test_an_edited_letter_keeps_the_translation_of_what_was_left() -> None:
    model = a_letter("fr", FRENCH)
    edited = with_body(model, body_to_edit(model).replace("Je demande:", "Je vous en prie:"))
    rows = with_edits(both(), edited)
    assert said(rows) == [
        ("Un.", "First."),
        ("Me.", "Me."),
        ("Je vous en prie:", ""),
        ("1. Libérez-la.", "1. Release her."),
        ("2. Abandonnez les poursuites.", "2. Drop the charges."),
        ("Merci.", "Thank you."),
    ]
    assert [row.letter[0].passage for row in rows] == [0, 1, -1, 3, 3, 4]


def test_what_the_writer_dropped_is_not_said_any_more() -> None:
    model = a_letter("fr", FRENCH)
    rows = with_edits(both(), with_body(model, "Merci.\n\nUn."))
    assert said(rows) == [("Merci.", "Thank you."), ("Un.", "First.")]


def test_paragraphs_that_are_translated_together_are_kept_together_or_not_at_all() -> None:
    french = FRENCH.replace("Un.", "Un.\n\nDeux.")
    rows, model = both(french=french), a_letter("fr", french)
    assert said(rows)[0] == ("Un. / Deux.", "First.")
    assert said(with_edits(rows, with_body(model, "Un.\n\nDeux.\n\nMoi."))) == [
        ("Un. / Deux.", "First."),
        ("Moi.", ""),
    ]
    assert said(with_edits(rows, with_body(model, "Un.\n\nMoi."))) == [("Un.", ""), ("Moi.", "")]


def test_a_letter_without_paragraphs_has_only_what_the_other_says() -> None:
    empty = replace(a_letter("fr", FRENCH), paragraphs=())
    rows = side_by_side(empty, a_letter("en", ENGLISH), ((), passage_ids(source_of("en", ENGLISH))))
    assert said(rows)[0] == (
        "",
        "First. / Me. / I ask you: / 1. Release her. / 2. Drop the charges. / Thank you.",
    )
    assert with_edits(rows, empty) == []
