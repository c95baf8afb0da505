"""The way from the form to "one more tap": nothing typed is ever lost, nothing is stored early."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.campaigns.models import CampaignState, ClosedReason
from app.campaigns.queries import get_campaign
from app.campaigns.safety import set_country_note
from app.core.db import unit_of_work
from app.core.tokens import seal_form
from app.delivery.models import Dispatch
from app.signatures.models import Signature
from app.web.supporter.form import PURPOSE
from tests.web.conftest import Demonstration, House
from tests.web.supporter import ANSWERS, Page, Supporter

WRONG = [
    ("name", "", "Enter the name you want under the letter"),
    ("name", "n" * 121, "The name is 1 character too long"),
    ("name", "Sam\u202eBcc", "The name holds a character that cannot be printed"),
    ("email", "", "Enter your e-mail address, or choose “Copy or print”"),
    ("email", "sam at example", "Enter an e-mail address like name@example.org"),
    ("email", "udp@udp-rk.kz", "This is an address of a recipient"),
    ("country", "XX", "Choose a country, or “I prefer not to say”"),
    ("sentence", "s" * 334, "Your sentence is 34 characters too long"),
    ("sentence", "a\u202eb", "The sentence holds a character that cannot be printed"),
    ("targets", [], "Choose at least one recipient"),
    ("targets", ["99"], "Choose at least one recipient"),
    ("letter_language", "xx", "Choose the language of your letter from the list"),
]


@pytest.fixture
def supporter(client: FlaskClient) -> Supporter:
    return Supporter(client)


@pytest.mark.parametrize(("field", "value", "words"), WRONG)
@pytest.mark.parametrize("step", ["check", "send"])
def test_a_refused_form_comes_back_with_every_word_and_says_why_twice(
    supporter: Supporter,
    demo: Demonstration,
    house: House,
    field: str,
    value: str | list[str],
    words: str,
    step: str,
) -> None:
    answer = supporter.send(demo.mamai, step, **{field: value})
    page = Page(answer.text)
    assert answer.status_code == 422
    assert page.title.startswith("Error:")
    assert page.words.count(words) == 2
    assert f"#{field}" in page.links
    assert field in page.ids
    assert f"{field}-error" in page.ids
    kept = {**ANSWERS, field: value}
    for name in ("name", "email", "sentence"):
        assert page.values[name][0] == kept[name]
    for name in ("targets", "country", "letter_language"):
        wanted = kept[name] if isinstance(kept[name], list) else [kept[name]]
        known = [one for one in wanted if one not in ("XX", "xx", "99", "")]
        assert page.values.get(name, []) == known
    assert house.count(Signature) == 0


def test_all_that_is_wrong_is_said_at_once_in_the_order_of_the_page(
    supporter: Supporter, demo: Demonstration
) -> None:
    answer = supporter.send(demo.mamai, "check", name="", email="x", country="XX", targets=[])
    fields = [link[1:] for link in Page(answer.text).links if link.startswith("#")]
    assert [one for one in fields if one != "main"][:4] == ["targets", "name", "email", "country"]


@pytest.mark.check("A14")
def test_the_error_is_tied_to_its_field(supporter: Supporter, demo: Demonstration) -> None:
    page = Page(supporter.send(demo.mamai, "check", email="nonsense").text)
    assert page.described["email"].split() == ["email-hint", "email-error"]


def test_looking_at_the_letter_stores_nothing(
    supporter: Supporter, demo: Demonstration, house: House
) -> None:
    before = house.fingerprint()
    answer = supporter.send(demo.mamai, "check")
    page = Page(answer.text)
    assert answer.status_code == 200
    assert "Your Excellency," in page.words
    assert "I am a nurse in Uppsala." in page.words
    assert "Sam Åström" in page.words
    assert house.fingerprint() == before


def test_the_check_page_carries_the_whole_form_to_send(
    supporter: Supporter, demo: Demonstration, client: FlaskClient, house: House
) -> None:
    carried = Page(supporter.send(demo.mamai, "check", consent=[]).text).values
    fields = {name: list(dict.fromkeys(values)) for name, values in carried.items()}
    assert "consent" not in fields, "nobody has ticked it for them"
    fields["consent"] = ["1"]
    answer = client.post(f"/en{demo.mamai}/send", data=fields)
    assert answer.status_code == 200
    assert "s…@example.org" in answer.text
    assert "sam@example.org" not in Page(answer.text).words
    assert house.count(Signature) == 1


def test_a_letter_in_another_language_stands_beside_what_it_says(
    supporter: Supporter, demo: Demonstration
) -> None:
    answer = supporter.send(demo.mamai, "check", letter_language="ru")
    assert 'lang="ru" dir="ltr"' in answer.text
    assert "Глубокоуважаемый господин Президент!" in answer.text
    assert "Your Excellency," in answer.text


def test_change_leads_back_with_everything_filled_in(
    supporter: Supporter, demo: Demonstration
) -> None:
    answer = supporter.send(demo.mamai, "change", letter_language="ru")
    values = Page(answer.text).values
    assert answer.status_code == 200
    assert values["name"] == ["Sam Åström"]
    assert values["sentence"] == ["I am a nurse in Uppsala."]
    assert values["country"] == ["SE"]
    assert values["letter_language"] == ["ru"]


@pytest.mark.check("J5")
def test_two_presses_are_one_signature(
    supporter: Supporter, demo: Demonstration, client: FlaskClient, house: House
) -> None:
    fields = {**ANSWERS, "form": supporter.note(demo.mamai)}
    first = client.post(f"/en{demo.mamai}/send", data=fields)
    second = client.post(f"/en{demo.mamai}/send", data=fields)
    assert first.status_code == second.status_code == 200
    assert first.text == second.text
    assert house.count(Signature) == 1
    assert house.count(Dispatch) == 1


def test_the_page_after_sending_does_not_tell_whether_somebody_wrote_before(
    supporter: Supporter, demo: Demonstration, client: FlaskClient
) -> None:
    def said(answer_text: str) -> str:
        page = Page(answer_text)
        return answer_text.replace(page.values["form"][0], "")

    first = supporter.send(demo.mamai, "send")
    again = supporter.send(demo.mamai, "send")
    assert said(first.text) == said(again.text)


@pytest.mark.parametrize("made", ["", "nonsense", "A" * 120])
def test_a_forged_note_sends_nothing_and_keeps_the_text(
    supporter: Supporter, demo: Demonstration, house: House, made: str
) -> None:
    answer = supporter.send(demo.mamai, "send", form=made)
    page = Page(answer.text)
    assert answer.status_code == 409
    assert "Please check once more" in page.words
    assert page.values["name"][0] == "Sam Åström"
    assert page.values["form"][0] not in ("", made)
    assert house.count(Signature) == 0


def test_the_note_of_another_campaign_is_none(
    supporter: Supporter, demo: Demonstration, house: House
) -> None:
    answer = supporter.send(demo.mamai, "send", form=supporter.note(demo.dosmagambetov))
    assert answer.status_code == 409
    assert house.count(Signature) == 0


def test_a_page_left_open_for_days_asks_for_one_more_look(
    app: Flask, supporter: Supporter, demo: Demonstration, house: House
) -> None:
    old = {
        "campaign": demo.mamai.split("/")[2],
        "since": (datetime.now(UTC) - timedelta(days=4)).date().isoformat(),
        "key": "k",
    }
    note = seal_form(house.keys.derive(PURPOSE), PURPOSE, old)
    answer = supporter.send(demo.mamai, "send", form=note)
    assert answer.status_code == 409
    assert "This page was open for a long time" in answer.text
    assert house.count(Signature) == 0


def test_another_letter_under_the_same_note_is_looked_at_again_first(
    supporter: Supporter, demo: Demonstration, client: FlaskClient, house: House
) -> None:
    fields = {**ANSWERS, "form": supporter.note(demo.mamai)}
    client.post(f"/en{demo.mamai}/send", data=fields)
    other = client.post(f"/en{demo.mamai}/send", data={**fields, "sentence": "Another one."})
    page = Page(other.text)
    assert other.status_code == 409
    assert page.values["sentence"][0] == "Another one."
    renewed = {**fields, "sentence": "Another one.", "form": page.values["form"][0]}
    assert client.post(f"/en{demo.mamai}/send", data=renewed).status_code == 200


@pytest.mark.parametrize("step", ["check", "send"])
def test_the_deadline_between_two_pages_loses_no_word(
    supporter: Supporter, demo: Demonstration, client: FlaskClient, house: House, step: str
) -> None:
    fields = {**ANSWERS, "form": supporter.note(demo.mamai)}
    house.change(demo.mamai, closes_at=datetime.now(UTC) - timedelta(minutes=1))
    answer = client.post(f"/en{demo.mamai}/{step}", data=fields)
    assert answer.status_code == 409
    assert "We did not send your letter" in answer.text
    assert "The date passed" in answer.text
    assert "I am a nurse in Uppsala." in answer.text
    assert house.count(Signature) == 0


def test_an_error_after_the_deadline_loses_no_word_either(
    supporter: Supporter, demo: Demonstration, client: FlaskClient, house: House
) -> None:
    fields = {**ANSWERS, "form": supporter.note(demo.mamai), "email": "nonsense", "targets": []}
    house.change(demo.mamai, closes_at=datetime.now(UTC) - timedelta(minutes=1))
    for step in ("check", "change", "send"):
        answer = client.post(f"/en{demo.mamai}/{step}", data=fields)
        assert answer.status_code == 409
        assert "I am a nurse in Uppsala." in answer.text


def test_a_pause_between_two_pages_loses_no_word(
    supporter: Supporter, demo: Demonstration, client: FlaskClient, house: House
) -> None:
    fields = {**ANSWERS, "form": supporter.note(demo.mamai)}
    house.change(demo.mamai, state=CampaignState.PAUSED)
    answer = client.post(f"/en{demo.mamai}/send", data=fields)
    assert answer.status_code == 409
    assert "no letter leaves meanwhile" in answer.text
    assert "I am a nurse in Uppsala." in answer.text


def test_a_stop_between_two_pages_loses_no_word(
    supporter: Supporter, demo: Demonstration, client: FlaskClient, house: House
) -> None:
    fields = {**ANSWERS, "form": supporter.note(demo.mamai)}
    house.change(demo.mamai, state=CampaignState.CLOSED, closed_reason=ClosedReason.STOPPED)
    answer = client.post(f"/en{demo.mamai}/send", data=fields)
    assert answer.status_code == 409
    assert "This urgent action was closed" in answer.text
    assert "I am a nurse in Uppsala." in answer.text


def test_hiding_between_two_pages_tells_nothing(
    supporter: Supporter, demo: Demonstration, client: FlaskClient, house: House
) -> None:
    fields = {**ANSWERS, "form": supporter.note(demo.mamai)}
    house.change(demo.mamai, hidden=True)
    for step in ("check", "change", "send", "remind"):
        answer = client.post(f"/en{demo.mamai}/{step}", data=fields)
        assert answer.status_code == 410
        assert "Mamay" not in answer.text


def test_somebody_in_the_country_of_the_recipient_is_interrupted_and_may_go_on(
    supporter: Supporter, demo: Demonstration, client: FlaskClient, house: House
) -> None:
    for step in ("check", "send"):
        warned = supporter.send(demo.mamai, step, country="KZ", about="I read.")
        page = Page(warned.text)
        assert page.title.startswith("Think of your safety first")
        for name in ("name", "email", "sentence"):
            assert page.values[name] == [ANSWERS[name]], "nothing typed is lost"
        assert house.count(Signature) == 0
    carried = {name: values[0] for name, values in page.values.items()}
    gone_on = client.post(f"/en{demo.mamai}/check", data=carried)
    assert "Check your letter" in gone_on.text
    seen = {name: values[0] for name, values in Page(gone_on.text).values.items()}
    assert client.post(f"/en{demo.mamai}/send", data={**seen, "consent": "1"}).status_code == 200
    assert house.count(Signature) == 1


def test_the_interruption_lets_sign_without_a_name_in_one_press(
    supporter: Supporter, demo: Demonstration, client: FlaskClient
) -> None:
    page = Page(supporter.send(demo.mamai, "check", country="KZ").text)
    carried = {name: values[0] for name, values in page.values.items()}
    alias = {"alias": "a teacher in Lisbon", "choose_appearance": "alias"}
    answer = client.post(f"/en{demo.mamai}/check", data={**carried, **alias})
    assert "a teacher in Lisbon" in Page(answer.text).words
    assert Page(answer.text).values["appearance"] == ["alias"]


def test_another_country_is_asked_about_anew(
    supporter: Supporter, demo: Demonstration, house: House
) -> None:
    house.change(demo.mamai, caution_countries=["BY"])
    assert "Check your letter" in supporter.send(demo.mamai, "check", country="KZ", risk="KZ").text
    asked = supporter.send(demo.mamai, "check", country="BY", risk="KZ")
    assert "You chose Belarus" in asked.text


def test_notes_on_risk_stand_above_the_form_and_in_the_interruption(
    supporter: Supporter, demo: Demonstration, house: House
) -> None:
    assert "Your safety</h2>" not in supporter.look(f"/en{demo.mamai}").text
    with unit_of_work(house.database.writing) as session:
        campaign = get_campaign(session, demo.mamai.split("/")[2])
        for text in campaign.texts:
            text.risk_note = f"A note on this case ({text.language})."
        set_country_note(session, "KZ", "fr", "Ce que l’on sait du pays.", datetime.now(UTC))
    for shown in (
        supporter.look(f"/en{demo.mamai}").text,
        supporter.send(demo.mamai, "check", country="KZ").text,
    ):
        assert "A note on this case (en)." in shown
        assert '<p class="pre" lang="fr" dir="ltr">Ce que l’on sait du pays.' in shown


def test_a_sensitive_campaign_can_be_left_quickly(
    supporter: Supporter, demo: Demonstration
) -> None:
    """A plain link: it works without a script, and no cookie or address of ours goes along."""
    leave = '<a class="button" href="https://www.wikipedia.org/" rel="noreferrer" data-leave>'
    assert leave in supporter.look(f"/en{demo.dosmagambetov}").text
    assert leave in supporter.send(demo.dosmagambetov, "check").text
    assert leave not in supporter.look(f"/en{demo.mamai}").text


@pytest.mark.parametrize("said", ["", "-"])
def test_nobody_has_to_say_where_they_live(
    supporter: Supporter, demo: Demonstration, said: str
) -> None:
    answer = supporter.send(demo.mamai, "check", country=said)
    assert answer.status_code == 200
    assert "not said" in answer.text


def test_ten_recipients_get_ten_letters_to_look_at(
    supporter: Supporter, demo: Demonstration
) -> None:
    answer = supporter.send(demo.dosmagambetov, "check", targets=[str(n) for n in range(1, 11)])
    assert answer.status_code == 200
    assert answer.text.count('class="sheet"') == 10
    assert "Send 10 letters" in answer.text


def test_a_form_of_another_site_is_refused(
    supporter: Supporter, demo: Demonstration, client: FlaskClient, house: House
) -> None:
    fields = {**ANSWERS, "form": supporter.note(demo.mamai)}
    for headers in ({"Origin": "https://elsewhere.example"}, {"Sec-Fetch-Site": "cross-site"}):
        answer = client.post(f"/en{demo.mamai}/send", data=fields, headers=headers)
        assert answer.status_code == 403
    assert house.count(Signature) == 0


@pytest.mark.parametrize("name", ["Ж", "Noor", "O’Neill-Ó", "نور", "李", "N. N.", "ab" * 60])
def test_names_of_every_script_are_taken_as_they_are(
    supporter: Supporter, demo: Demonstration, name: str
) -> None:
    answer = supporter.send(demo.mamai, "check", name=name)
    assert answer.status_code == 200
    assert Page(answer.text).values["name"][0] == name


@pytest.mark.parametrize("step", ["check", "change", "send", "remind"])
def test_the_address_of_a_step_leads_back_to_the_form(
    supporter: Supporter, demo: Demonstration, step: str
) -> None:
    answer = supporter.look(f"/en{demo.mamai}/{step}")
    assert answer.status_code == 303
    assert answer.location.endswith(demo.mamai)
