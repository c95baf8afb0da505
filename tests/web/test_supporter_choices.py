"""The check page's choices: the words one uses of oneself, another wording, an edited letter."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from app.campaigns.document import load_demonstration
from app.campaigns.models import CampaignState, ClosedReason
from app.core.beside import Beside
from app.core.db import unit_of_work
from app.letters.agreement import WriterForm
from app.sections.actions import default_section
from app.signatures.actions import confirm, withdraw
from app.signatures.compose import finished_letter
from app.signatures.models import SEALED, Letter, Signature
from app.signatures.queries import list_fingerprints, open_answers, seal_of
from app.signatures.upkeep import destroy_kept, forget_unconfirmed
from tests.builders import CHOICES, LINKS, a_document_with_choices
from tests.web.conftest import Demonstration, House
from tests.web.supporter import Page, Supporter

NEUTRAL, FEMININE, MASCULINE = (
    CHOICES["fr"][0][form] for form in ("neutral", "feminine", "masculine")
)
OPENINGS = CHOICES["fr"][1]
MINE = "I have thought about this for days.\n\nPlease release him."


@pytest.fixture
def choices(house: House) -> str:
    """The path of a campaign whose letters have forms and variants."""
    with unit_of_work(house.database.writing) as session:
        section = default_section(session)
        made = load_demonstration(
            session, house.keys, section, a_document_with_choices(), datetime.now(UTC)
        )
        assert made is not None
        return f"/campaigns/{made.reference}/{made.slug}"


@pytest.fixture
def supporter(client: FlaskClient) -> Supporter:
    return Supporter(client)


def fields_of(page: Page) -> dict[str, str | list[str]]:
    """Everything that the check page's form would give back, with its box ticked."""
    return {"consent": "1", **{name: values[0] for name, values in page.values.items()}}


def press(client: FlaskClient, path: str, page: Page, **changed: str) -> Page:
    return Page(client.post(f"/en{path}/check", data={**fields_of(page), **changed}).text)


def letter_in(page: Page) -> str:
    """The words of the first letter, without what stands beside it and the buttons below it."""
    sheet = re.split(r'class="(?:sheet|pair)"', page.text, maxsplit=1)[1].split('class="writer')[0]
    mine = re.sub(r'<(div|p) class="said.*?</\1>', " ", sheet, flags=re.DOTALL)
    return re.sub(r"<[^>]+>", " ", mine)


@pytest.fixture
def french(supporter: Supporter, choices: str) -> Page:
    return Page(supporter.send(choices, "check", letter_language="fr").text)


def test_the_forms_are_offered_as_words_and_nobody_is_asked_for_a_gender(french: Page) -> None:
    assert NEUTRAL in letter_in(french)
    for form in ("préoccupé·e", "préoccupée", "préoccupé"):
        assert re.search(rf'name="choose_writer_form"[^>]*>[^<]*{form}\b', french.text)
    for word in ("gender", "feminine form", "woman", "man "):
        assert word not in french.words.split("Before it leaves")[0].casefold()


def test_one_tap_changes_the_words_and_the_page_remembers_it(
    client: FlaskClient, choices: str, french: Page
) -> None:
    chosen = press(client, choices, french, choose_writer_form="feminine")
    assert FEMININE in letter_in(chosen)
    again = press(client, choices, chosen)
    assert FEMININE in letter_in(again)


def test_where_the_letter_says_the_same_of_everybody_nothing_is_offered(
    supporter: Supporter, choices: str
) -> None:
    page = Page(supporter.send(choices, "check", letter_language="en").text)
    assert "choose_writer_form" not in page.text


def test_another_wording_is_another_one_and_stays(
    client: FlaskClient, choices: str, french: Page
) -> None:
    first = next(one for one in OPENINGS if one in letter_in(french))
    other = press(client, choices, french, choose_turn="1")
    assert first not in letter_in(other)
    assert next(one for one in OPENINGS if one != first) in letter_in(other)
    assert letter_in(press(client, choices, other)) == letter_in(other)
    assert first in letter_in(press(client, choices, other, choose_turn="2"))


@pytest.mark.parametrize("turn", ["0", "1"])
def test_what_was_checked_is_what_is_sent(
    client: FlaskClient, choices: str, house: House, french: Page, turn: str
) -> None:
    page = press(client, choices, french, choose_turn=turn, choose_writer_form="masculine")
    shown = letter_in(page)
    assert client.post(f"/en{choices}/send", data=fields_of(page)).status_code == 200
    body = sent_body(house)
    assert MASCULINE in body
    for line in body:
        assert " ".join(line.split()) in " ".join(shown.split())


