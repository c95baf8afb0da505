from __future__ import annotations

from itertools import product

import pytest

from app.letters.agreement import PersonForm
from app.letters.manners import Manners, OfficeKind, default_manners, languages_with_manners

TWELVE = ("en", "fr", "es", "de", "it", "pt", "ru", "uk", "pl", "ar", "fa", "tr")
FEMININE, MASCULINE, NEUTRAL = PersonForm.FEMININE, PersonForm.MASCULINE, PersonForm.NEUTRAL
ENDS = {"es": ":", "ru": "!", "uk": "!", "ar": "،", "fa": "،"}


def every(language: str) -> list[Manners]:
    return [
        default_manners(kind, form, language, "Tokayev")
        for kind, form in product(OfficeKind, PersonForm)
    ]


def test_there_are_manners_in_twelve_languages() -> None:
    assert languages_with_manners() == TWELVE


@pytest.mark.parametrize("language", TWELVE)
def test_every_office_and_form_has_a_salutation_and_a_closing(language: str) -> None:
    for manners in every(language):
        for text in (manners.salutation, manners.closing):
            assert text == " ".join(text.split()) != ""
            assert not {"{", "}"} & set(text)
        assert manners.salutation.endswith(ENDS.get(language, ","))


@pytest.mark.parametrize("language", TWELVE)
def test_a_name_stands_in_no_letter_to_an_office_without_one(language: str) -> None:
    for kind, form in product(OfficeKind, PersonForm):
        manners = default_manners(kind, form, language)
        assert "Tokayev" not in manners.salutation + manners.closing
        if kind is OfficeKind.OFFICIAL:
            assert manners == default_manners(OfficeKind.OFFICE, form, language)


@pytest.mark.parametrize("language", sorted(set(TWELVE) - {"en", "de", "it", "tr"}))
def test_a_president_is_addressed_in_their_own_form(language: str) -> None:
    said = {default_manners(OfficeKind.HEAD_OF_STATE, form, language) for form in PersonForm}
    assert len(said) == 3


@pytest.mark.parametrize(
    ("kind", "form", "language", "salutation", "closing"),
    [
        (
            OfficeKind.MINISTER,
            FEMININE,
            "fr",
            "Madame la Ministre,",
            "Veuillez agréer, Madame la Ministre, l’expression de ma haute considération.",
        ),
        (
            OfficeKind.MINISTER,
            MASCULINE,
            "fr",
            "Monsieur le Ministre,",
            "Veuillez agréer, Monsieur le Ministre, l’expression de ma haute considération.",
        ),
        (OfficeKind.HEAD_OF_STATE, NEUTRAL, "en", "Your Excellency,", "Yours respectfully,"),
        (OfficeKind.OFFICIAL, FEMININE, "de", "Sehr geehrte Frau Tokayev,", None),
        (OfficeKind.OFFICIAL, MASCULINE, "ru", "Уважаемый господин Tokayev!", "С уважением,"),
        (OfficeKind.MINISTER, MASCULINE, "pl", "Szanowny Panie Ministrze,", None),
        (OfficeKind.HEAD_OF_STATE, MASCULINE, "uk", "Вельмишановний пане Президенте!", None),
        (OfficeKind.OFFICE, NEUTRAL, "es", "A quien corresponda:", "Le saluda atentamente"),
        (OfficeKind.MINISTER, FEMININE, "ar", "معالي الوزيرة،", None),
        (OfficeKind.JUDGE, NEUTRAL, "fa", "قاضی محترم،", "با احترام،"),
        (OfficeKind.OFFICIAL, NEUTRAL, "tr", "Sayın Tokayev,", "Saygılarımla,"),
        (OfficeKind.ORGANISATION, NEUTRAL, "pt", "Prezadas Senhoras e Senhores,", None),
        (OfficeKind.PROSECUTOR, NEUTRAL, "it", "Gentile Procuratrice, egregio Procuratore,", None),
    ],
)
def test_manners_agree(
    kind: OfficeKind, form: PersonForm, language: str, salutation: str, closing: str | None
) -> None:
    manners = default_manners(kind, form, language, "Tokayev")
    assert manners.salutation == salutation
    assert closing in (None, manners.closing)


def test_no_french_polish_or_german_slip_of_the_end() -> None:
    # A French closing is a sentence; German, Polish and Ukrainian ones take no comma.
    assert {manners.closing[-1] for manners in every("fr")} == {"."}
    assert all(
        manners.closing[-1].isalpha() for manners in (*every("de"), *every("pl"), *every("uk"))
    )


def test_a_region_speaks_its_language_and_an_unknown_language_english() -> None:
    for kind, form in product(OfficeKind, PersonForm):
        assert default_manners(kind, form, "fr-CH", "X") == default_manners(kind, form, "fr", "X")
        assert default_manners(kind, form, "ka", "X") == default_manners(kind, form, "en", "X")


def test_a_name_is_never_read_as_a_hole() -> None:
    manners = default_manners(OfficeKind.OFFICIAL, NEUTRAL, "en", "{title} {name}")
    assert manners.salutation == "Dear {title} {name},"
