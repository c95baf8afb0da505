"""What becomes of a published campaign: new letters, an outcome, the next one; and its readers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from app.campaigns.models import CampaignState, ClosedReason
from app.campaigns.queries import get_campaign
from app.core.db import unit_of_work
from app.delivery.models import DispatchState
from app.reminders.staff import tell_of_held
from app.signatures.actions import confirm
from app.signatures.queries import STATUS, get_by_token, token_of
from tests.builders import LINKS, a_form, a_signature
from tests.web.organiser.conftest import Office
from tests.web.organiser.pages import Person

NEWS = "She was moved to another prison."
NEW_WORDS = "We have learned that she was moved."
FREE = "The court let her go on Tuesday."


def a_writer(office: Office) -> str:
    """Somebody whose letter is in the queue; the token of the status page."""
    now = datetime.now(UTC)
    with unit_of_work(office.database.writing) as session:
        campaign = get_campaign(session, office.open_ref)
        signature = a_signature(session, office.keys, campaign, a_form(campaign), now=now)
        confirm(session, office.keys, signature, links=LINKS, now=now)
        return token_of(office.keys, signature, STATUS)


def state_of_letter(office: Office, token: str) -> DispatchState:
    with office.database.reading() as session:
        signature = get_by_token(session, office.keys, token, STATUS)
        dispatch = signature.letters[0].dispatch
        assert dispatch is not None
        return dispatch.state


def new_letters(office: Office, writer: Person, reader: Person) -> None:
    page = writer.open(office.open("letters/authorities/en"))
    form = page.form()
    form.put("body", f"{NEW_WORDS}\r\n\r\n{form.get('body')}")
    assert writer.press(form).status == 200
    page = reader.fill(office.open("change"), note=NEWS, way="ask")
    assert "The new letters are used from now on." in page.text


def test_the_page_of_new_letters_says_what_to_do_when_there_are_none(
    office: Office, olena: Person
) -> None:
    assert "No new letters wait." in olena.open(office.open("change")).text


def test_who_wrote_a_new_letter_does_not_let_it_be_used(
    office: Office, olena: Person, amal: Person
) -> None:
    form = olena.open(office.open("letters/authorities/en")).form()
    form.put("body", f"{NEW_WORDS}\r\n\r\n{form.get('body')}")
    olena.press(form)
    assert "You wrote one of them." in olena.open(office.open("change")).text
    assert NEW_WORDS not in office.anybody().open(f"/en/campaigns/{office.open_ref}").text
    assert amal.fill(office.open("change"), note="").status == 422, "no line for the public"
    # Her page shows no such form; she sends one all the same.
    form = olena.open(office.open("change")).form("change")
    form.put("note", NEWS)
    form.put("way", "ask")
    assert olena.press(form).status == 409
    assert amal.fill(office.open("change"), note=NEWS, way="ask").status == 200


def test_a_writer_is_shown_the_new_letter_and_sends_it(
    office: Office, olena: Person, amal: Person
) -> None:
    token = a_writer(office)
    new_letters(office, olena, amal)
    assert state_of_letter(office, token) is DispatchState.HELD
    with unit_of_work(office.database.writing) as session:
        tell_of_held(session, office.keys, links=LINKS, now=datetime.now(UTC))

    somebody = office.anybody()
    page = somebody.open(f"/en/letters/{token}")
    assert "Something has changed: you decide" in page.text
    assert NEWS in page.text
    assert NEW_WORDS in page.text
    assert state_of_letter(office, token) is DispatchState.HELD, "looking changes nothing"

    decide = page.form("/decide")
    assert {value for _, value in decide.buttons} == {"new", "as_is"}
    somebody.press(decide, ("say", "whatever"))
    assert state_of_letter(office, token) is DispatchState.HELD
    page = somebody.press(decide, ("say", "new"))
    assert "Something has changed: you decide" not in page.text
    assert NEW_WORDS in page.text
    assert state_of_letter(office, token) is DispatchState.QUEUED


def test_the_public_reads_what_changed(office: Office, olena: Person, amal: Person) -> None:
    new_letters(office, olena, amal)
    page = office.anybody().open(f"/en/campaigns/{office.open_ref}")
    assert NEWS in page.text
    assert "The facts have changed, and with them the letter." in page.text
    assert NEW_WORDS in page.text


def test_an_outcome_is_written_by_one_and_told_by_another(
    office: Office, olena: Person, amal: Person
) -> None:
    page = olena.fill(office.open("outcome"), outcome="freed", happened_on="")
    assert page.status == 422
    day = (datetime.now(UTC) - timedelta(days=1)).date().isoformat()
    fields = {"outcome": "freed", "happened_on": day, "text-en": FREE}
    assert "Saved." in olena.fill(office.open("outcome"), **fields).text
    public = f"/en/campaigns/{office.open_ref}"
    assert FREE not in office.anybody().open(public).text

    page = amal.open(office.open("outcome"))
    assert FREE in page.text
    tell = next(form for form in page.forms if ("tell", "1") in form.buttons)
    own = olena.open(office.open("outcome")).form()
    assert olena.press(own, ("tell", "1")).status == 409
    assert "Everybody can read now what happened." in amal.press(tell, ("tell", "1")).text
    campaign = office.campaign(office.open_ref)
    assert campaign.closed_reason is ClosedReason.OUTCOME
    text = office.anybody().open(public).text
    assert "Set free." in text
    assert FREE in text


def test_the_next_action_of_the_case_starts_from_this_one(office: Office, olena: Person) -> None:
    before = office.campaign(office.open_ref)
    page = olena.press(olena.open(office.open("next")).form("next"))
    assert page.status == 200
    reference = page.path.split("/")[3]
    made = office.campaign(reference)
    assert made.state is CampaignState.DRAFT
    assert (made.case_id, made.follows_id) == (before.case_id, before.id)


def test_old_and_new_dates_stand_on_the_page(office: Office, olena: Person) -> None:
    day = (datetime.now(UTC) + timedelta(days=60)).date().isoformat()
    olena.fill(office.open("extend"), last_day=day, note="He is still held.")
    text = office.anybody().open(f"/en/campaigns/{office.open_ref}").text
    assert "The date was moved from" in text
