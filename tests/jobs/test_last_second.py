"""23:59 in four places far apart: the second before counts, the second after does not."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from app.campaigns.deadlines import set_deadline
from app.campaigns.models import CampaignState
from app.campaigns.queries import get_campaign_by_id
from app.campaigns.rules import CampaignClosed
from app.core.beside import Beside
from app.core.db import Database, unit_of_work
from app.core.tokens import Keys
from app.delivery.channels.maildir import Maildir
from app.delivery.models import Dispatch, DispatchState, Lane
from app.delivery.worker import Worker
from app.jobs.machine import Machine
from app.jobs.runner import Runner
from app.jobs.timetable import TIMETABLE
from app.signatures.actions import confirm
from app.signatures.models import Signature, SignatureState
from tests.builders import LINKS, NOON, a_campaign, a_form, a_signature
from tests.cast import NOOR, SAM

SECOND = timedelta(seconds=1)
# Written down by hand from the offsets of June: +5, +5:45, +12:45, +13 and -11.
PLACES = {
    "Asia/Almaty": datetime(2026, 6, 10, 19, 0, tzinfo=UTC),
    "Asia/Kathmandu": datetime(2026, 6, 10, 18, 15, tzinfo=UTC),
    "Pacific/Chatham": datetime(2026, 6, 10, 11, 15, tzinfo=UTC),
    "Pacific/Apia": datetime(2026, 6, 10, 11, 0, tzinfo=UTC),
    "Pacific/Pago_Pago": datetime(2026, 6, 11, 11, 0, tzinfo=UTC),
}
CLOSERS = tuple(job for job in TIMETABLE if job.name == "close-expired-campaigns")


class House:
    """One campaign, a worker and a scheduler, on a clock that is moved by hand."""

    def __init__(self, database: Database, keys: Keys, folder: Path) -> None:
        self.database, self.keys, self.now = database, keys, NOON
        machine = Machine(Beside(folder / "keys"), folder / "mail")
        lease = timedelta(minutes=1)
        self.runner = Runner(database, keys, LINKS, lease, machine, clock=lambda: self.now)
        self.worker = Worker(
            database,
            keys,
            local=Maildir(folder / "mail"),
            relay=None,
            name="test",
            lease=lease,
            clock=lambda: self.now,
        )

    def tick(self, now: datetime) -> CampaignState:
        self.now = now
        self.runner.run_all_once(CLOSERS)
        with self.database.reading() as session:
            return get_campaign_by_id(session, self.campaign_id).state

    def open(self, zone: str) -> None:
        with unit_of_work(self.database.writing) as session:
            campaign = a_campaign(session, self.keys)
            set_deadline(campaign, date(2026, 6, 10), "23:59", zone, NOON)
            campaign.gate.open_until = campaign.closes_at
            self.campaign_id = campaign.id
            early, late = PLACES[zone] - timedelta(days=1), PLACES[zone] - timedelta(hours=1)
            self.signatures = [
                a_signature(session, self.keys, campaign, a_form(campaign, who=who), now=when).id
                for who, when in ((SAM, early), (NOOR, late))
            ]

    def press(self, number: int, now: datetime) -> None:
        with unit_of_work(self.database.writing) as session:
            signature = session.get_one(Signature, self.signatures[number])
            confirm(session, self.keys, signature, links=LINKS, now=now)

    def letters(self) -> list[DispatchState]:
        with self.database.reading() as session:
            letters = select(Dispatch.state).where(Dispatch.lane == Lane.LETTER)
            return list(session.scalars(letters))


@pytest.fixture
def house(sqlite_database: Database, keys: Keys, tmp_path: Path) -> Iterator[House]:
    made = House(sqlite_database, keys, tmp_path)
    yield made
    made.worker.close()


@pytest.mark.parametrize("zone", PLACES)
def test_the_last_second_of_a_place(house: House, zone: str) -> None:
    house.open(zone)
    end = PLACES[zone]

    assert house.tick(end - SECOND) is CampaignState.OPEN
    house.press(0, end - SECOND)
    house.now = end - SECOND / 2
    house.worker.drain()
    assert house.letters() == [DispatchState.SENT], "confirmed and claimed in the last second"

    with pytest.raises(CampaignClosed):
        house.press(1, end + SECOND)
    with house.database.reading() as session:
        late = session.get_one(Signature, house.signatures[1])
        # Nothing of it left; the writer can still read, copy and take it to the section.
        assert late.state is SignatureState.PENDING
        assert None not in (late.sealed_name, late.sealed_email)
        assert late.letters[0].dispatch is None

    assert house.tick(end) is CampaignState.CLOSED
    with house.database.reading() as session:
        assert get_campaign_by_id(session, house.campaign_id).closed_at == end


@pytest.mark.parametrize("zone", PLACES)
def test_what_no_worker_claims_before_the_end_does_not_leave(house: House, zone: str) -> None:
    """And no scheduler runs: the gate keeps the second itself."""
    house.open(zone)
    house.press(0, PLACES[zone] - SECOND)
    house.now = PLACES[zone]
    house.worker.drain()
    assert house.letters() == [DispatchState.CANCELLED]


def test_the_ends_of_one_date_are_a_day_apart() -> None:
    apart = max(PLACES.values()) - min(PLACES.values())
    assert apart == timedelta(hours=24), "one date, and a day between its two ends"
