from __future__ import annotations

from datetime import date

import pytest

from app.letters.placeholders import PLACEHOLDERS
from app.letters.render import (
    Answers,
    FinishedLetter,
    LetterSource,
    Paragraph,
    ParagraphKind,
    Recipient,
    render,
)
from app.letters.rules import TemplateRefused

BODY = """I write to you about {{ person_name }},
who is in prison.

{{ own_sentence }}

I ask you, {{ target_role }}:

{{ demands }}

Thank you."""
TEXT, OWN, DEMAND = ParagraphKind.TEXT, ParagraphKind.OWN, ParagraphKind.DEMAND
PRESIDENT = Recipient(
    role="President of Example",
    name="Alma Example",
    institution="",
    salutation="Your Excellency,",
    closing="Yours respectfully,",
    address=("1 Palace Square", "1000 Example City"),
)
DAY = date(2026, 11, 21)
HOSTILE = [
    "{{ writer_name }}",
    "{{ demands }}",
    "{% for x in range(9) %}x{% endfor %}",
    "{{ 7 * 7 }}",
    "{# gone #}",
    "{% raw %}",
    "}}",
    "<script>alert(1)</script> & so on",
    "#set page(width: 1cm)",
    "$x^2$ *bold* _it_ @ref <label> \\ // comment",
]


def letter(
    *,
    body: str = BODY,
    subject: str = "Release {{ person_name }}",
    language: str = "en",
    recipient: Recipient = PRESIDENT,
    own: str = "I am a teacher.",
    writer: str = "Sam Supporter",
    demands: tuple[str, ...] = ("Please release her.",),
    people: tuple[str, ...] = ("Ada Prisoner",),
) -> FinishedLetter:
    return render(
        LetterSource("1", language, subject, body),
        recipient,
        Answers(writer, "Switzerland", own),
        demands=demands,
        people=people,
        on=DAY,
    )


def kinds(finished: FinishedLetter) -> list[ParagraphKind]:
    return [paragraph.kind for paragraph in finished.paragraphs]


def test_a_letter_is_filled_and_knows_who_speaks_in_each_paragraph() -> None:
    assert letter() == FinishedLetter(
        language="en",
        direction="ltr",
        date="21 November 2026",
        address=(
            "Alma Example",
            "President of Example",
            "1 Palace Square",
            "1000 Example City",
        ),
        salutation="Your Excellency,",
        subject="Release Ada Prisoner",
        paragraphs=(
            Paragraph(TEXT, "I write to you about Ada Prisoner, who is in prison."),
            Paragraph(OWN, "I am a teacher."),
            Paragraph(TEXT, "I ask you, President of Example:"),
            Paragraph(DEMAND, "Please release her."),
            Paragraph(TEXT, "Thank you."),
        ),
        closing="Yours respectfully,",
        writer="Sam Supporter",
    )


def test_as_text_is_the_letter_from_salutation_to_name() -> None:
    assert letter().as_text() == (
        "Your Excellency,\n\nI write to you about Ada Prisoner, who is in prison.\n\n"
        "I am a teacher.\n\nI ask you, President of Example:\n\nPlease release her.\n\n"
        "Thank you.\n\nYours respectfully,\n\nSam Supporter\n"
    )


def test_several_demands_are_numbered_and_each_is_kept() -> None:
    asked = tuple(f"Please do thing {number}." for number in range(1, 13))
    finished = letter(demands=asked)
    assert tuple(part.text for part in finished.paragraphs if part.kind is DEMAND) == asked
    text = finished.as_text()
    assert "\n\n1. Please do thing 1.\n\n2. Please do thing 2.\n\n" in text
    assert "\n\n12. Please do thing 12.\n\n" in text


@pytest.mark.parametrize("own", ["", "   ", "\n\n\t", "\u00a0", "\u200b\u202e"])
def test_an_empty_sentence_leaves_no_paragraph(own: str) -> None:
    assert kinds(letter(own=own)) == [TEXT, TEXT, DEMAND, TEXT]


@pytest.mark.parametrize("text", HOSTILE)
def test_what_a_supporter_writes_is_never_read_as_a_template(text: str) -> None:
    finished = letter(own=text, writer=text, people=(text,), demands=(text,))
    assert finished.paragraphs[1] == Paragraph(OWN, text)
    assert finished.paragraphs[3] == Paragraph(DEMAND, text)
    assert finished.writer == text
    assert finished.subject == f"Release {text}"


