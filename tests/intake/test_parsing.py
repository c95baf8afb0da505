from __future__ import annotations

from datetime import date

import pytest

from app.intake.contacts import dialled
from app.intake.country import countries_in
from app.intake.dates import days_in
from app.intake.lexicon import files, plain
from app.intake.lookalikes import in_one_script
from app.intake.model import Reading
from app.intake.parsing import read_action
from tests.conftest import SHARED

SEED_002 = SHARED / "urgent-actions" / "seeds" / "seed-002-fr-amnesty-mamai.txt"
LANGUAGES = ["ar", "cs", "da", "de", "el", "en", "es", "fa", "fr", "hu"]
LANGUAGES += ["it", "nl", "no", "pl", "pt", "ro", "ru", "sv", "tr", "uk"]
ACTION = """URGENT ACTION

UA 12/19 Fear for safety 4 March 2019

Teacher Amina Yusuf was arrested in Khartoum, Sudan. Amina Yusuf is held without charge.

APPEALS TO:

Minister of Justice
Mr Omar Siddig
P.O. Box 302
Khartoum, Sudan
{contacts}
Salutation: Dear Minister

PLEASE SEND APPEALS BEFORE {until}.
"""


def an_action(contacts: str = "", until: str = "15 April 2019") -> Reading:
    return read_action(ACTION.format(contacts=contacts, until=until))


def codes(reading: Reading) -> set[str]:
    return {caution.code for caution in reading.warnings}


@pytest.mark.skipif(not SEED_002.exists(), reason="the examples are not here")
def test_the_action_for_janbolat_mamai_is_read_with_its_traps_marked() -> None:
    text = SEED_002.read_text(encoding="utf-8")
    reading = read_action(text)
    (target,) = reading.targets

    assert reading.deadline
    assert (reading.deadline.value, reading.deadline.confidence) == ("2022-05-12", "found")
    assert target.faxes[0].value.text == "+8 7172 74-56-31"
    assert (target.faxes[0].confidence, target.faxes[0].reason) == ("check", "cannot_be_dialled")
    assert target.name
    assert (target.name.reason, target.name.note) == ("two_spellings", "Tokaïev")
    assert target.address[0].reason == "renamed_place"
    assert reading.letter
    assert [mark.value for mark in reading.letter.agreement] == ["préoccupé-e"]
    assert reading.letter.closing
    assert reading.letter.closing.value.startswith("Veillez agréer")
    assert reading.letter.closing.reason == "misspelt_closing"
    assert reading.letter.demand
    assert text[reading.letter.demand.start :].startswith("Je vous prie instamment")
    assert reading.previous is None


def test_a_masked_address_is_never_an_address() -> None:
    reading = an_action("Email: [email protected]\nFax: +249 183 770 883")

    assert reading.targets[0].emails == ()
    assert "email" not in str(reading.as_schema()["targets"][0]["contact_form"])


def test_an_address_written_with_a_word_for_the_sign_is_to_be_checked() -> None:
    (mail,) = an_action("Email: minister [at] justice.example.org").targets[0].emails

    assert (mail.value, mail.confidence) == ("minister@justice.example.org", "check")


def test_a_number_keeps_its_remark_and_how_it_is_dialled() -> None:
    (phone,) = an_action("Tel: +249 183 770 883 (secretariat)").targets[0].phones

    assert phone.value.remark == "secretariat"
    assert phone.value.e164 == "+249183770883"
    assert phone.confidence == "found"


@pytest.mark.parametrize(
    ("printed", "number"),
    [
        ("+8 7172 74-56-31", None),
        ("(int)52 (5)516-5762", "+5255165762"),
        ("0055 61 224 2448", "+55612242448"),
        ("00 998 71 139 53 25", "+998711395325"),
    ],
)
def test_a_number_is_dialled_or_said_not_to_be(printed: str, number: str | None) -> None:
    assert dialled(printed, None) == number


