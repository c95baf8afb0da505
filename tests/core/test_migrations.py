"""The migrations build exactly what the models say, and can be undone; on both databases."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
import uuid
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import Engine, create_engine, func, inspect, select
from sqlalchemy.engine import URL

from app.accounts.models import RoleName
from app.campaigns.actions import ask_for_review
from app.campaigns.models import Campaign, CampaignState
from app.campaigns.safety import set_country_note
from app.core import leases, throttle
from app.core.db import Base, connect, unit_of_work
from app.core.models import DestroyedKey, Erasure
from app.core.schema import alembic_config, schema_trouble, upgrade
from app.core.sealing import require_own_key
from app.core.tokens import Keys
from app.delivery.claims import Holder, claim_due
from app.delivery.models import Lane, RelayHealth
from app.followers.actions import follow_with_letter, tell_followers
from app.followers.announcements import opened
from app.followers.deadlines import nudge
from app.intake.checks import keep_document
from app.reminders.actions import ask, confirm_request
from app.reminders.models import ReminderRequest
from app.signatures.actions import confirm
from app.tally.actions import fold
from app.tally.models import TallyEntry
from tests.builders import LINKS, NOON, a_campaign, a_signature, an_account
from tests.cast import NOOR, OLENA
from tests.conftest import ROOT, run_outside

ENVIRONMENT = ROOT / "migrations" / "env.py"


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database with nothing in it."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.db'}"
        return
    model: URL = request.getfixturevalue("postgres")
    server, name = model.set(database="postgres"), f"outcry_{uuid.uuid4().hex}"
    run_outside(server, f'CREATE DATABASE "{name}"')
    yield model.set(database=name).render_as_string(hide_password=False)
    run_outside(server, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@pytest.fixture
def engine(empty_url: str) -> Iterator[Engine]:
    made = create_engine(empty_url)
    yield made
    made.dispose()


def tables(engine: Engine) -> set[str]:
    return set(inspect(engine).get_table_names())


def test_they_build_exactly_the_models_and_can_be_undone(empty_url: str, engine: Engine) -> None:
    upgrade(empty_url)
    command.check(alembic_config(empty_url))
    assert tables(engine) == {"alembic_version", *Base.metadata.tables}

    command.downgrade(alembic_config(empty_url), "base")

    assert tables(engine) == {"alembic_version"}
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM alembic_version").scalar() == 0


def test_every_constraint_and_index_has_the_name_that_the_models_give_it(
    empty_url: str, engine: Engine
) -> None:
    """`alembic check` does not compare CHECK constraints; a name that differs cannot be dropped."""
    upgrade(empty_url)
    looked = inspect(engine)
    for name, table in Base.metadata.tables.items():
        wanted = {str(c.name) for c in table.constraints if c.name and str(c.name)[:3] == "ck_"}
        assert {str(c["name"]) for c in looked.get_check_constraints(name)} == wanted, name
        assert {str(index.name) for index in table.indexes} <= {
            str(index["name"]) for index in looked.get_indexes(name)
        }, name


def test_up_down_and_up_again_with_a_row_in_every_table(
    empty_url: str, engine: Engine, keys: Keys
) -> None:
    upgrade(empty_url)
    fill(empty_url, keys)
    assert empty_tables(engine) == []

    command.downgrade(alembic_config(empty_url), "base")
    assert tables(engine) == {"alembic_version"}

    upgrade(empty_url)
    command.check(alembic_config(empty_url))
    fill(empty_url, keys)
    assert empty_tables(engine) == []


def test_upgrading_what_is_up_to_date_touches_no_row(
    empty_url: str, engine: Engine, keys: Keys
) -> None:
    upgrade(empty_url)
    fill(empty_url, keys)
    before = counts(engine)
    upgrade(empty_url)
    assert counts(engine) == before


def test_a_database_that_is_behind_is_told_from_one_that_is_ready(empty_url: str) -> None:
    database = connect(empty_url)
    assert schema_trouble(database) == ["schema_is_not_at_head"]
    upgrade(empty_url)
    assert schema_trouble(database) == []
    database.dispose()


def test_two_that_migrate_at_once_do_it_once(empty_url: str) -> None:
    """Several machines may start a new release at the same moment."""
    words = f"from app.core.schema import upgrade; upgrade({empty_url!r})"
    both = [
        subprocess.Popen([sys.executable, "-c", words], cwd=ROOT, stderr=subprocess.PIPE)
        for _ in range(2)
    ]
    said = [one.communicate(timeout=60)[1].decode() for one in both]
    assert [one.returncode for one in both] == [0, 0], said
    command.check(alembic_config(empty_url))


def test_a_migrator_waits_for_the_one_before_it(empty_url: str, engine: Engine) -> None:
    lock = re.search(r"^MIGRATION_LOCK = ([\d_]+)$", ENVIRONMENT.read_text(), re.MULTILINE)
    assert lock is not None
    is_sqlite = engine.dialect.name == "sqlite"
    waiting = threading.Thread(target=upgrade, args=(empty_url,))
    with engine.connect() as other:
        if is_sqlite:
            other.exec_driver_sql("PRAGMA journal_mode=WAL")
        other.exec_driver_sql(
            "BEGIN IMMEDIATE" if is_sqlite else f"SELECT pg_advisory_xact_lock({int(lock[1])})"
        )
        waiting.start()
        waiting.join(1.0)
        assert waiting.is_alive()
        other.rollback()
    waiting.join(60)
    assert not waiting.is_alive()
    command.check(alembic_config(empty_url))


def test_a_migration_that_breaks_half_way_leaves_nothing_behind(
    empty_url: str, engine: Engine
) -> None:
    with engine.begin() as connection:  # in the way of one of the later tables
        connection.exec_driver_sql("CREATE TABLE signature (id integer)")
    with pytest.raises(Exception, match="signature"):
        upgrade(empty_url)
    assert tables(engine) <= {"signature", "alembic_version"}
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE signature")
    upgrade(empty_url)
    command.check(alembic_config(empty_url))


def fill(url: str, keys: Keys) -> None:
    """Play the product's own verbs until there is a row in every table."""
    database = connect(url)
    with unit_of_work(database.writing) as session:
        require_own_key(session, keys)
        leases.take(session, "scheduler", "one", timedelta(minutes=1))
        leases.first_time(session, "close", NOON, 1)
        session.add(Erasure(address_hash=b"hash", erased_on=NOON.date()))
        session.add(DestroyedKey(id=uuid.uuid4(), destroyed_on=NOON.date()))
        throttle.hit(session, b"key", timedelta(days=1), NOON)
        olena = an_account(session, OLENA, (RoleName.ORGANISER,))
        campaign = a_campaign(session, keys)
        signature = a_signature(session, keys, campaign)
        confirm(session, keys, signature, links=LINKS, now=NOON)
        ask(session, keys, campaign, NOOR.email, "en", links=LINKS, now=NOON)
        session.flush()
        confirm_request(session.scalars(select(ReminderRequest)).one(), NOON)
        follow_with_letter(session, keys, campaign, NOOR.email, "en", NOON)
        campaign.closes_at = NOON + timedelta(days=5)
        session.flush()
        nudge(session, keys, links=LINKS, now=NOON + timedelta(days=2, hours=1), a_week=2)
        told = tell_followers(session, campaign, opened(), occasion="first", now=NOON)
        assert told
        draft = a_campaign(session, keys, name="dosmagambetov")
        draft.state = CampaignState.DRAFT
        session.flush()
        ask_for_review(session, draft, olena, NOON)
        session.flush()
        set_country_note(session, "KZ", "en", "A note.", NOON)
        keep_document(session, keys, draft, "A document.", (), NOON)
        fold(session)
        session.add(TallyEntry(**a_count(campaign)))
        session.add(RelayHealth(name="relay:25", failures=20, reason="", paused_until=NOON))
        holder = Holder("here", tuple(Lane), timedelta(minutes=1))
        claim_due(session, keys, 10, holder, NOON, only_local=False)
    database.dispose()


def a_count(campaign: Campaign) -> dict[str, object]:
    return {
        "campaign": campaign.id,
        "figure": "started",
        "day": NOON.date(),
        "times": 1,
        "country": "",
        "letter_language": "",
        "page_language": "",
        "channel": "",
        "target": "",
    }


def counts(engine: Engine) -> dict[str, int]:
    with engine.connect() as connection:
        return {
            name: connection.scalar(select(func.count()).select_from(table)) or 0
            for name, table in Base.metadata.tables.items()
        }


def empty_tables(engine: Engine) -> list[str]:
    return [name for name, rows in counts(engine).items() if not rows]
