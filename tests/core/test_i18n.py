"""Languages: their direction, their plurals, their dates, and how a deadline is said in them."""

from __future__ import annotations

import threading
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from app.core import i18n
from app.core.i18n import Catalogues, speaking

DAY = date(2022, 5, 12)


FROM_RIGHT = (
    "ar",
    "fa",
    "prs",
    "ps",
    "ur",
    "he",
    "yi",
    "ug",
    "sd",
    "dv",
    "ckb",
    "nqo",
    "ks",
    "rhg",
    "bal",
    "azb",
    "syr",
)
BY_SCRIPT = ("ku-Arab", "ku_Arab_IQ", "az-Arab", "uz-Arab-AF", "pa-arab", "ff-Adlm", "ar-EG")


@pytest.mark.parametrize("language", FROM_RIGHT + BY_SCRIPT)
def test_a_script_from_right_to_left(language: str) -> None:
    assert i18n.text_direction(language) == "rtl"


@pytest.mark.parametrize(
    "language",
    ["en", "fr", "ru", "kk", "ku", "ku-TR", "uz", "az", "ar-Latn", "he-Latn", "zh-Hant", "am", ""],
)
def test_a_script_from_left_to_right(language: str) -> None:
    assert i18n.text_direction(language) == "ltr"


@pytest.mark.parametrize("language", ["en", "fr", "ru"])
def test_every_country_can_be_chosen_and_nothing_that_is_none(language: str) -> None:
    listed = i18n.countries(language)
    codes = [code for code, _name in listed]
    assert len(codes) == len(set(codes))
    assert 245 <= len(codes) <= 255
    assert {"KZ", "SE", "FR", "US", "TW", "PS", "XK", "VA", "AQ"} <= set(codes)
    assert not {"EU", "UN", "ZZ", "XA", "XB", "EZ", "QO"} & set(codes)
    assert all(name and name != code for code, name in listed)


def test_the_same_countries_stand_in_every_language() -> None:
    english = {code for code, _name in i18n.countries("en")}
    for language in ("fr", "ru"):
        assert {code for code, _name in i18n.countries(language)} == english


def test_accents_do_not_send_a_country_to_the_end_of_the_list() -> None:
    names = [name for _code, name in i18n.countries("fr")]
    assert names.index("Égypte") < names.index("Estonie") < names.index("France")
    assert names.index("Émirats arabes unis") < names.index("Espagne")
    russian = [name for _code, name in i18n.countries("ru")]
    assert russian[0].startswith("А")
    assert russian[-1].startswith("Я")


@pytest.mark.parametrize(
    ("language", "name"), [("en", "Kazakhstan"), ("fr", "Kazakhstan"), ("ru", "Казахстан")]
)
def test_a_country_by_its_code(language: str, name: str) -> None:
    assert i18n.country_name("KZ", language) == name
    assert i18n.country_name("??", language) == "??"


@pytest.mark.parametrize(
    ("language", "long", "full"),
    [
        ("en", "12 May 2022", "Thursday, 12 May 2022"),
        ("fr", "12 mai 2022", "jeudi 12 mai 2022"),
        ("ru", "12 мая 2022 г.", "четверг, 12 мая 2022 г."),
    ],
)
def test_a_day_is_written_as_its_readers_write_it(language: str, long: str, full: str) -> None:
    # CLDR changes which space stands where from one release to the next.
    assert i18n.long_date(DAY, language).replace("\u202f", " ") == long
    assert i18n.full_date(DAY, language).replace("\u202f", " ") == full


@pytest.mark.parametrize(
    ("zone", "moment", "time", "offset", "city"),
    [
        # The end of the last minute, said as the minute that is still good.
        ("Asia/Almaty", datetime(2024, 2, 29, 17, 59, tzinfo=UTC), "23:59", "UTC+6", "Almaty"),
        ("Asia/Almaty", datetime(2024, 3, 1, 18, 59, tzinfo=UTC), "23:59", "UTC+5", "Almaty"),
        (
            "Asia/Kathmandu",
            datetime(2026, 1, 1, 18, 14, tzinfo=UTC),
            "23:59",
            "UTC+5:45",
            "Kathmandu",
        ),
        (
            "Pacific/Chatham",
            datetime(2026, 7, 1, 11, 14, tzinfo=UTC),
            "23:59",
            "UTC+12:45",
            "Chatham",
        ),
        (
            "America/St_Johns",
            datetime(2026, 1, 1, 3, 29, tzinfo=UTC),
            "23:59",
            "UTC−3:30",
            "St John’s",
        ),
        ("UTC", datetime(2026, 1, 1, 23, 59, tzinfo=UTC), "23:59", "UTC", "UTC"),
    ],
)
@pytest.mark.check("I9")
def test_a_deadline_is_said_with_time_offset_and_city(
    zone: str, moment: datetime, time: str, offset: str, city: str
) -> None:
    assert i18n.short_time(moment, "en", zone) == time
    assert i18n.utc_offset(moment, zone) == offset
    if zone != "UTC":
        assert i18n.city_of(zone, "en") == city


def test_the_city_of_a_deadline_is_said_in_the_readers_language() -> None:
    assert i18n.city_of("Asia/Almaty", "ru") == "Алматы"
    assert i18n.city_of("Asia/Almaty", "fr") == "Almaty", "the name the city has now"


