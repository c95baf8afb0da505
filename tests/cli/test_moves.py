"""The moves of a campaign on the shell: who must be there for which, and what they say."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import select, update

from app.campaigns.models import Campaign, CampaignState, ClosedReason, Move
from app.campaigns.queries import get_campaign
from app.core.db import unit_of_work
from app.core.sealing import require_own_key
from app.state import state_of
from tests.builders import a_campaign, an_account
from tests.cast import AMAL, PASSWORD
from tests.conftest import ROOT

NOW = datetime.now(UTC)
LATER = (NOW + timedelta(days=90)).date().isoformat()


@pytest.fixture
def reference(app: Flask) -> str:
    with unit_of_work(state_of(app).database.writing) as session:
        require_own_key(session, state_of(app).keys)
        an_account(session, AMAL)
        return a_campaign(session, state_of(app).keys, now=NOW).reference


def run(app: Flask, *words: str, second: bool = False) -> Result:
    both = (*words, "--second", AMAL.email) if second else words
    with app.app_context():
        result: Result = app.test_cli_runner().invoke(
            args=["campaign", *both], input=f"{PASSWORD}\n" if second else ""
        )
    return result


def stands(app: Flask, reference: str) -> Campaign:
    with state_of(app).database.reading() as session:
        return get_campaign(session, reference)


def test_pausing_needs_nobody_and_going_on_needs_a_second_person(
    app: Flask, reference: str
) -> None:
    assert run(app, "pause", reference, "--note", "We check.").exit_code == 0
    assert stands(app, reference).state is CampaignState.PAUSED
    refused = run(app, "resume", reference)
    assert refused.exit_code == 1
    assert "second person" in refused.output
    assert run(app, "resume", reference, second=True).exit_code == 0
    assert stands(app, reference).state is CampaignState.OPEN


def test_extending_says_the_instant_and_reopening_is_another_word(
    app: Flask, reference: str
) -> None:
    said = run(app, "extend", reference, "--until", LATER, "--time", "18:00", "--note", "Why.")
    assert said.exit_code == 0, said.output
    campaign = stands(app, reference)
    assert campaign.closes_at is not None
    assert campaign.closes_at.isoformat(timespec="seconds") in said.output
    assert campaign.last_time == "18:00"
    assert run(app, "reopen", reference, "--until", LATER, second=True).exit_code == 1
    assert run(app, "extend", reference, "--until", "2020-01-01").exit_code == 1


def test_an_expired_campaign_is_reopened_by_two(app: Flask, reference: str) -> None:
    with unit_of_work(state_of(app).database.writing) as session:
        session.execute(
            update(Campaign).values(
                state=CampaignState.CLOSED, closed_reason=ClosedReason.EXPIRED, closed_at=NOW
            )
        )
    assert run(app, "extend", reference, "--until", LATER).exit_code == 1
    assert run(app, "reopen", reference, "--until", LATER).exit_code == 1
    said = run(app, "reopen", reference, "--until", LATER, second=True)
    assert said.exit_code == 0, said.output
    assert stands(app, reference).state is CampaignState.OPEN


def test_stopping_needs_nobody_and_says_the_second(app: Flask, reference: str) -> None:
    said = run(app, "stop", reference, "--note", "It harms her.")
    assert said.exit_code == 0
    closed_at = stands(app, reference).closed_at
    assert closed_at is not None
    assert closed_at.isoformat(timespec="seconds") in said.output
    assert run(app, "stop", reference).exit_code == 1


def test_an_outcome_is_told_by_two(app: Flask, reference: str) -> None:
    words = ("close", reference, "--outcome", "freed", "--text", "en=She is free.")
    assert run(app, *words, "--on", "2026-06-01").exit_code == 1
    refused = run(app, *words, second=True)
    assert "happened_on (missing)" in refused.output
    assert stands(app, reference).state is CampaignState.OPEN
    said = run(app, *words, "--on", "2026-06-01", second=True)
    assert said.exit_code == 0, said.output
    assert stands(app, reference).closed_reason is ClosedReason.OUTCOME
    with state_of(app).database.reading() as session:
        told = session.scalars(select(Move).where(Move.name == "outcome")).one()
        assert told.by_id is not None
        assert told.detail["texts"] == {"en": "She is free."}


def test_the_manual_names_every_move() -> None:
    manual = (ROOT / "docs" / "operators.md").read_text()
    for verb in ("extend", "pause", "resume", "reopen", "stop", "close"):
        assert f"`{verb} REF" in manual or f"`campaign {verb} REF" in manual
