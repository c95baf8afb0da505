"""The real application over a real SQLite file, for tests of its pages."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import DeclarativeBase

from app.campaigns.models import Campaign
from app.core.db import Base, Database, connect, unit_of_work
from app.core.tokens import Keys
from app.signatures.watch import Watch
from app.state import State, keep_state, state_of
from config import Settings
from tests.apps import an_app
from tests.builders import the_demonstration


@dataclass(frozen=True, slots=True)
class Demonstration:
    """The two campaigns of the demonstration, as the application has them."""

    mamai: str
    dosmagambetov: str


@dataclass(frozen=True, slots=True)
class House:
    """What stands behind the pages."""

    database: Database
    keys: Keys

    def count(self, table: type[DeclarativeBase]) -> int:
        with self.database.reading() as session:
            return session.scalar(select(func.count()).select_from(table)) or 0

    def change(self, path: str, **values: object) -> None:
        """Change a campaign under the feet of whoever looks at it."""
        reference = path.split("/")[2]
        with unit_of_work(self.database.writing) as session:
            wanted = select(Campaign).where(Campaign.reference == reference)
            campaign = session.scalars(wanted).one()
            for name, value in values.items():
                setattr(campaign, name, value)

    def fingerprint(self) -> str:
        """Everything that is stored, as one value: equal before and after means nothing changed."""
        stored = hashlib.sha256()
        with self.database.reading() as session:
            for table in Base.metadata.sorted_tables:
                rows = sorted(repr(tuple(row)) for row in session.execute(select(table)))
                stored.update(f"{table.name}{rows}".encode())
        return stored.hexdigest()


@pytest.fixture(scope="session")
def built(
    sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Flask, Demonstration]:
    """The application, and a database with both campaigns, open from now on: made once."""
    var = tmp_path_factory.mktemp("pages")
    shutil.copy(sqlite_template, var / "outcry.db")
    # The tests' supporters fill in a form in no time.
    made = an_app(Settings(var=var, fill_seconds=0, domain_burst=10_000))
    state = state_of(made)
    with unit_of_work(state.database.writing) as session:
        paths = [
            f"/campaigns/{found.reference}/{found.slug}"
            for found in (
                the_demonstration(session, state.keys, name, datetime.now(UTC))
                for name in ("mamai", "dosmagambetov")
            )
        ]
    with state.database.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    state.database.dispose()
    return made, Demonstration(*paths)


@pytest.fixture
def app(built: tuple[Flask, Demonstration], tmp_path: Path) -> Iterator[Flask]:
    """The application over a database of this test's own."""
    made, _demonstration = built
    common = state_of(made)
    shutil.copy(common.settings.var / "outcry.db", tmp_path / "outcry.db")
    database = connect(f"sqlite:///{tmp_path / 'outcry.db'}")
    own = State(common.settings, database, common.keys, Watch(common.watch.limits))
    keep_state(made, own)
    yield made
    own.database.dispose()
    keep_state(made, common)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def house(app: Flask) -> House:
    return House(state_of(app).database, state_of(app).keys)


@pytest.fixture
def demo(built: tuple[Flask, Demonstration]) -> Demonstration:
    """Both campaigns of the demonstration. The values are the paths of their pages."""
    return built[1]
