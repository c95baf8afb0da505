"""Reviewers read mail: every notice in every language lies as a file and is compared whole.

`SNAPSHOTS=write pytest tests/notices` writes the files anew, to be read in the diff. (Not
OUTCRY_SNAPSHOTS: a setting that we do not know stops the start.)
"""

from __future__ import annotations

import os
import re
from html.parser import HTMLParser

import pytest

from app.core.i18n import text_direction
from app.notices.compose import Composed, compose
from app.notices.rules import NOTICES, VALUES, WrongValues
from tests.conftest import ROOT
from tests.notices.samples import CASES, name_of, values_of

SNAPSHOTS = ROOT / "tests" / "snapshots" / "notices"
LANGUAGES = ("en", "fr", "ru", "ar")
TRIO = {"subject.txt", "body.txt", "body.html"}


def composed(case: str, language: str, **different: object) -> Composed:
    return compose(
        name_of(case),
        language=language,
        sender_name="Outcry Demonstration",
        postal_address="1 Letter Street\n1200 Geneva",
        values=values_of(case, language if language in LANGUAGES else "en") | different,
    )


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", NOTICES)
def test_a_notice_reads_as_its_snapshot_does(name: str, language: str) -> None:
    written = ""
    for case in CASES:
        if name_of(case) == name:
            notice = composed(case, language)
            written += f"### {case}\nSubject: {notice.subject}\n\n{notice.text}\n"
    path = SNAPSHOTS / f"{name}.{language}.txt"
    if os.environ.get("SNAPSHOTS") == "write":
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(written, encoding="utf-8")
    assert written == path.read_text(encoding="utf-8")


def test_every_notice_is_a_trio_and_every_trio_a_notice() -> None:
    folder = ROOT / "templates" / "notices"
    found = {
        path.name: {part.name for part in path.iterdir()}
        for path in folder.iterdir()
        if path.is_dir()
    }
    assert found == dict.fromkeys(NOTICES, TRIO)


def test_every_notice_has_a_case_and_every_value_an_explanation() -> None:
    assert {name_of(case) for case in CASES} == set(NOTICES)
    assert set().union(*(notice.values for notice in NOTICES.values())) == set(VALUES)


@pytest.mark.parametrize("name", NOTICES)
def test_a_missing_value_is_refused_before_anything_is_written(name: str) -> None:
    for key in NOTICES[name].values:
        values = values_of(name, "en")
        del values[key]
        with pytest.raises(WrongValues, match=key):
            compose(name, language="en", sender_name="S", postal_address="P", values=values)


def test_a_value_that_no_template_knows_is_refused() -> None:
    with pytest.raises(WrongValues, match="surname"):
        composed("confirm", "en", surname="Supporter")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("case", CASES)
@pytest.mark.check("I12")
def test_the_html_part_has_the_same_words(case: str, language: str) -> None:
    notice = composed(case, language)
    page = Page(notice.html)
    assert words(page.body) == words(notice.text)
    assert words(page.title) == words(notice.subject)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("case", CASES)
@pytest.mark.check("I12")
def test_the_html_part_is_small_loads_nothing_and_says_its_language(
    case: str, language: str
) -> None:
    notice = composed(case, language)
    page = Page(notice.html)
    assert len(notice.html.encode()) <= 40_000
    assert page.root == {"lang": language, "dir": text_direction(language)}
    assert page.loads == []
    assert "url(" not in notice.html
    assert "{{" not in notice.html + notice.text + notice.subject
    assert "None" not in words(notice.text)


@pytest.mark.parametrize("case", CASES)
def test_text_that_people_typed_stays_text(case: str) -> None:
    typed = "<img src=x onerror=alert(1)> {{ sender_name }} %(title)s & \u202e"
    values = values_of(case, "en")
    values |= {
        key: typed for key, value in values.items() if key in ("title", "office", "by_name", "note")
    }
    values |= {key: [typed] for key in ("targets", "handed_over", "to_print") if key in values}
    notice = compose(
        name_of(case), language="en", sender_name=typed, postal_address=typed, values=values
    )
    assert Page(notice.html).loads == []
    assert "<img" not in notice.html
    assert "{{ sender_name }} %(title)s" in notice.text


@pytest.mark.parametrize(
    ("hours", "subject"),
    [
        (1, "Остался 1 день"),
        (24, "Остался 1 день"),
        (25, "Осталось 2 дня"),
        (72, "Осталось 3 дня"),
        (5 * 24, "Осталось 5 дней"),
        (11 * 24, "Осталось 11 дней"),
        (21 * 24, "Остался 21 день"),
        (22 * 24, "Осталось 22 дня"),
        (25 * 24, "Осталось 25 дней"),
    ],
)
def test_days_are_counted_in_russian_as_russians_do(hours: int, subject: str) -> None:
    assert composed("reminder", "ru", hours_left=hours).subject.startswith(subject)