@pytest.mark.parametrize(
    "gap", ["\n\n", "\r\n\r\n", "\r\r", "\u2029", "\u2028\u2028", "\x85", "\f"]
)
def test_values_with_blank_lines_cannot_make_or_join_paragraphs(gap: str) -> None:
    split = f"one{gap}two"
    office = Recipient(split, split, split, split, split, (split, ""))
    finished = letter(own=split, writer=split, people=(split,), demands=(split,), recipient=office)
    assert kinds(finished) == [TEXT, OWN, TEXT, DEMAND, TEXT]
    assert finished.paragraphs[1].text == "one two"
    assert finished.paragraphs[3].text == "one two"
    assert finished.subject == "Release one two"
    assert finished.salutation == finished.closing == finished.writer == "one two"
    assert finished.address == ("one two",)
    assert finished.as_text().count("\n\n") == 7


def test_a_paragraph_of_an_empty_value_vanishes() -> None:
    body = BODY + "\n\n{{ target_institution }}\n\nEnd of {{ writer_country }}."
    assert [part.text for part in letter(body=body).paragraphs][-2:] == [
        "Thank you.",
        "End of Switzerland.",
    ]


def test_an_empty_value_inside_a_paragraph_does_not_split_it() -> None:
    body = BODY.replace("Thank you.", "To you\n{{ target_institution }}\nthank you.")
    assert letter(body=body).paragraphs[-1].text == "To you thank you."


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("blank", ["", "  ", "\t", "\u00a0"])
def test_paragraphs_are_cut_at_lines_that_look_blank(newline: str, blank: str) -> None:
    body = BODY.replace("\n\n", f"\n{blank}\n").replace("\n", newline)
    assert letter(body=body) == letter()


def test_spaces_are_folded_but_those_that_french_must_not_break_at_stay() -> None:
    finished = letter(own="Il  dit\u00a0:\n «\u202foui\u202f»")
    assert finished.paragraphs[1].text == "Il dit\u00a0: «\u202foui\u202f»"


def test_characters_that_hide_or_turn_text_are_dropped() -> None:
    finished = letter(own="a\x00b\u202ec\ud800d\u2066e\ufefff", writer="Sam\x1b[31m")
    assert finished.paragraphs[1].text == "abcdef"
    assert finished.writer == "Sam[31m"


def test_text_is_composed_so_that_equal_names_are_equal() -> None:
    assert letter(writer="E\u0301va").writer == "\u00c9va"


def test_letters_of_joined_scripts_keep_their_joiners() -> None:
    assert letter(own="می\u200cخواهم").paragraphs[1].text == "می\u200cخواهم"


@pytest.mark.parametrize(
    ("language", "day", "names", "direction"),
    [
        ("en", "21 November 2026", "Ada, Ben and Cy", "ltr"),
        ("fr", "21 novembre 2026", "Ada, Ben et Cy", "ltr"),
        ("ru", "21 ноября 2026 г.", "Ada, Ben и Cy", "ltr"),
        ("kk", "2026 ж. 21 қараша", "Ada, Ben, Cy", "ltr"),
        ("ar", "21 نوفمبر 2026", "Ada وBen وCy", "rtl"),
    ],
)
def test_date_names_and_direction_are_those_of_the_letters_language(
    language: str, day: str, names: str, direction: str
) -> None:
    body = "{{ person_name }}\n\n{{ own_sentence }}\n\n{{ demands }}"
    finished = letter(language=language, body=body, people=("Ada", "Ben", "Cy"))
    assert " ".join(finished.date.replace("\u200f", "").split()) == day
    assert finished.paragraphs[0].text == names
    assert finished.direction == direction


def test_every_placeholder_has_a_value() -> None:
    alone = ("own_sentence", "demands", "writer_about")
    free = [place.name for place in PLACEHOLDERS if place.name not in alone]
    line = " | ".join(f"{{{{ {name} }}}}" for name in free)
    holes = "\n\n".join(f"{{{{ {name} }}}}" for name in alone)
    finished = letter(body=f"{line}\n\n{holes}")
    assert finished.paragraphs[0].text == (
        "Your Excellency, | Yours respectfully, | President of Example | Alma Example | | "
        "Sam Supporter | Switzerland | | Ada Prisoner | Ada Prisoner | 21 November 2026"
    )


