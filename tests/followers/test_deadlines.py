"""An end is near: told to who follows and has not written, twice at most, and with manners."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.campaigns.models import Campaign, CampaignState
from app.core.tokens import Keys
from app.followers import actions, deadlines
from app.followers.models import FollowerNudge, FollowState, HowOften
from app.notices.manners import count_nudge
from app.signatures.actions import confirm
from tests.builders import LINKS, NOON, a_campaign, a_form, a_signature
from tests.cast import Person
from tests.followers.test_telling import a_follower, told

END = NOON + timedelta(days=10)
THREE, ONE = END - timedelta(hours=72), END - timedelta(hours=24)


@pytest.fixture
def campaign(session: Session, keys: Keys) -> Campaign:
    return a_campaign(session, keys, closes_at=END)


def nudge(session: Session, keys: Keys, now: datetime, a_week: int = 2) -> int:
    session.flush()
    return deadlines.nudge(session, keys, links=LINKS, now=now, a_week=a_week)


def reasons(session: Session) -> dict[str, int]:
    found: dict[str, int] = {}
    for each in session.scalars(select(FollowerNudge)):
        found[each.reason] = found.get(each.reason, 0) + 1
    return found


def test_each_step_is_told_once_and_not_before_its_time(
    session: Session, keys: Keys, campaign: Campaign
) -> None:
    a_follower(session, keys, campaign, "ann")
    a_follower(session, keys, campaign, "new", only_new=True)
    assert nudge(session, keys, THREE - timedelta(seconds=1)) == 0
    for now in (THREE, THREE, THREE + timedelta(hours=5), ONE, ONE, END - timedelta(hours=20)):
        nudge(session, keys, now)
    assert told(session, keys, "deadline_near") == ["ann", "ann", "new", "new"]


def test_who_has_written_or_said_so_is_left_alone(
    session: Session, keys: Keys, campaign: Campaign
) -> None:
    wrote = a_follower(session, keys, campaign, "wrote")
    done = a_follower(session, keys, campaign, "done")
    not_this = a_follower(session, keys, campaign, "not")
    weekly = a_follower(session, keys, campaign, "week", often=HowOften.WEEKLY)
    actions.say_of(session, done, campaign.id, FollowState.DONE)
    actions.say_of(session, not_this, campaign.id, FollowState.NOT_THIS)
    form = a_form(campaign, who=Person("W", "WROTE+x@example.org"))
    confirm(session, keys, a_signature(session, keys, campaign, form), links=LINKS, now=NOON)
    assert nudge(session, keys, THREE) == 1
    assert told(session, keys, "deadline_near") == []
    assert reasons(session) == {"has_written": 1}
    assert len({wrote.id, done.id, not_this.id, weekly.id}) == 4


def test_new_actions_of_other_countries_and_languages_are_not_urged(
    session: Session, keys: Keys, campaign: Campaign
) -> None:
    a_follower(session, keys, campaign, "by", only_new=True, countries=["BY"])
    a_follower(session, keys, campaign, "fa", only_new=True, languages=["fa"])
    nudge(session, keys, THREE)
    assert reasons(session) == {"other_country": 1, "other_language": 1}
    assert told(session, keys, "deadline_near") == []


def test_two_reminders_a_week_and_no_more_over_all_campaigns(
    session: Session, keys: Keys, campaign: Campaign
) -> None:
    a_follower(session, keys, campaign, "ann")
    count_nudge(session, keys, "ANN@example.org", THREE - timedelta(days=3))
    count_nudge(session, keys, "ann+list@example.org", THREE - timedelta(days=1))
    nudge(session, keys, THREE)
    nudge(session, keys, ONE)
    assert reasons(session) == {"enough_this_week": 2}
    assert told(session, keys, "deadline_near") == []


def test_what_is_late_by_more_than_the_grace_is_skipped(
    session: Session, keys: Keys, campaign: Campaign
) -> None:
    a_follower(session, keys, campaign, "ann")
    nudge(session, keys, THREE + timedelta(hours=6, seconds=1))
    nudge(session, keys, ONE + timedelta(hours=6))
    assert reasons(session) == {"too_late": 1, "": 1}


def test_a_step_at_night_comes_the_evening_before_and_never_in_the_night(
    session: Session, keys: Keys, campaign: Campaign
) -> None:
    # Noon in UTC is midnight in Auckland: eight in the evening is four hours before.
    a_follower(session, keys, campaign, "far", time_zone="Pacific/Auckland")
    evening = THREE - timedelta(hours=4)
    assert nudge(session, keys, evening - timedelta(seconds=1)) == 0
    assert nudge(session, keys, evening) == 1
    assert told(session, keys, "deadline_near") == ["far"]
    # The clock stood still for two hours: it is night there now.
    nudge(session, keys, ONE - timedelta(hours=2))
    assert reasons(session) == {"": 1, "night": 1}


def test_a_moved_end_begins_anew_and_a_pause_says_nothing(
    session: Session, keys: Keys, campaign: Campaign
) -> None:
    a_follower(session, keys, campaign, "ann")
    nudge(session, keys, THREE)
    campaign.closes_at = END + timedelta(days=20)
    assert nudge(session, keys, ONE) == 0
    assert nudge(session, keys, THREE + timedelta(days=20)) == 1
    campaign.state = CampaignState.PAUSED
    assert nudge(session, keys, ONE + timedelta(days=20)) == 0
    assert told(session, keys, "deadline_near") == ["ann", "ann"]


def test_who_followed_on_the_very_day_knows_how_near_the_end_is(
    session: Session, keys: Keys, campaign: Campaign
) -> None:
    follower = a_follower(session, keys, campaign, "ann")
    follower.confirmed_on = THREE.date()
    assert nudge(session, keys, THREE) == 0
    assert nudge(session, keys, ONE) == 1
