from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import pytest

from app.letters.agreement import Concerned, PersonForm, WriterForm, agreement_of
from app.letters.declarations import check_source, freeze_forms
from app.letters.offers import offered_forms
from app.letters.render import Answers, FinishedLetter, LetterSource, Recipient, render
from app.letters.rules import TemplateRefused

WORRIED = {"neutral": "préoccupé·e", "feminine": "préoccupée", "masculine": "préoccupé"}
HELD = {
    "person_neutral": "détenu·e",
    "person_feminine": "détenue",
    "person_masculine": "détenu",
    "person_several": "détenus",
}
BODY = """Je suis {{ worried }} : {{ person_name }} est {{ held }}.

{{ own_sentence }}

{{ demands }}"""
FORMS = {"worried": WORRIED, "held": HELD}
NOBODY = Recipient("", "", "", "Madame,", "Merci", ())
FEMININE, MASCULINE, NEUTRAL = WriterForm.FEMININE, WriterForm.MASCULINE, WriterForm.NEUTRAL
ONE_WOMAN = Concerned(PersonForm.FEMININE, "elle")


def source(
    body: str = BODY,
    forms: Mapping[str, Mapping[str, str]] = FORMS,
    language: str = "fr",
    subject: str = "Lettre",
) -> LetterSource:
    return LetterSource("1", language, subject, body, freeze_forms(forms))


def letter(
    written: LetterSource,
    form: WriterForm = NEUTRAL,
    concerned: Concerned = ONE_WOMAN,
    people: tuple[str, ...] = ("Ada",),
) -> FinishedLetter:
    return render(
        written,
        NOBODY,
        Answers("Sam", "", "", writer_form=form),
        demands=("Libérez Ada.",),
        people=people,
        on=date(2026, 11, 22),
        concerned=concerned,
    )


def first(finished: FinishedLetter) -> str:
    return finished.paragraphs[0].text


def refusal(body: str, forms: Mapping[str, Mapping[str, str]]) -> tuple[str, str, str]:
    with pytest.raises(TemplateRefused) as caught:
        check_source("s", body, forms=freeze_forms(forms))
    return caught.value.reason, caught.value.field, caught.value.detail


@pytest.mark.parametrize(
    ("form", "said"),
    [(NEUTRAL, "préoccupé·e"), (FEMININE, "préoccupée"), (MASCULINE, "préoccupé")],
)
def test_a_named_form_agrees_with_the_writer(form: WriterForm, said: str) -> None:
    assert first(letter(source(), form)) == f"Je suis {said} : Ada est détenue."


def test_who_chooses_nothing_is_written_neutrally() -> None:
    assert Answers("Sam", "", "").writer_form is NEUTRAL


@pytest.mark.parametrize(
    ("concerned", "people", "said"),
    [
        (Concerned(PersonForm.FEMININE), ("Ada",), "détenue"),
        (Concerned(PersonForm.MASCULINE), ("Ben",), "détenu"),
        (Concerned(), ("Cy",), "détenu·e"),
        (Concerned(PersonForm.FEMININE), ("Ada", "Bea"), "détenus"),
    ],
)
def test_a_named_form_agrees_with_the_people_concerned(
    concerned: Concerned, people: tuple[str, ...], said: str
) -> None:
    assert f"est {said}." in first(letter(source(), concerned=concerned, people=people))


def test_conditions_ask_for_gender_and_number_of_the_people() -> None:
    body = (
        "{% if person_two %}{% if person_feminine %}معتقلتان{% else %}معتقلان{% endif %}"
        "{% elif person_several %}معتقلون{% elif person_feminine %}معتقلة{% else %}معتقل{% endif %}"
        "\n\n{{ own_sentence }}\n\n{{ demands }}"
    )
    written = source(body, {}, "ar")
    woman, man = Concerned(PersonForm.FEMININE), Concerned(PersonForm.MASCULINE)
    said = [
        first(letter(written, concerned=concerned, people=people))
        for concerned, people in (
            (woman, ("أ",)),
            (man, ("أ",)),
            (woman, ("أ", "ب")),
            (man, ("أ", "ب")),
            (man, ("أ", "ب", "ج")),
        )
    ]
    assert said == ["معتقلة", "معتقل", "معتقلتان", "معتقلان", "معتقلون"]


def test_a_pronoun_nobody_knows_is_the_name() -> None:
    written = source("{{ person_pronoun | upper_first }} attend.\n\n" + BODY)
    assert first(letter(written)) == "Elle attend."
    assert first(letter(written, concerned=Concerned())) == "Ada attend."
    assert first(letter(written, concerned=Concerned(), people=("Ada", "Ben"))) == (
        "Ada et Ben attend."
    )


@pytest.mark.parametrize(
    ("pronouns", "language", "form", "pronoun"),
    [
        ([{"en": "he", "fr": "il", "ru": "он"}], "ru", PersonForm.MASCULINE, "он"),
        ([{"en": "she"}], "fr", PersonForm.FEMININE, "elle"),
        ([{"fr": "iel"}], "fr", PersonForm.NEUTRAL, "iel"),
        ([{"en": "they"}], "ru", PersonForm.NEUTRAL, ""),
        ([{"fa": "او", "en": "she"}], "ar", PersonForm.FEMININE, "هي"),
        ([{"en": "she"}, {"en": "she"}], "ar", PersonForm.FEMININE, "هما"),
        ([{"en": "she"}] * 3, "ar", PersonForm.FEMININE, "هن"),
        ([{"en": "she"}, {"en": "he"}], "fr", PersonForm.NEUTRAL, "ils"),
        ([{"en": "she"}, {"ru": "она"}], "fr", PersonForm.FEMININE, "elles"),
        ([{"en": "she"}], "fr-CH", PersonForm.FEMININE, "elle"),
        ([{"en": "he"}], "tr", PersonForm.MASCULINE, "o"),
        ([{"en": "he"}], "ka", PersonForm.MASCULINE, ""),
        ([{}], "fr", PersonForm.NEUTRAL, "iel"),
        ([], "fr", PersonForm.NEUTRAL, ""),
    ],
)
def test_agreement_is_read_from_the_pronouns_that_people_are_given(
    pronouns: list[dict[str, str]], language: str, form: PersonForm, pronoun: str
) -> None:
    assert agreement_of(pronouns, language) == Concerned(form, pronoun)


