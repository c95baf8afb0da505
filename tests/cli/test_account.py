"""Accounts from the shell: made, given a new password, closed with their drafts handed over."""

from __future__ import annotations

from click.testing import Result
from flask import Flask

from app.accounts.passwords import matches
from app.accounts.queries import find_by_email
from app.campaigns.actions import create_draft
from app.campaigns.models import Campaign
from app.core.db import unit_of_work
from app.sections.actions import default_section
from app.state import state_of
from tests.builders import NOON
from tests.cast import AMAL, OLENA


def run(app: Flask, *words: str) -> Result:
    with app.app_context():
        done: Result = app.test_cli_runner().invoke(args=list(words))
    return done


def make(app: Flask, email: str) -> None:
    assert run(app, "user", "create", "--email", email, "--role", "organiser").exit_code == 0


def test_a_new_password_replaces_the_old_one(app: Flask) -> None:
    make(app, OLENA.email)
    answer = run(app, "user", "reset-password", "--email", OLENA.email)
    password = answer.output.rpartition("Password: ")[2].strip()
    with state_of(app).database.reading() as session:
        account = find_by_email(session, OLENA.email)
        assert account is not None
        assert matches(account.password or "", password)
    assert run(app, "user", "reset-password", "--email", "nobody@example.org").exit_code == 1


def test_who_leaves_hands_the_drafts_over(app: Flask) -> None:
    make(app, OLENA.email)
    make(app, AMAL.email)
    held = state_of(app)
    with unit_of_work(held.database.writing) as session:
        draft = create_draft(
            session,
            held.keys,
            default_section(session),
            find_by_email(session, OLENA.email),
            title="A draft",
            language="en",
            country="KZ",
            now=NOON,
        )
    assert run(app, "user", "leave", "--email", OLENA.email, "--to", AMAL.email).exit_code == 0
    with held.database.reading() as session:
        leaver, heir = find_by_email(session, OLENA.email), find_by_email(session, AMAL.email)
        assert leaver is not None
        assert heir is not None
        assert not leaver.active
        assert session.get_one(Campaign, draft.id).written_by_id == heir.id
