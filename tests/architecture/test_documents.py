"""What the documents say of the code is true."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, get_args

import click
import pytest
from flask import Flask
from pydantic.fields import FieldInfo

from app.cli.commands import add_commands
from config import PREFIX, Settings
from tests.conftest import ROOT

DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("deploy/*.md")])
SETTING = re.compile(r"^\| `(OUTCRY_\w+)` \| (.+?) \| (.+?) \| .+ \|$", re.MULTILINE)
LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")


def settings_table() -> dict[str, tuple[str, str]]:
    """Name, default and allowed values of every setting, as docs/operators.md writes them."""
    return {
        f"{PREFIX}{name}".upper(): (default_of(field.default), allowed(name, field))
        for name, field in Settings.model_fields.items()
    }


def default_of(value: Any) -> str:
    if value == "":
        return "not set"
    if isinstance(value, Path):
        return f"`{value.relative_to(ROOT)}`"
    return f"`{int(value) if isinstance(value, bool) else value}`"


WORDS = {"relay_log": "a file", "relay_queue": "a command", "test_kill_at": "a step"}


def allowed(name: str, field: FieldInfo) -> str:
    if name in WORDS:
        return WORDS[name]
    if field.annotation is bool:
        return "0, 1"
    if field.annotation is Path:
        return "a folder"
    if field.description:
        return field.description
    if words := get_args(field.annotation):
        return ", ".join(words)
    bounds = {key: value for mark in field.metadata for key, value in vars_of(mark).items()}
    return f"{bounds['ge']} to {bounds['le']}" if bounds else "an address"


def vars_of(mark: Any) -> dict[str, Any]:
    return {key: getattr(mark, key) for key in ("ge", "le") if hasattr(mark, key)}


def test_the_table_of_settings_is_the_settings() -> None:
    text = (ROOT / "docs" / "operators.md").read_text(encoding="utf-8")
    written = {name: (default, values) for name, default, values in SETTING.findall(text)}
    assert written == settings_table()


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_of_a_document_leads_somewhere(path: Path) -> None:
    for target in LINK.findall(path.read_text(encoding="utf-8")):
        assert (path.parent / target).exists(), target


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_setting_that_a_document_names_exists(path: Path) -> None:
    named = set(re.findall(r"\b(OUTCRY_[A-Z_]*[A-Z])\b", path.read_text(encoding="utf-8")))
    assert named <= settings_table().keys()


def commands() -> set[str]:
    """Every command and group of ours, as it is typed."""
    app = Flask(__name__)
    add_commands(app)
    found = set()
    for name, command in app.cli.commands.items():
        found.add(name)
        if isinstance(command, click.Group):
            found |= {f"{name} {inner}" for inner in command.commands}
    return found


def test_every_command_in_the_operators_guide_exists() -> None:
    text = (ROOT / "docs" / "operators.md").read_text(encoding="utf-8")
    typed = set(re.findall(r"\./run ([a-z]+(?: [a-z-]*[a-z])?)", text))
    assert typed
    assert typed <= commands()


@pytest.mark.parametrize(
    "path", sorted(ROOT.glob("deploy/systemd/*.service")), ids=lambda p: p.name
)
def test_every_unit_starts_a_command_that_exists(path: Path) -> None:
    started = re.findall(
        r"^ExecStart(?:Pre)?=\S+/flask --app wsgi (.+)$", path.read_text(), re.MULTILINE
    )
    assert started
    assert set(started) <= commands()


def test_the_example_of_settings_names_only_settings() -> None:
    text = (ROOT / "deploy" / "outcry.env.example").read_text(encoding="utf-8")
    named = set(re.findall(r"^#?(OUTCRY_\w+)=", text, re.MULTILINE))
    assert named
    assert named <= settings_table().keys()
