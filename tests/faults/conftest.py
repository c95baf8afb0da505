"""What fault tests stand on: the real service, never left running, and an empty database."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.engine import URL

from tests.conftest import run_outside
from tests.faults.service import Service


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    started = Service(tmp_path / "var")
    yield started
    started.sweep()


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/var/outcry.db"
        return
    model: URL = request.getfixturevalue("postgres")
    server, name = model.set(database="postgres"), f"outcry_{uuid.uuid4().hex}"
    run_outside(server, f'CREATE DATABASE "{name}"')
    yield model.set(database=name).render_as_string(hide_password=False)
    run_outside(server, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
