"""What every test stands on: real databases, made once from the migrations and copied."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import URL, Engine
from sqlalchemy.orm import Session

from app.core.clocks import use_locked_zones
from app.core.db import Database, connect, unit_of_work
from app.core.keys import read_or_make_keys
from app.core.schema import upgrade
from app.core.tokens import Keys
from app.notices.compose import use_templates
from tests import compiled  # noqa: F401 - listens
from tests.checks import CHECKS
from tests.postgres import find_postgres

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"
use_templates(ROOT / "templates")
use_locked_zones()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A check can be chosen by its number, which stands in no test's name: `-k check:A7:`."""
    for item in items:
        for mark in item.iter_markers("check"):
            unknown = set(mark.args) - set(CHECKS)
            if unknown or not mark.args:
                raise pytest.UsageError(f"{item.nodeid}: no check {unknown or 'number'}")
            item.extra_keyword_matches.update(f"check:{number}:" for number in mark.args)


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    return read_or_make_keys(tmp_path_factory.mktemp("keys") / "master.key")


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty SQLite file that each test gets a copy of."""
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    upgrade(f"sqlite:///{path}")
    with create_engine(f"sqlite:///{path}").connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    return path


@pytest.fixture(scope="session")
def postgres() -> Iterator[URL]:
    """A PostgreSQL server with a migrated, empty database that each test gets a copy of."""
    with find_postgres() as server:
        if server is None:
            reason = "no PostgreSQL: set TEST_DATABASE_URL, or install the development requirements"
            if os.environ.get("CI"):
                pytest.fail(reason)
            pytest.skip(reason)
        name = f"outcry_template_{uuid.uuid4().hex[:12]}"
        run_outside(server, f'CREATE DATABASE "{name}"')
        template = server.set(database=name)
        upgrade(template.render_as_string(hide_password=False))
        yield template
        run_outside(server, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        for each in (server, server.set(database="postgres")):
            _outside(each).dispose()


@contextmanager
def a_database(request: pytest.FixtureRequest, engine: str, folder: Path) -> Iterator[str]:
    """The address of a migrated, empty database on this engine that nobody else has."""
    if engine == "sqlite":
        shutil.copy(request.getfixturevalue("sqlite_template"), folder / "outcry.db")
        yield f"sqlite:///{folder / 'outcry.db'}"
        return
    model: URL = request.getfixturevalue("postgres")
    server, name = model.set(database="postgres"), f"outcry_{uuid.uuid4().hex}"
    # A copy of the files takes half as long as one by way of the log.
    run_outside(server, f'CREATE DATABASE "{name}" TEMPLATE "{model.database}" STRATEGY FILE_COPY')
    yield model.set(database=name).render_as_string(hide_password=False)
    run_outside(server, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database of this test's own, on each engine in turn."""
    with a_database(request, request.param, tmp_path) as url:
        yield url


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    found = connect(database_url)
    yield found
    found.dispose()


@pytest.fixture
def sqlite_database(sqlite_template: Path, tmp_path: Path) -> Iterator[Database]:
    """For tests of pages, which need a database and not each kind of it."""
    shutil.copy(sqlite_template, tmp_path / "pages.db")
    found = connect(f"sqlite:///{tmp_path / 'pages.db'}")
    yield found
    found.dispose()


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    """One transaction of a test that needs no second one; kept, so that what it wrote is there."""
    with unit_of_work(database.writing) as opened:
        yield opened


def run_outside(server: URL, statement: str) -> None:
    """Run what PostgreSQL refuses inside a transaction."""
    with _outside(server).connect() as connection:
        connection.execute(text(statement))


@cache
def _outside(server: URL) -> Engine:
    return create_engine(server, isolation_level="AUTOCOMMIT")
