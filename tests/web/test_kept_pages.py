"""A campaign page that is kept is the page that would be built, and never an old one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, select

from app.authorities.models import ContactPoint
from app.campaigns.models import CampaignState, CampaignText
from app.core.db import unit_of_work
from app.state import state_of
from tests.web.conftest import Demonstration, House
from tests.web.supporter import Supporter, link

ASKED = {"Accept-Language": "en-GB, fr;q=0.5"}


@pytest.fixture
def supporter(client: FlaskClient) -> Supporter:
    return Supporter(client)


@contextmanager
def statements(app: Flask) -> Iterator[list[str]]:
    """What is asked of the database through the engine meanwhile."""
    engine = state_of(app).database.engine
    asked: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        asked.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    yield asked
    event.remove(engine, "before_cursor_execute", note)


def note_in(text: str) -> str:
    (found,) = set(re.findall(r'name="form" value="([^"]+)"', text))
    return str(found)


def test_a_second_look_asks_nothing_and_differs_by_its_note_alone(
    app: Flask, client: FlaskClient, demo: Demonstration
) -> None:
    path = f"/en{demo.mamai}"
    for _try in range(3):  # a minute may begin in between
        with statements(app) as first_asked:
            first = client.get(path, headers=ASKED)
        with statements(app) as asked:
            second = client.get(path, headers=ASKED)
        if not asked:
            break
    assert asked == []
    assert first_asked or first.status_code == 200
    one, other = note_in(first.text), note_in(second.text)
    assert one != other, "two readers share no note"
    assert first.text.replace(one, "") == second.text.replace(other, "")
    assert dict(first.headers) == dict(second.headers)


def test_the_form_of_a_kept_page_can_be_sent(
    supporter: Supporter, house: House, demo: Demonstration
) -> None:
    supporter.page(f"/en{demo.mamai}")
    sent = supporter.send(demo.mamai, "send")
    assert sent.status_code == 200
    assert "One more tap" in sent.text
    assert supporter.look(link(house, "confirm")).status_code == 200


def test_what_changes_is_seen_at_once(
    supporter: Supporter, house: House, demo: Demonstration
) -> None:
    path = f"/en{demo.mamai}"

    def says(words: str) -> bool:
        supporter.look(path)
        return words in supporter.look(path).text

    assert says("See my letter")
    house.change(demo.mamai, state=CampaignState.PAUSED)
    assert not says("See my letter")
    house.change(demo.mamai, state=CampaignState.OPEN)
    assert says("See my letter")
    house.change(demo.mamai, closes_at=datetime.now(UTC) - timedelta(minutes=1))
    assert not says("See my letter")
    house.change(demo.mamai, closes_at=datetime.now(UTC) + timedelta(days=3))
    with unit_of_work(house.database.writing) as session:
        for text in session.scalars(select(CampaignText)):
            text.title = "Another title"
        for point in session.scalars(select(ContactPoint)):
            point.value = "12 New Street"
    assert says("Another title")
    assert says("12 New Street"), "an office of the book is no part of the campaign"
    house.change(demo.mamai, hidden=True)
    assert supporter.look(path).status_code == 410


def test_another_reader_is_not_given_the_page_of_the_first(
    supporter: Supporter, demo: Demonstration
) -> None:
    path = f"/en{demo.mamai}"

    def first_countries(languages: str) -> list[str]:
        text = supporter.look(path, Accept_Language=languages).text
        return re.findall(r'<option value="([A-Z]{2})"', text)[:2]

    for _look in range(2):
        assert first_countries("sv-SE")[0] == "SE"
        assert first_countries("pt-BR, de-AT")[0] in ("AT", "BR")
        assert first_countries("") == first_countries("en")
    russian, english = (supporter.look(f"/{one}{demo.mamai}") for one in ("ru", "en"))
    assert '<html lang="ru"' in russian.text
    assert '<html lang="en"' in english.text
    in_russian = supporter.look(f"{path}?letter=ru").text
    assert in_russian != supporter.look(path).text


def test_who_has_a_cookie_or_looks_otherwise_gets_a_page_of_their_own(
    app: Flask, client: FlaskClient, demo: Demonstration
) -> None:
    path = f"/en{demo.mamai}"
    client.get(path)
    with statements(app) as asked:
        assert client.get(path, headers={"Accept-Language": "x" * 500}).status_code == 200
    assert asked
    with statements(app) as asked:
        assert client.head(path).status_code == 200
    assert asked
    client.set_cookie("session", "x")
    with statements(app) as asked:
        assert client.get(path).status_code == 200
    assert asked
