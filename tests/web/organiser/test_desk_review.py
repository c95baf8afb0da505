"""From nothing to a public page, by two people; and what becomes of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from app.authorities.models import Authority
from app.campaigns.models import Campaign, CampaignState, ClosedReason
from app.core.db import unit_of_work
from app.delivery.models import Dispatch, GateState
from tests.web.organiser.conftest import Office
from tests.web.organiser.pages import Form, Page, Person

TICKS = ("person", "facts", "recipients", "letters", "safety")
BODY = "About {{ person_name }}.\r\n\r\n{{ own_sentence }}\r\n\r\n{{ demands }}\r\n\r\nThank you."


def ask(office: Office, person: Person) -> Page:
    return person.press(person.open(office.draft("review")).form("/review/ask"))


def ticked(page: Page) -> Form:
    form = page.form("/review/publish")
    for tick in TICKS:
        form.put(f"tick-{tick}", "1")
    return form


def test_two_people_bring_a_campaign_from_nothing_to_the_public(
    office: Office, olena: Person, amal: Person
) -> None:
    """The way of issue 2: Olena writes, Amal reviews and publishes; every screen by its form."""
    page = olena.fill("/desk/campaigns/new", title="Free Ada Example", country="KZ", language="en")
    ref = page.path.split("/")[3]
    at = f"/desk/campaigns/{ref}"
    assert page.path == f"{at}/facts"
    assert "Still missing" in olena.open(at).text

    facts = olena.open(f"{at}/facts").form()
    facts.put("letter_languages", "en")
    assert olena.press(facts).status == 200
    assert (
        olena.fill(f"{at}/texts/en", standfirst="She is held.", we_ask="We ask to free her.").status
        == 200
    )
    assert olena.fill(f"{at}/people", **{"name-new": "Ada Example"}).status == 200
    assert olena.fill(f"{at}/demands", **{"text-new-en": "Please free Ada Example."}).status == 200
    key = add_office(olena)
    with office.database.reading() as session:
        office_id = session.scalars(select(Authority.id).where(Authority.key == key)).one()
    assert olena.fill(f"{at}/targets", **{"authority-new": str(office_id)}).status == 200
    day = (datetime.now(UTC) + timedelta(days=20)).date().isoformat()
    assert olena.fill(f"{at}/timing", last_day=day, time_zone="Asia/Almaty").status == 200
    assert "Still missing" in olena.open(f"{at}/review").text
    letter = f"{at}/letters/authorities/en"
    assert olena.fill(letter, subject="A request", body=BODY).status == 200

    assert "Your colleagues get a mail" in olena.press(olena.open(f"{at}/review").form("/ask")).text
    assert "somebody else has to publish it" in olena.open(f"{at}/review").text
    assert amal.open("/desk").text.count("asks you to review this campaign") == 1
    done = amal.press(ticked(amal.open(f"{at}/review")))
    assert "Published." in done.text
    public = office.anybody().open(f"/en/campaigns/{ref}")
    assert public.status == 200
    assert "Free Ada Example" in public.text
    assert "Please free Ada Example." in public.text


def test_a_draft_that_lacks_something_cannot_be_given_to_review(
    office: Office, olena: Person
) -> None:
    with unit_of_work(office.database.writing) as session:
        session.execute(
            update(Campaign)
            .where(Campaign.reference == office.draft_ref)
            .values(last_day=None, closes_at=None)
        )
    page = olena.open(office.draft("review"))
    assert "The last day" in page.text
    token = olena.open("/account").form().get("csrf_token")
    answer = olena.client.post(office.draft("review/ask"), data={"csrf_token": token})
    assert answer.status_code == 409
    assert office.campaign().state is CampaignState.DRAFT


def test_a_campaign_is_published_for_an_hour_and_can_be_taken_back(
    office: Office, olena: Person, amal: Person
) -> None:
    day = (datetime.now(UTC) + timedelta(days=2)).date().isoformat()
    saved = olena.fill(office.draft("timing"), opens_day=day, opens_time="09:30")
    assert saved.form().get("opens_day") == day
    ask(office, olena)
    assert "it opens by itself" in amal.open(office.draft("review")).text
    done = amal.press(ticked(amal.open(office.draft("review"))))
    assert "until then nobody sees it" in done.text
    assert office.campaign().state is CampaignState.SCHEDULED
    assert office.anybody().open(f"/en/campaigns/{office.draft_ref}").status == 404

    page = olena.open(office.draft("review"))
    assert "opens by itself" in page.text
    returned = olena.fill(office.draft("review"), note="A date is wrong.")
    assert returned.status == 200
    assert office.campaign().state is CampaignState.DRAFT


def test_the_author_alone_cannot_publish(office: Office, olena: Person) -> None:
    ask(office, olena)
    page = olena.open(office.draft("review"))
    assert "Publish now" not in page.text
    token = page.forms[0].get("csrf_token")
    data = {"csrf_token": token, "revision": "1"} | {f"tick-{tick}": "1" for tick in TICKS}
    answer = olena.client.post(office.draft("review/publish"), data=data)
    assert answer.status_code == 409
    assert "A colleague has to do it" in answer.text
    assert office.campaign().state is CampaignState.IN_REVIEW


def test_who_wrote_last_cannot_publish_even_when_somebody_else_asked(
    office: Office, olena: Person, amal: Person
) -> None:
    ask(office, amal)
    token = olena.open(office.draft("review")).forms[0].get("csrf_token")
    data = {"csrf_token": token, "revision": "1"} | {f"tick-{tick}": "1" for tick in TICKS}
    assert olena.client.post(office.draft("review/publish"), data=data).status_code == 409
    assert office.campaign().state is CampaignState.IN_REVIEW


def test_every_line_has_to_be_ticked(office: Office, olena: Person, amal: Person) -> None:
    ask(office, olena)
    form = ticked(amal.open(office.draft("review")))
    form.put("tick-safety")
    page = amal.press(form)
    assert page.status == 422
    assert page.text.count("Tick each line when you have checked it") == 2
    assert ("tick-person", "1") in page.form("/review/publish").values
    assert office.campaign().state is CampaignState.IN_REVIEW


def test_what_was_ticked_is_what_stood_on_the_screen(
    office: Office, olena: Person, amal: Person
) -> None:
    ask(office, olena)
    form = ticked(amal.open(office.draft("review")))
    olena.fill(office.draft("texts/en"), title="Another title")
    ask(office, olena)
    page = amal.press(form)
    assert page.status == 422
    assert "changed since you opened this page" in page.text
    assert office.campaign().state is CampaignState.IN_REVIEW


def test_a_reviewer_returns_it_with_a_note(office: Office, olena: Person, amal: Person) -> None:
    ask(office, olena)
    form = amal.open(office.draft("review")).form("/review/return")
    assert "Write one line" in amal.press(form).text
    form.put("note", "The fax number has no country code.")
    assert "Back in draft." in amal.press(form).text
    assert office.campaign().state is CampaignState.DRAFT
    assert "The fax number has no country code." in olena.open(office.draft()).text


def test_who_asked_may_take_it_back(office: Office, olena: Person) -> None:
    ask(office, olena)
    page = olena.press(olena.open(office.draft("review")).form("/review/return"))
    assert "Back in draft." in page.text
    assert office.campaign().state is CampaignState.DRAFT


def test_the_people_concerned_get_their_mails(office: Office, olena: Person, amal: Person) -> None:
    ask(office, olena)
    amal.press(ticked(amal.open(office.draft("review"))))
    with office.database.reading() as session:
        keys = [key.split(":")[1] for key in session.scalars(select(Dispatch.once_key))]
    assert sorted(keys) == ["review_decided", "review_wanted"]


def test_publishing_twice_is_harmless(office: Office, olena: Person, amal: Person) -> None:
    ask(office, olena)
    form = ticked(amal.open(office.draft("review")))
    assert amal.press(form).status == 200
    assert amal.press(form).status == 409
    assert office.campaign().state is CampaignState.OPEN


def test_extending_needs_a_line_for_the_public_and_tells_it(office: Office, olena: Person) -> None:
    day = (datetime.now(UTC) + timedelta(days=60)).date().isoformat()
    page = olena.fill(office.open("extend"), last_day=day, note="")
    assert page.status == 422
    assert page.form().get("last_day") == day
    page = olena.fill(office.open("extend"), last_day=day, note="He is still held.")
    assert "The new date is set." in page.text
    campaign = office.campaign(office.open_ref)
    assert campaign.last_day is not None
    assert campaign.last_day.isoformat() == day
    assert "He is still held." in office.anybody().open(f"/en/campaigns/{office.open_ref}").text


def test_a_date_that_has_passed_is_no_extension(office: Office, olena: Person) -> None:
    page = olena.fill(office.open("extend"), last_day="2020-01-01", note="Back to then")
    assert page.status == 422
    assert page.form().get("note") == "Back to then"


def test_pausing_holds_the_letters_and_going_on_lets_them_go(office: Office, olena: Person) -> None:
    assert "Paused." in olena.fill(office.open("pause"), note="We check a date.").text
    assert office.campaign(office.open_ref).gate.state is GateState.PAUSED
    assert olena.fill(office.open("pause"), note="Once more").status == 409
    assert "Letters leave again." in olena.fill(office.open("resume")).text
    assert office.campaign(office.open_ref).gate.state is GateState.OPEN


def test_closing_asks_why(office: Office, olena: Person) -> None:
    page = olena.fill(office.open("close"), note="Only a note")
    assert page.status == 422
    assert "Choose why the campaign closes" in page.text
    assert page.form().get("note") == "Only a note"
    page = olena.fill(office.open("close"), note="He is free.", reason="outcome")
    assert "Closed." in page.text
    campaign = office.campaign(office.open_ref)
    assert campaign.closed_reason is ClosedReason.OUTCOME
    assert campaign.gate.state is GateState.CLOSED


@pytest.mark.parametrize("reason", ["expired", "boredom", ""])
def test_only_a_person_s_reasons_close(office: Office, olena: Person, reason: str) -> None:
    assert olena.fill(office.open("close"), reason=reason).status == 422
    assert office.campaign(office.open_ref).state is CampaignState.OPEN


@pytest.mark.check("J6")
def test_hiding_takes_two_clicks_and_is_gone_at_once(office: Office, olena: Person) -> None:
    public = f"/en/campaigns/{office.open_ref}"
    assert office.anybody().open(public).status == 200
    page = olena.press(olena.open(office.open("hide")).form("/hide"))
    assert "Hidden." in page.text
    gone = office.anybody().open(public)
    assert gone.status == 410
    assert "Mamay" not in gone.text
    assert "Shown again." in olena.press(olena.open(office.open("hide")).form("/hide")).text
    assert office.anybody().open(public).status == 200


def test_the_desk_names_what_ends_soon(office: Office, olena: Person) -> None:
    assert "Nothing needs you." in olena.open("/desk").text
    soon = datetime.now(UTC) + timedelta(hours=30)
    with unit_of_work(office.database.writing) as session:
        session.execute(
            update(Campaign)
            .where(Campaign.reference == office.open_ref)
            .values(closes_at=soon, last_day=soon.date())
        )
    text = olena.open("/desk").text
    assert "Give it a new date" in text
    assert "hours left" in text


def add_office(person: Person) -> str:
    form = person.open("/desk/address-book/new").form()
    form.put("country", "KZ")
    form.put("role-en", "Minister of Justice")
    form.put("salutation-en", "Dear Minister,")
    form.put("closing-en", "Yours respectfully,")
    form.put("kind-new", "email")
    form.put("value-new", "minister@example.org")
    page = person.press(form)
    assert page.status == 200
    return page.path.rsplit("/", 1)[-1]