def test_the_writers_words_are_taken_into_any_paragraph_and_the_subject() -> None:
    finished = render(
        LetterSource(
            "1",
            "en",
            "100 % {{ writer_name }} of {{ writer_town }}",
            "{{ writer_about }}\n\n{{ own_sentence }}\n\n{{ demands }}\n\n"
            "{{ writer_name }}, {{ writer_town }}  ({{ writer_country }}), 50 %",
        ),
        PRESIDENT,
        Answers("Zoe\u0301 %(date)s", "Chad", "", "Bern", "I teach."),
        demands=("Please.",),
        people=(),
        on=DAY,
    )
    assert finished.subject == "100 % Zoé %(date)s of Bern"
    assert [part.text for part in finished.paragraphs] == [
        "I teach.",
        "Please.",
        "Zoé %(date)s, Bern (Chad), 50 %",
    ]


def test_a_hole_that_the_writer_leaves_empty_leaves_no_double_space() -> None:
    body = BODY + "\n\nFrom {{ writer_town }} with hope.\n\n{{ writer_about }}"
    assert letter(body=body).paragraphs[-1].text == "From with hope."


def test_a_value_and_the_text_behind_it_are_composed_together() -> None:
    body = BODY + "\n\n{{ writer_name }}\u0301"
    assert letter(body=body, writer="Zoe").paragraphs[-1].text == "Zoé"


def test_one_writers_words_never_stand_in_the_next_ones_letter() -> None:
    body = BODY + "\n\nI am {{ writer_name }}."
    first, second = letter(body=body, writer="Sam"), letter(body=body, writer="Max", own="")
    assert first.paragraphs[-1].text == "I am Sam."
    assert second.paragraphs[-1].text == "I am Max."
    assert "Sam" not in second.as_text()
    assert OWN not in kinds(second)


@pytest.mark.parametrize(
    ("language", "writer", "begun"),
    [
        ("en", "ida", "Ida writes."),
        ("tr", "ida", "İda writes."),
        ("en", "ǆ", "ǅ writes."),
        ("ka", "ანა", "ანა writes."),
        ("en", "", "writes."),
    ],
)
def test_a_hole_can_begin_a_sentence(language: str, writer: str, begun: str) -> None:
    body = BODY + "\n\n{{ writer_name | upper_first }} writes.\n\n{{date|upper_first}} {{ date }}"
    finished = letter(body=body, language=language, writer=writer)
    assert finished.paragraphs[-2].text == begun


def test_a_value_of_the_campaign_can_begin_a_sentence() -> None:
    body = BODY + "\n\n{{ target_role | upper_first }}!"
    office = Recipient("la ministre", "", "", "Madame,", "Merci", ())
    assert letter(body=body, recipient=office).paragraphs[-1].text == "La ministre!"


def test_marks_of_our_own_in_a_template_or_a_value_are_no_holes() -> None:
    mark = "\x0ewriter_name\x0e"
    finished = letter(
        body=BODY.replace("Thank you.", f"a{mark}b"), subject=f"c{mark}", people=(mark,)
    )
    assert finished.paragraphs[-1].text == "a writer_name b"
    assert finished.subject == "c writer_name"
    assert finished.paragraphs[0].text.startswith("I write to you about writer_name,")


def test_japanese_names_keep_the_selectors_that_tell_them_apart() -> None:
    assert letter(writer="葛\U000e0100城").writer == "葛\U000e0100城"


def test_an_office_is_named_once_on_the_envelope() -> None:
    office = Recipient(
        "Minister",
        "",
        "Ministry of Justice",
        "Dear",
        "Yours",
        ("MINISTRY OF JUSTICE", "X"),
    )
    assert letter(recipient=office).address == ("Minister", "MINISTRY OF JUSTICE", "X")


def test_a_stored_template_that_breaks_the_rules_is_not_filled() -> None:
    with pytest.raises(TemplateRefused):
        letter(body=BODY + "{{ writer_name.upper() }}")
    with pytest.raises(TemplateRefused):
        letter(body="Only words, and nothing is asked.")
    with pytest.raises(TemplateRefused):
        letter(subject="{{ 9**9 }}")


def test_another_text_under_the_same_version_is_not_taken_from_memory() -> None:
    letter()
    assert (
        letter(body=BODY.replace("Thank you.", "Many thanks.")).paragraphs[-1].text
        == "Many thanks."
    )


def test_a_name_of_120_graphemes_comes_through_whole() -> None:
    name = "Ə" * 119 + "ы"
    assert letter(writer=name).writer == name
