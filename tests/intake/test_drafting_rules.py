"""What a reading becomes on its way into a draft: forms, letters, marks, offices, fields."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.authorities.models import Authority, ContactKind, ContactPoint, Office
from app.intake.agreement import writer_word
from app.intake.composing import DEMANDS, OWN_SENTENCE, letter_of
from app.intake.duplicates import find_offices
from app.intake.marks import pieces_of, shown_in
from app.intake.model import Caution, Found, FoundLetter, FoundTarget, Number, Reading
from app.intake.plan import Finding, Own, PlannedTarget, propose
from app.letters.declarations import check_source, freeze_forms

TODAY = date(2026, 11, 25)


def found(value: str, start: int = 0, end: int = 0, confidence: str = "found") -> Found[str]:
    return Found(value, confidence, start, end or start + len(value), "label")  # type: ignore[arg-type]


def reading(**parts: object) -> Reading:
    return Reading(kind=Found("urgent_action", "found", 0, 1, "label"), **parts)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("printed", "language", "feminine", "masculine"),
    [
        ("préoccupé-e", "fr", "préoccupée", "préoccupé"),
        ("préoccupé(e)", "fr", "préoccupée", "préoccupé"),
        ("préoccupé·e·s", "fr", "préoccupées", "préoccupés"),
        ("préoccupé.e", "fr", "préoccupée", "préoccupé"),
        ("citoyen-ne", "fr", "citoyenne", "citoyen"),
        ("heureux-se", "fr", "heureuse", "heureux"),
        ("inquiet-ète", "fr", "inquiète", "inquiet"),
        ("lecteur-trice", "fr", "lectrice", "lecteur"),
        ("attentif/ive", "fr", "attentive", "attentif"),
        ("preocupado/a", "es", "preocupada", "preocupado"),
        ("trabajador(a)", "es", "trabajadora", "trabajador"),
        ("preoccupato/a", "it", "preoccupata", "preoccupato"),
        ("preocupado(a)", "pt", "preocupada", "preocupado"),
        ("обеспокоен(а)", "ru", "обеспокоена", "обеспокоен"),
        ("zaniepokojony/a", "pl", "zaniepokojona", "zaniepokojony"),
        ("vous-même", "fr", None, None),
        ("porte-parole", "fr", None, None),
        ("and/or", "en", None, None),
        ("2-e", "fr", None, None),
    ],
)
def test_a_word_for_both_agrees_or_stays_as_it_is(
    printed: str, language: str, feminine: str | None, masculine: str | None
) -> None:
    word = writer_word(printed, language)
    assert (word.feminine if word else None, word.masculine if word else None) == (
        feminine,
        masculine,
    )


def test_the_name_of_a_form_is_one_that_letters_take() -> None:
    taken: list[str] = []
    for printed, language in (
        ("préoccupé-e", "fr"),
        ("préoccupé(e)", "fr"),
        ("обеспокоен(а)", "ru"),
        ("né-e", "fr"),
        ("demandés-es", "fr"),
        ("date-e", "fr"),
    ):
        word = writer_word(printed, language, taken)
        if word is None:
            continue
        body = f"{{{{ own_sentence }}}}\n\n{{{{ {word.name} }}}}\n\n{{{{ demands }}}}"
        check_source("Subject", body, forms=freeze_forms({word.name: word.cases()}))
        assert word.name not in taken
        taken.append(word.name)
    assert len(taken) >= 4


LETTER = FoundLetter(
    0,
    90,
    (
        found("I write about {{ 7*7 }} Ada.", 0, 20),
        found("I am préoccupé-e. Please release her. Thank you.", 21, 70),
        found("I look forward to your answer.", 71, 90),
    ),
    salutation=found("Dear Minister,"),
    demand=found("Please release her.", 40, 58),
    closing=found("Yours,"),
    agreement=(found("préoccupé-e", 26, 37),),
)


def test_the_paragraph_that_asks_makes_room_for_the_writer_and_the_demands() -> None:
    letter = letter_of(reading(language=found("fr"), letter=LETTER), "fr")
    assert letter is not None
    assert letter.body.split("\n\n") == [
        "I write about { 7*7 } Ada.",
        "I am {{ preoccupe }}.",
        OWN_SENTENCE,
        DEMANDS,
        "Thank you.",
        "I look forward to your answer.",
    ]
    assert letter.demands == ("Please release her.",)
    assert not letter.is_composed
    assert not letter.is_ask_assumed


def test_a_letter_that_asks_in_no_known_words_keeps_all_but_its_last_sentence() -> None:
    one = FoundLetter(0, 50, (found("I write about Ada. She must go free now.", 0, 50),))
    letter = letter_of(reading(letter=one), "en")
    assert letter is not None
    assert letter.is_ask_assumed
    assert letter.body == f"I write about Ada.\n\n{OWN_SENTENCE}\n\n{DEMANDS}"
    assert letter.demands == ("She must go free now.",)


def test_a_composed_letter_names_nobody_who_may_be_nobody() -> None:
    told = reading(
        language=found("en"),
        case_names=(found("Ada Prisoner"), found("Urgent Action", confidence="check")),
        demands=(found("release her"), found("let her see a lawyer")),
    )
    letter = letter_of(told, "en")
    assert letter is not None
    assert letter.is_composed
    assert "Ada Prisoner" in letter.body
    assert "Urgent Action" not in letter.body + letter.subject
    check_source(letter.subject, letter.body)


def test_no_letter_and_no_demands_give_no_letter() -> None:
    assert letter_of(reading(), "en") is None


@given(st.text(max_size=2_500), st.sampled_from(["en", "fr", "ru", "ar", "xx"]))
def test_whatever_a_document_says_becomes_a_letter_that_can_be_saved(
    said: str, language: str
) -> None:
    told = reading(
        language=found(language), case_names=(found(said[:50]),), demands=(found(said or "x"),)
    )
    letter = letter_of(told, language)
    assert letter is not None
    check_source(letter.subject or "x", letter.body)
    assert all(len(demand) <= 1_000 for demand in letter.demands)


def test_a_number_that_cannot_be_dialled_and_a_day_that_has_passed_are_to_be_checked() -> None:
    target = FoundTarget(
        found("to"),
        0,
        40,
        role=found("Minister"),
        faxes=(Found(Number("+8 7172"), "check", 10, 17, "cannot_be_dialled"),),
    )
    told = reading(deadline=found("2022-05-12", 50, 60), targets=(target,))
    proposal = propose(told, TODAY)
    assert {one.field: one.reason for one in proposal.to_check()} == {
        "target-1-faxes": "cannot_be_dialled",
        "deadline": Own.PAST,
    }
    assert set(proposal.plan.missing()) == {"title", "country", "people", "letter"}


def test_what_is_noticed_about_a_passage_belongs_to_its_field() -> None:
    told = reading(
        letter=LETTER, warnings=(Caution("misspelt_closing", 0, 6, {"printed": "Yuors"}),)
    )
    closing = propose(told, TODAY).finding("closing")
    assert closing is not None
    assert (closing.is_sure, closing.reason, closing.note) == (False, "misspelt_closing", "Yuors")


def test_a_remark_on_the_whole_document_belongs_to_no_field() -> None:
    told = reading(title=found("Title", 0, 5), warnings=(Caution("look_alikes", 0, 9_000),))
    proposal = propose(told, TODAY)
    assert proposal.to_check() == []
    assert [one.code for one in proposal.cautions] == ["look_alikes"]


def finding(field: str, start: int, end: int) -> Finding:
    return Finding(field, "", True, start, end, "label")


def test_a_passage_within_another_is_marked_and_both_can_be_jumped_to() -> None:
    text = "KAZAKHSTAN. Free him now"
    pieces = pieces_of(text, [finding("title", 0, 24), finding("country", 0, 10)])
    assert "".join(piece.text for piece in pieces) == text
    assert [one.field for one in pieces[0].begins] == ["title", "country"]
    assert pieces[0].finding is not None
    assert pieces[0].finding.field == "country"
    assert shown_in(pieces) == {"title", "country"}


@given(
    st.text(max_size=80),
    st.lists(st.tuples(st.integers(-5, 90), st.integers(-5, 90)), max_size=12),
)
def test_no_marks_change_the_text(text: str, ranges: list[tuple[int, int]]) -> None:
    marks = [finding(f"f{n}", start, end) for n, (start, end) in enumerate(ranges)]
    pieces = pieces_of(text, [one for one in marks if one.start >= 0])
    assert "".join(piece.text for piece in pieces) == text


def office(role: str, name: str, *contacts: tuple[ContactKind, str]) -> Authority:
    return Authority(
        country="LR",
        embassy_in="",
        offices=[Office(language="en", role=role, name=name, institution="")],
        contact_points=[ContactPoint(kind=kind, value=value) for kind, value in contacts],
    )


def test_a_shared_number_makes_no_two_ministers_one() -> None:
    fax = (ContactKind.FAX, "+231 225217")
    book = [office("Minister of Justice", "Ada", fax), office("Minister of Health", "Ben", fax)]
    targets = [
        PlannedTarget(role="Minister of Labour", faxes=("+231 225217",)),
        PlannedTarget(role="Minister of Health", name="Ben", faxes=("+231 225217",)),
        PlannedTarget(role="Minister of Justice", name="Somebody Else"),
    ]
    assert find_offices(book, targets, "LR") == [None, book[1], None]


def test_the_same_mailbox_is_the_same_office_and_of_one_target_only() -> None:
    mail = (ContactKind.EMAIL, "Office@example.org")
    book = [office("President of the Republic", "Ada", mail)]
    same = PlannedTarget(role="President", name="Ada", emails=("office@example.org",))
    assert find_offices(book, [same, same], "XX") == [book[0], None]
