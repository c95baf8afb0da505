"""An application with a database of its own, for commands."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from app import create_app
from app.core.schema import upgrade
from app.state import state_of
from config import Settings


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Flask]:
    made = create_app(Settings(var=tmp_path / "var"))
    upgrade(state_of(made).settings.database_url)
    yield made
    state_of(made).database.dispose()
