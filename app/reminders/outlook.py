"""The clock's future: what will happen by itself, when, and to how many. Reads, changes nothing.

Every moment comes from the rule that its job asks, never from a second copy of it; so this list and
what then happens are the same, as long as nobody signs, decides or takes anything back meanwhile.
People are counts here and nothing else.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from app.campaigns.models import Campaign, CampaignState
from app.core.models import DataKey
from app.core.tokens import Keys
from app.delivery.models import Dispatch, DispatchState, Lane
from app.delivery.queries import find_dispatch
from app.notices import manners
from app.reminders import queries, rules, staff
from app.reminders.forecast import FORGET as FORGET_FOLLOWERS
from app.reminders.forecast import (
    STAY,
    foresee_followers,
    foresee_news,
    foresee_reminders,
    foresee_weekly,
)
from app.reminders.lives import Life, list_lives
from app.sections.models import Section
from app.signatures.models import Signature, SignatureState
from app.signatures.rules import LINK_LIVES, REMIND_BEFORE_LINK_ENDS, is_nudged


class EventKind(StrEnum):
    """What the clock does by itself."""

    OPENS = "opens"
    LETTERS = "letters"
    NUDGE = "nudge"
    REMINDER = "reminder"
    FOLLOWER_REMINDER = "follower_reminder"
    POST = "post"
    NEWS = "news"
    WEEKLY = "weekly_news"
    FOLLOWER_ASKED = "follower_asked"
    FOLLOWER_FORGET = "follower_forget"
    STAFF_WARNING = "staff_warning"
    CLOSES = "closes"
    FORGET = "forget"
    DESTROY = "destroy"
    OUTCOME_WANTED = "outcome_wanted"


@dataclass(frozen=True, slots=True, order=True)
class Event:
    """One thing that falls due. `count` is how many letters, mails or people it concerns.

    `opens`: 1. `letters`: that may leave, by full hour. `nudge`: mails to who has not confirmed.
    `reminder`: mails to who asked. `follower_reminder`: mails to followers who have not written.
    `post`: mails to whose letter should be posted now. `news`: mails to followers, at once, and
    `weekly_news`: in one mail a week. `follower_asked`: who is asked whether to go on hearing from
    us, `follower_forget`: who is forgotten; both by section. `staff_warning`: mails to organisers.
    `closes`: letters that are planned for later and will not leave. `forget`: people who never
    confirmed. `destroy`: people whose data goes with the campaign's key. `outcome_wanted`: mails to
    organisers who may know what came of it.
    """

    at: datetime
    reference: str
    kind: EventKind
    count: int


def foresee(
    session: Session,
    keys: Keys,
    start: datetime,
    end: datetime,
    now: datetime,
    *,
    a_week: int = manners.REMINDERS_A_WEEK,
    reference: str | None = None,
    section_id: UUID | None = None,
) -> list[Event]:
    """What falls due from `start` and before `end`, in order; what is overdue stands at `now`.

    Of one campaign, of one section, or of the whole installation. How many reminders somebody gets
    depends on all campaigns, so all of them are looked at.
    """
    lives = list_lives(session, now)
    told = foresee_reminders(session, keys, lives, now, a_week)
    told += foresee_news(session, lives, now, end) + foresee_weekly(session, lives, now, end)
    wanted = [
        life
        for life in lives
        if reference in (None, life.campaign.reference)
        and section_id in (None, life.campaign.section_id)
    ]
    names = set(_names(session, reference, section_id))
    events = [event for life in wanted for event in _of(session, life)]
    if reference is None:
        told += foresee_followers(session, now, section_id)
        names |= {key for _at, key, kind in told if kind in (STAY, FORGET_FOLLOWERS)}
    events += [
        Event(at, name, EventKind(kind), times)
        for (at, name, kind), times in told.items()
        if name in names
    ]
    return sorted(event for event in events if start <= event.at < end)


def _names(session: Session, reference: str | None, section_id: UUID | None) -> Sequence[str]:
    """The references of the campaigns that are asked about; news are told of closed ones too."""
    wanted = select(Campaign.reference)
    if reference is not None:
        wanted = wanted.where(Campaign.reference == reference)
    if section_id is not None:
        wanted = wanted.where(Campaign.section_id == section_id)
    return session.scalars(wanted).all()


def _of(session: Session, life: Life) -> Iterator[Event]:
    queued = _queued(session, life.campaign)
    yield from _opening_and_end(life, queued)
    yield from _warnings(session, life)
    yield from _letters(life, queued)
    yield from _unconfirmed(session, life)
    yield from _destruction(session, life)
    yield from _outcome(session, life)


def _event(life: Life, at: datetime, kind: EventKind, count: int) -> Event:
    return Event(max(at, life.now), life.campaign.reference, kind, count)


def _opening_and_end(life: Life, queued: Mapping[datetime, int]) -> Iterator[Event]:
    if life.campaign.state is CampaignState.SCHEDULED and life.opens < life.ends:
        yield _event(life, life.opens, EventKind.OPENS, 1)
    if not life.is_over:
        late = sum(t for due, t in queued.items() if due >= life.ends or _is_held_back(life))
        yield _event(life, life.ends, EventKind.CLOSES, late)


def _is_held_back(life: Life) -> bool:
    return life.campaign.state is CampaignState.PAUSED or life.campaign.hidden


def _warnings(session: Session, life: Life) -> Iterator[Event]:
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


def _letters(life: Life, queued: Mapping[datetime, int]) -> Iterator[Event]:
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


def _unconfirmed(session: Session, life: Life) -> Iterator[Event]:
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


def _destruction(session: Session, life: Life) -> Iterator[Event]:
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


def _outcome(session: Session, life: Life) -> Iterator[Event]:
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
