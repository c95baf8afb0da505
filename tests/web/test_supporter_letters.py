"""Behind the links in our mails: looking changes nothing, a press counts once."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta

import pytest
from flask.testing import FlaskClient
from pypdf import PdfReader
from sqlalchemy import select

from app.authorities.models import Authority, ContactKind, ContactPoint, Office
from app.campaigns.models import CampaignState
from app.core.db import unit_of_work
from app.core.sealing import get_seal
from app.delivery.models import Dispatch, DispatchState, Lane
from app.signatures.models import Letter, LetterChannel, Signature, SignatureState
from tests.web.conftest import Demonstration, House
from tests.web.supporter import Page, Supporter, link

ALL_TEN = [str(number) for number in range(1, 11)]


@pytest.fixture
def supporter(client: FlaskClient) -> Supporter:
    return Supporter(client)


@pytest.fixture
def signed(supporter: Supporter, demo: Demonstration) -> Demonstration:
    assert supporter.send(demo.mamai, "send").status_code == 200
    return demo


@pytest.fixture
def signed_to_ten(supporter: Supporter, demo: Demonstration) -> Demonstration:
    answer = supporter.send(demo.dosmagambetov, "send", targets=ALL_TEN)
    assert answer.status_code == 200
    return demo


def letters_in_the_outbox(house: House) -> int:
    with house.database.reading() as session:
        return len(session.scalars(select(Dispatch).where(Dispatch.lane == Lane.LETTER)).all())


def confirmed(client: FlaskClient, house: House) -> str:
    """Press the button; the address of the status page."""
    answer = client.post(link(house, "confirm"))
    assert answer.status_code == 303
    return answer.location


def settle(house: House, state: DispatchState, **values: object) -> None:
    """What the worker would have written."""
    with unit_of_work(house.database.writing) as session:
        for dispatch in session.scalars(select(Dispatch).where(Dispatch.lane == Lane.LETTER)):
            dispatch.state = state
            dispatch.payload = None if state is DispatchState.SENT else dispatch.payload
            dispatch.finished_at = datetime.now(UTC)


@pytest.mark.check("J4")
def test_opening_any_mailed_link_changes_nothing(
    client: FlaskClient, signed: Demonstration, house: House
) -> None:
    ask = link(house, "confirm")
    before = house.fingerprint()
    for _time in range(3):
        assert client.get(ask).status_code == 200
        assert client.head(ask).status_code == 200
    assert house.fingerprint() == before
    status = confirmed(client, house)
    before = house.fingerprint()
    for path in (ask, status, f"{status}?look=3", f"{status}/print", f"{status}/print/1.pdf"):
        assert client.get(path).status_code in (200, 303)
        assert client.head(path).status_code in (200, 303)
    assert house.fingerprint() == before


def test_the_page_behind_the_link_shows_to_whom_and_how_the_letter_begins(
    client: FlaskClient, signed: Demonstration, house: House
) -> None:
    words = Page(client.get(link(house, "confirm")).text).words
    assert "President of the Republic of Kazakhstan" in words
    assert "I am writing to you about Zhanbolat Mamay" in words
    assert "Yes, send it" in words


def test_pressing_sends_and_pressing_again_is_harmless(
    client: FlaskClient, signed: Demonstration, house: House
) -> None:
    ask = link(house, "confirm")
    first, second = client.post(ask), client.post(ask)
    assert first.status_code == second.status_code == 303
    assert first.location == second.location
    assert letters_in_the_outbox(house) == 1
    assert client.get(ask).location == first.location


def test_the_status_page_waits_for_the_letter_and_then_stops_looking(
    client: FlaskClient, signed: Demonstration, house: House
) -> None:
    status = confirmed(client, house)
    answer = client.get(status)
    assert "Your letter is on its way" in answer.text
    assert answer.headers["Refresh"] == f"20; url={status}?look=2"
    assert "Refresh" not in client.get(f"{status}?look=15").headers
    assert "Refresh" not in client.get(f"{status}?look=99").headers
    settle(house, DispatchState.SENT)
    after = client.get(status)
    assert "Refresh" not in after.headers
    assert "Your letter has been handed over" in after.text


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (DispatchState.FAILED, "The address does not accept this mail"),
        (DispatchState.BOUNCED, "The address does not accept this mail"),
        (DispatchState.HELD, "Somebody looks into it"),
        (DispatchState.CANCELLED, "The urgent action ended before your letter could leave"),
    ],
)
def test_every_end_of_a_letter_is_told_in_words(
    client: FlaskClient, signed: Demonstration, house: House, state: DispatchState, words: str
) -> None:
    status = confirmed(client, house)
    settle(house, state)
    page = Page(client.get(status).text)
    assert words in page.words
    if state in (DispatchState.FAILED, DispatchState.BOUNCED):
        assert "+8 7172 74-56-31" in page.words
        assert "Print your letter (PDF)" in page.words
        assert f"{status}/print/1/fax.pdf" in page.links


def ride(house: House, due_at: datetime, state: DispatchState = DispatchState.QUEUED) -> None:
    """Put the letters in the outbox into a digest, as the clock would."""
    with unit_of_work(house.database.writing) as session:
        letters = session.scalars(select(Dispatch).where(Dispatch.lane == Lane.LETTER)).all()
        digest = Dispatch(
            once_key="digest:test",
            lane=Lane.LETTER,
            state=state,
            gate_id=letters[0].gate_id,
            gate_epoch=letters[0].gate_epoch,
            mailbox_id=letters[0].mailbox_id,
            key_id=letters[0].key_id,
            payload=b"sealed",
            due_at=due_at,
            opened_at=due_at,
        )
        session.add(digest)
        session.flush()
        for letter in letters:
            letter.carried_by = digest.id


def test_a_letter_in_a_digest_says_so_and_when_before_and_after(
    client: FlaskClient, signed: Demonstration, house: House
) -> None:
    status = confirmed(client, house)
    ride(house, datetime.now(UTC) + timedelta(hours=30))
    words = Page(client.get(status).text).words
    assert "Yours leaves together with theirs, in one mail that holds every letter, at" in words
    with unit_of_work(house.database.writing) as session:
        for digest in session.scalars(select(Dispatch).where(Dispatch.opened_at.is_not(None))):
            digest.due_at = datetime.now(UTC)
    assert "within the next minutes" in Page(client.get(status).text).words
    settle(house, DispatchState.SENT)
    assert "in one mail with the letters of others" in Page(client.get(status).text).words


def test_offices_without_e_mail_are_never_a_silent_success(
    client: FlaskClient, signed_to_ten: Demonstration, house: House
) -> None:
    status = confirmed(client, house)
    assert letters_in_the_outbox(house) == 6
    page = Page(client.get(status).text)
    assert "4 offices have no e-mail address." in page.words
    assert "+7 7172 72 05 16" in page.words
    assert "http://kuis.kz/kz/otinishter" in page.links
    assert "Good day, my name is Sam Åström" in page.words
    for number in (3, 5, 7, 9):
        pdf = client.get(f"{status}/print/{number}.pdf")
        assert pdf.status_code == 200
        assert pdf.data.startswith(b"%PDF-")
    assert client.get(f"{status}/print/11.pdf").status_code == 404
    for path in ("print/3/fax.pdf", "print/3/envelope.pdf", "print/labels.pdf"):
        sheet = client.get(f"{status}/{path}")
        assert sheet.mimetype == "application/pdf"
    assert client.get(f"{status}/print/11/fax.pdf").status_code == 404
    assert client.get(f"{status}/print/3/telex.pdf").status_code == 404


def test_a_letter_is_shortened_for_a_form_and_what_stayed_out_is_said(
    client: FlaskClient, signed_to_ten: Demonstration, house: House
) -> None:
    status = confirmed(client, house)
    before = house.fingerprint()
    whole = Page(client.get(f"{status}/form/5?at_most=100000").text)
    assert "The whole letter fits." in whole.words
    cut = Page(client.get(f"{status}/form/5?at_most=1200").text)
    assert "What had to stay out" in cut.words
    assert "Sam Åström" in cut.words
    none = Page(client.get(f"{status}/form/5?at_most=1").text)
    assert "Take another way to this office." in none.words
    assert client.get(f"{status}/form/5?at_most=many").status_code == 200
    assert client.get(f"{status}/form/11").status_code == 404
    assert house.fingerprint() == before


def test_a_name_that_no_font_can_draw_is_marked_and_the_letter_is_printed(
    supporter: Supporter, demo: Demonstration, client: FlaskClient, house: House
) -> None:
    assert supporter.send(demo.mamai, "send", name="Sam 𓀀").status_code == 200
    status = confirmed(client, house)
    pdf = client.get(f"{status}/print/1.pdf")
    assert pdf.status_code == 200
    text = " ".join(PdfReader(io.BytesIO(pdf.data)).pages[0].extract_text().split())
    assert "Sam (?) Could not be printed: (?) U+13000 EGYPTIAN HIEROGLYPH A001" in text
    assert letters_in_the_outbox(house) == 1


def test_paper_follows_the_country_of_the_writer(
    supporter: Supporter, demo: Demonstration, client: FlaskClient, house: House
) -> None:
    assert supporter.send(demo.mamai, "send", country="MX").status_code == 200
    status = confirmed(client, house)
    for path in ("print/1.pdf", "print/1/fax.pdf", "print/labels.pdf"):
        pdf = PdfReader(io.BytesIO(client.get(f"{status}/{path}").data))
        assert float(pdf.pages[0].mediabox.width) == 612


def test_i_posted_it_counts_once(
    client: FlaskClient, signed_to_ten: Demonstration, house: House
) -> None:
    status = confirmed(client, house)
    first = client.post(f"{status}/done/3")
    assert first.status_code == 303
    assert first.location == f"{status}#letter-3"
    after = house.fingerprint()
    assert client.post(f"{status}/done/3").status_code == 303
    assert house.fingerprint() == after
    assert "You told us on" in client.get(status).text
    assert client.post(f"{status}/done/99").status_code == 404


def test_taking_it_back_stops_the_letter_and_forgets_the_writer(
    client: FlaskClient, signed: Demonstration, house: House
) -> None:
    status = confirmed(client, house)
    answer = client.post(f"{status}/withdraw")
    assert answer.status_code == 303
    page = Page(client.get(status).text)
    assert "You took your letter back" in page.words
    assert "Sam Åström" not in page.words
    with house.database.reading() as session:
        signature = session.scalars(select(Signature)).one()
        assert signature.state is SignatureState.WITHDRAWN
        assert signature.sealed_name is None
        letter = session.scalars(select(Letter)).one()
        assert letter.dispatch is not None
        assert letter.dispatch.state is DispatchState.CANCELLED
    gone = client.get(link(house, "confirm"))
    assert gone.status_code == 410
    assert client.post(link(house, "confirm")).status_code == 410


def test_a_link_for_one_purpose_opens_nothing_else(
    client: FlaskClient, signed: Demonstration, house: House
) -> None:
    ask, status = link(house, "confirm"), link(house, "status")
    assert client.get(ask.removesuffix("/confirm")).status_code == 404
    assert client.get(f"{status}/confirm").status_code == 404
    assert client.post(f"{status}/confirm").status_code == 404
    assert client.post(f"{ask.removesuffix('/confirm')}/withdraw").status_code == 404


@pytest.mark.parametrize("token", ["x", "A" * 43, "%00", "ü" * 43, "A" * 5000])
def test_an_invented_link_is_no_page(client: FlaskClient, demo: Demonstration, token: str) -> None:
    for path in ("", "/confirm", "/print", "/print/1.pdf"):
        assert client.get(f"/en/letters/{token}{path}").status_code == 404
    for path in ("/confirm", "/withdraw", "/done/1"):
        assert client.post(f"/en/letters/{token}{path}").status_code == 404
    assert client.get(f"/en/reminders/{token}/stop").status_code == 404


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"closes_at": datetime(2026, 1, 1, tzinfo=UTC)}, "The date passed"),
        ({"state": CampaignState.PAUSED}, "the button comes back"),
        ({"state": CampaignState.CLOSED, "closed_reason": "stopped"}, "was closed before"),
    ],
)
def test_a_press_that_comes_too_late_keeps_the_letter(
    client: FlaskClient,
    signed: Demonstration,
    house: House,
    values: dict[str, object],
    words: str,
) -> None:
    ask = link(house, "confirm")
    house.change(signed.mamai, **values)
    for answer in (client.get(ask), client.post(ask)):
        page = Page(answer.text)
        assert answer.status_code == 409
        assert words in page.words
        assert "I am a nurse in Uppsala." in page.words
        assert "Yes, send it" not in page.words
    assert letters_in_the_outbox(house) == 0


def test_a_link_that_has_ended_keeps_the_letter(
    client: FlaskClient, signed: Demonstration, house: House
) -> None:
    ask = link(house, "confirm")
    with unit_of_work(house.database.writing) as session:
        signature = session.scalars(select(Signature)).one()
        signature.link_ends_at = datetime.now(UTC) - timedelta(seconds=1)
    answer = client.post(ask)
    assert answer.status_code == 409
    assert "This link has ended" in answer.text
    assert "I am a nurse in Uppsala." in answer.text


def test_a_forgotten_signature_says_that_nothing_is_kept(
    client: FlaskClient, signed: Demonstration, house: House
) -> None:
    with unit_of_work(house.database.writing) as session:
        signature = session.scalars(select(Signature)).one()
        signature.state = SignatureState.FORGOTTEN
        signature.sealed_name = signature.sealed_email = signature.sealed_sentence = None
    for path in (link(house, "confirm"), link(house, "status")):
        answer = client.get(path)
        assert answer.status_code == 410
        assert "Nothing is kept behind this link any more" in answer.text


def test_a_letter_that_came_back_is_ready_for_the_next_way_and_the_embassy(
    client: FlaskClient, signed: Demonstration, house: House
) -> None:
    status = confirmed(client, house)
    settle(house, DispatchState.FAILED)
    with unit_of_work(house.database.writing) as session:
        signature = session.scalars(select(Signature)).one()
        (letter,) = signature.letters
        letter.channel = LetterChannel.POST
        session.add(
            Authority(
                section_id=signature.campaign.section_id,
                key="embassy",
                country=letter.target.authority.country,
                embassy_in=signature.country,
                time_zone="UTC",
                languages=["en"],
                offices=[
                    Office(
                        language="en",
                        role="Ambassador",
                        name="",
                        institution="Embassy of Example",
                        salutation="Excellency,",
                        closing="Yours,",
                    )
                ],
                contact_points=[
                    ContactPoint(position=1, kind=ContactKind.POST, value="2 Embassy Row\nTown"),
                    ContactPoint(position=2, kind=ContactKind.PHONE, value="+46 8 555 0100"),
                ],
            )
        )
    page = client.get(status)
    for said in ("Embassy of Example", "2 Embassy Row", "+46 8 555 0100", "I posted it"):
        assert said in page.text
    envelope = client.get(f"{status}/print/1/embassy.pdf")
    assert envelope.status_code == 200
    assert "2 Embassy Row" in PdfReader(io.BytesIO(envelope.data)).pages[0].extract_text()
    assert client.post(f"{status}/done/1").status_code == 303
    assert "You told us on" in client.get(status).text


def test_without_an_embassy_there_is_no_envelope_to_one(
    client: FlaskClient, signed: Demonstration, house: House
) -> None:
    assert client.get(f"{confirmed(client, house)}/print/1/embassy.pdf").status_code == 404


def test_a_faxed_letter_says_so(client: FlaskClient, signed: Demonstration, house: House) -> None:
    status = confirmed(client, house)
    with unit_of_work(house.database.writing) as session:
        session.scalars(select(Signature)).one().letters[0].channel = LetterChannel.FAX
    assert "We send it by fax" in client.get(status).text
    settle(house, DispatchState.SENT)
    assert "so it went by fax on" in client.get(status).text


def test_a_hidden_campaign_hides_its_letters_too(
    client: FlaskClient, signed: Demonstration, house: House
) -> None:
    house.change(signed.mamai, hidden=True)
    ask, status = link(house, "confirm"), link(house, "status")
    for path in (ask, status, f"{status}/print", f"{status}/print/1.pdf"):
        answer = client.get(path)
        assert answer.status_code == 410
        assert "Sam" not in answer.text
    assert client.post(ask).status_code == 410


def test_the_status_page_shows_no_address(
    client: FlaskClient, signed: Demonstration, house: House
) -> None:
    assert "sam@example.org" not in client.get(confirmed(client, house)).text


def test_when_the_key_is_gone_the_page_still_says_what_became_of_it(
    client: FlaskClient, signed: Demonstration, house: House
) -> None:
    status = confirmed(client, house)
    settle(house, DispatchState.SENT)
    from app.core.models import DataKey

    with unit_of_work(house.database.writing) as session:
        signature = session.scalars(select(Signature)).one()
        seal = get_seal(session, house.keys, signature.campaign.key_id)
        session.delete(session.get_one(DataKey, seal.id))
    answer = client.get(status)
    assert answer.status_code == 200
    assert "Handed over" in answer.text
    assert "Sam Åström" not in answer.text
    assert client.get(f"{status}/print/1.pdf").status_code == 404
