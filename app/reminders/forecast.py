"""Which reminders and news will be sent, and to how many: the clock's own rules, asked ahead.

Addresses are opened in memory to see who would get too many and who has written; what leaves this
file are counts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload, selectinload

from app.core.addresses import same_mailbox
from app.core.db import day_of
from app.core.models import ThrottleCount
from app.core.tokens import Keys
from app.followers import deadlines, queries, rules, telling
from app.followers.models import (
    Follower,
    FollowerNudge,
    FollowerState,
    HowOften,
    News,
    NewsKind,
)
from app.notices import manners
from app.reminders import actions, post
from app.reminders.lives import Life
from app.reminders.models import Reminder, ReminderRequest, ReminderState, RequestState

REMINDER, TO_FOLLOWER, BY_POST = "reminder", "follower_reminder", "post"
NEWS, WEEKLY = "news", "weekly_news"
STAY, FORGET = "follower_asked", "follower_forget"

# At which moment, of which campaign or section, what.
What = tuple[datetime, str, str]


@dataclass(frozen=True, slots=True, order=True)
class _Owed:
    """One reminder in the order in which the clock comes to it; `rank` by its job and its place."""

    at: datetime
    rank: tuple[int, datetime, int, UUID]
    reference: str = field(compare=False)
    kind: str = field(compare=False)
    email: str = field(compare=False)


def foresee_reminders(
    session: Session, keys: Keys, lives: Sequence[Life], now: datetime, a_week: int
) -> Counter[What]:
    """Every reminder that is owed and within manners, over all campaigns at once."""
    owed = [
        *_asked_for(session, keys, lives, now),
        *_to_followers(session, keys, lives, now),
        *_by_post(session, keys, lives, now),
    ]
    known = dict(session.execute(select(ThrottleCount.key, ThrottleCount.times)).all())
    to_come: dict[str, list[date]] = {}
    found: Counter[What] = Counter()
    for each in sorted(owed):
        days = to_come.setdefault(same_mailbox(each.email), [])
        first = day_of(each.at) - manners.A_WEEK
        lately = manners.nudges_among(known, keys, each.email, each.at)
        if lately + sum(day > first for day in days) < a_week:
            days.append(day_of(each.at))
            found[each.at, each.reference, each.kind] += 1
    return found


def _asked_for(
    session: Session, keys: Keys, lives: Sequence[Life], now: datetime
) -> Iterator[_Owed]:
    by_id = {life.campaign.id: life for life in lives}
    owed = (
        select(Reminder)
        .join(ReminderRequest)
        .where(
            Reminder.state == ReminderState.OWED, ReminderRequest.state == RequestState.CONFIRMED
        )
        .options(joinedload(Reminder.request).joinedload(ReminderRequest.campaign))
    )
    for reminder in session.scalars(owed):
        life = by_id.get(reminder.request.campaign_id)
        if life is None:
            continue
        at = max(reminder.due_at, now)
        email = actions.email_of(session, keys, reminder.request)
        is_open = life.takes_letters_at(at)
        if not actions.why_skip(session, keys, reminder, email, at, is_open=is_open):
            rank = (0, reminder.due_at, 0, reminder.id)
            yield _Owed(at, rank, life.campaign.reference, REMINDER, email)


def _to_followers(
    session: Session, keys: Keys, lives: Sequence[Life], now: datetime
) -> Iterator[_Owed]:
    for life in lives:
        campaign = life.campaign
        if life.is_over or campaign.closes_at is None or campaign.hidden:
            continue
        told = _told(session, life)
        wanted = select(Follower).where(deadlines.is_owed(campaign))
        for follower in session.scalars(wanted.options(selectinload(Follower.follows))):
            for hours in manners.HOURS_BEFORE:
                due = deadlines.moment_of(campaign.closes_at, hours, follower.time_zone)
                at = max(due, now, life.opens)
                if (
                    (follower.id, hours) in told
                    or not _is_there(follower, at)
                    or follower.confirmed_on is None
                    or follower.confirmed_on >= day_of(due)
                ):
                    continue
                email = queries.email_of(session, keys, follower)
                is_open = life.takes_letters_at(at)
                reason = deadlines.why_skip(
                    session, keys, follower, campaign, email, hours, at, is_open=is_open
                )
                if not reason:
                    rank = (1, campaign.closes_at, -hours, follower.id)
                    yield _Owed(at, rank, campaign.reference, TO_FOLLOWER, email)


def _told(session: Session, life: Life) -> set[tuple[UUID, int]]:
    marks = select(FollowerNudge.follower_id, FollowerNudge.hours_before).where(
        FollowerNudge.campaign_id == life.campaign.id,
        FollowerNudge.closes_at == life.campaign.closes_at,
    )
    return {(follower, hours) for follower, hours in session.execute(marks)}


def _by_post(session: Session, keys: Keys, lives: Sequence[Life], now: datetime) -> Iterator[_Owed]:
    for life in lives:
        if life.is_over:
            continue
        for found in post.foresee_unposted(session, life.campaign):
            at = max(found.moment, now).astimezone(UTC)
            if not post.why_skip(found, at, is_open=life.takes_letters_at(at)):
                _seal, email = post.address_of(session, keys, found.signature)
                rank = (2, life.ends, 0, found.signature.id)
                yield _Owed(at, rank, life.campaign.reference, BY_POST, email)


def foresee_news(
    session: Session, lives: Sequence[Life], now: datetime, end: datetime
) -> Counter[What]:
    """What followers are told at once: what waits to be told, and the openings to come."""
    found: Counter[What] = Counter()
    for news in session.scalars(select(News).where(News.is_told.is_(False))):
        if not telling.is_over(news, news.campaign) and not telling.waits(news):
            case = telling.case_of(session, news.kind, news.campaign)
            for follower in queries.list_concerned(session, news, None):
                if not telling.why_skip(follower, news.kind, news.campaign, case):
                    found[now, news.campaign.reference, NEWS] += 1
    for life in lives:
        opens = max(life.opens, now)
        if life.is_still_to_open and opens < end and not life.campaign.hidden:
            concerned = select(Follower).where(queries.concerns(life.campaign, NewsKind.OPENED))
            case = telling.case_of(session, NewsKind.OPENED, life.campaign)
            for follower in session.scalars(concerned.options(selectinload(Follower.follows))):
                reason = telling.why_skip(follower, NewsKind.OPENED, life.campaign, case)
                if not reason and _is_there(follower, opens):
                    found[opens, life.campaign.reference, NEWS] += 1
    return found


@dataclass(frozen=True, slots=True)
class _Item:
    """What a weekly mail may tell: of which campaign, from when on, to whom."""

    at: datetime
    reference: str
    readers: set[UUID]
    # Until which moment it is worth telling; an outcome always is.
    life: Life | None

    def is_told_at(self, moment: datetime) -> bool:
        return self.life is None or not self.life.is_over_at(moment)


def foresee_weekly(
    session: Session, lives: Sequence[Life], now: datetime, end: datetime
) -> Counter[What]:
    """Mails of a week, each under the first action that it tells of."""
    found: Counter[What] = Counter()
    weekly = select(Follower).where(
        Follower.state == FollowerState.CONFIRMED, Follower.often == HowOften.WEEKLY
    )
    readers = session.scalars(weekly.options(joinedload(Follower.section))).all()
    first = min((follower.told_on for follower in readers if follower.told_on), default=None)
    items = list(_items(session, lives, first, end)) if first else []
    for follower in readers:
        day = follower.told_on
        while day is not None:
            since = telling.moment_of(follower, day)
            due = telling.moment_of(follower, day + rules.A_WEEK)
            at = max(due, now).astimezone(UTC)
            if at >= end or not _is_there(follower, at):
                break
            day = telling.today_of(follower, at)
            until = telling.moment_of(follower, day)
            told = [
                (item.at, item.reference)
                for item in items
                if since < item.at <= until and follower.id in item.readers and item.is_told_at(at)
            ]
            if told:
                found[at, min(told)[1], WEEKLY] += 1
    return found


def _items(session: Session, lives: Sequence[Life], first: date, end: datetime) -> Iterator[_Item]:
    """All that weekly mails may tell from a day on: what is noted, and the openings to come."""
    by_id = {life.campaign.id: life for life in lives}
    # A day before: the day began earlier in some places.
    for news in queries.list_news_since(session, _midnight(first) - timedelta(days=1), end):
        campaign, life = news.campaign, by_id.get(news.campaign_id)
        is_outcome = news.kind is NewsKind.OUTCOME
        if telling.is_over(news, campaign) or telling.waits(news) or not (is_outcome or life):
            continue
        readers = telling.weekly_readers(session, campaign, news.kind)
        yield _Item(news.at, campaign.reference, readers, None if is_outcome else life)
    for life in lives:
        if life.is_still_to_open:
            readers = telling.weekly_readers(session, life.campaign, NewsKind.OPENED)
            yield _Item(life.opens, life.campaign.reference, readers, life)


def foresee_followers(session: Session, now: datetime, section_id: UUID | None) -> Counter[What]:
    """Who is asked whether to stay, and who is forgotten; by section, for no campaign owns them."""
    found: Counter[What] = Counter()
    wanted = select(Follower).options(joinedload(Follower.section))
    if section_id is not None:
        wanted = wanted.where(Follower.section_id == section_id)
    for follower in session.scalars(wanted):
        key = follower.section.key
        if follower.ends_on is None:
            found[max(follower.link_ends_at, now), key, FORGET] += 1
            continue
        gone = max(_midnight(follower.ends_on), now)
        asked = max(_midnight(follower.ends_on - rules.ASK_BEFORE_END), now)
        found[gone, key, FORGET] += 1
        if not follower.asked_to_stay and asked < gone:
            found[asked, key, STAY] += 1
    return found


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _is_there(follower: Follower, moment: datetime) -> bool:
    return follower.ends_on is not None and moment < _midnight(follower.ends_on)
