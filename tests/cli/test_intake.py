"""The same reading from the shell: one document, a folder of them, and a draft."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import select

from app.accounts.models import RoleName
from app.campaigns.models import Campaign, CampaignState
from app.core.db import unit_of_work
from app.core.sealing import require_own_key
from app.intake.checks import find_document
from app.state import state_of
from tests.builders import an_account
from tests.cast import OLENA
from tests.intake.files import ACTION, STATEMENT

KEYS = {
    "source",
    "language",
    "organisation",
    "kind",
    "title",
    "case_names",
    "pronoun",
    "country",
    "deadline",
    "issued",
    "reference",
    "targets",
    "preferred_languages",
    "has_model_letter",
    "letter_first_words",
    "letter_closing",
    "demands_count",
    "evidence",
}
TARGET_KEYS = {
    "name",
    "role",
    "emails",
    "phones",
    "faxes",
    "has_postal_address",
    "contact_form",
    "salutation",
    "kind",
}


def run(app: Flask, *words: str) -> Result:
    with app.app_context():
        return app.test_cli_runner().invoke(args=["intake", *words])


@pytest.fixture
def action(tmp_path: Path) -> Path:
    path = tmp_path / "action.txt"
    path.write_text(ACTION, encoding="utf-8")
    return path


def campaigns(app: Flask) -> list[Campaign]:
    with state_of(app).database.reading() as session:
        return list(session.scalars(select(Campaign)))


def test_json_is_the_published_schema_and_the_evidence(app: Flask, action: Path) -> None:
    done = run(app, "read", str(action), "--json")
    assert done.exit_code == 0
    told = json.loads(done.stdout)
    assert set(told) == KEYS
    assert told["deadline"] == "2031-05-12"
    assert all(set(target) == TARGET_KEYS for target in told["targets"])
    evidence = told["evidence"]["deadline"]
    assert ACTION[evidence["start"] : evidence["end"]] == "12 MAY 2031"
    assert campaigns(app) == []


def test_a_table_says_what_is_sure_and_what_is_not(app: Flask, action: Path) -> None:
    action.write_text(ACTION.replace("+256 414 254829", "+8 7172 74-56-31"), encoding="utf-8")
    lines = run(app, "read", str(action)).stdout.splitlines()
    assert any(line.startswith("  found  Title: TEACHER AT RISK") for line in lines)
    fax = next(line for line in lines if "+8 7172" in line)
    assert fax.startswith("  check  Fax numbers")
    assert "cannot be dialled" in fax


def test_a_folder_gives_one_file_a_document(app: Flask, action: Path, tmp_path: Path) -> None:
    (tmp_path / "statement.md").write_text(STATEMENT, encoding="utf-8")
    (tmp_path / "notes.json").write_text("{}", encoding="utf-8")
    (tmp_path / "broken.pdf").write_bytes(b"%PDF-1.4 cut")
    out = tmp_path / "out"
    done = run(app, "read", str(tmp_path), "--out", str(out))
    assert done.exit_code == 1  # one of them could not be read
    assert "broken.pdf" in done.stderr
    assert sorted(path.name for path in out.iterdir()) == ["action.json", "statement.json"]
    assert json.loads((out / "action.json").read_text())["kind"] == "urgent_action"
    assert json.loads((out / "statement.json").read_text())["targets"] == []


def test_an_import_makes_a_draft_with_its_checks(app: Flask, action: Path) -> None:
    running = state_of(app)
    with unit_of_work(running.database.writing) as session:
        require_own_key(session, running.keys)
        an_account(session, OLENA, (RoleName.ORGANISER,))
    done = run(app, "import", str(action), "--by", OLENA.email)
    assert done.exit_code == 0, done.output
    [made] = campaigns(app)
    assert made.reference in done.stdout
    assert made.state is CampaignState.DRAFT
    assert made.written_by_id is not None
    assert made.number == "UA: 77/31"
    with running.database.reading() as session:
        document = find_document(session, running.keys, made)
    assert document is not None
    assert document.text == ACTION.strip()
    assert {check.finding.reason for check in document.checks} >= {"composed"}
    assert str(document.left) in done.stdout


def test_the_second_document_of_a_number_joins_the_case_of_the_first(
    app: Flask, action: Path
) -> None:
    running = state_of(app)
    with unit_of_work(running.database.writing) as session:
        require_own_key(session, running.keys)
    assert run(app, "import", str(action)).exit_code == 0
    assert run(app, "import", str(action)).exit_code == 0
    first, second = campaigns(app)
    assert first.case_id == second.case_id
    assert first.written_by_id is None


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("statement.txt", STATEMENT.encode(), "asks nobody to write"),
        ("empty.txt", b" ", "no text in it"),
        ("old.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500), "old Word"),
    ],
)
def test_what_is_no_action_makes_nothing(
    app: Flask, tmp_path: Path, name: str, content: bytes, words: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    done = run(app, "import", str(path))
    assert done.exit_code == 1
    assert words in done.stderr
    assert campaigns(app) == []


def test_an_unknown_organiser_or_language_is_refused(app: Flask, action: Path) -> None:
    assert run(app, "import", str(action), "--by", "nobody@example.org").exit_code == 1
    assert run(app, "read", str(action), "--language", "no language").exit_code == 1
    assert campaigns(app) == []
