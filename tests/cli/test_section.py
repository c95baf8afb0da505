"""An operator says who the organisation is, field by field, and the log keeps what it was."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import select

from app.audit.models import AuditEntry
from app.core.db import unit_of_work
from app.sections.actions import default_section
from app.state import state_of


@pytest.fixture(autouse=True)
def installation(app: Flask) -> None:
    with unit_of_work(state_of(app).database.writing) as session:
        default_section(session)


def run(app: Flask, *words: str) -> Result:
    with app.app_context():
        result: Result = app.test_cli_runner().invoke(args=["section", *words])
    return result


def shown(app: Flask) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run(app, "show", "--json").output)
    return found


def test_what_is_named_changes_and_the_rest_stays(app: Flask, tmp_path: Path) -> None:
    before = shown(app)
    (tmp_path / "fr.txt").write_text("Nous sommes responsables de vos données.\n")
    changed = run(
        app, "set", "--name", "Amnistie Lyon", "--languages", "fr, en,fr", "--keep-days", "0",
        "--time-zone", "Europe/Paris", "--reply-to", "reponses@lyon.example", "--relay-answers",
        "--after-deadline", "hard_stop", "--privacy", f"fr={tmp_path / 'fr.txt'}",
    )  # fmt: skip
    assert changed.exit_code == 0
    assert "name: Outcry → Amnistie Lyon" in changed.output
    assert shown(app) == before | {
        "name": "Amnistie Lyon",
        "languages": ["fr", "en"],
        "keep_days": 0,
        "time_zone": "Europe/Paris",
        "reply_to": "reponses@lyon.example",
        "relay_answers": True,
        "after_deadline": "hard_stop",
        "privacy": {"fr": "Nous sommes responsables de vos données."},
    }
    with state_of(app).database.reading() as session:
        entry = session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc())).first()
    assert entry is not None
    assert entry.action == "section.change"
    assert entry.detail["changes"]["name"] == ["Outcry", "Amnistie Lyon"]
    assert entry.detail["changes"]["keep_days"] == [30, 0]


def test_an_empty_text_takes_the_notice_of_one_language_away(app: Flask, tmp_path: Path) -> None:
    (tmp_path / "en.txt").write_text("We answer for your data.")
    (tmp_path / "none.txt").write_text("\n")
    run(
        app,
        "set",
        "--privacy",
        f"en={tmp_path / 'en.txt'}",
        "--privacy",
        f"fr={tmp_path / 'en.txt'}",
    )
    run(app, "set", "--privacy", f"fr={tmp_path / 'none.txt'}")
    assert shown(app)["privacy"] == {"en": "We answer for your data."}


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--sender-address", "nobody"), "--sender-address: bad_address"),
        (("--reply-to", "a@b.example\r\nBcc: c@d.example"), "--reply-to: bad_address"),
        (("--sender-name", "Amnesty\r\nBcc: c@d.example"), "--sender-name: bad_characters"),
        (("--name", "  "), "--name: empty"),
        (("--time-zone", "Europe/Atlantis"), "--time-zone: no_such_zone"),
        (("--languages", "fr,klingon"), "--languages: no_language klingon"),
        (("--keep-days", "181"), "--keep-days: 0_to_180"),
        ((), "Nothing was named"),
    ],
)
def test_one_field_that_cannot_be_changes_none(
    app: Flask, words: tuple[str, ...], why: str
) -> None:
    before = shown(app)
    good = ("--postal-address", "1 Example Street") if words else ()
    refused = run(app, "set", *good, *words)
    assert refused.exit_code == 1
    assert why in refused.output
    assert shown(app) == before


def test_a_section_that_is_not_there_is_said_so(app: Flask) -> None:
    for words in (("show", "nowhere"), ("set", "nowhere", "--name", "X")):
        refused = run(app, *words)
        assert refused.exit_code == 1
        assert "There is no section nowhere." in refused.output
