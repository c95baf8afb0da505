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
from app.campaigns.queries import get_campaign
from app.core.db import unit_of_work
from app.core.models import DataKey
from app.core.sealing import require_own_key
from app.delivery.models import Dispatch, DispatchState
from app.signatures.actions import confirm, sign
from app.signatures.models import Signature, SignatureState
from app.signatures.rules import is_invalidated
from app.signatures.watch import Mark
from app.state import state_of
from app.tally.models import Figure
from app.tally.queries import total
from tests.builders import LINKS, a_campaign, a_form, a_signature, an_account
from tests.cast import AMAL, PASSWORD, SAM, Person

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


def refused(app: Flask, *words: str) -> str:
    with app.app_context():
        answer = app.test_cli_runner().invoke(args=["data", *words])
    assert answer.exit_code == 1, answer.output
    return answer.output


@pytest.fixture
def flood(app: Flask) -> str:
    """Four that a machine made, one of them waiting, and two people."""
    state, now = state_of(app), datetime.now(UTC)
    with unit_of_work(state.database.writing) as session:
        require_own_key(session, state.keys)
        campaign = a_campaign(session, state.keys, now=now)
        for number, (email, marks) in enumerate(
            [
                ("a@mailinator.com", (Mark.DISPOSABLE, Mark.SOLVED)),
                ("b@mailinator.com", (Mark.DISPOSABLE, Mark.SLOW)),
                ("c@bots.example", (Mark.DOMAIN, Mark.FAST, Mark.SOLVED)),
                ("d@bots.example", (Mark.DOMAIN, Mark.SOLVED)),
                (SAM.email, ()),
                ("noor@example.org", (Mark.NETWORK, Mark.SOLVED)),
            ]
        ):
            form = a_form(campaign, who=Person(f"Person {number}", email))
            sign(session, state.keys, campaign, form, links=LINKS, now=now, marks=marks)
            session.flush()
        for one in session.scalars(select(Signature)).all():
            if one.marks != "domain solved":
                confirm(session, state.keys, one, links=LINKS, now=now)
        return campaign.reference


def numbers(app: Flask, *words: str) -> dict[str, object]:
    found: dict[str, object] = json.loads(said(app, "invalidate", *words, "--json"))
    return found


def confirmed(app: Flask, reference: str) -> int:
    with state_of(app).database.reading() as session:
        return total(session, get_campaign(session, reference).id, Figure.CONFIRMED)


def test_looking_at_suspects_changes_nothing_and_names_nobody(app: Flask, flood: str) -> None:
    before = notes(app)
    said_of_all = said(app, "invalidate", flood, "--mark", "solved", "--json")
    assert "@" not in said_of_all
    assert "Person" not in said_of_all
    assert numbers(app, flood, "--mark", "solved")["confirmed"] == 3
    assert numbers(app, flood, "--mark", "solved", "--mark", "fast")["confirmed"] == 1
    assert numbers(app, flood, "--disposable")["confirmed"] == 2
    found = numbers(app, flood, "--domain", "BOTS.example")
    assert (found["pending"], found["confirmed"], found["stopped"]) == (1, 1, 1)
    assert numbers(app, flood, "--country", "se")["confirmed"] == 5
    assert numbers(app, flood, "--from", "2099-01-01")["confirmed"] == 0
    assert numbers(app, flood, "--to", "2020-01-01")["confirmed"] == 0
    assert confirmed(app, flood) == 5
    assert notes(app) == before


def test_what_a_machine_made_is_taken_out_with_a_reason_and_a_note(app: Flask, flood: str) -> None:
    words = (flood, "--domain", "bots.example", "--reason", "catch-all of one attacker", "--yes")
    done = numbers(app, *words)
    assert (done["pending"], done["confirmed"], done["stopped"]) == (1, 1, 1)
    assert confirmed(app, flood) == 4
    with state_of(app).database.reading() as session:
        entry = session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc())).first()
        assert entry is not None
        assert entry.action == "signatures.invalidate"
        assert entry.detail["reason"] == "catch-all of one attacker"
        assert entry.detail["chosen"]["domains"] == ["bots.example"]
        gone = [one for one in session.scalars(select(Signature)) if is_invalidated(one)]
        assert len(gone) == 2
        for one in gone:
            assert one.state is SignatureState.WITHDRAWN
            assert (one.sealed_name, one.sealed_email) == (None, None)
        left = session.scalars(
            select(Dispatch).where(Dispatch.once_key.startswith("invalidated:"))
        ).all()
        assert [one.state for one in left] == [DispatchState.CANCELLED]
    again = numbers(app, *words)
    assert (again["pending"], again["confirmed"]) == (0, 0)
    assert confirmed(app, flood) == 4


def test_whoever_was_taken_out_by_mistake_can_write_again(app: Flask, flood: str) -> None:
    said(app, "invalidate", flood, "--mark", "network", "--reason", "a mistake", "--yes")
    state, now = state_of(app), datetime.now(UTC)
    with unit_of_work(state.database.writing) as session:
        campaign = get_campaign(session, flood)
        form = a_form(campaign, who=Person("Person 5", "noor@example.org"))
        again = a_signature(session, state.keys, campaign, form, now)
        confirm(session, state.keys, again, links=LINKS, now=now)
        assert [one.dispatch.state for one in again.letters if one.dispatch] == [
            DispatchState.QUEUED
        ]
    assert confirmed(app, flood) == 5


def test_nobody_takes_out_everything_or_without_being_asked(app: Flask, flood: str) -> None:
    assert "Say which" in refused(app, "invalidate", flood, "--reason", "x", "--yes")
    assert "no campaign" in refused(app, "invalidate", "zzzzz", "--disposable")
    with app.app_context():
        answer = app.test_cli_runner().invoke(
            args=["data", "invalidate", flood, "--disposable", "--reason", "x"], input="n\n"
        )
    assert answer.exit_code == 1
    assert confirmed(app, flood) == 5