def test_an_untouched_text_is_no_edit(client: FlaskClient, choices: str, french: Page) -> None:
    assert "Take the campaign" not in press(client, choices, french).text


def test_a_choice_after_an_untouched_text_still_changes_the_letter(
    client: FlaskClient, choices: str, french: Page
) -> None:
    """The text box of the page before comes back with every button, in the old form's words."""
    chosen = press(client, choices, french, choose_writer_form="feminine")
    assert FEMININE in letter_in(press(client, choices, chosen))
    assert "Take the campaign" not in chosen.text


@pytest.fixture
def english(supporter: Supporter, choices: str) -> Page:
    return Page(supporter.send(choices, "check", letter_language="en").text)


def test_an_edited_letter_gets_advice_and_can_be_sent_as_it_is(
    client: FlaskClient, choices: str, house: House, english: Page
) -> None:
    before = house.fingerprint()
    page = press(client, choices, english, **{"body-1": MINE})
    assert "I have thought about this for days." in letter_in(page)
    assert "news that troubles me" not in letter_in(page)
    assert "this name is missing" in page.words
    assert "this demand is missing" in page.words
    assert "Send as it is" in page.words
    assert house.fingerprint() == before
    assert client.post(f"/en{choices}/send", data=fields_of(page)).status_code == 200
    assert sent_body(house) == MINE.split("\n\n")


def test_an_edited_letter_says_beside_it_what_was_left_and_what_has_no_translation(
    client: FlaskClient, choices: str, french: Page
) -> None:
    text = french.values["body-1"][0]
    first, rest = text.split("\n\n", 1)
    page = press(client, choices, french, **{"body-1": f"Bonjour.\n\n{rest}"})
    assert first not in letter_in(page)
    assert "Bonjour. You wrote this paragraph; it has no translation." in page.words
    assert page.words.count("it has no translation") == 1
    last = rest.rsplit("\n\n", 1)[1]
    assert f"{last} Thank you for your time" in page.words
    untouched = press(client, choices, french).words
    assert "has no translation" not in untouched


def test_each_paragraph_is_followed_by_what_it_says_in_the_language_of_the_page(
    french: Page,
) -> None:
    demand = "Please do everything in your power to have Zhanbolat Mamay released"
    rows = re.findall(
        r'<div class="pair-row">(.*?)(?=<div class="pair-row|<section)', french.text, re.DOTALL
    )
    asked = next(row for row in rows if demand in row)
    assert (
        'lang="fr" dir="ltr"><p class="demand">Je vous demande' in asked
        or 'class="demand"' in asked
    )
    assert asked.index('lang="fr"') < asked.index('lang="en"')


def test_a_text_that_was_edited_and_not_looked_at_is_sent_too(
    client: FlaskClient, choices: str, house: House, english: Page
) -> None:
    client.post(f"/en{choices}/send", data={**fields_of(english), "body-1": MINE})
    assert sent_body(house) == MINE.split("\n\n")


@pytest.mark.parametrize("again", [{"again": "body-1"}, {"body-1": "  \n "}])
def test_the_campaigns_text_can_be_had_again(
    client: FlaskClient, choices: str, english: Page, again: dict[str, str]
) -> None:
    page = press(client, choices, english, **{"body-1": MINE})
    back = press(client, choices, page, **again)
    assert letter_in(back) == letter_in(english)


def test_an_edited_text_survives_the_way_back_to_the_form(
    client: FlaskClient, choices: str, english: Page
) -> None:
    page = press(client, choices, english, **{"body-1": MINE})
    form = Page(client.post(f"/en{choices}/change", data=fields_of(page)).text)
    assert form.values["body-1"][0] == MINE
    sent = {**{name: values[0] for name, values in form.values.items()}, "country": "SE"}
    assert "I have thought" in letter_in(Page(client.post(f"/en{choices}/check", data=sent).text))
    other = {**sent, "letter_language": "ru"}
    assert "I have thought" not in client.post(f"/en{choices}/check", data=other).text


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "The text holds a character that cannot be printed"),
        ("fr", "Le texte contient un caractère qui ne peut pas être imprimé"),
        ("ru", "В тексте есть символ, который нельзя напечатать"),
    ],
)
@pytest.mark.parametrize("bad", ["a\u202eb", "a\x07b", "=?utf-8?q?x?=", "x" * 10_001])
@pytest.mark.parametrize("step", ["check", "send"])
def test_a_text_that_could_deceive_is_refused_where_it_was_typed(
    client: FlaskClient,
    choices: str,
    house: House,
    english: Page,
    language: str,
    words: str,
    bad: str,
    step: str,
) -> None:
    data = {**fields_of(english), "body-1": bad}
    answer = client.post(f"/{language}{choices}/{step}", data=data)
    page = Page(answer.text)
    assert answer.status_code == 422
    assert "body-1-error" in page.ids
    assert "#body-1" in page.links
    assert page.values["body-1"][0] == bad
    if len(bad) < 100:
        assert page.words.count(words) == 2
    assert house.count(Signature) == 0


