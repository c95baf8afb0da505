"""Consent: asked for by itself, never ticked before, kept with its words, taken back by a press."""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from app.campaigns.queries import get_campaign
from app.core.db import day_of, unit_of_work
from app.core.i18n import long_date
from app.delivery.models import Dispatch, DispatchState
from app.signatures.actions import confirm
from app.signatures.models import ConsentPurpose, GivenConsent, Signature, SignatureState
from app.signatures.queries import DATA, token_of
from app.signatures.rules import CONSENT_VERSION, FormErrors, delete_on
from tests.builders import LINKS, a_form, a_signature
from tests.conftest import ROOT
from tests.translations.test_catalogues import LANGUAGES
from tests.web.conftest import Demonstration, House
from tests.web.supporter import ANSWERS, Page, Supporter

WORDS = ROOT / "tests" / "snapshots" / "consent"


@pytest.fixture
def supporter(client: FlaskClient) -> Supporter:
    return Supporter(client)


def test_nothing_is_sent_or_kept_without_the_box(
    supporter: Supporter, demo: Demonstration, house: House
) -> None:
    answer = supporter.send(demo.mamai, "send", consent=[])
    page = Page(answer.text)
    assert answer.status_code == 422
    assert "Tick the box if you agree" in page.words
    assert page.described["consent"] == "consent-error"
    assert page.values["sentence"][0] == ANSWERS["sentence"]
    assert house.count(Signature) == 0


def test_what_was_agreed_to_is_kept_with_its_words_and_its_day(
    supporter: Supporter, demo: Demonstration, house: House
) -> None:
    assert supporter.send(demo.mamai, "send").status_code == 200
    with house.database.reading() as session:
        consent = session.scalars(select(GivenConsent)).one()
        assert consent.purpose is ConsentPurpose.LETTER
        assert (consent.version, consent.language) == (CONSENT_VERSION, "en")
        assert consent.given_on == day_of(datetime.now(UTC))
        assert consent.withdrawn_on is None


def test_the_rule_holds_without_a_page_too(house: House, demo: Demonstration) -> None:
    with house.database.writing() as session:
        campaign = get_campaign(session, demo.mamai.split("/")[2])
        form = a_form(campaign, agreed=False)
        with pytest.raises(FormErrors):
            a_signature(session, house.keys, campaign, form, datetime.now(UTC))


def test_taking_back_is_one_press_and_leaves_no_person(
    client: FlaskClient, house: House, demo: Demonstration
) -> None:
    now = datetime.now(UTC)
    with unit_of_work(house.database.writing) as session:
        campaign = get_campaign(session, demo.mamai.split("/")[2])
        signature = a_signature(session, house.keys, campaign, a_form(campaign), now)
        confirm(session, house.keys, signature, links=LINKS, now=now)
        token = token_of(house.keys, signature, DATA)
    page = Page(client.get(f"/en/letters/{token}/data").text)
    assert f"words of version {CONSENT_VERSION}" in page.words

    answer = client.post(f"/en/letters/{token}/data/take-back")

    assert "Your agreement is taken back" in answer.text
    with house.database.reading() as session:
        signature = session.scalars(select(Signature)).one()
        assert signature.state is SignatureState.WITHDRAWN
        assert signature.sealed_email is None
        assert [consent.withdrawn_on for consent in signature.consents] == [day_of(now)]
        letters = session.scalars(select(Dispatch).where(Dispatch.gate_id.is_not(None))).all()
        assert [letter.state for letter in letters] == [DispatchState.CANCELLED]
    assert client.get(f"/en/letters/{token}/data").status_code == 404


@pytest.mark.parametrize("language", ["en", *LANGUAGES])
def test_each_version_says_what_it_said(
    client: FlaskClient, house: House, demo: Demonstration, language: str
) -> None:
    """Changed words need a new version: the old one is what people have agreed to."""
    page = Page(client.get(f"/{language}{demo.mamai}").text)
    fields = {**ANSWERS, "form": page.values["form"][0]}
    answer = client.post(f"/{language}{demo.mamai}/check", data=fields)
    found = re.search(r'<label for="consent">(.*?)</label>', answer.text, re.DOTALL)
    assert found is not None
    said = Page(found[1]).words.translate(dict.fromkeys(map(ord, "\u2068\u2069")))
    with house.database.reading() as session:
        campaign = get_campaign(session, demo.mamai.split("/")[2])
        day = " ".join(long_date(delete_on(campaign), language).split())
        said = said.replace(day, "DAY")
        said = said.replace(campaign.section.name, "SECTION").strip()
    path = WORDS / f"{CONSENT_VERSION}.{language}.txt"
    if os.environ.get("SNAPSHOTS") == "write":
        path.write_text(said + "\n", encoding="utf-8")
    assert said == path.read_text(encoding="utf-8").strip()
    assert "DAY" in said
    assert "SECTION" in said


def test_a_teacher_in_lisbon_signs_without_a_name(
    supporter: Supporter, demo: Demonstration, house: House
) -> None:
    chosen = {"appearance": "alias", "alias": "a teacher in Lisbon", "keep_nothing": "1"}
    page = Page(supporter.send(demo.mamai, "check", **chosen).text)
    assert "a teacher in Lisbon" in page.words
    assert page.values["appearance"] == ["alias"]
    assert page.values["keep_nothing"] == ["1"]
    assert supporter.send(demo.mamai, "send", **chosen).status_code == 200
    with house.database.reading() as session:
        assert session.scalars(select(Signature)).one().keep_nothing


def test_a_description_left_empty_is_asked_for_where_it_is_typed(
    supporter: Supporter, demo: Demonstration, house: House
) -> None:
    answer = supporter.send(demo.mamai, "send", appearance="alias")
    page = Page(answer.text)
    assert answer.status_code == 422
    assert page.title.startswith("Error: Check your letter")
    assert "#alias" in page.links
    assert 'id="signing" open' in answer.text
    assert house.count(Signature) == 0


def test_answers_are_agreed_to_and_taken_back_by_themselves(
    client: FlaskClient, house: House, demo: Demonstration
) -> None:
    now = datetime.now(UTC)
    with unit_of_work(house.database.writing) as session:
        campaign = get_campaign(session, demo.mamai.split("/")[2])
        form = a_form(campaign, answers_to_me=True)
        signature = a_signature(session, house.keys, campaign, form, now)
        token = token_of(house.keys, signature, DATA)
        assert {each.purpose for each in signature.consents} == set(ConsentPurpose)

    client.post(f"/en/letters/{token}/data/take-back", data={"purpose": "answers"})

    with house.database.reading() as session:
        signature = session.scalars(select(Signature)).one()
        assert not signature.answers_to_me
        assert signature.state is SignatureState.PENDING
        taken = {each.purpose: each.withdrawn_on for each in signature.consents}
        assert taken == {ConsentPurpose.LETTER: None, ConsentPurpose.ANSWERS: day_of(now)}