def test_each_form_is_offered_as_the_words_it_changes() -> None:
    assert offered_forms(source(), people=["Ada"], concerned=ONE_WOMAN) == [
        (NEUTRAL, "Je suis préoccupé·e : Ada"),
        (FEMININE, "Je suis préoccupée : Ada"),
        (MASCULINE, "Je suis préoccupé : Ada"),
    ]


def test_nothing_is_offered_where_the_letter_says_the_same_of_everybody() -> None:
    body = "{{ held }} {{ writer_name }}\n\n{{ own_sentence }}\n\n{{ demands }}"
    assert offered_forms(source(body, {"held": HELD})) == []


def test_forms_that_read_alike_are_offered_once() -> None:
    body = (
        "Merci. Je suis {% if feminine %}née{% else %}né{% endif %} à Berne. Adieu."
        "\n\n{{ own_sentence }}\n\n{{ demands }}"
    )
    assert offered_forms(source(body, {})) == [
        (NEUTRAL, "Je suis né à Berne."),
        (FEMININE, "Je suis née à Berne."),
    ]


def test_a_form_that_only_adds_or_drops_a_word_is_shown_with_its_neighbours() -> None:
    body = (
        "{% if masculine %}Sure{% elif feminine %}{% else %}{% endif %} of {{ date }} it."
        "\n\n{{ own_sentence }}\n\n{{ demands }}"
    )
    assert offered_forms(source(body, {}, "en")) == [
        (NEUTRAL, "of …"),
        (MASCULINE, "Sure of …"),
    ]


def test_a_subject_that_depends_on_the_writer_is_offered_too() -> None:
    body = "{{ own_sentence }}\n\n{{ demands }}"
    written = source(body, {"worried": WORRIED}, subject="Un mot {{ worried }}")
    assert [sample for _, sample in offered_forms(written)][1] == "Un mot préoccupée"


def test_every_declared_form_is_used_somewhere() -> None:
    assert refusal(BODY, FORMS | {"glad": {"neutral": "heureux"}}) == (
        "form_unused",
        "forms.glad",
        "glad",
    )
    check_source("{{ glad }}", BODY, forms=freeze_forms(FORMS | {"glad": {"neutral": "x"}}))


@pytest.mark.parametrize(
    "name",
    [
        "",
        "Worried",
        "préoccupé",
        "two words",
        "date",
        "ask",
        "feminine",
        "upper_first",
        "if",
        "none",
        "x" * 41,
        "1st",
        "_x",
        "loop",
    ],
)
def test_a_form_has_a_plain_name_that_nothing_else_has(name: str) -> None:
    reason, field, _ = refusal(BODY, FORMS | {name: WORRIED})
    assert (reason, field) == ("form_name", f"forms.{name}")


@pytest.mark.parametrize(
    ("cases", "reason"),
    [
        ({}, "neutral_missing"),
        ({"feminine": "a"}, "neutral_missing"),
        ({"neutral": " ", "feminine": "a"}, "neutral_missing"),
        ({"neutral": "a", "person_feminine": "b"}, "form_cases"),
        ({"neutral": "a", "femnine": "b"}, "form_cases"),
        ({"neutral": "{{ date }}"}, "form_text"),
        ({"neutral": "a", "feminine": "{% if %}"}, "form_text"),
        ({"neutral": "a\n\nb"}, "form_text"),
        ({"neutral": "a" * 201}, "form_text"),
    ],
)
def test_a_form_has_a_neutral_text_and_plain_ones(cases: dict[str, str], reason: str) -> None:
    assert refusal(BODY, FORMS | {"worried": cases})[:2] == (reason, "forms.worried")


def test_there_are_fifty_forms_at_most() -> None:
    many = {f"f{number}": {"neutral": "x"} for number in range(51)}
    body = BODY + "".join(f"{{{{ {name} }}}} " for name in many)
    assert refusal(body, many | FORMS)[:2] == ("form_name", "forms")


def test_a_form_is_text_and_never_a_template() -> None:
    written = source(forms=FORMS | {"worried": {"neutral": "%(x)s { date } 100 %"}})
    assert first(letter(written)) == "Je suis %(x)s { date } 100 % : Ada est détenue."


def test_the_refusal_names_the_field() -> None:
    with pytest.raises(TemplateRefused) as caught:
        check_source("{{ nobody }}", BODY, forms=freeze_forms(FORMS))
    assert (caught.value.field, caught.value.line) == ("subject", 1)
    with pytest.raises(TemplateRefused) as caught:
        check_source("x", BODY + "\n{{ nobody }}", forms=freeze_forms(FORMS))
    assert (caught.value.field, caught.value.line) == ("body", 6)


def test_equal_tables_make_equal_sources() -> None:
    turned = {name: dict(reversed(cases.items())) for name, cases in reversed(FORMS.items())}
    assert hash(source(forms=turned)) == hash(source())
    assert source(forms=turned) == source()
