"""Campaigns and counts for the tests of the numbers."""

from __future__ import annotations

import random
import uuid
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import insert
from sqlalchemy.orm import Session

from app.campaigns.models import Campaign, CampaignState
from app.stats.numbers import CampaignLine
from app.tally.actions import Labels
from app.tally.models import Figure, TallyEntry

TODAY = date(2026, 6, 1)


@dataclass(frozen=True, slots=True)
class Event:
    """One counted letter, kept beside the database to compare with."""

    figure: Figure
    labels: Labels
    day: date


def a_line() -> CampaignLine:
    moment = datetime(2026, 6, 1, tzinfo=UTC)
    return CampaignLine(
        id=uuid.uuid4(),
        reference="bcdfg",
        slug="a-campaign",
        title="A campaign",
        language="en",
        section="default",
        section_name="Section",
        organisation="",
        state=CampaignState.OPEN,
        hidden=False,
        opened_at=moment,
        closes_at=moment,
        time_zone="UTC",
        last_day=None,
        last_time="23:59",
        offices=1,
    )


def random_events(
    campaign: Campaign, people: int, seed: int, *, days: int = 90, today: date = TODAY
) -> list[Event]:
    """Letters of so many people, each to one office, as the rooms would count them."""
    chance = random.Random(seed)
    targets = [str(target.id) for target in campaign.targets]
    events = []
    for _ in range(people):
        labels = Labels(
            campaign.id,
            country=chance.choice(["FR", "FR", "FR", "DE", "DE", "SE", "US", ""]),
            letter_language=chance.choice(["ru", "ru", "en", "fr"]),
            page_language=chance.choice(["en", "fr"]),
            channel=chance.choice(["email", "email", "email", "post", "fax"]),
            target=chance.choice(targets),
        )
        is_mail = labels.channel == "email"
        day = today - timedelta(days=chance.randrange(days))
        events.append(Event(Figure.STARTED, labels, day))
        events.append(Event(Figure.CONFIRMED, labels, day))
        events.append(Event(Figure.QUEUED if is_mail else Figure.TO_PRINT, labels, day))
        end = chance.choice([Figure.HANDED_OVER] * 4 + [Figure.FAILED])
        events.append(Event(end if is_mail else Figure.SELF_REPORTED, labels, day))
    return events


def record(session: Session, events: list[Event]) -> None:
    """As `tally.actions.count` writes them, in one statement."""
    session.execute(
        insert(TallyEntry),
        [
            {"figure": one.figure, "day": one.day, "times": 1, **asdict(one.labels)}
            for one in events
        ],
    )
