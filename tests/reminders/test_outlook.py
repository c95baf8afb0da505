"""The dry run says what then happens: both lists are made apart and must be the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.campaigns.models import Campaign, CampaignState
from app.core.beside import Beside
from app.core.db import Base, Database, unit_of_work
from app.core.tokens import Keys
from app.delivery.channels.maildir import Maildir
from app.delivery.models import Dispatch, DispatchState, GateState, Lane
from app.delivery.worker import Worker
from app.followers.actions import ask as ask_to_follow
from app.followers.actions import follow_with_letter, tell_followers
from app.followers.announcements import changed
from app.followers.models import Follower, HowOften, News, NewsKind
from app.followers.queries import find_follower
from app.followers.rules import Wish
from app.jobs.timetable import TIMETABLE, Work
from app.reminders.actions import ask, confirm_request
from app.reminders.models import ReminderRequest
from app.reminders.outlook import Event, EventKind, foresee
from app.sections.models import Section
from app.signatures.actions import confirm
from app.signatures.models import LetterChannel, Signature, SignatureState
from tests.builders import LINKS, NOON, a_campaign, a_form, a_signature, an_account
from tests.cast import AMAL, OLENA, Person

DAYS = 13
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NOTICES = {
    "confirm_reminder": EventKind.NUDGE,
    "reminder": EventKind.REMINDER,
    "deadline_warning": EventKind.STAFF_WARNING,
    "outcome_wanted": EventKind.OUTCOME_WANTED,
    "deadline_near": EventKind.FOLLOWER_REMINDER,
    "not_posted": EventKind.POST,
    "campaign_changed": EventKind.NEWS,
    "new_action": EventKind.NEWS,
    "weekly_news": EventKind.WEEKLY,
    "still_there": EventKind.FOLLOWER_ASKED,
}
TO_FOLLOWERS = (
    EventKind.FOLLOWER_REMINDER,
    EventKind.NEWS,
    EventKind.WEEKLY,
    EventKind.FOLLOWER_ASKED,
)
# Campaigns end on full hours here, in three zones; one waits for its hour, one is paused.
ENDS = {
    "soon": NOON + timedelta(days=2, hours=7),
    "later": NOON + timedelta(days=8, hours=12),
    "paused": NOON + timedelta(days=5),
    "scheduled": NOON + timedelta(days=9, hours=1),
}


@dataclass
class Town:
    """Several campaigns with people at every stage, and a clock that is moved by hand."""

    database: Database
    keys: Keys
    worker: Worker
    beside: Beside
    now: datetime = NOON
    happened: Counter[tuple[datetime, str, EventKind]] = field(default_factory=Counter)

    def foreseen(self, days: int) -> Counter[tuple[datetime, str, EventKind]]:
        with self.database.reading() as session:
            events = foresee(session, self.keys, NOON, NOON + days * DAY, NOON)
        return by_what(events)

    def live(self, hours: Iterable[datetime]) -> None:
        """In each of these hours every job, and the worker at both ends of the hour."""
        for hour in sorted(hours):
            self._watch(hour, self._tick)
            self.now = hour + HOUR - timedelta(seconds=1)
            self._watch(hour, self.worker.drain)

    def _tick(self) -> None:
        for job in TIMETABLE:
            with unit_of_work(self.database.writing) as session:
                job.do(Work(session, self.keys, LINKS, self.now, self.beside))
        self.worker.drain()

    def _watch(self, hour: datetime, do: object) -> None:
        self.now = max(self.now, hour)
        before = self._snapshot()
        assert callable(do)
        do()
        after = self._snapshot()
        for what in after | before:
            more = after[what] - before[what]
            reference, kind = what
            if kind in (EventKind.DESTROY, EventKind.FOLLOWER_FORGET):
                more = -more
            if more > 0:
                self.happened[hour, reference, kind] += more

    def _snapshot(self) -> Counter[tuple[str, EventKind]]:
        with self.database.reading() as session:
            return Counter(dict(_counts(session)))


def _counts(session: Session) -> Iterator[tuple[tuple[str, EventKind], int]]:
    """What the tables say has happened so far; `destroy` counts what is still there."""
    campaigns = {each.id: each for each in session.scalars(select(Campaign))}
    notices: Counter[tuple[str, EventKind]] = Counter()
    by_key = {each.key_id: each.reference for each in campaigns.values()}
    by_id = {each.id.hex: each.reference for each in campaigns.values()}
    rows = session.execute(
        select(Dispatch.once_key, Dispatch.key_id).where(Dispatch.lane == Lane.NOTICE)
    )
    for once_key, key_id in rows:
        parts = once_key.split(":")
        kind = NOTICES.get(parts[1])
        if kind in TO_FOLLOWERS:
            notices[_concerned(session, kind, parts), kind] += 1
        elif kind:
            # What is sent after the campaign's own key is gone has another.
            notices[by_id.get(parts[2]) or by_key[key_id], kind] += 1
    yield from notices.items()
    # How many follow is what is still there, as with the people of a campaign below.
    for key, times in session.execute(
        select(Section.key, func.count(Follower.id))
        .outerjoin(Follower, Follower.section_id == Section.id)
        .group_by(Section.key)
    ):
        yield (key, EventKind.FOLLOWER_FORGET), times
    gates = {each.gate_id: each.reference for each in campaigns.values()}
    for gate, state, times in session.execute(
        select(Dispatch.gate_id, Dispatch.state, func.count())
        .where(Dispatch.lane == Lane.LETTER)
        .group_by(Dispatch.gate_id, Dispatch.state)
    ):
        if state is DispatchState.SENT:
            yield (gates[gate], EventKind.LETTERS), times
    for each in campaigns.values():
        opened = each.state is not CampaignState.SCHEDULED
        yield (each.reference, EventKind.OPENS), int(opened)
        # One more than the letters that stay behind, so that an end without any shows too.
        closed = each.state is CampaignState.CLOSED
        cancelled = select(func.count()).where(
            Dispatch.gate_id == each.gate_id, Dispatch.state == DispatchState.CANCELLED
        )
        stayed = session.scalar(cancelled) or 0
        yield (each.reference, EventKind.CLOSES), (stayed + 1) if closed else 0
        people = select(func.count()).where(Signature.campaign_id == each.id)
        forgotten = people.where(Signature.state == SignatureState.FORGOTTEN)
        yield (each.reference, EventKind.FORGET), session.scalar(forgotten) or 0
        kept = people.where(
            Signature.state == SignatureState.CONFIRMED, Signature.sealed_email.is_not(None)
        )
        yield (each.reference, EventKind.DESTROY), session.scalar(kept) or 0


def _concerned(session: Session, kind: EventKind, parts: list[str]) -> str:
    """The campaign, or the section, that a mail to a follower is listed under."""
    if kind is EventKind.FOLLOWER_REMINDER:
        return session.get_one(Campaign, UUID(parts[3])).reference
    if kind is EventKind.NEWS:
        return session.get_one(News, UUID(parts[3])).campaign.reference
    if kind is EventKind.WEEKLY:
        # One campaign alone has news for them here.
        opened = select(News).where(News.kind == NewsKind.OPENED)
        return session.scalars(opened).one().campaign.reference
    return session.scalars(select(Section.key)).one()


def hours(days: int, every: int) -> set[datetime]:
    return {NOON + number * HOUR for number in range(0, days * 24, every)}


def by_what(events: list[Event]) -> Counter[tuple[datetime, str, EventKind]]:
    found: Counter[tuple[datetime, str, EventKind]] = Counter()
    for event in events:
        hour = event.at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
        times = event.count + 1 if event.kind is EventKind.CLOSES else event.count
        if times:
            found[hour, event.reference, event.kind] += times
    return found


def everything(session: Session) -> dict[str, list[str]]:
    return {
        name: sorted(str(tuple(row)) for row in session.execute(select(table)))
        for name, table in Base.metadata.tables.items()
    }


@pytest.fixture
def town(database: Database, keys: Keys, tmp_path: Path) -> Iterator[Town]:
    with unit_of_work(database.writing) as session:
        for person in (OLENA, AMAL):
            an_account(session, person)
        for number, (name, end) in enumerate(ENDS.items()):
            campaign = a_campaign(session, keys, closes_at=end)
            session.execute(Base.metadata.tables["section"].update().values(keep_days=number + 1))
            if name != "scheduled":
                _people(session, keys, campaign, number)
            _stand(campaign, name)
            if name == "later":
                _followers(session, keys, campaign)
                _printed(session, keys, campaign)
    worker = Worker(
        database,
        keys,
        local=Maildir(tmp_path / "mail"),
        relay=None,
        name="test",
        lease=timedelta(seconds=30),
        clock=lambda: town.now,
    )
    town = Town(database, keys, worker, Beside(tmp_path / "keys"))
    yield town
    worker.close()


def _people(session: Session, keys: Keys, campaign: Campaign, number: int) -> None:
    for each in range(4):
        who = Person(f"Person {number} {each}", f"p{number}.{each}@example.org")
        signature = a_signature(session, keys, campaign, a_form(campaign, who=who))
        if each % 2:
            confirm(session, keys, signature, links=LINKS, now=NOON)
    for each in range(number + 1):
        address = f"reader{number}.{each}@example.org"
        ask(session, keys, campaign, address, "en", links=LINKS, now=NOON)
    session.flush()
    for wish in session.scalars(select(ReminderRequest).filter_by(campaign_id=campaign.id)):
        confirm_request(wish, NOON)


def _followers(session: Session, keys: Keys, campaign: Campaign) -> None:
    """Some who follow this campaign, and some who follow new ones; one has written already."""
    today = NOON.date()
    for name, different in {
        "here": {},
        "evening": {"time_zone": "America/Sao_Paulo"},
        "p1.1": {},
        "all": {"new_actions": True},
        "elsewhere": {"new_actions": True, "countries": ["BY"]},
        "week": {"new_actions": True, "often": HowOften.WEEKLY, "told_on": today - DAY},
        "ending": {"ends_on": today + 4 * DAY, "asked_to_stay": True},
        "asked": {"ends_on": today + 34 * DAY},
    }.items():
        address = f"{name}@example.org"
        follow_with_letter(session, keys, campaign, address, "en", NOON)
        follower = find_follower(session, keys, campaign.section_id, address)
        assert follower is not None
        follower.confirmed_on = today - 20 * DAY
        if name not in ("here", "evening", "p1.1"):
            follower.follows = []
        for key, value in different.items():
            setattr(follower, key, value)
    wish = Wish(("en",), new_actions=True)
    ask_to_follow(
        session, keys, campaign.section, "pending@example.org", wish, links=LINKS, now=NOON
    )
    tell_followers(session, campaign, changed({"en": "Moved."}), occasion="2", now=NOON)


def _printed(session: Session, keys: Keys, campaign: Campaign) -> None:
    """A letter that its writer was to print, some days ago."""
    who = Person("Printer", "printer@example.org")
    signature = a_signature(session, keys, campaign, a_form(campaign, who=who, country="KZ"))
    for letter in signature.letters:
        letter.channel = LetterChannel.POST
    confirm(session, keys, signature, links=LINKS, now=NOON)
    signature.confirmed_on = NOON.date() - 3 * DAY


def _stand(campaign: Campaign, name: str) -> None:
    if name == "paused":
        campaign.state = CampaignState.PAUSED
        campaign.gate.state = GateState.PAUSED
    if name == "scheduled":
        campaign.state = CampaignState.SCHEDULED
        campaign.opened_at = None
        campaign.gate.state = GateState.CLOSED
        campaign.opens_at = NOON + timedelta(days=3, hours=2)


# Two weeks and four months of a town take as long on PostgreSQL as all the rest of this file.
ON_BOTH_AT_LENGTH = pytest.mark.parametrize(
    "database_url",
    ["sqlite", pytest.param("postgresql", marks=[pytest.mark.long, pytest.mark.timeout(600)])],
    indirect=True,
)


@ON_BOTH_AT_LENGTH
def test_the_dry_run_and_what_then_happens_are_the_same_list(town: Town) -> None:
    foreseen = town.foreseen(DAYS)
    kinds = {kind for _, _, kind in foreseen}
    # A month after an end lies beyond these days; there is a test of its own below.
    assert kinds | {EventKind.OUTCOME_WANTED} == set(EventKind), "something of everything"
    # What happens in an hour that nobody foresaw shows at the next of these, as a difference.
    town.live({hour for hour, _, _ in foreseen} | hours(DAYS, 6))
    assert town.happened == foreseen


@ON_BOTH_AT_LENGTH
def test_what_comes_a_month_and_three_after_the_end_too(town: Town) -> None:
    """The weeks between, in which nothing is foreseen, are looked at once a week."""
    foreseen = town.foreseen(120)
    asked = {what: times for what, times in foreseen.items() if what[2] is EventKind.OUTCOME_WANTED}
    assert len(asked) == 2 * len(ENDS)
    assert set(asked.values()) == {2}, "Olena and Amal"
    town.live({hour for hour, _, _ in foreseen} | hours(120, 24 * 7))
    assert town.happened == foreseen


@pytest.mark.long
@pytest.mark.timeout(900)
def test_thirty_days_of_it(town: Town) -> None:
    with unit_of_work(town.database.writing) as session:
        session.execute(Base.metadata.tables["section"].update().values(keep_days=15))
    foreseen = town.foreseen(30)
    town.live(hours(30, 1))
    assert town.happened == foreseen


def test_the_dry_run_changes_nothing(town: Town) -> None:
    with town.database.reading() as session:
        before = everything(session)
    town.foreseen(30)
    with town.database.reading() as session:
        assert everything(session) == before


def test_what_is_overdue_stands_at_this_moment_and_what_is_too_late_nowhere(town: Town) -> None:
    late = ENDS["soon"] - timedelta(hours=17)
    with town.database.reading() as session:
        first = foresee(session, town.keys, late, late + HOUR, late)
        since = ENDS["soon"] - 10 * HOUR
        much_later = foresee(session, town.keys, since, ENDS["soon"], since)
    reminders = [event.at for event in first if event.kind is EventKind.REMINDER]
    # Twenty-four hours before the end was seven hours ago: past the grace, for this campaign.
    assert reminders == []
    warned = [event for event in first if event.kind is EventKind.STAFF_WARNING]
    assert {event.at for event in warned} == {late}
    assert all(event.kind is not EventKind.REMINDER for event in much_later)


def test_one_campaign_alone(town: Town) -> None:
    with town.database.reading() as session:
        one = session.scalars(select(Campaign).order_by(Campaign.reference)).first()
        assert one is not None
        until = NOON + 30 * DAY
        events = foresee(session, town.keys, NOON, until, NOON, reference=one.reference)
    assert {event.reference for event in events} == {one.reference}
