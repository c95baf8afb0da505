"""From afar nobody mutes the mail or destroys a key alone; at the machine itself one person may."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import select

from app.accounts.models import RoleName
from app.accounts.rules import TRIES_OF_ONE
from app.audit.models import AuditEntry
from app.cli.second import LOCAL, is_local
from app.core.db import unit_of_work
from app.core.models import DataKey
from app.core.sealing import require_own_key
from app.delivery.claims import is_muted
from app.state import state_of
from tests.builders import a_campaign, an_account
from tests.cast import AMAL, KOFI, PASSWORD
from tests.conftest import ROOT


@pytest.fixture
def reference(app: Flask) -> str:
    with unit_of_work(state_of(app).database.writing) as session:
        require_own_key(session, state_of(app).keys)
        an_account(session, AMAL)
        an_account(session, KOFI, (RoleName.COORDINATOR,))
        return a_campaign(session, state_of(app).keys).reference


def run(app: Flask, *words: str, typed: str = "") -> Result:
    with app.app_context():
        result: Result = app.test_cli_runner().invoke(args=list(words), input=typed)
    return result


def muted(app: Flask) -> bool:
    with state_of(app).database.reading() as session:
        return is_muted(session)


def test_a_script_alone_is_refused(app: Flask, reference: str) -> None:
    for words in (("mail", "mute"), ("data", "destroy-campaign-key", reference, "--yes")):
        refused = run(app, *words)
        assert refused.exit_code == 1
        assert "needs a second person" in refused.output
    assert not muted(app)
    with state_of(app).database.reading() as session:
        assert len(session.scalars(select(DataKey)).all()) == 1


@pytest.mark.parametrize(
    ("email", "password"),
    [
        (AMAL.email, "another phrase altogether"),
        (AMAL.email, ""),
        (KOFI.email, PASSWORD),  # counts numbers, and decides nothing here
        ("nobody@example.org", PASSWORD),
    ],
)
def test_whoever_is_not_a_second_person_is_refused(
    app: Flask, reference: str, email: str, password: str
) -> None:
    refused = run(app, "mail", "mute", "--second", email, typed=f"{password}\n")
    assert refused.exit_code == 1
    assert "did not confirm" in refused.output
    assert PASSWORD not in refused.output
    assert not muted(app)


def test_a_second_person_confirms_and_is_noted(app: Flask, reference: str) -> None:
    done = run(app, "mail", "mute", "--second", AMAL.email, typed=f"{PASSWORD}\n")
    assert done.exit_code == 0, done.output
    assert muted(app)
    with state_of(app).database.reading() as session:
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "mail.mute")).one()
        assert entry.detail["confirmed_by"] not in ("", LOCAL)


def test_passwords_are_not_guessed_here_either(app: Flask, reference: str) -> None:
    for _ in range(TRIES_OF_ONE):
        run(app, "mail", "mute", "--second", AMAL.email, typed="a wrong phrase\n")
    refused = run(app, "mail", "mute", "--second", AMAL.email, typed=f"{PASSWORD}\n")
    assert refused.exit_code == 1
    assert not muted(app)


def test_a_local_shell_is_a_terminal_that_came_over_no_network() -> None:
    assert is_local({}, has_terminal=True)
    assert not is_local({}, has_terminal=False)
    for name in ("SSH_CONNECTION", "SSH_CLIENT", "SSH_TTY"):
        assert not is_local({name: "203.0.113.7 50000 22"}, has_terminal=True)


def test_at_the_machine_itself_one_person_may(app: Flask, reference: str) -> None:
    """The real command on a real terminal."""
    ours, theirs = os.openpty()
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("OUTCRY_", "SSH_"))
    }
    environment["OUTCRY_VAR"] = str(state_of(app).settings.var)
    words = [sys.executable, "-m", "flask", "--app", "wsgi", "mail", "mute"]
    try:
        done = subprocess.run(
            words,
            cwd=ROOT,
            env=environment,
            stdin=theirs,
            capture_output=True,
            timeout=120,
            check=False,
        )
    finally:
        os.close(ours)
        os.close(theirs)
    assert done.returncode == 0, done.stderr
    assert muted(app)
