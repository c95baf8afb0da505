"""Being reminded: asked, confirmed, stopped; each by a press and never by looking."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from app.core.db import unit_of_work
from app.core.tokens import make_token
from app.reminders.models import Reminder, ReminderRequest, ReminderState
from app.reminders.queries import token_key
from tests.web.conftest import Demonstration, House
from tests.web.supporter import Page

SAM = {"email": "sam@example.org"}


@pytest.fixture
def asked(client: FlaskClient, demo: Demonstration) -> Demonstration:
    assert client.post(f"/en{demo.mamai}/remind", data=SAM).status_code == 200
    return demo


def mailed(house: House, purpose: str) -> str:
    with house.database.reading() as session:
        request = session.scalars(select(ReminderRequest)).one()
        token = make_token(token_key(house.keys), purpose, request.id, request.nonce)
    return f"/en/reminders/{token}/{purpose}"


def owed(house: House) -> list[int]:
    with house.database.reading() as session:
        waiting = select(Reminder).where(Reminder.state == ReminderState.OWED)
        return sorted(reminder.hours_before for reminder in session.scalars(waiting))


@pytest.mark.parametrize("email", ["", "nonsense", "a@b"])
def test_a_bad_address_comes_back_as_it_was_typed(
    client: FlaskClient, demo: Demonstration, house: House, email: str
) -> None:
    answer = client.post(f"/en{demo.mamai}/remind", data={"email": email})
    page = Page(answer.text)
    assert answer.status_code == 422
    assert page.title.startswith("Error:")
    assert page.values["email"] == [email]
    assert page.words.count("Enter an e-mail address like name@example.org") == 2
    assert house.count(ReminderRequest) == 0


def test_the_answer_is_the_same_for_a_known_address(
    client: FlaskClient, asked: Demonstration
) -> None:
    first = client.post(f"/en{asked.mamai}/remind", data={"email": "noor@example.org"})
    again = client.post(f"/en{asked.mamai}/remind", data={"email": "noor@example.org"})
    assert first.text == again.text
    assert "n…@example.org" in first.text


def test_looking_owes_nothing_and_a_press_owes_two(
    client: FlaskClient, asked: Demonstration, house: House
) -> None:
    path = mailed(house, "confirm")
    before = house.fingerprint()
    assert client.get(path).status_code == 200
    assert client.head(path).status_code == 200
    assert client.get(mailed(house, "stop")).status_code == 200
    assert house.fingerprint() == before
    assert client.post(path).status_code == 200
    assert client.post(path).status_code == 200
    assert owed(house) == [24, 72]
    assert "We will remind you" in client.get(path).text


def test_a_mail_program_stops_reminders_by_one_post(
    client: FlaskClient, asked: Demonstration, house: House
) -> None:
    client.post(mailed(house, "confirm"))
    # RFC 8058: from nowhere we know, and never answered by a redirect.
    answer = client.post(
        mailed(house, "stop"),
        data={"List-Unsubscribe": "One-Click"},
        headers={"Origin": "https://mail.example", "Sec-Fetch-Site": "cross-site"},
    )
    assert answer.status_code == 200
    assert "No reminder will come" in answer.text
    assert owed(house) == []
    assert client.post(mailed(house, "stop")).status_code == 200
    with house.database.reading() as session:
        assert session.scalars(select(ReminderRequest)).one().sealed_email is None


def test_a_link_for_one_purpose_does_not_do_the_other(
    client: FlaskClient, asked: Demonstration, house: House
) -> None:
    wrong = mailed(house, "confirm").replace("/confirm", "/stop")
    assert client.post(wrong).status_code == 404
    assert client.get(wrong).status_code == 404


def test_after_the_date_there_is_nothing_to_remind_of(
    client: FlaskClient, asked: Demonstration, house: House
) -> None:
    path = mailed(house, "confirm")
    house.change(asked.mamai, closes_at=datetime.now(UTC) - timedelta(minutes=1))
    for answer in (
        client.post(path),
        client.post(f"/en{asked.mamai}/remind", data={"email": "noor@example.org"}),
    ):
        assert answer.status_code == 409
        assert "There is nothing to remind you of" in answer.text
    assert owed(house) == []


def test_on_the_last_day_no_reminder_is_promised(
    client: FlaskClient, demo: Demonstration, house: House
) -> None:
    house.change(demo.mamai, closes_at=datetime.now(UTC) + timedelta(hours=23))
    assert 'id="remind"' not in client.get(f"/en{demo.mamai}").text
    assert client.post(f"/en{demo.mamai}/remind", data=SAM).status_code == 409
    assert house.count(ReminderRequest) == 0


def test_a_link_that_has_ended_owes_nothing(
    client: FlaskClient, asked: Demonstration, house: House
) -> None:
    with unit_of_work(house.database.writing) as session:
        request = session.scalars(select(ReminderRequest)).one()
        request.link_ends_at = datetime.now(UTC) - timedelta(seconds=1)
    assert client.post(mailed(house, "confirm")).status_code == 409
    assert owed(house) == []


def test_a_hidden_campaign_hides_its_reminders(
    client: FlaskClient, asked: Demonstration, house: House
) -> None:
    house.change(asked.mamai, hidden=True)
    for purpose in ("confirm", "stop"):
        assert client.get(mailed(house, purpose)).status_code == 410
