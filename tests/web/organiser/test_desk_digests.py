"""What organisers see of letters that leave together."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from app.campaigns.queries import get_campaign
from app.core.db import unit_of_work
from app.delivery.models import Dispatch, DispatchState, Mailbox
from app.signatures.actions import confirm
from app.signatures.digests import decide
from tests.builders import LINKS, a_form, a_signature
from tests.cast import NOOR, OLENA, SAM
from tests.web.organiser.conftest import Office
from tests.web.supporter import Page


@pytest.fixture
def crowded(office: Office) -> Office:
    """Two letters to a mailbox that takes one a day, an hour and a half before the end."""
    now = datetime.now(UTC)
    with unit_of_work(office.database.writing) as session:
        campaign = get_campaign(session, office.open_ref)
        campaign.demonstration = None
        for who in (SAM, NOOR):
            form = a_form(campaign, who=who)
            signature = a_signature(session, office.keys, campaign, form, now)
            confirm(session, office.keys, signature, links=LINKS, now=now)
        campaign.closes_at = campaign.gate.open_until = now + timedelta(minutes=90)
        session.execute(update(Mailbox).values(per_day=1))
    return office


def words_of(office: Office) -> str:
    return Page(office.at_the_desk(OLENA).open(office.open()).text).words


def test_before_it_is_decided_the_page_says_what_will_be(crowded: Office) -> None:
    words = words_of(crowded)
    assert "Letters that wait for their turn" in words
    assert "not before the deadline" in words
    assert "leaves in a digest: one mail with a covering text" in words
    assert "Digests" not in words


def test_a_digest_is_listed_with_its_number_and_its_time(crowded: Office) -> None:
    with unit_of_work(crowded.database.writing) as session:
        assert decide(session, crowded.keys, datetime.now(UTC)) == 1
    words = words_of(crowded)
    assert "Digests" in words
    assert "2 leaves: " in words
    with unit_of_work(crowded.database.writing) as session:
        for row in session.scalars(select(Dispatch).where(Dispatch.gate_id.is_not(None))):
            row.state, row.payload, row.finished_at = DispatchState.SENT, None, datetime.now(UTC)
    assert "2 Handed over" in words_of(crowded)
