"""The papers on privacy are true of the software: its tables, its languages, what a thief reads."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import LargeBinary, select

from app.core.db import Base, tidy, unit_of_work
from app.core.i18n import catalogues
from app.core.sealing import require_own_key
from app.sections.models import Section
from app.signatures.actions import confirm
from app.state import state_of
from config import Settings
from tests.apps import an_app
from tests.builders import LINKS, a_campaign, a_form, a_signature
from tests.cast import SAM
from tests.conftest import ROOT

LOSSES = (ROOT / "docs" / "losses.md").read_text(encoding="utf-8")
SENTENCE = "canary-of-the-papers-51c2"
PERSONAL = (SAM.name, SAM.email, SENTENCE)


def part(heading: str) -> str:
    """What stands under a heading of the paper, up to the next one."""
    wanted = rf"^#+ {re.escape(heading)}\n(.*?)(?=^#|\Z)"
    found = re.search(wanted, LOSSES, re.MULTILINE | re.DOTALL)
    assert found is not None, heading
    return found[1]


def first_cells(text: str) -> list[str]:
    rows = [line.split("|")[1].strip() for line in text.splitlines() if line.startswith("| ")]
    return [cell for cell in rows if cell and set(cell) - {"-"}][1:]


def named(text: str) -> set[str]:
    return set(re.findall(r"`([a-z_.]+)`", " ".join(first_cells(text))))


def test_every_sealed_column_and_every_hash_is_in_the_paper_and_no_other() -> None:
    columns = {
        f"{table.name}.{column.name}"
        for table in Base.metadata.sorted_tables
        for column in table.columns
        if isinstance(column.type, LargeBinary)
    }
    assert {column for column in columns if "sealed_" in column}, "there is something to seal"
    assert named(part("What is sealed, and what stands instead of people")) == columns


def test_every_table_is_in_the_paper_and_no_other() -> None:
    assert named(part("What stands in clear")) == set(Base.metadata.tables)


@pytest.fixture
def app(tmp_path: Path, sqlite_template: Path) -> Flask:
    """An installation in which somebody has written."""
    made = an_app(Settings(var=tmp_path / "var"))
    state, now = state_of(made), datetime.now(UTC)
    shutil.copy(sqlite_template, tmp_path / "var" / "outcry.db")
    with unit_of_work(state.database.writing) as session:
        require_own_key(session, state.keys)
        campaign = a_campaign(session, state.keys, now=now)
        form = a_form(campaign, sentence=SENTENCE)
        signature = a_signature(session, state.keys, campaign, form, now)
        confirm(session, state.keys, signature, links=LINKS, now=now)
        assert signature.sealed_email is not None
    tidy(state.database)
    return made


def _database(app: Flask) -> bytes:
    return b"".join(path.read_bytes() for path in state_of(app).settings.var.glob("outcry.db*"))


def _backup(app: Flask) -> bytes:
    target = state_of(app).settings.var / "copy.backup"
    with app.app_context():
        made = app.test_cli_runner().invoke(args=["data", "backup", str(target)])
    assert made.exit_code == 0, made.output
    return target.read_bytes()


def _keys(app: Flask) -> bytes:
    _backup(app)  # which writes the wrapped keys beside the master key
    folder = state_of(app).settings.key_file.parent
    return b"".join(path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file())


# The rows that say "none" of what can be opened here; the others say what they surrender.
OPENED: dict[str, Callable[[Flask], bytes]] = {
    "database alone": _database,
    "backup alone": _backup,
    "keys alone": _keys,
}
OTHERS = {
    "web machine",
    "worker machine",
    "relay log",
    "mailbox of a section",
    "staff account",
}


def test_each_loss_has_its_row() -> None:
    assert set(first_cells(part("What each loss surrenders"))) == {*OPENED, *OTHERS}


@pytest.mark.parametrize("lost", OPENED)
def test_what_is_said_to_name_nobody_names_nobody(app: Flask, lost: str) -> None:
    (row,) = [line for line in LOSSES.splitlines() if line.startswith(f"| {lost} |")]
    assert row.split("|")[2].strip().startswith("none")
    content = OPENED[lost](app)
    assert content
    for canary in PERSONAL:
        assert canary.encode() not in content, canary
        assert canary.encode("utf-16-le") not in content, canary


def test_the_notice_is_in_every_language_and_names_who_is_responsible(app: Flask) -> None:
    state = state_of(app)
    with unit_of_work(state.database.writing) as session:
        section = session.scalars(select(Section)).one()
        section.privacy = {"en": "Officer: Ada.", "ru": "Ответственная: Ада."}
        address = section.postal_address
    said = {
        language: app.test_client().get(f"/{language}/privacy").text
        for language in catalogues.languages
    }
    assert set(said) >= {"en", "fr", "ru"}
    assert all(address in page and "Articles 6" in said["en"] for page in said.values())
    assert "Officer: Ada." in said["en"]
    assert 'lang="en" dir="ltr">Officer: Ada.' in said["fr"], "marked as what it is"
    assert "Ответственная: Ада." in said["ru"]
    assert "Officer: Ada." not in said["ru"]
