"""Mail scanners open every link of every mail (ux.md J4): nothing is sent, stopped or used up."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from html import unescape
from urllib.parse import urlsplit

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from app.campaigns.models import Campaign
from app.core.db import unit_of_work
from app.core.tokens import make_token
from app.followers import actions, queries
from app.followers.models import Follower, FollowerState, FollowState
from app.followers.rules import Wish
from app.notices.compose import compose
from app.notices.links import Links
from app.notices.rules import NOTICES
from app.reminders.actions import ask, confirm_request
from app.reminders.models import ReminderRequest, RequestState
from app.reminders.queries import token_key
from app.signatures.actions import confirm
from app.signatures.models import Signature, SignatureState
from app.signatures.queries import CONFIRM, DATA, STATUS, token_of
from tests.builders import LINKS, a_form, a_signature
from tests.cast import MAX, NOOR, SAM
from tests.conftest import ROOT
from tests.notices.samples import values_of
from tests.web.conftest import Demonstration, House

links = Links("http://localhost")
# Doors of other issues: their mails are written, their pages are still to come.
NOT_BUILT = {"translate_link", "invitation_link", "report_link", "outcome_link"}
Fixed = dict[str, str]


@pytest.fixture
def mailed(house: House, demo: Demonstration) -> tuple[Fixed, dict[str, Fixed]]:
    """A real link for each value that is one; those of one notice alone by its name."""
    now, keys = datetime.now(UTC), house.keys
    with unit_of_work(house.database.writing) as session:
        reference = demo.mamai.split("/")[2]
        campaign = session.scalars(select(Campaign).filter_by(reference=reference)).one()
        done = a_signature(session, keys, campaign, a_form(campaign, who=SAM), now)
        confirm(session, keys, done, links=LINKS, now=now)
        pending = a_signature(session, keys, campaign, a_form(campaign, who=NOOR), now)
        for address in (MAX.email, NOOR.email):
            ask(session, keys, campaign, address, "en", links=LINKS, now=now)
        session.flush()
        wishes = session.scalars(select(ReminderRequest).order_by(ReminderRequest.id)).all()
        waiting, agreed = wishes
        confirm_request(agreed, now)
        actions.follow_with_letter(session, keys, campaign, SAM.email, "en", now)
        wish = Wish(("en",), new_actions=True)
        actions.ask(session, keys, campaign.section, MAX.email, wish, links=LINKS, now=now)
        follower = queries.find_follower(session, keys, campaign.section_id, SAM.email)
        stranger = queries.find_follower(session, keys, campaign.section_id, MAX.email)
        assert follower is not None
        assert stranger is not None
        preferences = queries.token_of(keys, follower, queries.PREFERENCES)

        def reminder(request: ReminderRequest, purpose: str) -> str:
            return make_token(token_key(keys), purpose, request.id, request.nonce)

        stop = reminder(agreed, "stop")
        leave = links.unsubscribe("en", queries.token_of(keys, follower, queries.LEAVE))
        return (
            {
                "confirm_link": links.confirm("en", token_of(keys, pending, CONFIRM)),
                "status_link": links.status("en", token_of(keys, done, STATUS)),
                "own_data_link": links.data("en", token_of(keys, done, DATA)),
                "campaign_link": links.campaign("en", campaign.reference, campaign.slug),
                "done_link": links.done_reminders("en", stop),
                "stop_link": leave,
                "preferences_link": links.preferences("en", preferences),
                "choice_link": links.follow_choice("en", preferences, campaign.reference),
                "desk_link": links.desk(campaign.reference),
                "review_link": links.desk(campaign.reference, "review"),
                "extend_link": links.desk(campaign.reference, "extend"),
                "close_link": links.desk(campaign.reference, "close"),
                "book_link": links.office(campaign.targets[0].authority.key),
                "stats_link": "http://localhost/stats",
            },
            {
                "remind_confirm": {
                    "confirm_link": links.confirm_reminders("en", reminder(waiting, "confirm"))
                },
                "reminder": {"stop_link": links.stop_reminders("en", stop)},
                "follow_confirm": {
                    "confirm_link": links.confirm_follow(
                        "en", queries.token_of(keys, stranger, queries.CONFIRM)
                    )
                },
            },
        )


def links_in(name: str, fixed: Fixed, own: dict[str, Fixed]) -> set[str]:
    values = values_of(name, "en")
    given = {**fixed, **own.get(name, {})}
    wanted = {key for key in NOTICES[name].values if key.endswith("_link")}
    assert wanted <= given.keys() | NOT_BUILT, "a link that no scanner was shown"
    values |= {key: given[key] for key in wanted if key in given}
    if name == "weekly_news":
        values["news"] = [
            type(item)(item.kind, item.title, item.title_language, fixed["campaign_link"])
            for item in values["news"]  # type: ignore[attr-defined]
        ]
    written = compose(
        name,
        language="en",
        sender_name="S",
        postal_address="P",
        values=values,
        data_link=fixed["own_data_link"],
    )
    found = re.findall(r"https?://[^\s\"<>]+", written.text + unescape(written.html))
    return {link for link in found if link.startswith(links.base)}


def test_a_scanner_that_opens_every_link_of_every_mail_changes_nothing(
    client: FlaskClient, house: House, mailed: tuple[Fixed, dict[str, Fixed]]
) -> None:
    fixed, own = mailed
    before, opened = house.fingerprint(), set()
    for name in NOTICES:
        opened |= links_in(name, fixed, own)
    assert len(opened) >= 17
    for link in sorted(opened):
        path = urlsplit(link).path
        for method in ("GET", "HEAD", "GET"):
            answer = client.open(path, method=method)
            # Desk links lead whoever has not signed in to the page where one does.
            assert answer.status_code in (200, 301, 302, 303), f"{method} {path}"
            assert not answer.headers.getlist("Set-Cookie") or path.startswith(("/desk", "/stats"))
    assert house.fingerprint() == before


def test_no_page_behind_a_link_presses_its_own_button(
    client: FlaskClient, mailed: tuple[Fixed, dict[str, Fixed]]
) -> None:
    """Some scanners run scripts: none of ours submits a form, and no form is sent by GET."""
    fixed, own = mailed
    for name in NOTICES:
        for link in links_in(name, fixed, own):
            page = client.get(urlsplit(link).path).text
            assert 'method="get"' not in page or "/desk" in link
            assert not re.search(r"\bon(load|error|focus)=", page)
            assert "<script>" not in page
    script = (ROOT / "app" / "web" / "static" / "outcry.js").read_text(encoding="utf-8")
    assert not re.search(r"\.submit\(|requestSubmit", script)


def test_afterwards_every_link_still_does_what_it_says(
    client: FlaskClient, house: House, mailed: tuple[Fixed, dict[str, Fixed]]
) -> None:
    fixed, own = mailed

    def press(link: str, **data: str) -> int:
        client.get(urlsplit(link).path)
        return client.post(urlsplit(link).path, data=data).status_code

    assert press(fixed["confirm_link"]) == 303
    assert press(own["remind_confirm"]["confirm_link"]) == 200
    assert press(own["follow_confirm"]["confirm_link"]) == 200
    assert press(own["reminder"]["stop_link"]) == 200
    assert press(fixed["choice_link"], said="done") == 200
    with house.database.reading() as session:
        assert {each.state for each in session.scalars(select(Signature))} == {
            SignatureState.CONFIRMED
        }
        assert {each.state for each in session.scalars(select(ReminderRequest))} == {
            RequestState.CONFIRMED,
            RequestState.STOPPED,
        }
        followers = session.scalars(select(Follower)).all()
        assert [each.state for each in followers] == [FollowerState.CONFIRMED] * 2
        assert [each.state for one in followers for each in one.follows] == [FollowState.DONE]
    assert press(fixed["stop_link"]) == 200
    assert house.count(Follower) == 1