def test_a_zone_that_was_renamed_keeps_its_city_in_every_language() -> None:
    assert i18n.city_of("Asia/Kathmandu", "ru") == "Катманду"
    assert i18n.city_of("Asia/Kathmandu", "ar") == "كاتماندو"
    assert i18n.city_of("Europe/Kyiv", "ru") == "Киев"


def test_a_language_is_named_in_itself_or_in_another() -> None:
    assert i18n.language_name("ru") == "русский"
    assert i18n.language_name("ru", "fr") == "russe"
    assert i18n.language_name("not a language") == "not a language"


@pytest.mark.parametrize("tag", ["en", "ru", "zh-Hant", "ku-Arab", "pt-BR"])
def test_a_language_that_is_known(tag: str) -> None:
    assert i18n.is_language(tag)


@pytest.mark.parametrize("tag", ["", "xx-nonsense", "../../etc", "en\n", "12"])
def test_a_language_that_is_not_known_falls_back_to_english_rules(tag: str) -> None:
    assert not i18n.is_language(tag)
    assert i18n.long_date(DAY, tag) == "12 May 2022"


@pytest.mark.parametrize(
    ("language", "long", "full"),
    [
        ("fr", "1er juin 2026", "lundi 1er juin 2026"),
        ("it", "1º giugno 2026", "lunedì 1º giugno 2026"),
        ("pt-BR", "1º de junho de 2026", "segunda-feira, 1º de junho de 2026"),
        ("es", "1 de junio de 2026", "lunes, 1 de junio de 2026"),
        ("fa", "۱ ژوئن ۲۰۲۶", "دوشنبه ۱ ژوئن ۲۰۲۶"),
    ],
)
def test_the_first_of_a_month_and_its_digits_are_those_of_the_language(
    language: str, long: str, full: str
) -> None:
    assert i18n.long_date(date(2026, 6, 1), language) == long
    assert i18n.full_date(date(2026, 6, 1), language) == full
    assert i18n.long_date(date(2026, 6, 11), "fr") == "11 juin 2026"


def test_a_list_is_read_aloud() -> None:
    assert i18n.list_of(["one", "two", "three"], "en") == "one, two and three"
    assert i18n.list_of(["un", "deux"], "fr") == "un et deux"
    assert i18n.list_of(("один",), "ru") == "один"


def test_numbers_are_grouped_as_the_language_groups_them() -> None:
    assert i18n.number(12345, "en") == "12,345"
    assert i18n.number(12345, "fr").replace("\u202f", " ") == "12 345"


PO = """
msgid ""
msgstr ""
"Content-Type: text/plain; charset=utf-8\\n"
"Plural-Forms: nplurals=3; plural=(n%10==1 && n%100!=11 ? 0 : n%10>=2 && n%10<=4 &&"
" (n%100<12 || n%100>14) ? 1 : 2);\\n"

msgid "Send"
msgstr "Отправить"

msgid "%(n)s letter"
msgid_plural "%(n)s letters"
msgstr[0] "%(n)s письмо"
msgstr[1] "%(n)s письма"
msgstr[2] "%(n)s писем"
"""


@pytest.fixture
def russian(tmp_path: Path) -> Catalogues:
    folder = tmp_path / "ru" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    (folder / "messages.po").write_text(PO, encoding="utf-8")
    found = Catalogues()
    found.load(tmp_path)
    return found


def test_a_catalogue_that_lies_there_is_spoken(russian: Catalogues) -> None:
    assert russian.languages == ("en", "ru")
    with speaking("ru"):
        assert russian.current().gettext("Send") == "Отправить"
        assert russian.current().gettext("Not translated") == "Not translated"
    assert russian.current().gettext("Send") == "Send"


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (0, "писем"),
        (1, "письмо"),
        (2, "письма"),
        (5, "писем"),
        (11, "писем"),
        (21, "письмо"),
        (112, "писем"),
        (122, "письма"),
    ],
)
def test_each_count_has_its_form(russian: Catalogues, count: int, words: str) -> None:
    with speaking("ru"):
        sentence = russian.current().ngettext("%(n)s letter", "%(n)s letters", count)
    assert sentence % {"n": count} == f"{count} {words}"


def test_english_counts_without_a_catalogue() -> None:
    assert i18n.ngettext("%(n)s letter", "%(n)s letters", 1) == "1 letter"
    assert i18n.ngettext("%(n)s letter", "%(n)s letters", 2) == "2 letters"


def test_a_block_is_left_even_by_an_error_and_blocks_can_stand_in_blocks() -> None:
    def stumble() -> None:
        with speaking("ru"):
            assert i18n.current_language() == "ru"
            raise LookupError

    with speaking("fr"):
        with pytest.raises(LookupError):
            stumble()
        assert i18n.current_language() == "fr"
    assert i18n.current_language() == "en"


def test_two_threads_speak_two_languages() -> None:
    together = threading.Barrier(2)
    heard: dict[str, str] = {}

    def speak(language: str) -> None:
        with speaking(language):
            together.wait()
            heard[language] = i18n.current_language()

    threads = [threading.Thread(target=speak, args=(language,)) for language in ("fr", "ru")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert heard == {"fr": "fr", "ru": "ru"}


def test_a_lazy_sentence_is_translated_when_it_is_shown() -> None:
    sentence = i18n.lazy_gettext("A sentence that nobody translates.")
    assert str(sentence) == "A sentence that nobody translates."
