"""The document behind a draft: sealed, for as long as it is of use, and gone after that."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.campaigns import life
from app.campaigns.models import Campaign, ClosedReason
from app.core.sealing import WrongKey
from app.core.tokens import Keys
from app.intake.checks import (
    KEPT_FOR,
    find_document,
    forget_documents,
    keep_document,
    settle_checks,
)
from app.intake.models import SourceDocument
from app.intake.plan import Finding
from tests.builders import NOON, a_campaign

CANARY = "canary-of-a-document Ада Узница"
DOUBT = Finding("deadline", "2026-07-01", False, 3, 9, "two_dates", CANARY)


@pytest.fixture
def campaign(session: Session, keys: Keys) -> Campaign:
    made = a_campaign(session, keys)
    keep_document(session, keys, made, CANARY, [DOUBT], NOON)
    session.flush()
    return made


def test_it_comes_back_as_it_was_and_the_table_does_not_tell_it(
    session: Session, keys: Keys, campaign: Campaign
) -> None:
    document = find_document(session, keys, campaign)
    assert document is not None
    assert document.text == CANARY
    assert [check.finding for check in document.checks] == [DOUBT]
    assert document.left == 1
    row = session.scalars(select(SourceDocument)).one()
    for sealed in (row.sealed_text, row.sealed_checks):
        assert b"canary" not in sealed
        assert "Узница".encode() not in sealed


def test_sealed_text_of_another_row_is_not_opened(
    session: Session, keys: Keys, campaign: Campaign
) -> None:
    row = session.scalars(select(SourceDocument)).one()
    row.sealed_text, row.sealed_checks = row.sealed_checks, row.sealed_text
    session.flush()
    with pytest.raises(WrongKey):
        find_document(session, keys, campaign)


def test_a_check_that_was_made_stays_made_until_it_is_opened_again(
    session: Session, keys: Keys, campaign: Campaign
) -> None:
    for done, left in ((["deadline"], 0), ([], 1)):
        settled = settle_checks(session, keys, campaign, done)
        session.flush()
        document = find_document(session, keys, campaign)
        assert settled == document
        assert document is not None
        assert document.left == left


def test_it_goes_when_the_campaign_closes(session: Session, keys: Keys, campaign: Campaign) -> None:
    assert forget_documents(session, NOON) == 0
    life.close(session, campaign, None, reason=ClosedReason.STOPPED, note="", now=NOON)
    session.flush()
    assert forget_documents(session, NOON) == 1
    assert find_document(session, keys, campaign) is None
    assert forget_documents(session, NOON) == 0


def test_it_goes_from_a_draft_that_nobody_finishes(
    session: Session, keys: Keys, campaign: Campaign
) -> None:
    assert forget_documents(session, NOON + KEPT_FOR) == 0
    assert forget_documents(session, NOON + KEPT_FOR + timedelta(days=1)) == 1
    assert find_document(session, keys, campaign) is None
