"""By the link in each mail: see what is kept, take it along, erase it, and never be written to."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app.campaigns.queries import get_campaign
from app.core.db import unit_of_work
from app.core.erasures import erasure_hash, is_erased, reload_erasures
from app.core.models import Erasure
from app.core.sealing import get_seal
from app.core.tokens import Keys
from app.delivery.message import Message
from app.delivery.models import Dispatch, DispatchState, Lane
from app.signatures.actions import confirm, sign
from app.signatures.correcting import HasLeft, check_correction, correct, may_correct
from app.signatures.models import Signature
from app.signatures.own_data import erase_address, erase_again, list_of_address
from app.signatures.queries import DATA, STATUS, get_by_token, token_of
from app.state import state_of
from app.tally.actions import fold
from app.tally.models import Figure, Split, TallyTotal
from tests.builders import LINKS, a_campaign, a_form, a_signature
from tests.cast import SAM, Person
from tests.web.conftest import Demonstration, House
from tests.web.supporter import Page


@pytest.fixture
def token(house: House, demo: Demonstration) -> str:
    now = datetime.now(UTC)
    with unit_of_work(house.database.writing) as session:
        reference = demo.mamai.split("/")[2]
        campaign = get_campaign(session, reference)
        form = a_form(campaign, sentence="I am a nurse in Uppsala.")
        signature = a_signature(session, house.keys, campaign, form, now)
        confirm(session, house.keys, signature, links=LINKS, now=now)
        return token_of(house.keys, signature, DATA)


def test_the_page_shows_everything_and_is_kept_by_nobody(app: Flask, token: str) -> None:
    answer = app.test_client().get(f"/en/letters/{token}/data")
    assert answer.status_code == 200
    for words in (SAM.name, SAM.email, "nurse in Uppsala"):
        assert words in answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Robots-Tag"] == "noindex"
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize("kind", ["json", "txt"])
def test_the_files_hold_the_same(app: Flask, token: str, kind: str) -> None:
    answer = app.test_client().get(f"/en/letters/{token}/data.{kind}")
    assert "attachment" in answer.headers["Content-Disposition"]
    for words in (SAM.name, SAM.email, "nurse in Uppsala"):
        assert words in answer.text


def test_a_link_for_something_else_opens_no_data(app: Flask, house: House, token: str) -> None:
    with house.database.reading() as session:
        status = token_of(house.keys, session.scalars(select(Signature)).one(), STATUS)
    assert app.test_client().get(f"/en/letters/{status}/data").status_code == 404
    assert app.test_client().get(f"/en/letters/{token}").status_code == 404


def test_erasing_leaves_a_hash_and_counts(app: Flask, house: House, token: str) -> None:
    beside = state_of(app).settings.erasures
    client = app.test_client()
    assert client.post(f"/en/letters/{token}/data/erase").status_code == 200
    with house.database.reading() as session:
        signature = session.scalars(select(Signature)).one()
        assert signature.sealed_name is None
        assert signature.sealed_email is None
        for dispatch in session.scalars(select(Dispatch)):
            assert dispatch.state is DispatchState.CANCELLED
            assert dispatch.payload is None
        assert list_of_address(session, house.keys, SAM.email) == []
        assert is_erased(session, house.keys, SAM.email)
        assert session.scalars(select(Erasure)).one().address_hash.hex() in beside.read_text()
    assert client.get(f"/en/letters/{token}/data").status_code == 404


def test_nobody_erased_is_written_to_again(session: Session, keys: Keys, tmp_path: Path) -> None:
    now = datetime.now(UTC)
    campaign = a_campaign(session, keys, now=now)
    erase_address(session, keys, SAM.email, now=now, beside=tmp_path / "erased")
    sign(session, keys, campaign, a_form(campaign), links=LINKS, now=now)
    session.flush()
    assert session.scalars(select(Signature)).all() == []
    assert session.scalars(select(Dispatch)).all() == []


def test_an_erasure_is_done_again_on_a_restored_database(
    session: Session, keys: Keys, tmp_path: Path
) -> None:
    beside = tmp_path / "erased"
    now = datetime.now(UTC)
    campaign = a_campaign(session, keys, now=now)
    a_signature(session, keys, campaign, now=now)
    # As after a restore: the person is there, and only the file knows of the erasure.
    erase_address(session, keys, "other@example.org", now=now, beside=beside)
    hashed = beside.read_text()
    with beside.open("a") as known:
        known.write(_line(keys))
    assert hashed != beside.read_text()
    assert reload_erasures(session, beside) == 1
    assert erase_again(session, keys, now) == 1
    assert list_of_address(session, keys, SAM.email) == []


def _line(keys: Keys) -> str:
    return f"{erasure_hash(keys, SAM.email).hex()} 2026-06-01\n"


RIGHT = {
    "name": "Sam Astrom",
    "country": "NO",
    "sentence": "I am a midwife in Bergen.",
    "town": "Bergen",
}


def corrected(app: Flask, token: str, **changed: str) -> TestResponse:
    return app.test_client().post(f"/en/letters/{token}/data/correct", data={**RIGHT, **changed})


def messages(house: House) -> list[Message]:
    """The letters in the outbox, opened."""
    with house.database.reading() as session:
        campaign = session.scalars(select(Signature)).one().campaign
        seal = get_seal(session, house.keys, campaign.key_id)
        waiting = select(Dispatch).where(Dispatch.lane == Lane.LETTER)
        return [
            Message.from_bytes(
                seal.open_bytes(row.payload or b"", table="dispatch", column="payload", row=row.id)
            )
            for row in session.scalars(waiting)
        ]


def test_a_correction_reaches_every_letter_that_waits(app: Flask, house: House, token: str) -> None:
    assert SAM.name in messages(house)[0].text
    assert corrected(app, token).status_code == 303
    page = app.test_client().get(f"/en/letters/{token}/data").text
    (letter,) = messages(house)
    for words in (RIGHT["name"], RIGHT["sentence"]):
        assert words in page
        assert words in letter.text
    assert letter.sender_name == RIGHT["name"]
    for words in (SAM.name, "nurse in Uppsala"):
        assert words not in page
        assert words not in letter.text


def test_a_correction_takes_the_counts_of_its_country_along(
    app: Flask, house: House, token: str
) -> None:
    corrected(app, token)
    with unit_of_work(house.database.writing) as session:
        fold(session)
        split = select(TallyTotal.figure, TallyTotal.value, func.sum(TallyTotal.times)).where(
            TallyTotal.split == Split.COUNTRY
        )
        rows = session.execute(split.group_by(TallyTotal.figure, TallyTotal.value)).all()
        found = {(figure, value): times for figure, value, times in rows}
    for figure in (Figure.STARTED, Figure.CONFIRMED, Figure.QUEUED):
        assert (found[figure, "SE"], found[figure, "NO"]) == (0, 1)


def test_a_corrected_person_writes_once_to_each_office(
    app: Flask, house: House, token: str
) -> None:
    corrected(app, token)
    now = datetime.now(UTC)
    with unit_of_work(house.database.writing) as session:
        campaign = session.scalars(select(Signature)).one().campaign
        again = a_form(campaign, who=Person(RIGHT["name"], SAM.email))
        sign(session, house.keys, campaign, again, links=LINKS, now=now)
    with house.database.reading() as session:
        assert len(session.scalars(select(Signature)).all()) == 1, "told that they have written"


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"name": ""}, "Enter the name"),
        ({"country": "Atlantis"}, "Choose a country"),
        ({"sentence": "x" * 301}, "1 character too long"),
        ({"name": "Noor"}, "has written from your address already"),
    ],
)
def test_a_wrong_correction_changes_nothing_and_says_why(
    app: Flask, house: House, token: str, changed: dict[str, str], says: str
) -> None:
    now = datetime.now(UTC)
    with unit_of_work(house.database.writing) as session:
        campaign = session.scalars(select(Signature)).one().campaign
        form = a_form(campaign, who=Person("Noor", SAM.email))
        other = a_signature(session, house.keys, campaign, form, now)
        confirm(session, house.keys, other, links=LINKS, now=now)
    answer = corrected(app, token, **changed)
    assert answer.status_code == 422
    assert says in answer.text
    assert RIGHT["town"] in answer.text, "what was typed is not lost"
    page = app.test_client().get(f"/en/letters/{token}/data").text
    assert SAM.name in page
    assert "nurse in Uppsala" in page


def test_what_has_left_cannot_be_corrected_and_the_page_says_so(
    app: Flask, house: House, token: str
) -> None:
    page = f"/en/letters/{token}/data"
    assert "Save the corrections" in app.test_client().get(page).text
    with unit_of_work(house.database.writing) as session:
        session.execute(
            update(Dispatch)
            .where(Dispatch.lane == Lane.LETTER)
            .values(state=DispatchState.SENT, payload=None, finished_at=datetime.now(UTC))
        )
    assert corrected(app, token).status_code == 303
    answer = app.test_client().get(page)
    assert "They cannot be changed any more" in answer.text
    assert "Save the corrections" not in answer.text
    assert "Take my letters back" not in answer.text
    assert SAM.name in answer.text


def test_a_letter_that_begins_to_leave_meanwhile_refuses_the_correction(
    house: House, token: str
) -> None:
    with unit_of_work(house.database.writing) as session:
        signature = get_by_token(session, house.keys, token, DATA)
        assert may_correct(signature)
        # A worker has taken it after this page looked: the row says so, the object not yet.
        session.execute(
            update(Dispatch)
            .where(Dispatch.lane == Lane.LETTER)
            .values(state=DispatchState.SENDING, lease_until=datetime.now(UTC))
            .execution_options(synchronize_session=False)
        )
        with pytest.raises(HasLeft):
            correct(session, house.keys, signature, check_correction(RIGHT), datetime.now(UTC))


def test_letters_are_taken_back_from_the_page_and_may_be_written_again(
    app: Flask, house: House, token: str
) -> None:
    client, now = app.test_client(), datetime.now(UTC)
    page = Page(client.get(f"/en/letters/{token}/data").text)
    (action,) = re.findall(r'action="([^"]+/withdraw)"', page.text)
    assert client.post(action).status_code == 303
    assert client.get(f"/en/letters/{token}/data").status_code == 404
    with unit_of_work(house.database.writing) as session:
        campaign = session.scalars(select(Signature)).one().campaign
        again = a_signature(session, house.keys, campaign, a_form(campaign), now)
        confirm(session, house.keys, again, links=LINKS, now=now)
        assert [letter.dispatch.state for letter in again.letters if letter.dispatch] == [
            DispatchState.QUEUED
        ]


def test_the_page_says_how_far_erasing_reaches(app: Flask, token: str) -> None:
    text = app.test_client().get(f"/en/letters/{token}/data").text
    assert "in every urgent action" in text
    assert "somebody else has written from the same address" in text