def test_two_last_days_are_one_question() -> None:
    reading = an_action(until="15 April 2019.\n\nDeadline: 20 April 2019")

    assert reading.deadline
    assert (reading.deadline.confidence, reading.deadline.reason) == ("check", "two_dates")
    assert reading.deadline.note == "2019-04-20"


def test_a_last_day_that_has_passed_is_said() -> None:
    text = ACTION.format(contacts="", until="15 April 2019")

    assert "deadline_passed" in codes(read_action(text, today=date(2019, 4, 16)))
    # The last day itself is a day for letters.
    assert "deadline_passed" not in codes(read_action(text, today=date(2019, 4, 15)))


def test_a_last_day_without_a_year_follows_the_day_of_issue() -> None:
    reading = an_action(until="15 April")

    assert reading.deadline
    assert (reading.deadline.value, reading.deadline.reason) == ("2019-04-15", "year_is_guessed")


def test_where_letters_are_reported_to_is_no_target() -> None:
    text = ACTION.format(contacts="Fax: +249 183 770 883", until="15 April 2019")
    text += (
        "\nPlease let us know if you wrote: Action Desk, PO Box 1, London, desk@desk.example.org\n"
    )

    assert [target.emails for target in read_action(text).targets] == [()]


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("12 MAI 2022", date(2022, 5, 12)),
        ("Saturday, September 09, 2006", date(2006, 9, 9)),
        ("11 de febrero del 2002", date(2002, 2, 11)),
        ("29 novembre'2002", date(2002, 11, 29)),
        ("18 февраля 2014 г.", date(2014, 2, 18)),
        ("2012. március 19.", date(2012, 3, 19)),
        ("22 décembre 2023", date(2023, 12, 22)),
        ("16. April 2015", date(2015, 4, 16)),
        ("۱۱ دی ۱۳۹۹", date(2020, 12, 31)),
        ("١٤ أبريل ٢٠١٦", date(2016, 4, 14)),
        ("2017-08-16", date(2017, 8, 16)),
        ("06.01.2015", date(2015, 1, 6)),
    ],
)
def test_days_are_read_as_they_are_written_in_each_language(text: str, day: date) -> None:
    assert [found.on() for found in days_in(text)] == [day]


def test_a_day_that_could_be_a_month_says_so() -> None:
    (ambiguous,) = days_in("3/4/1999")
    (plain_day,) = days_in("30/4/1999")

    assert ambiguous.doubt == "day_or_month_first"
    assert plain_day.doubt == ""


@pytest.mark.parametrize(
    "text", ["31 February 2020", "2019/2610", "01 45 24 39 48", "article 488.11"]
)
def test_what_is_no_day_is_none(text: str) -> None:
    assert [found for found in days_in(text) if found.on()] == []


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Kasachstan", "KZ"),
        ("Costa de Marfil", "CI"),
        ("Китай", "CN"),
        ("إيران", "IR"),
        ("DRC", "CD"),
    ],
)
def test_countries_are_known_by_their_names_in_every_language(text: str, code: str) -> None:
    assert [found[0] for found in countries_in(text)][:1] == [code]


def test_every_language_has_its_words_and_a_note_for_the_translator() -> None:
    assert sorted(files()) == LANGUAGES
    for language, tables in files().items():
        assert set(tables) == {"labels", "phrases", "stems"}, language
        for label in ("deadline", "targets", "copies", "salutation", "letter", "demands", "fax"):
            assert tables["labels"][label], (language, label)
        for stem in ("common", "role", "office", "body", "title", "greeting", "formula", "risk"):
            assert tables["stems"][stem], (language, stem)


def test_comparing_moves_no_letter() -> None:
    for text in ("Straße", "İstanbul", "Ærø", "Ё й ї", "ﬁn", "ﷺ", "ة"):
        assert len(plain(text)) == len(text)


def test_look_alikes_are_read_as_the_script_around_them() -> None:
    assert in_one_script("Тél: 22. Fax: 23, téléphone du ministre") == (
        "Tél: 22. Fax: 23, téléphone du ministre"
    )
    assert "ГМ-172/8" in in_one_script("Etablissement pénitentiaire ГМ-172/8 dans la ville")
