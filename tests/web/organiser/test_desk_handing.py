"""Letters by post as one file: who may take it, what is in it, what is written down."""

from __future__ import annotations

import io
from datetime import UTC, datetime

import pytest
from pypdf import PdfReader
from sqlalchemy import select

from app.audit.models import AuditEntry
from app.authorities.models import ContactKind
from app.campaigns.queries import get_campaign
from app.core.db import unit_of_work
from app.signatures.actions import confirm
from tests.builders import LINKS, a_form, a_signature
from tests.cast import MAX, OLENA, SAM
from tests.web.organiser.conftest import Office


@pytest.fixture
def posted(office: Office) -> Office:
    """The open campaign's office has no e-mail any more, and Sam's letter to it is confirmed."""
    at = datetime.now(UTC)
    with unit_of_work(office.database.writing) as session:
        campaign = get_campaign(session, office.open_ref)
        points = campaign.targets[0].authority.contact_points
        for point in [point for point in points if point.kind is not ContactKind.POST]:
            session.delete(point)
        session.flush()
        session.refresh(campaign.targets[0].authority)
        signature = a_signature(session, office.keys, campaign, a_form(campaign), at)
        confirm(session, office.keys, signature, links=LINKS, now=at)
    return office


def test_an_organiser_takes_the_letters_and_it_is_written_down(posted: Office) -> None:
    olena = posted.at_the_desk(OLENA)
    page = olena.client.get(posted.open("handing"))
    assert "1 letter" in page.text
    assert SAM.name not in page.text
    assert SAM.email not in page.text
    answer = olena.press(olena.open(posted.open("handing")).form("handing/1")).answer
    assert answer.status_code == 200
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.headers["Cache-Control"] == "no-store"
    text = " ".join(page.extract_text() for page in PdfReader(io.BytesIO(answer.data)).pages)
    assert SAM.name in text
    assert SAM.email not in text
    with posted.database.reading() as session:
        taken_out = select(AuditEntry).where(AuditEntry.action == "letters.hand_over")
        entry = session.scalars(taken_out).one()
    assert entry.actor == str(posted.account(OLENA).id)
    assert entry.detail == {"target": 1, "letters": 1}


def test_another_sections_organiser_and_a_stranger_take_nothing(posted: Office) -> None:
    max_ = posted.at_the_desk(MAX)
    assert max_.client.get(posted.open("handing")).status_code == 404
    assert "/sign-in" in posted.anybody().client.get(posted.open("handing")).location


def test_looking_at_the_page_opens_nothing(posted: Office) -> None:
    assert posted.at_the_desk(OLENA).client.get(posted.open("handing/1")).status_code in (404, 405)


def test_without_letters_the_page_says_so(office: Office) -> None:
    page = office.at_the_desk(OLENA).client.get(office.open("handing"))
    assert "There is no letter to hand over yet." in page.text
