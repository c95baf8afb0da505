"""What the clock does by itself, safe to do twice, and the end of a campaign to the second."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Table, select
from sqlalchemy.orm import Session

from app.accounts.models import RoleName
from app.campaigns.models import Campaign, CampaignState
from app.campaigns.queries import get_campaign_by_id
from app.campaigns.rules import PageState, page_state
from app.core.beside import Beside
from app.core.db import Base, Database, unit_of_work
from app.core.tokens import Keys
from app.delivery.channels.maildir import Maildir
from app.delivery.models import Dispatch, DispatchState, Lane
from app.delivery.worker import Worker
from app.jobs.machine import Machine
from app.jobs.runner import Runner
from app.jobs.timetable import TIMETABLE, Job, Work
from app.reminders.actions import ask, confirm_request
from app.reminders.models import ReminderRequest
from app.signatures.actions import confirm
from app.signatures.models import SEALED
from tests.builders import LINKS, NOON, a_campaign, a_form, a_signature, an_account
from tests.cast import AMAL, KOFI, NOOR, OLENA

BY_NAME = {job.name: job for job in TIMETABLE}
# The deadline of the Mamaï campaign stands on a clock in Almaty: 23:59 there, the second of 00:00.
END = datetime.fromisoformat("2026-06-10T00:00:00+05:00")
SECOND = timedelta(seconds=1)
# Leases and ticks are the runner's own book; they are not what a job does.
OWN_BOOK = {"lease", "tick", "alembic_version"}


@dataclass
class Clock:
    """A clock that goes only when told to."""

    now: datetime = NOON

    def __call__(self) -> datetime:
        return self.now


@dataclass
class House:
    """A campaign with supporters, letters and reminders under way, a scheduler and a worker."""

    database: Database
    clock: Clock
    runner: Runner
    worker: Worker
    campaign: Campaign

    def tick(self, now: datetime) -> None:
        self.clock.now = now
        self.runner.run_all_once()

    def letters(self) -> Counter[DispatchState]:
        with self.database.reading() as session:
            return Counter(
                session.scalars(select(Dispatch.state).where(Dispatch.lane == Lane.LETTER))
            )

    def notices(self) -> Counter[str]:
        with self.database.reading() as session:
            keys = session.scalars(select(Dispatch.once_key).where(Dispatch.lane == Lane.NOTICE))
            return Counter(key.split(":")[1] for key in keys)

    def state(self) -> CampaignState:
        with self.database.reading() as session:
            return get_campaign_by_id(session, self.campaign.id).state


@pytest.fixture
def house(database: Database, keys: Keys, tmp_path: Path) -> Iterator[House]:
    with unit_of_work(database.writing) as session:
        for person in (OLENA, AMAL):
            an_account(session, person)
        an_account(session, KOFI, (RoleName.COORDINATOR,))
        campaign = a_campaign(session, keys, closes_at=END)
        confirm(session, keys, a_signature(session, keys, campaign), links=LINKS, now=NOON)
        a_signature(session, keys, campaign, a_form(campaign, who=NOOR))
        ask(session, keys, campaign, NOOR.email, "en", links=LINKS, now=NOON)
        session.flush()
        confirm_request(session.scalars(select(ReminderRequest)).one(), NOON)
    clock = Clock()
    worker = Worker(
        database,
        keys,
        local=Maildir(tmp_path / "mail"),
        relay=None,
        name="test",
        lease=timedelta(seconds=30),
        clock=clock,
    )
    yield House(
        database,
        clock,
        Runner(
            database,
            keys,
            LINKS,
            timedelta(minutes=5),
            Machine(Beside(tmp_path / "keys"), tmp_path / "mail"),
            clock=clock,
            name="test",
        ),
        worker,
        campaign,
    )
    worker.close()


def test_the_deadline_is_the_second_that_the_zone_says(house: House) -> None:
    assert house.campaign.closes_at == END
    assert house.campaign.time_zone == "Asia/Almaty"


def test_the_clock_closes_at_the_exact_second(house: House) -> None:
    house.tick(END - timedelta(microseconds=1))
    assert house.state() is CampaignState.OPEN
    house.tick(END)
    assert house.state() is CampaignState.CLOSED
    with house.database.reading() as session:
        assert get_campaign_by_id(session, house.campaign.id).closed_at == END


def test_the_last_letter_leaves_before_the_deadline_and_none_at_it(house: House) -> None:
    house.clock.now = END - timedelta(microseconds=1)
    house.worker.drain()
    assert house.letters() == {DispatchState.SENT: 1}


def test_no_letter_leaves_at_the_deadline_even_if_no_scheduler_runs(house: House) -> None:
    """The page, the confirmation and the claim compare with the instant themselves."""
    house.clock.now = END
    house.worker.drain()
    assert house.letters() == {DispatchState.CANCELLED: 1}
    with house.database.reading() as session:
        campaign = get_campaign_by_id(session, house.campaign.id)
        assert campaign.state is CampaignState.OPEN
        assert page_state(campaign, END) is PageState.PAST_DATE


def test_no_letter_leaves_after_the_close_even_if_a_workers_clock_is_late(house: House) -> None:
    house.tick(END)
    house.clock.now = END - timedelta(hours=1)
    house.worker.drain()
    assert house.letters() == {DispatchState.CANCELLED: 1}


def test_when_it_is_over_the_writer_and_the_organisers_are_told_once(house: House) -> None:
    house.tick(END)
    for later in (1, 2, 6, 60, 3600):
        house.tick(END + later * SECOND)
    told = house.notices()
    assert told["did_not_leave"] == 1
    assert told["closed"] == 2, "Olena and Amal, not the coordinator"
    assert told["thank_you"] == 0


def test_every_moment_of_a_campaign_in_its_order(house: House) -> None:
    """From signing to a month after the end: each mail once, and no person left."""
    now = NOON
    while now < END + timedelta(days=40):
        house.tick(now)
        house.worker.drain()
        now += timedelta(hours=12) if now < END + timedelta(days=1) else timedelta(days=4)
    assert house.notices() == {
        "confirm": 2,
        "thank_you": 1,
        "remind_confirm": 1,
        "reminder": 2,
        "confirm_reminder": 1,
        "deadline_warning": 6,
        "closed": 2,
        "outcome_wanted": 2,
    }
    assert house.letters() == {DispatchState.SENT: 1}
    with house.database.reading() as session:
        signatures = Base.metadata.tables["signature"]
        sealed = [signatures.c[name] for name in SEALED]
        assert [any(row) for row in session.execute(select(*sealed))] == [False, False]
        wishes = Base.metadata.tables["reminder_request"]
        assert not any(session.scalars(select(wishes.c.sealed_email)))
        payloads = session.scalars(select(Dispatch.payload))
        assert not any(payloads)


# Moments at which something has just fallen due for each job.
WHEN = {
    "remind-supporters": END - timedelta(hours=72),
    "remind-unconfirmed": NOON + timedelta(days=6, hours=1),
    "warn-organisers": END - timedelta(hours=72),
    "forget-unconfirmed": NOON + timedelta(days=8),
    "close-expired-campaigns": END,
    "tell-writers": END,
    "destroy-kept-data": END + timedelta(days=40),
    "forget-requests": END + timedelta(days=1),
    "ask-for-outcomes": END + timedelta(days=30),
}


@pytest.mark.parametrize("job", TIMETABLE, ids=lambda job: job.name)
def test_a_job_that_is_done_twice_does_nothing_more(house: House, keys: Keys, job: Job) -> None:
    now = WHEN.get(job.name, NOON)
    if now >= END and job.name != "close-expired-campaigns":
        do(house, keys, BY_NAME["close-expired-campaigns"], END)
    do(house, keys, job, now)
    after_once = contents(house.database)
    do(house, keys, job, now)
    assert contents(house.database) == after_once


@pytest.mark.parametrize("name", sorted(WHEN))
def test_a_job_does_something_at_its_moment(house: House, keys: Keys, name: str) -> None:
    """So that the test above does not compare nothing with nothing."""
    now = WHEN[name]
    if now >= END and name != "close-expired-campaigns":
        do(house, keys, BY_NAME["close-expired-campaigns"], END)
    before = contents(house.database)
    do(house, keys, BY_NAME[name], now)
    assert contents(house.database) != before


def test_every_job_has_its_own_name_and_a_rhythm_of_whole_seconds() -> None:
    assert len(BY_NAME) == len(TIMETABLE)
    for job in TIMETABLE:
        assert job.every >= SECOND
        assert job.every % SECOND == timedelta()


def do(house: House, keys: Keys, job: Job, now: datetime) -> None:
    """The job's own function, past the book that would keep it from being done twice."""
    with unit_of_work(house.database.writing) as session:
        job.do(Work(session, keys, LINKS, now, house.runner.machine.beside))


def contents(database: Database) -> dict[str, list[str]]:
    """Every row of every table, as text and in an order that does not depend on storage."""
    with database.reading() as session:
        return {
            name: sorted(str(tuple(row)) for row in every_row(session, table))
            for name, table in Base.metadata.tables.items()
            if name not in OWN_BOOK
        }


def every_row(session: Session, table: Table) -> Iterator[object]:
    yield from session.execute(select(table))
