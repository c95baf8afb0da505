"""Reminders: wished for, confirmed, sent once, moved with the deadline, stopped at once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.models import RoleName
from app.campaigns.life import close_expired, extend
from app.campaigns.models import Campaign
from app.core.tokens import Keys
from app.delivery.models import Dispatch
from app.reminders import actions, staff
from app.reminders.actions import RequestExpired
from app.reminders.models import Reminder, ReminderRequest, ReminderState, RequestState
from tests.builders import LINKS, NOON, a_campaign, an_account
from tests.cast import AMAL, KOFI, NOOR, OLENA

END = NOON + timedelta(days=10)


@pytest.fixture
def campaign(session: Session, keys: Keys) -> Campaign:
    return a_campaign(session, keys, closes_at=END)


def a_wish(session: Session, keys: Keys, campaign: Campaign) -> ReminderRequest:
    actions.ask(session, keys, campaign, NOOR.email, "fr", links=LINKS, now=NOON)
    return session.scalars(select(ReminderRequest)).one()


def notices_in(session: Session) -> list[str]:
    return sorted(key.split(":")[1] for key in session.scalars(select(Dispatch.once_key)))


def states_in(session: Session) -> dict[int, tuple[ReminderState, str]]:
    found = session.scalars(select(Reminder))
    return {each.hours_before: (each.state, each.reason) for each in found}


def test_a_wish_counts_once_its_address_has_said_yes(
    session: Session, keys: Keys, campaign: Campaign
) -> None:
    wish = a_wish(session, keys, campaign)
    assert actions.send_due(session, keys, links=LINKS, now=END - timedelta(hours=72)) == 0
    actions.confirm_request(wish, NOON)
    actions.confirm_request(wish, NOON)
    session.flush()
    assert states_in(session) == {
        72: (ReminderState.OWED, ""),
        24: (ReminderState.OWED, ""),
    }


def test_each_reminder_is_sent_once_and_not_before_its_time(
    session: Session, keys: Keys, campaign: Campaign
) -> None:
    actions.confirm_request(a_wish(session, keys, campaign), NOON)
    session.flush()
    early = END - timedelta(hours=72, seconds=1)
    assert actions.send_due(session, keys, links=LINKS, now=early) == 0
    for hours in (72, 71, 24, 23):
        actions.send_due(session, keys, links=LINKS, now=END - timedelta(hours=hours))
        actions.send_due(session, keys, links=LINKS, now=END - timedelta(hours=hours))
    assert notices_in(session) == ["remind_confirm", "reminder", "reminder"]


def test_a_reminder_that_comes_too_late_is_skipped_with_its_reason(
    session: Session, keys: Keys, campaign: Campaign
) -> None:
    actions.confirm_request(a_wish(session, keys, campaign), NOON)
    session.flush()
    actions.send_due(session, keys, links=LINKS, now=END - timedelta(hours=65))
    actions.send_due(session, keys, links=LINKS, now=END)
    assert states_in(session) == {
        72: (ReminderState.SKIPPED, "too_late"),
        24: (ReminderState.SKIPPED, "closed"),
    }
    assert notices_in(session) == ["remind_confirm"]


def test_who_stops_is_left_alone_and_forgotten(
    session: Session, keys: Keys, campaign: Campaign
) -> None:
    wish = a_wish(session, keys, campaign)
    actions.confirm_request(wish, NOON)
    session.flush()
    actions.stop_request(wish)
    actions.stop_request(wish)
    session.flush()
    assert wish.sealed_email is None
    assert actions.send_due(session, keys, links=LINKS, now=END - timedelta(hours=24)) == 0
    assert wish.state is RequestState.STOPPED


def test_reminders_follow_the_deadline(session: Session, keys: Keys, campaign: Campaign) -> None:
    actions.confirm_request(a_wish(session, keys, campaign), NOON)
    session.flush()
    later = (END + timedelta(days=5)).date()
    extend(session, campaign, None, last_day=later, last_time="23:59", note="", now=NOON)
    actions.follow_deadline(session, campaign, NOON)
    assert campaign.closes_at is not None
    due = {each.hours_before: each.due_at for each in session.scalars(select(Reminder))}
    assert due == {hours: campaign.closes_at - timedelta(hours=hours) for hours in (72, 24)}


def test_a_wish_that_is_not_confirmed_in_time_is_refused_and_deleted(
    session: Session, keys: Keys, campaign: Campaign
) -> None:
    wish = a_wish(session, keys, campaign)
    with pytest.raises(RequestExpired):
        actions.confirm_request(wish, NOON + timedelta(days=7))
    assert actions.forget_requests(session, NOON + timedelta(days=7)) == 1
    assert actions.forget_requests(session, NOON + timedelta(days=7)) == 0


def test_three_wishes_a_day_for_one_address_and_no_more_mail(
    session: Session, keys: Keys, campaign: Campaign
) -> None:
    for _ in range(6):
        actions.ask(session, keys, campaign, NOOR.email, "en", links=LINKS, now=NOON)
    assert notices_in(session) == ["remind_confirm"] * 3


def test_organisers_are_warned_three_times_once_each_and_told_of_the_end(
    session: Session, keys: Keys, campaign: Campaign
) -> None:
    an_account(session, OLENA)
    an_account(session, AMAL)
    an_account(session, KOFI, (RoleName.COORDINATOR,))
    early = END - timedelta(hours=168, seconds=1)
    assert staff.warn_of_deadlines(session, keys, links=LINKS, now=early) == 0
    warned = {
        hours: staff.warn_of_deadlines(session, keys, links=LINKS, now=END - timedelta(hours=hours))
        for hours in (168, 100, 72, 48, 24, 1)
    }
    assert warned == {168: 1, 100: 0, 72: 1, 48: 0, 24: 1, 1: 0}
    closed = close_expired(session, END)
    staff.announce_closed(session, keys, closed, links=LINKS, now=END)
    assert notices_in(session) == ["closed"] * 2 + ["deadline_warning"] * 6


def test_who_was_away_is_warned_once_with_the_hours_that_are_left(
    session: Session, keys: Keys, campaign: Campaign
) -> None:
    an_account(session, OLENA)
    late = END - timedelta(hours=20)
    assert staff.warn_of_deadlines(session, keys, links=LINKS, now=late) == 1
    assert notices_in(session) == ["deadline_warning"]
