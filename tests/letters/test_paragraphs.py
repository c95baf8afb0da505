from __future__ import annotations

from app.letters.declarations import freeze_variants
from app.letters.paragraphs import (
    links_in_order,
    paragraph_ids,
    stale_paragraphs,
    untranslated_paragraphs,
)
from app.letters.render import LetterSource

BODY = "She was held on 2 May.\n\n{{ own_sentence }}\n\n{{ demands }}\n\nThank you."
SOURCE = LetterSource("1", "en", "Subject", BODY)
RUSSIAN = LetterSource("1", "ru", "Т", "Раз.\n\n{{ own_sentence }}\n\n{{ demands }}\n\nДва.")
LINKS = links_in_order(RUSSIAN, SOURCE)


def source(body: str) -> LetterSource:
    return LetterSource("2", "en", "Other", body)


def test_a_paragraph_keeps_its_id_as_long_as_it_keeps_its_words() -> None:
    laid_out = BODY.replace("She was held", "She  was\nheld").replace("\n\n", "\r\n \r\n")
    assert paragraph_ids(source(laid_out)) == paragraph_ids(SOURCE)
    assert len(set(paragraph_ids(SOURCE))) == 4


def test_a_changed_fact_marks_the_paragraph_that_says_it() -> None:
    changed = source(BODY.replace("2 May", "3 May"))
    assert stale_paragraphs(LINKS, SOURCE) == []
    assert stale_paragraphs(LINKS, changed) == [0]
    assert untranslated_paragraphs(LINKS, changed) == [0]


def test_a_paragraph_that_only_moved_is_not_out_of_date() -> None:
    moved = source("Thank you.\n\n{{ own_sentence }}\n\n{{ demands }}\n\nShe was held on 2 May.")
    assert stale_paragraphs(LINKS, moved) == []


def test_a_dropped_paragraph_and_a_new_one_are_told() -> None:
    other = source(BODY.replace("Thank you.", "New fact.\n\nAnother."))
    assert stale_paragraphs(LINKS, other) == [3]
    assert untranslated_paragraphs(LINKS, other) == [3, 4]


def test_a_translators_own_paragraph_is_never_out_of_date() -> None:
    assert stale_paragraphs(["", *LINKS], source("Nothing as before.")) == [1, 2, 3, 4]


def test_paragraphs_are_not_linked_by_guess() -> None:
    longer = LetterSource("1", "ru", "Т", RUSSIAN.body + "\n\nТри.")
    assert links_in_order(longer, SOURCE) == ("",) * 5


def test_one_changed_variant_marks_its_place() -> None:
    body = BODY.replace("Thank you.", "{{ closing_line }}")

    def with_variants(*texts: str) -> LetterSource:
        variants = freeze_variants({"closing_line": texts})
        return LetterSource("1", "en", "s", body, (), variants)

    links = paragraph_ids(with_variants("Thanks.", "Thank you."))
    assert stale_paragraphs(links, with_variants("Thanks.", "Thank you.")) == []
    assert stale_paragraphs(links, with_variants("Thanks.", "Many thanks.")) == [3]
