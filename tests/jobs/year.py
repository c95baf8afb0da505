"""A year on a clock that is moved by hand: real jobs over a real database, and what they did."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.actions import create_account
from app.accounts.models import Account, RoleName
from app.campaigns import outcomes, rules
from app.campaigns.deadlines import set_deadline
from app.campaigns.models import Campaign, CampaignState, ClosedReason, Move
from app.campaigns.queries import get_campaign_by_id
from app.core.beside import Beside
from app.core.db import Database, unit_of_work
from app.core.models import DataKey, Tick
from app.core.tokens import Keys
from app.delivery.models import Dispatch, DispatchState, GateState, Lane
from app.jobs.timetable import TIMETABLE, Work
from app.reminders import life
from app.reminders.actions import ask, confirm_request
from app.reminders.models import ReminderRequest, RequestState
from app.sections.actions import default_section
from app.sections.models import Section
from app.signatures.models import Signature, SignatureState
from tests.builders import LINKS, a_campaign, a_form, a_signature
from tests.cast import PASSWORD, Person
from tests.jobs.year_oracle import (
    DAY,
    HOUR,
    Act,
    Plan,
    Wakings,
    What,
    dues_of,
    end_of,
    expected,
    start_of,
    weeks_of,
)

# Two systems of summer time and one of the south, Kazakhstan's two zones of before March 2024, and
# both ends of the calendar.
ZONES = (
    "Europe/Paris",
    "America/New_York",
    "America/Santiago",
    "Asia/Almaty",
    "Asia/Aqtobe",
    "Asia/Kathmandu",
    "Pacific/Chatham",
    "Pacific/Apia",
    "Pacific/Pago_Pago",
    "UTC",
)
START = datetime(2024, 1, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)
# Down for three hours every night, and for a whole day every tenth day.
NIGHT = (1, 4)
TENTH = 9
LATEST = ("23:59", "18:00", "12:30", "02:30", "00:00")
NOTICES = ("deadline_warning", "closed", "outcome_wanted", "reminder", "confirm_reminder")


def is_up(moment: datetime) -> bool:
    if (moment - START).days % 10 == TENTH:
        return False
    return not NIGHT[0] <= moment.hour < NIGHT[1]


def up_after(moment: datetime) -> datetime:
    """The moment itself, or the end of the outage that it falls into."""
    while not is_up(moment):
        hour = moment.replace(minute=0, second=0, microsecond=0)
        moment = hour + HOUR
    return moment


def plans(campaigns: int, days: int, seed: int) -> list[Plan]:
    chance = random.Random(seed)
    return [_plan(chance, number, days) for number in range(campaigns)]


def zones_of(made: Sequence[Plan]) -> list[str]:
    return list(dict.fromkeys(plan.zone for plan in made))


def wakings(made: Sequence[Plan], days: int) -> Wakings:
    """Every moment at which something may be due, the second before it, and what ends an outage."""
    end = START + days * DAY
    found = {due for plan in made for due in dues_of(plan)}
    found |= {due - SECOND for due in found}
    found |= {due for zone in zones_of(made) for due in weeks_of(zone, START, end)}
    found |= {act.at + 23 * SECOND for plan in made for act in plan.acts}
    found |= {plan.made_at + 23 * SECOND for plan in made}
    found |= {up_after(moment) for moment in found}
    return Wakings(sorted(moment for moment in found if START <= moment < end and is_up(moment)))


def all_expected(made: Sequence[Plan], woke: Wakings, days: int) -> set[What]:
    end = START + days * DAY
    owed = {what for plan in made for what in expected(plan, woke)}
    for zone in zones_of(made):
        for slot in weeks_of(zone, START, end):
            moment = woke.first(slot)
            if moment is not None and moment - slot < DAY:
                owed.add((moment, "week", zone, ""))
    return owed


def _plan(chance: random.Random, number: int, days: int) -> Plan:
    zone = ZONES[number % len(ZONES)]
    latest = max(1, days - 60)
    made = START + chance.uniform(0, latest * 24) * HOUR
    made = made.replace(minute=chance.randrange(60), second=37, microsecond=0)
    opens, opened = None, made
    local = made.astimezone(ZoneInfo(zone)).date()
    if chance.random() < 0.4:
        opens = (local + chance.randint(2, 6) * DAY, "08:00")
        opened = start_of(*opens, zone)
        local = opens[0]
    last_day = local + chance.randint(7, 45) * DAY
    last_time = chance.choice(LATEST)
    end = end_of(last_day, last_time, zone)
    # A late opening has come after thirty hours, and nothing is decided before forty-eight.
    early = [opened.replace(second=37) + chance.uniform(30, 46) * HOUR for _ in range(3)]
    signed, *wished = (moment.replace(microsecond=0) for moment in early)
    acts = _acts(chance, last_day, last_time, zone, end)
    key = f"campaign {number}"
    return Plan(key, zone, made, opens, last_day, last_time, signed, tuple(wished), acts)


def _acts(
    chance: random.Random,
    last_day: date,
    last_time: str,
    zone: str,
    end: datetime,
) -> tuple[Act, ...]:
    def before(least: float, most: float) -> datetime:
        return (end - chance.uniform(least, most) * DAY).replace(second=37, microsecond=0)

    def after(least: float, most: float) -> datetime:
        return (end + chance.uniform(least, most) * DAY).replace(second=37, microsecond=0)

    later = last_day + chance.randint(12, 30) * DAY
    again = end_of(later, last_time, zone) - chance.uniform(0.2, 3) * DAY
    second = Act(again.replace(second=37, microsecond=0), "extend", later + 14 * DAY)
    extended = Act(before(1, 4), "extend", later)
    possible: tuple[tuple[Act, ...], ...] = (
        (extended,),
        (extended, second),
        (Act(before(2, 4), "pause"), Act(before(0.3, 1.9), "resume")),
        (Act(before(2.5, 4), "pause"), Act(before(1.1, 2.4), "extend", later)),
        (Act(before(0.5, 4), "stop"),),
        (Act(after(1.5, 4), "reopen", later),),
        (Act(after(32, 60), "outcome"),),
    )
    # Three in ten are left alone.
    number = chance.randrange(10)
    return possible[number] if number < len(possible) else ()


@dataclass
class Year:
    """The world of the simulation: its people's acts, the scheduler's wakings, what came of it."""

    database: Database
    keys: Keys
    folder: Path
    now: datetime = START
    happened: list[What] = field(default_factory=list)
    ids: dict[str, UUID] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    second_person: Account | None = None

    def __post_init__(self) -> None:
        self.beside = Beside(self.folder / "keys")
        self.gone: set[UUID] = set()
        self.weeks: set[tuple[str, datetime]] = set()
        self.forgotten: set[UUID] = set()

    def run(self, made: Sequence[Plan], woke: Wakings, days: int) -> None:
        """Everything in its order: what people do, and every job at each waking of the clock.

        One transaction a waking: that a moment is done once, whoever leads, is the runner's promise
        and is shown with the runner.
        """
        with unit_of_work(self.database.writing) as session:
            self.sections = {zone: self._section(session, zone) for zone in zones_of(made)}
        acts = sorted(_acts_of(made), key=lambda each: each[0])
        end, place = START + days * DAY, 0
        for moment in woke.moments:
            while place < len(acts) and acts[place][0] <= moment:
                self._act(*acts[place])
                place += 1
            self.now = moment
            with unit_of_work(self.database.writing) as session:
                for job in TIMETABLE:
                    job.do(Work(session, self.keys, LINKS, moment, self.beside))
            self._watch(by_clock=True)
        for act in acts[place:]:
            if act[0] < end:
                self._act(*act)

    def _section(self, session: Session, zone: str) -> UUID:
        section = Section(
            key=zone,
            name=zone,
            languages=["en"],
            time_zone=zone,
            sender_name="Outcry",
            sender_address="letters@outcry.example",
            reply_to="replies@outcry.example",
            postal_address="1 Example Street",
        )
        session.add(section)
        session.flush()
        self.names[section.id.hex] = zone
        for number in range(2):
            email = f"o{number}.{zone.replace('/', '.').lower()}@example.org"
            roles = [RoleName.ORGANISER]
            if self.second_person is None:
                self.second_person = create_account(
                    session, default_section(session), email, "O", roles, PASSWORD, START
                )
            one = self._like(self.second_person, section, email)
            session.add(one)
            session.flush()
            self.names[one.id.hex] = f"organiser {number}"
        return section.id

    def _like(self, first: Account, section: Section, email: str) -> Account:
        """Another account with the same password: hashing one takes long on purpose."""
        return Account(
            section_id=section.id,
            email=email.replace("@", ".too@"),
            name="O",
            language="en",
            password=first.password,
            active=True,
            fs_uniquifier=email,
            created_at=START,
            roles=list(first.roles),
        )

    def _act(self, moment: datetime, plan: Plan, act: Act) -> None:
        self.now = moment
        with unit_of_work(self.database.writing) as session:
            if act.name == "make":
                self._make(session, plan)
            else:
                campaign = get_campaign_by_id(session, self.ids[plan.key])
                self._do(session, campaign, plan, act)
        self._watch(by_clock=False)

    def _make(self, session: Session, plan: Plan) -> None:
        campaign = a_campaign(session, self.keys, now=plan.made_at)
        campaign.section_id = self.sections[plan.zone]
        set_deadline(campaign, plan.last_day, plan.last_time, plan.zone, plan.made_at)
        campaign.gate.open_until = campaign.closes_at
        if plan.opens is not None:
            day, shown = plan.opens
            campaign.state, campaign.opened_at = CampaignState.SCHEDULED, None
            campaign.gate.state = GateState.CLOSED
            campaign.opens_at = rules.opens_at(day, shown, plan.zone)
            campaign.opens_rule = f"{day.isoformat()}T{shown}"
        self.ids[plan.key] = campaign.id
        self.names[campaign.id.hex] = plan.key

    def _do(self, session: Session, campaign: Campaign, plan: Plan, act: Act) -> None:
        desk = life.Desk(session, self.keys, LINKS, self.now)
        match act.name:
            case "sign":
                who = Person("Sam", f"sam.{plan.key.replace(' ', '')}@example.org")
                form = a_form(campaign, who=who)
                signed = a_signature(session, self.keys, campaign, form, now=self.now)
                self.names[signed.id.hex] = plan.key
            case "wish":
                self._wish(session, campaign, plan)
            case "extend" | "reopen":
                assert act.last_day is not None
                life.set_new_end(
                    desk, campaign, last_day=act.last_day, last_time=plan.last_time, note=""
                )
            case "pause":
                life.pause(desk, campaign, note="")
            case "resume":
                life.resume(desk, campaign, note="")
            case "stop":
                life.close(desk, campaign, reason=ClosedReason.STOPPED, note="")
            case "outcome":
                said = outcomes.OutcomeForm("freed", "2024-01-01", "", {"en": "Free."})
                outcomes.propose_outcome(session, campaign, None, said, self.now)
                session.flush()
                assert self.second_person is not None
                life.tell_outcome(desk, campaign, self.second_person)

    def _wish(self, session: Session, campaign: Campaign, plan: Plan) -> None:
        known = [name for name in self.names.values() if name.startswith(f"{plan.key}/wish")]
        address = f"w{len(known)}.{plan.key.replace(' ', '')}@example.org"
        ask(session, self.keys, campaign, address, "en", links=LINKS, now=self.now)
        session.flush()
        wish = session.scalars(
            select(ReminderRequest).where(
                ReminderRequest.campaign_id == campaign.id,
                ReminderRequest.state == RequestState.PENDING,
            )
        ).one()
        confirm_request(wish, self.now)
        self.names[wish.id.hex] = f"{plan.key}/wish {len(known)}"

    def _watch(self, *, by_clock: bool) -> None:
        """What stands in the tables now that did not before."""
        with self.database.reading() as session:
            self.happened += self._mails(session)
            if by_clock:
                self.happened += self._moves(session)
                self.happened += self._ends(session)

    def _mails(self, session: Session) -> Iterator[What]:
        written = select(Dispatch.once_key).where(
            # What a destroyed key cancels loses its moment to the beginning of that day.
            Dispatch.state == DispatchState.QUEUED,
            Dispatch.lane == Lane.NOTICE,
            Dispatch.due_at == self.now,
        )
        for once_key in session.scalars(written):
            _, name, about, *rest = once_key.split(":")
            if name not in NOTICES:
                continue
            key, _, wish = self.names[about].partition("/")
            who = wish or ("" if name == "confirm_reminder" else self.names[rest[0]])
            yield self.now, name, key, who

    def _moves(self, session: Session) -> Iterator[What]:
        names = {"published": "published", "closed": "closes"}
        made = select(Move.name, Move.campaign_id).where(
            Move.at == self.now, Move.name.in_(names), Move.by_id.is_(None)
        )
        for name, campaign_id in session.execute(made):
            yield self.now, names[name], self.names[campaign_id.hex], ""
        begun = select(Tick.job, Tick.due).where(
            Tick.job.startswith("week:"), Tick.due > self.now - DAY
        )
        for job, due in session.execute(begun):
            zone = self.names.get(job.removeprefix("week:"))
            if zone is not None and (job, due) not in self.weeks:
                self.weeks.add((job, due))
                yield self.now, "week", zone, ""

    def _ends(self, session: Session) -> Iterator[What]:
        forgotten = select(Signature.id).where(Signature.state == SignatureState.FORGOTTEN)
        for signature_id in set(session.scalars(forgotten)) - self.forgotten:
            self.forgotten.add(signature_id)
            yield self.now, "forgotten", self.names[signature_id.hex], ""
        kept = set(session.scalars(select(DataKey.id)))
        for campaign_id, key_id in session.execute(select(Campaign.id, Campaign.key_id)):
            if key_id not in kept and key_id not in self.gone:
                self.gone.add(key_id)
                yield self.now, "destroyed", self.names[campaign_id.hex], ""


def _acts_of(made: Sequence[Plan]) -> Iterator[tuple[datetime, Plan, Act]]:
    for plan in made:
        yield plan.made_at, plan, Act(plan.made_at, "make")
        yield plan.signed_at, plan, Act(plan.signed_at, "sign")
        for moment in plan.wished_at:
            yield moment, plan, Act(moment, "wish")
        for act in plan.acts:
            yield act.at, plan, act
