"""flask data: backups hold no key, a destroyed key is gone for them too, and acts are noted."""

from __future__ import annotations

import json
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from app.audit.models import AuditEntry
from app.core.db import unit_of_work
from app.core.models import DataKey
from app.core.sealing import require_own_key
from app.delivery.models import Dispatch, DispatchState
from app.signatures.actions import confirm
from app.signatures.models import Signature
from app.state import state_of
from tests.builders import LINKS, a_campaign, a_form, a_signature, an_account
from tests.cast import AMAL, PASSWORD, SAM

SENTENCE = "canary-sentence-7c31"


@pytest.fixture
def reference(app: Flask) -> str:
    state, now = state_of(app), datetime.now(UTC)
    with unit_of_work(state.database.writing) as session:
        require_own_key(session, state.keys)
        campaign = a_campaign(session, state.keys, now=now)
        form = a_form(campaign, sentence=SENTENCE)
        signature = a_signature(session, state.keys, campaign, form, now)
        confirm(session, state.keys, signature, links=LINKS, now=now)
        return campaign.reference


def a_second_person(app: Flask) -> str:
    with unit_of_work(state_of(app).database.writing) as session:
        return str(an_account(session, AMAL).id)


def said(app: Flask, *words: str) -> str:
    with app.app_context():
        answer = app.test_cli_runner().invoke(args=["data", *words])
    assert answer.exit_code == 0, answer.output
    return answer.output


def notes(app: Flask) -> list[str]:
    with state_of(app).database.reading() as session:
        return list(session.scalars(select(AuditEntry.action)))


def test_a_backup_names_nobody_and_holds_no_key(app: Flask, reference: str, tmp_path: Path) -> None:
    target = tmp_path / "backup.db"
    said(app, "backup", str(target))
    content = target.read_bytes()
    for canary in (SAM.name, SAM.email, SENTENCE):
        assert canary.encode() not in content
    with state_of(app).database.reading() as session:
        for key in session.scalars(select(DataKey)):
            assert key.wrapped not in content
    with sqlite3.connect(target) as opened:
        assert opened.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert opened.execute("SELECT count(*) FROM signature").fetchone() == (1,)
        assert opened.execute("SELECT count(*) FROM data_key").fetchone() == (0,)
    assert target.stat().st_mode & 0o777 == 0o600


def test_a_destroyed_key_is_gone_and_everything_unsent_with_it(
    app: Flask, reference: str, tmp_path: Path
) -> None:
    said(app, "backup", str(tmp_path / "before.db"))
    second = a_second_person(app)
    with app.app_context():
        answer = app.test_cli_runner().invoke(
            args=["data", "destroy-campaign-key", reference, "--yes", "--second", AMAL.email],
            input=f"{PASSWORD}\n",
        )
    assert answer.exit_code == 0, answer.output
    kept = state_of(app).settings.key_file.with_name("data.keys")
    assert kept.read_text() == "", "today's keys open nothing of the backup from before"
    with state_of(app).database.reading() as session:
        assert session.scalars(select(DataKey)).all() == []
        assert session.scalars(select(Signature.sealed_email)).all() == [None]
        states = set(session.scalars(select(Dispatch.state)))
        assert states == {DispatchState.CANCELLED}
    with state_of(app).database.reading() as session:
        wanted = select(AuditEntry).where(AuditEntry.action == "campaign.destroy_key")
        assert session.scalars(wanted).one().detail["confirmed_by"] == second


def test_a_wrong_answer_destroys_nothing(app: Flask, reference: str) -> None:
    with app.app_context():
        answer = app.test_cli_runner().invoke(
            args=["data", "destroy-campaign-key", reference], input="other\n"
        )
    assert answer.exit_code == 1
    assert "Nothing was destroyed" in answer.output
    with state_of(app).database.reading() as session:
        assert len(session.scalars(select(DataKey)).all()) == 1


def test_an_operator_exports_and_erases_and_both_are_noted(app: Flask, reference: str) -> None:
    told = json.loads(said(app, "export", "--email", SAM.email, "--reason", "asked by letter"))
    assert told[0]["sentence"] == SENTENCE
    assert "1 signatures" in said(app, "erase", "--email", SAM.email, "--yes")
    assert json.loads(said(app, "export", "--email", SAM.email, "--reason", "check")) == []
    assert {"data.export", "data.erase"} <= set(notes(app))
    with state_of(app).database.reading() as session:
        for entry in session.scalars(select(AuditEntry)):
            assert SAM.email not in str(entry.detail)
