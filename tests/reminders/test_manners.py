"""Reminders with manners: seldom, by day, before the end, and never to who has acted."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.campaigns.life import pause
from app.campaigns.models import Campaign
from app.core.models import ThrottleCount
from app.core.throttle import forget_windows
from app.core.tokens import Keys
from app.delivery.models import Dispatch
from app.notices.manners import count_nudge, may_nudge, nudges_lately
from app.reminders import actions, post
from app.reminders.models import Reminder, ReminderRequest, ReminderState
from app.signatures.actions import confirm, report_done
from app.signatures.models import LetterChannel, Signature
from tests.builders import LINKS, NOON, a_campaign, a_form, a_signature, an_account
from tests.cast import NOOR, OLENA, SAM

DAY = timedelta(days=1)
END = NOON + 10 * DAY


@pytest.fixture
def campaign(session: Session, keys: Keys) -> Campaign:
    return a_campaign(session, keys, closes_at=END)


def a_wish(
    session: Session, keys: Keys, campaign: Campaign, zone: str = "", now: datetime = NOON
) -> ReminderRequest:
    actions.ask(session, keys, campaign, NOOR.email, "en", links=LINKS, now=now, time_zone=zone)
    wanted = select(ReminderRequest).where(ReminderRequest.campaign_id == campaign.id)
    wish = session.scalars(wanted).one()
    actions.confirm_request(wish, now)
    session.flush()
    return wish


def send_at(session: Session, keys: Keys, *moments: datetime, a_week: int = 2) -> None:
    for now in moments:
        actions.send_due(session, keys, links=LINKS, now=now, a_week=a_week)


def states_in(session: Session) -> dict[int, tuple[str, str]]:
    return {
        each.hours_before: (str(each.state), each.reason)
        for each in session.scalars(select(Reminder))
    }


def named(session: Session, name: str) -> int:
    wanted = select(Dispatch).where(Dispatch.once_key.startswith(f"notice:{name}:"))
    return len(session.scalars(wanted).all())


def test_one_person_gets_two_a_week_over_all_campaigns(session: Session, keys: Keys) -> None:
    ends = [NOON + timedelta(days=10, hours=number) for number in range(3)]
    for end in ends:
        a_wish(session, keys, a_campaign(session, keys, closes_at=end))
    send_at(session, keys, *(end - timedelta(hours=72) for end in ends))
    send_at(session, keys, *(end - timedelta(hours=24) for end in ends))
    found = session.scalars(select(Reminder).order_by(Reminder.due_at)).all()
    assert [str(each.state) for each in found] == ["sent"] * 2 + ["skipped"] * 4
    assert {each.reason for each in found[2:]} == {"enough_this_week"}


def test_the_week_slides_and_the_counters_say_neither_whom_nor_of_what(
    session: Session, keys: Keys
) -> None:
    for days in (0, 3):
        assert may_nudge(session, keys, SAM.email, 2, NOON + days * DAY)
    assert not may_nudge(session, keys, "SAM+x@example.org", 2, NOON + 6 * DAY)
    assert may_nudge(session, keys, NOOR.email, 2, NOON + 6 * DAY), "each for themselves"
    assert may_nudge(session, keys, SAM.email, 2, NOON + 7 * DAY), "the first day has slid out"
    rows = session.scalars(select(ThrottleCount)).all()
    assert len({row.key for row in rows}) == len(rows) == 4, "a key of its own each day"
    forget_windows(session, NOON + 15 * DAY)
    assert session.scalars(select(ThrottleCount)).all() == []


def test_nought_a_week_sends_none(session: Session, keys: Keys, campaign: Campaign) -> None:
    a_wish(session, keys, campaign)
    send_at(session, keys, END - timedelta(hours=72), a_week=0)
    assert states_in(session)[72] == ("skipped", "enough_this_week")


def test_who_has_written_is_not_reminded(session: Session, keys: Keys, campaign: Campaign) -> None:
    a_wish(session, keys, campaign)
    send_at(session, keys, END - timedelta(hours=72))
    signature = a_signature(session, keys, campaign, a_form(campaign, who=NOOR))
    confirm(session, keys, signature, links=LINKS, now=NOON)
    send_at(session, keys, END - timedelta(hours=24))
    assert states_in(session) == {72: ("sent", ""), 24: ("skipped", "has_written")}
    assert nudges_lately(session, keys, NOOR.email, END - timedelta(hours=24)) == 1


def test_who_has_done_it_or_does_not_want_this_one_is_left_alone(
    session: Session, keys: Keys, campaign: Campaign
) -> None:
    wish = a_wish(session, keys, campaign)
    actions.stop_request(wish, "done")
    session.flush()
    send_at(session, keys, END - timedelta(hours=72), END - timedelta(hours=24))
    assert states_in(session) == {72: ("skipped", "done"), 24: ("skipped", "done")}
    assert wish.sealed_email is None


def test_a_pause_and_an_end_remind_nobody(session: Session, keys: Keys, campaign: Campaign) -> None:
    a_wish(session, keys, campaign)
    pause(session, campaign, an_account(session, OLENA), "", NOON)
    send_at(session, keys, END - timedelta(hours=72), END)
    assert states_in(session) == {72: ("skipped", "closed"), 24: ("skipped", "closed")}


def test_reminders_of_the_night_come_the_evening_before(
    session: Session, keys: Keys, campaign: Campaign
) -> None:
    # Noon in UTC is midnight in Auckland.
    a_wish(session, keys, campaign, "Pacific/Auckland")
    due = {each.hours_before: each.due_at for each in session.scalars(select(Reminder))}
    assert due == {hours: END - timedelta(hours=hours + 4) for hours in (72, 24)}
    # Later than that, and it is night there: not sent, and not at dawn either.
    send_at(session, keys, due[72] + timedelta(hours=2))
    assert states_in(session)[72] == ("skipped", "night")


def test_who_asks_in_the_evening_is_reminded_in_the_morning(
    session: Session, keys: Keys, campaign: Campaign
) -> None:
    evening = END - timedelta(hours=74)  # ten in the evening in Auckland
    a_wish(session, keys, campaign, "Pacific/Auckland", evening)
    due = {each.hours_before: each.due_at for each in session.scalars(select(Reminder))}
    assert due[72] == END - timedelta(hours=64)  # eight in the morning


def test_a_moved_end_moves_them_by_day_too(
    session: Session, keys: Keys, campaign: Campaign
) -> None:
    a_wish(session, keys, campaign, "Pacific/Auckland")
    campaign.closes_at = END + timedelta(days=5, hours=12)
    actions.follow_deadline(session, campaign, NOON)
    due = {each.hours_before: each.due_at for each in session.scalars(select(Reminder))}
    assert due == {hours: campaign.closes_at - timedelta(hours=hours) for hours in (72, 24)}
    assert {str(each.state) for each in session.scalars(select(Reminder))} == {
        str(ReminderState.OWED)
    }


@pytest.fixture
def far(session: Session, keys: Keys) -> Campaign:
    """Ends on 30 June in Almaty; post from abroad has to go by the sixteenth."""
    return a_campaign(session, keys, closes_at=datetime(2026, 6, 30, 19, 0, tzinfo=UTC))


def printed(session: Session, keys: Keys, campaign: Campaign, country: str = "CH") -> Signature:
    signature = a_signature(session, keys, campaign, a_form(campaign, country=country))
    for letter in signature.letters:
        letter.channel = LetterChannel.POST
    confirm(session, keys, signature, links=LINKS, now=NOON)
    session.flush()
    return signature


def ask_about_post(session: Session, keys: Keys, now: datetime, a_week: int = 2) -> int:
    return post.ask_about_post(session, keys, links=LINKS, now=now, a_week=a_week)


# Ten in the morning in Zurich, three days before the last day for the post.
MORNING = datetime(2026, 6, 13, 8, 0, tzinfo=UTC)


def test_a_letter_that_waits_to_be_posted_is_asked_about_once_in_time(
    session: Session, keys: Keys, far: Campaign
) -> None:
    assert far.last_day == date(2026, 6, 30)
    printed(session, keys, far)
    assert ask_about_post(session, keys, MORNING - timedelta(seconds=1)) == 0
    assert ask_about_post(session, keys, MORNING) == 1
    assert ask_about_post(session, keys, MORNING + DAY) == 0
    assert named(session, "not_posted") == 1


def test_within_the_country_there_is_more_time(session: Session, keys: Keys, far: Campaign) -> None:
    far.country = "KZ"
    printed(session, keys, far, "KZ")
    assert ask_about_post(session, keys, MORNING + DAY) == 0
    # Ten in the morning in Kazakhstan, eight days before the end.
    assert ask_about_post(session, keys, datetime(2026, 6, 22, 5, 0, tzinfo=UTC)) == 1
    assert named(session, "not_posted") == 1


def test_who_has_posted_it_or_sent_it_by_mail_is_not_asked(
    session: Session, keys: Keys, far: Campaign
) -> None:
    signature = printed(session, keys, far)
    report_done(session, signature.letters[0], NOON)
    by_mail = a_signature(session, keys, far, a_form(far, who=NOOR))
    confirm(session, keys, by_mail, links=LINKS, now=NOON)
    session.flush()
    assert ask_about_post(session, keys, MORNING) == 0
    assert named(session, "not_posted") == 0


@pytest.mark.parametrize("why", ["late", "enough", "just_told"])
def test_nobody_is_asked_too_late_too_often_or_in_the_same_breath(
    session: Session, keys: Keys, far: Campaign, why: str
) -> None:
    signature = printed(session, keys, far)
    now = MORNING
    if why == "late":
        now += timedelta(hours=6, seconds=1)
    if why == "enough":
        for _ in range(2):
            count_nudge(session, keys, SAM.email, MORNING - DAY)
    if why == "just_told":
        signature.confirmed_on = MORNING.date() - DAY
        session.flush()
    assert ask_about_post(session, keys, now) == (0 if why == "just_told" else 1)
    assert named(session, "not_posted") == 0