@pytest.mark.parametrize(
    ("letters", "sentence"),
    [
        (0, "0 lettre a été remise"),
        (1, "1 lettre a été remise"),
        (2, "2 lettres ont été remises"),
        (1_000_000, "1\u202f000\u202f000 lettres ont été remises"),
    ],
)
def test_letters_are_counted_in_french_as_the_french_do(letters: int, sentence: str) -> None:
    assert sentence in composed("reminder", "fr", letters_so_far=letters).text


@pytest.mark.parametrize(
    ("days", "subject"),
    [
        (0, "اليوم آخر يوم للكتابة"),
        (1, "بقي يوم واحد للكتابة"),
        (2, "بقي يومان للكتابة"),
        (3, "بقيت 3 أيام للكتابة"),
        (10, "بقيت 10 أيام للكتابة"),
        (11, "بقي 11 يوما للكتابة"),
        (99, "بقي 99 يوما للكتابة"),
        (100, "بقي 100 يوم للكتابة"),
        (103, "بقيت 103 أيام للكتابة"),
    ],
)
@pytest.mark.check("I7")
def test_days_are_counted_in_arabic_by_all_six_forms(days: int, subject: str) -> None:
    written = composed("reminder", "ar", hours_left=days * 24, sensitive=True)
    assert written.subject == subject
    assert written.language == "ar"


@pytest.mark.check("I12")
def test_a_name_of_another_script_is_kept_from_scrambling_an_arabic_sentence() -> None:
    written = composed("outcome", "ar", source="Radio Azattyq (RFE/RL)")
    assert "\u2066Radio Azattyq (RFE/RL)\u2069" in written.text or (
        "\u2068Radio Azattyq (RFE/RL)\u2069" in written.text
    )
    assert "<bdi>Radio Azattyq (RFE/RL)</bdi>" in written.html
    assert 'dir="rtl"' in written.html
    # Addresses and the words of others keep their own direction inside of it.
    assert re.search(r'dir="ltr"[^>]*>https://', written.html)
    assert re.search(r'lang="en" dir="ltr">He came home', written.html)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("case", [case for case in CASES if "sensitive" in values_of(case, "en")])
def test_a_sensitive_subject_names_neither_campaign_nor_office(case: str, language: str) -> None:
    values = values_of(case, language)
    subject = composed(case, language, sensitive=True).subject
    assert str(values["title"]) not in subject
    assert not any(str(office) in subject for office in values.get("targets", ()))  # type: ignore[attr-defined]


def test_a_language_we_do_not_speak_falls_back_to_the_source() -> None:
    notice = composed("confirm", "nl")
    assert notice.language == "en"
    assert notice.subject == composed("confirm", "en").subject


def test_every_stop_link_stands_in_text_and_html() -> None:
    for name, notice in NOTICES.items():
        if notice.one_click:
            written = composed(name, "en")
            link = str(values_of(name, "en")[notice.one_click])
            assert link in written.text
            assert f'href="{link}"' in written.html


@pytest.mark.parametrize(
    "name", [name for name, notice in NOTICES.items() if "preferences_link" in notice.values]
)
@pytest.mark.check("I12")
def test_what_goes_to_followers_can_be_chosen_and_left_with_one_click(name: str) -> None:
    assert NOTICES[name].one_click == "stop_link"
    written = composed(name, "en")
    for key in ("preferences_link", "stop_link"):
        assert str(values_of(name, "en")[key]) in written.text


class Page(HTMLParser):
    """What a mail program makes of an HTML part."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.root: dict[str, str | None] = {}
        self.loads: list[str] = []
        self.title = self.body = ""
        self._inside = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "html":
            self.root = given
        if tag in ("title", "body"):
            self._inside = tag
        remote = {"src", "srcset", "background", "poster", "data", "action"} & given.keys()
        if remote or tag in ("link", "script", "img", "iframe", "object", "style", "form"):
            self.loads.append(tag)
        self.handle_data(" ")

    def handle_data(self, data: str) -> None:
        if self._inside == "title":
            self.title += data
        elif self._inside == "body":
            self.body += data

    def handle_endtag(self, tag: str) -> None:
        self._inside = "" if tag == "title" else self._inside
        # Inline tags end inside words and before full stops.
        if tag not in ("a", "bdi", "span"):
            self.handle_data(" ")


def words(text: str) -> str:
    """The words alone: without the signs that stand for lists and rules in a text part."""
    plain = re.sub(r"[\u2066-\u2069]", "", text)
    plain = re.sub(r"(?m)^\s*(-{4}|-)(\s|$)", " ", plain)
    return re.sub(r"\s+", "", plain)