def test_a_text_that_came_too_late_is_given_back(
    client: FlaskClient, choices: str, house: House, english: Page
) -> None:
    house.change(choices, closes_at=datetime(2026, 1, 1, tzinfo=UTC))
    answer = client.post(f"/en{choices}/send", data={**fields_of(english), "body-1": MINE})
    assert answer.status_code == 409
    assert "I have thought about this for days." in answer.text


def test_town_and_line_stand_in_the_letter_and_are_asked_only_where_it_has_a_place(
    supporter: Supporter, choices: str, demo: Demonstration
) -> None:
    assert 'name="about"' in supporter.page(f"/en{choices}").text
    assert 'name="about"' not in supporter.page(f"/en{demo.dosmagambetov}").text
    page = Page(supporter.send(choices, "check", about="I am a nurse.").text)
    assert "I am a nurse." in letter_in(page)


def test_the_edited_text_is_sealed_and_goes_with_its_writer(
    client: FlaskClient, choices: str, house: House, english: Page
) -> None:
    client.post(f"/en{choices}/send", data={**fields_of(english), "body-1": MINE})
    with unit_of_work(house.database.writing) as session:
        letter = session.scalars(select(Letter)).one()
        assert letter.sealed_body is not None
        assert b"thought" not in letter.sealed_body
        assert letter.fingerprint is None
        confirm(session, house.keys, letter.signature, links=LINKS, now=datetime.now(UTC))
        assert letter.fingerprint is not None
        campaign = letter.signature.campaign_id
        session.flush()
        assert list_fingerprints(session, campaign, "en") == [letter.fingerprint]
        assert list_fingerprints(session, campaign, "fr") == []


def test_the_coach_knows_the_letters_that_others_sent(
    client: FlaskClient, supporter: Supporter, choices: str, house: House, english: Page
) -> None:
    client.post(f"/en{choices}/send", data={**fields_of(english), "body-1": MINE})
    with unit_of_work(house.database.writing) as session:
        signature = session.scalars(select(Signature)).one()
        confirm(session, house.keys, signature, links=LINKS, now=datetime.now(UTC))
    page = Page(supporter.send(choices, "check", email="max@example.org").text)
    assert "Another supporter’s letter is much the same" not in page.words
    same = press(client, choices, page, **{"body-1": MINE})
    assert "Another supporter’s letter is much the same: 100%." in same.words


def sent_body(house: House) -> list[str]:
    """The body of the one letter that is stored, as it would be handed over."""
    with house.database.reading() as session:
        signature = session.scalars(select(Signature)).one()
        answers = open_answers(seal_of(session, house.keys, signature), signature)
        (letter,) = signature.letters
        assert signature.writer_form in WriterForm
        return finished_letter(signature.campaign, signature, letter, answers).body()


@pytest.mark.parametrize("way", ["withdrawn", "never confirmed", "retention ended"])
def test_own_words_go_when_their_writer_is_let_go(
    client: FlaskClient, choices: str, house: House, english: Page, way: str, tmp_path: Path
) -> None:
    typed = {**fields_of(english), "about": "I am a nurse.", "town": "Uppsala", "body-1": MINE}
    assert client.post(f"/en{choices}/send", data=typed).status_code == 200
    now = datetime.now(UTC)
    with unit_of_work(house.database.writing) as session:
        signature = session.scalars(select(Signature)).one()
        assert all(getattr(signature, name) for name in SEALED if name != "sealed_sentence")
        if way == "never confirmed":
            assert forget_unconfirmed(session, now + timedelta(days=9)) == 1
        else:
            confirm(session, house.keys, signature, links=LINKS, now=now)
        if way == "withdrawn":
            withdraw(session, signature, now)
        if way == "retention ended":
            signature.campaign.state = CampaignState.CLOSED
            signature.campaign.closed_reason = ClosedReason.STOPPED
            signature.campaign.closed_at = now
            session.flush()
            assert destroy_kept(session, now + timedelta(days=400), Beside(tmp_path)) == 1
    with house.database.reading() as session:
        left = session.scalars(select(Signature)).one()
        assert [getattr(left, name) for name in SEALED] == [None] * len(SEALED)
        (letter,) = left.letters
        assert (letter.sealed_body, letter.fingerprint) == (None, None)
