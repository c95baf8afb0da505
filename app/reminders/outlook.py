"""The clock's future: what will happen by itself, when, and to how many. Reads, changes nothing.

Every moment comes from the rule that its job asks, never from a second copy of it; so this list and
what then happens are the same, as long as nobody signs, decides or takes anything back meanwhile.
People are counts here and nothing else.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session, aliased

from app.campaigns.models import Campaign, CampaignState
from app.core.models import DataKey
from app.delivery.models import Dispatch, DispatchState, Lane
from app.delivery.queries import find_dispatch
from app.reminders import queries, rules, staff
from app.reminders.models import Reminder, ReminderRequest, ReminderState, RequestState
from app.sections.models import Section
from app.signatures.models import Signature, SignatureState
from app.signatures.rules import LINK_LIVES, REMIND_BEFORE_LINK_ENDS, is_nudged

_RUNNING = (CampaignState.OPEN, CampaignState.PAUSED)


class EventKind(StrEnum):
    """What the clock does by itself."""

    OPENS = "opens"
    LETTERS = "letters"
    NUDGE = "nudge"
    REMINDER = "reminder"
    STAFF_WARNING = "staff_warning"
    CLOSES = "closes"
    FORGET = "forget"
    DESTROY = "destroy"
    OUTCOME_WANTED = "outcome_wanted"


@dataclass(frozen=True, slots=True, order=True)
class Event:
    """One thing that falls due. `count` is how many letters, mails or people it concerns.

    `opens`: 1. `letters`: that may leave, by full hour. `nudge`: mails to who has not confirmed.
    `reminder`: mails to who asked. `staff_warning`: mails to organisers. `closes`: letters that are
    planned for later and will not leave. `forget`: people who never confirmed. `destroy`: people
    whose data goes with the campaign's key. `outcome_wanted`: mails to organisers who may know what
    came of it.
    """

    at: datetime
    reference: str
    kind: EventKind
    count: int


@dataclass(frozen=True, slots=True)
class _Life:
    """When one campaign opens and ends, as far as it is known."""

    campaign: Campaign
    opens: datetime
    ends: datetime
    now: datetime

    def takes_letters_at(self, moment: datetime) -> bool:
        campaign = self.campaign
        if campaign.hidden or campaign.state not in (CampaignState.SCHEDULED, CampaignState.OPEN):
            return False
        return self.opens <= moment < self.ends

    @property
    def is_over(self) -> bool:
        return self.campaign.state is CampaignState.CLOSED


def foresee(
    session: Session,
    start: datetime,
    end: datetime,
    now: datetime,
    *,
    reference: str | None = None,
    section_id: UUID | None = None,
) -> list[Event]:
    """What falls due from `start` and before `end`, in order; what is overdue stands at `now`.

    Of one campaign, of one section, or of the whole installation.
    """
    # Of what ended long ago and has no key any more nothing is left to happen.
    has_key = select(DataKey.id).where(DataKey.id == Campaign.key_id).exists()
    asked = timedelta(days=max(rules.ASK_OUTCOME_DAYS)) + rules.ASK_OUTCOME_WITHIN
    is_lately_closed = and_(
        Campaign.state == CampaignState.CLOSED, or_(has_key, Campaign.closed_at > now - asked)
    )
    wanted = select(Campaign).where(
        or_(Campaign.state.in_((CampaignState.SCHEDULED, *_RUNNING)), is_lately_closed)
    )
    if reference is not None:
        wanted = wanted.where(Campaign.reference == reference)
    if section_id is not None:
        wanted = wanted.where(Campaign.section_id == section_id)
    events: list[Event] = []
    for campaign in session.scalars(wanted.order_by(Campaign.reference)):
        ends = campaign.closed_at if campaign.state is CampaignState.CLOSED else campaign.closes_at
        if ends is None:
            continue
        opens = campaign.opened_at or campaign.opens_at or now
        life = _Life(campaign, opens, ends, now)
        events += [event for event in _of(session, life) if start <= event.at < end]
    return sorted(events)


def _of(session: Session, life: _Life) -> Iterator[Event]:
    queued = _queued(session, life.campaign)
    yield from _opening_and_end(life, queued)
    yield from _warnings(session, life)
    yield from _reminders(session, life)
    yield from _letters(life, queued)
    yield from _unconfirmed(session, life)
    yield from _destruction(session, life)
    yield from _outcome(session, life)


def _event(life: _Life, at: datetime, kind: EventKind, count: int) -> Event:
    return Event(max(at, life.now), life.campaign.reference, kind, count)


def _opening_and_end(life: _Life, queued: Mapping[datetime, int]) -> Iterator[Event]:
    if life.campaign.state is CampaignState.SCHEDULED and life.opens < life.ends:
        yield _event(life, life.opens, EventKind.OPENS, 1)
    if not life.is_over:
        late = sum(t for due, t in queued.items() if due >= life.ends or _is_held_back(life))
        yield _event(life, life.ends, EventKind.CLOSES, late)


def _is_held_back(life: _Life) -> bool:
    return life.campaign.state is CampaignState.PAUSED or life.campaign.hidden


def _warnings(session: Session, life: _Life) -> Iterator[Event]:
    if life.is_over:
        return
    # Before it opens nobody is warned, and at the opening of the step that has begun by then.
    since = max(life.opens, life.now)
    seen = set()
    for hours in rules.WARN_STAFF_HOURS:
        at = max(rules.due_at(life.ends, hours), since)
        step = rules.staff_step(life.ends, at)
        if step is None or step in seen:
            continue
        seen.add(step)
        owed = [
            key
            for key in staff.warning_keys(session, life.campaign, life.ends, step)
            if find_dispatch(session, key) is None
        ]
        if owed:
            yield _event(life, at, EventKind.STAFF_WARNING, len(owed))


def _reminders(session: Session, life: _Life) -> Iterator[Event]:
    owed = (
        select(Reminder.due_at, func.count())
        .join(ReminderRequest)
        .where(
            ReminderRequest.campaign_id == life.campaign.id,
            ReminderRequest.state == RequestState.CONFIRMED,
            Reminder.state == ReminderState.OWED,
        )
        .group_by(Reminder.due_at)
    )
    for due, times in session.execute(owed):
        at = max(due, life.now)
        open_then = life.takes_letters_at(at)
        if not rules.why_skip(due, life.ends, at, is_open=open_then):
            yield _event(life, at, EventKind.REMINDER, times)


def _letters(life: _Life, queued: Mapping[datetime, int]) -> Iterator[Event]:
    by_hour: Counter[datetime] = Counter()
    for due, times in queued.items():
        if life.takes_letters_at(max(due, life.now)):
            by_hour[due.replace(minute=0, second=0, microsecond=0)] += times
    for hour, times in by_hour.items():
        yield _event(life, hour, EventKind.LETTERS, times)


def _queued(session: Session, campaign: Campaign) -> dict[datetime, int]:
    """When the letters that wait behind a campaign's gate may leave, as they are planned now.

    A letter in a digest leaves when that does; the digest itself is no letter.
    """
    digest = aliased(Dispatch)
    due_at = func.coalesce(digest.due_at, Dispatch.due_at, type_=Dispatch.due_at.type)
    waiting = (
        select(due_at, func.count())
        .select_from(Dispatch)
        .outerjoin(digest, digest.id == Dispatch.carried_by)
        .where(
            Dispatch.opened_at.is_(None),
            Dispatch.gate_id == campaign.gate_id,
            Dispatch.state == DispatchState.QUEUED,
            Dispatch.lane == Lane.LETTER,
        )
        .group_by(due_at)
    )
    return dict(session.execute(waiting).all())


def _unconfirmed(session: Session, life: _Life) -> Iterator[Event]:
    pending = (
        select(Signature.link_ends_at, Signature.signed_on, Signature.reminded, func.count())
        .where(Signature.campaign_id == life.campaign.id, Signature.state == SignatureState.PENDING)
        .group_by(Signature.link_ends_at, Signature.signed_on, Signature.reminded)
    )
    for link_ends_at, signed_on, reminded, times in session.execute(pending):
        nudge_at = max(link_ends_at - REMIND_BEFORE_LINK_ENDS, life.now)
        is_owed = not reminded and is_nudged(signed_on, link_ends_at)
        if is_owed and nudge_at < link_ends_at and life.takes_letters_at(nudge_at):
            yield _event(life, nudge_at, EventKind.NUDGE, times)
        week_over = datetime.combine(signed_on, time(), UTC) + LINK_LIVES
        yield _event(life, max(link_ends_at, week_over), EventKind.FORGET, times)


def _destruction(session: Session, life: _Life) -> Iterator[Event]:
    if session.get(DataKey, life.campaign.key_id) is None:
        return
    keep_days = session.get_one(Section, life.campaign.section_id).keep_days
    held = select(func.count()).where(
        Signature.campaign_id == life.campaign.id,
        Signature.state == SignatureState.CONFIRMED,
        Signature.sealed_email.is_not(None),
    )
    at = life.ends + timedelta(days=keep_days)
    yield _event(life, at, EventKind.DESTROY, session.scalar(held) or 0)


def _outcome(session: Session, life: _Life) -> Iterator[Event]:
    campaign = life.campaign
    if life.is_over and not queries.may_be_asked(session, campaign):
        return
    seen = set()
    for days in rules.ASK_OUTCOME_DAYS:
        at = max(life.ends + timedelta(days=days), life.now)
        step = rules.outcome_step(life.ends, at)
        if step is None or step in seen or campaign.demonstration is not None:
            continue
        seen.add(step)
        owed = [
            key
            for key in staff.outcome_keys(session, campaign, life.ends, step)
            if find_dispatch(session, key) is None
        ]
        if owed:
            yield _event(life, at, EventKind.OUTCOME_WANTED, len(owed))
