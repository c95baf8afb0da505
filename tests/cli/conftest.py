"""An application with a database of its own, for commands."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from app import create_app
from app.state import state_of
from config import Settings


@pytest.fixture
def app(tmp_path: Path, sqlite_template: Path) -> Iterator[Flask]:
    made = create_app(Settings(var=tmp_path / "var"))
    shutil.copy(sqlite_template, tmp_path / "var" / "outcry.db")
    yield made
    state_of(made).database.dispose()
