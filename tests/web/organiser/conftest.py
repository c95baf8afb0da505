"""What tests of the desk stand on: one made-up office, copied for each test."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.models import Account, RoleName
from app.campaigns.models import Campaign, CampaignState
from app.campaigns.queries import get_campaign
from app.core.db import Database, connect, unit_of_work
from app.core.keys import read_or_make_keys
from app.core.sealing import require_own_key
from app.core.tokens import Keys
from app.delivery.models import GateState
from app.sections.models import Section
from app.state import state_of
from config import Settings
from tests.apps import an_app
from tests.builders import an_account, the_demonstration
from tests.cast import AMAL, KOFI, MAX, OLENA
from tests.cast import Person as Cast
from tests.web.organiser.pages import Person, at_the_desk

ADA = Cast("Ada", "ada@example.org")  # administers


@dataclass
class Office:
    """A section with two organisers, a coordinator and an administrator; and a stranger."""

    app: Flask
    open_ref: str
    draft_ref: str

    @property
    def database(self) -> Database:
        return state_of(self.app).database

    @property
    def keys(self) -> Keys:
        return state_of(self.app).keys

    def account(self, who: Cast) -> Account:
        with self.database.reading() as session:
            return session.scalars(select(Account).where(Account.email == who.email)).one()

    def at_the_desk(self, who: Cast) -> Person:
        return at_the_desk(self.app, self.account(who))

    def anybody(self) -> Person:
        return Person(self.app.test_client())

    def campaign(self, ref: str = "") -> Campaign:
        with self.database.reading() as session:
            return get_campaign(session, ref or self.draft_ref)

    def draft(self, screen: str = "") -> str:
        return f"/desk/campaigns/{self.draft_ref}" + (f"/{screen}" if screen else "")

    def open(self, screen: str = "") -> str:
        return f"/desk/campaigns/{self.open_ref}" + (f"/{screen}" if screen else "")


@dataclass(frozen=True)
class Model:
    """The office that every test gets a copy of."""

    folder: Path
    open_ref: str
    draft_ref: str


@pytest.fixture(scope="session")
def model_office(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Model:
    folder = tmp_path_factory.mktemp("office")
    shutil.copy(sqlite_template, folder / "outcry.db")
    keys = read_or_make_keys(folder / "keys" / "master.key")
    database = connect(f"sqlite:///{folder / 'outcry.db'}")
    with unit_of_work(database.writing) as session:
        require_own_key(session, keys)
        _people(session)
        now = datetime.now(UTC)
        published = the_demonstration(session, keys, "mamai", now)
        draft = _as_draft(session, the_demonstration(session, keys, "dosmagambetov", now))
        refs = published.reference, draft.reference
    with database.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    database.dispose()
    return Model(folder, *refs)


@pytest.fixture
def office(model_office: Model, tmp_path: Path) -> Iterator[Office]:
    shutil.copytree(model_office.folder, tmp_path / "var")
    app = an_app(Settings(var=tmp_path / "var"))
    app.testing = True
    yield Office(app, model_office.open_ref, model_office.draft_ref)
    state_of(app).database.dispose()


@pytest.fixture
def olena(office: Office) -> Person:
    return office.at_the_desk(OLENA)


@pytest.fixture
def amal(office: Office) -> Person:
    return office.at_the_desk(AMAL)


def _people(session: Session) -> None:
    an_account(session, OLENA)
    an_account(session, AMAL)
    an_account(session, KOFI, [RoleName.COORDINATOR])
    an_account(session, ADA, [RoleName.ADMINISTRATOR])
    elsewhere = Section(
        key="elsewhere",
        name="Elsewhere",
        languages=["en"],
        time_zone="Europe/Oslo",
        sender_name="Elsewhere",
        sender_address="letters@elsewhere.example",
        reply_to="replies@elsewhere.example",
        postal_address="1 Other Street",
    )
    session.add(elsewhere)
    session.flush()
    an_account(session, MAX).section_id = elsewhere.id


def _as_draft(session: Session, campaign: Campaign) -> Campaign:
    """A finished draft of Olena's, as real as the demonstration it is made of."""
    writer = session.scalars(select(Account).where(Account.email == OLENA.email)).one()
    campaign.state, campaign.opened_at, campaign.demonstration = CampaignState.DRAFT, None, None
    campaign.gate.state, campaign.gate.open_until = GateState.CLOSED, None
    campaign.written_by_id = writer.id
    return campaign
