"""Hearing what comes of it: asked, confirmed, chosen, left; each by a press."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from app.followers import queries
from app.followers.models import Follower, FollowerState, HowOften
from app.signatures.models import Signature
from tests.cast import NOOR, SAM
from tests.web.conftest import Demonstration, House
from tests.web.supporter import ANSWERS, Page, Supporter, link

EVERYTHING = {"email": NOOR.email, "new_actions": "1", "languages": ["en", "ar"]}


def the_follower(house: House) -> Follower:
    with house.database.reading() as session:
        follower = session.scalars(select(Follower)).one()
        assert follower.follows is not None
        return follower


def path(house: House, purpose: str) -> str:
    token = queries.token_of(house.keys, the_follower(house), purpose)
    return {
        queries.CONFIRM: f"/en/follow/{token}/confirm",
        queries.PREFERENCES: f"/en/preferences/{token}",
        queries.LEAVE: f"/en/unsubscribe/{token}",
    }[purpose]


@pytest.fixture
def following(client: FlaskClient, house: House, demo: Demonstration) -> Demonstration:
    """Noor has asked for new actions and for this one, and said yes."""
    about = demo.mamai.split("/")[2]
    assert client.post("/en/follow", data={**EVERYTHING, "about": about}).status_code == 200
    assert client.post(path(house, queries.CONFIRM)).status_code == 200
    return demo


def test_the_form_says_what_it_is_for_and_ticks_no_box_about_one_action(
    client: FlaskClient, demo: Demonstration
) -> None:
    page = Page(client.get("/en/follow").text)
    assert "new_actions" in page.values
    about = Page(client.get(f"/en/follow?about={demo.mamai.split('/')[2]}").text)
    assert "new_actions" not in about.values
    assert about.values["about"] == [demo.mamai.split("/")[2]]
    assert client.get("/en/follow?about=zzzzz").status_code == 404


@pytest.mark.parametrize("email", ["", "nonsense", "a@b"])
def test_a_bad_address_comes_back_with_all_that_was_chosen(
    client: FlaskClient, house: House, demo: Demonstration, email: str
) -> None:
    answer = client.post("/en/follow", data={**EVERYTHING, "email": email, "often": "weekly"})
    page = Page(answer.text)
    assert answer.status_code == 422
    assert page.title.startswith("Error:")
    assert page.values["email"] == [email]
    assert page.values["languages"] == ["en", "ar"]
    assert page.values["often"] == ["weekly"]
    assert house.count(Follower) == 0


def test_nothing_chosen_is_asked_about(client: FlaskClient, demo: Demonstration) -> None:
    answer = client.post("/en/follow", data={"email": NOOR.email})
    assert answer.status_code == 422
    assert "Choose what you want to hear of" in answer.text


def test_a_known_address_gets_the_same_answer(
    client: FlaskClient, following: Demonstration
) -> None:
    known = client.post("/en/follow", data=EVERYTHING)
    unknown = client.post("/en/follow", data={**EVERYTHING, "email": "nora@example.org"})
    assert known.status_code == unknown.status_code == 200
    assert known.text == unknown.text
    assert "n…@example.org" in known.text


def test_looking_follows_nothing_and_a_press_does(
    client: FlaskClient, house: House, demo: Demonstration
) -> None:
    client.post("/en/follow", data={**EVERYTHING, "countries": ["KZ"], "home": "CH"})
    before = house.fingerprint()
    assert client.get(path(house, queries.CONFIRM)).status_code == 200
    assert client.head(path(house, queries.CONFIRM)).status_code == 200
    assert house.fingerprint() == before
    assert the_follower(house).state is FollowerState.PENDING
    for _ in range(2):
        answer = client.post(path(house, queries.CONFIRM))
        assert "We will tell you what happens" in answer.text
    follower = the_follower(house)
    assert follower.state is FollowerState.CONFIRMED
    assert follower.languages == ["en", "ar"]
    assert follower.time_zone == "Europe/Zurich"
    assert not client.get_cookie("session")


def test_preferences_show_all_that_is_kept_and_change_it(
    client: FlaskClient, house: House, following: Demonstration
) -> None:
    page = Page(client.get(path(house, queries.PREFERENCES)).text)
    assert NOOR.email in page.words
    (kept,) = page.values["kept"]
    answer = client.post(
        path(house, queries.PREFERENCES),
        data={"kept": kept, "languages": ["fr"], "often": "weekly", "home": ""},
    )
    assert "Saved." in answer.text
    follower = the_follower(house)
    assert (follower.languages, follower.often) == (["fr"], HowOften.WEEKLY)
    assert not follower.new_actions
    client.post(path(house, queries.PREFERENCES), data={"new_actions": "1"})
    assert "kept" not in Page(client.get(path(house, queries.PREFERENCES)).text).values
    assert client.post(path(house, queries.PREFERENCES) + "/stay").status_code == 200


def test_one_action_can_be_done_or_refused_and_taken_up_again(
    client: FlaskClient, house: House, following: Demonstration
) -> None:
    choice = f"{path(house, queries.PREFERENCES)}/{following.mamai.split('/')[2]}"
    assert "I have done it" in client.get(choice).text
    for said, words in (
        ("done", "We do not remind you of it again"),
        ("not_this", "You hear nothing more about this one"),
        ("following", "I have done it"),
    ):
        assert words in client.post(choice, data={"said": said}).text
    before = house.fingerprint()
    assert client.post(choice, data={"said": "nonsense"}).status_code == 200
    assert house.fingerprint() == before


def test_a_mail_program_leaves_with_one_post_and_twice_is_harmless(
    client: FlaskClient, house: House, following: Demonstration
) -> None:
    leave = path(house, queries.LEAVE)
    assert client.get(leave).status_code == 200
    assert house.count(Follower) == 1
    for _ in range(2):
        # RFC 8058: from nowhere we know, and never answered by a redirect.
        answer = client.post(
            leave,
            data={"List-Unsubscribe": "One-Click"},
            headers={"Origin": "https://mail.example", "Sec-Fetch-Site": "cross-site"},
        )
        assert answer.status_code == 200
        assert "Nothing more will come" in answer.text
        assert house.count(Follower) == 0
    assert "Nothing more will come" in client.get(leave).text
    assert client.get(leave[:-4] + "AAAA").status_code in (200, 404)


def test_a_link_for_one_purpose_does_not_do_the_other(
    client: FlaskClient, house: House, following: Demonstration
) -> None:
    wrong = path(house, queries.PREFERENCES).replace("preferences", "unsubscribe")
    assert client.post(wrong).status_code == 404
    assert house.count(Follower) == 1


def test_the_box_on_the_check_page_is_empty_and_follows_with_the_letter(
    client: FlaskClient, house: House, demo: Demonstration
) -> None:
    supporter = Supporter(client)
    assert "tell_me" not in Page(supporter.send(demo.mamai, "check").text).values
    checked = Page(supporter.send(demo.mamai, "check", tell_me="1").text)
    assert checked.values["tell_me"] == ["1"]
    assert supporter.send(demo.mamai, "send", tell_me="1").status_code == 200
    assert house.count(Follower) == 0, "not before the button in the mail"
    assert client.post(link(house, "confirm")).status_code == 303
    follower = the_follower(house)
    with house.database.reading() as session:
        found = session.get_one(Follower, follower.id)
        assert queries.email_of(session, house.keys, found) == SAM.email
        assert not session.scalars(select(Signature)).one().tell_me
    assert ANSWERS["email"] == SAM.email


def test_the_box_survives_a_look_back(client: FlaskClient, demo: Demonstration) -> None:
    page = Page(Supporter(client).send(demo.mamai, "change", tell_me="1").text)
    assert page.values["tell_me"] == ["1"]


def test_erasing_ones_data_forgets_the_follower_too(
    client: FlaskClient, house: House, demo: Demonstration
) -> None:
    supporter = Supporter(client)
    supporter.send(demo.mamai, "send", tell_me="1")
    client.post(link(house, "confirm"))
    assert house.count(Follower) == 1
    assert client.post(link(house, "data").rstrip("/") + "/data/erase").status_code == 200
    assert house.count(Follower) == 0
