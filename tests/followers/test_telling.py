"""What there is to tell is told once to whom it concerns, and to nobody else."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from email import message_from_bytes, policy

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.campaigns.models import Campaign, CampaignState, ClosedReason
from app.core.sealing import get_seal
from app.core.tokens import Keys
from app.delivery.message import Message, build
from app.delivery.models import Dispatch
from app.followers import actions, announcements, queries, telling
from app.followers.models import Follower, FollowState, HowOften, News
from tests.builders import LINKS, NOON, a_campaign

DAY = timedelta(days=1)
A_WEEK = 7 * DAY


@pytest.fixture
def campaign(session: Session, keys: Keys) -> Campaign:
    return a_campaign(session, keys, closes_at=NOON + timedelta(days=40))


def a_follower(
    session: Session, keys: Keys, campaign: Campaign, name: str, **different: object
) -> Follower:
    """Somebody who follows this campaign, unless told otherwise."""
    address = f"{name}@example.org"
    actions.follow_with_letter(session, keys, campaign, address, "en", NOON)
    follower = queries.find_follower(session, keys, campaign.section_id, address)
    assert follower is not None
    if different.pop("only_new", False):
        follower.follows, follower.new_actions = [], True
    for key, value in different.items():
        setattr(follower, key, value)
    session.flush()
    return follower


def told(session: Session, keys: Keys, name: str) -> list[str]:
    """To whom a notice goes."""
    found = session.scalars(select(Dispatch).where(Dispatch.once_key.startswith(f"notice:{name}:")))
    return sorted(message_of(session, keys, each).to_address.split("@")[0] for each in found)


def message_of(session: Session, keys: Keys, dispatch: Dispatch) -> Message:
    seal = get_seal(session, keys, dispatch.key_id)
    raw = dispatch.payload or b""
    return Message.from_bytes(
        seal.open_bytes(raw, table="dispatch", column="payload", row=dispatch.id)
    )


def tell(session: Session, keys: Keys, now: datetime = NOON, at_once: int = 200) -> int:
    session.flush()
    return telling.tell(session, keys, links=LINKS, now=now, at_once=at_once)


def test_a_moved_date_is_told_once_to_who_follows_this_action(
    session: Session, keys: Keys, campaign: Campaign
) -> None:
    for name in ("ann", "bob", "cyd"):
        a_follower(session, keys, campaign, name)
    actions.say_of(
        session, a_follower(session, keys, campaign, "not"), campaign.id, FollowState.NOT_THIS
    )
    a_follower(session, keys, campaign, "new", only_new=True)
    news = announcements.extended(NOON, {"en": "The court is slow."})
    assert actions.tell_followers(session, campaign, news, occasion="2026-07-11", now=NOON)
    assert not actions.tell_followers(session, campaign, news, occasion="2026-07-11", now=NOON)
    for _ in range(4):
        tell(session, keys, at_once=2)
    assert told(session, keys, "campaign_changed") == ["ann", "bob", "cyd"]
    row = session.scalars(select(News)).one()
    assert (row.is_told, row.sent, row.skipped) == (True, 3, {})


def test_the_outcome_reaches_even_who_has_done_it_and_says_when_they_are_forgotten(
    session: Session, keys: Keys, campaign: Campaign
) -> None:
    done = a_follower(session, keys, campaign, "done")
    actions.say_of(session, done, campaign.id, FollowState.DONE)
    a_follower(session, keys, campaign, "also", new_actions=True)
    campaign.state, campaign.closed_reason = CampaignState.CLOSED, ClosedReason.OUTCOME
    campaign.closed_at = NOON
    news = announcements.ended_well_or_not("freed", {"en": "Free."}, date(2026, 5, 31), "Azattyq")
    actions.tell_followers(session, campaign, news, occasion="2026-05-31", now=NOON)
    tell(session, keys)
    assert told(session, keys, "outcome") == ["also", "done"]
    assert done.ends_on == NOON.date() + timedelta(days=90)
    assert telling.ask_to_stay(session, keys, links=LINKS, now=NOON + 80 * DAY) == 0
    assert telling.forget_ended(session, NOON + 90 * DAY) == 1
    assert [each.new_actions for each in session.scalars(select(Follower))] == [True]


def test_new_actions_go_by_country_and_language_and_the_next_one_of_a_case_goes_anyway(
    session: Session, keys: Keys, campaign: Campaign
) -> None:
    a_follower(session, keys, campaign, "all", only_new=True)
    a_follower(session, keys, campaign, "kz", only_new=True, countries=["KZ"])
    a_follower(session, keys, campaign, "by", only_new=True, countries=["BY"])
    a_follower(session, keys, campaign, "fa", only_new=True, languages=["fa"])
    a_follower(session, keys, campaign, "chain", languages=["fa"])
    a_follower(session, keys, campaign, "week", only_new=True, often=HowOften.WEEKLY)
    following = a_campaign(session, keys, name="dosmagambetov", closes_at=NOON + 9 * DAY)
    following.case_id, following.country = campaign.case_id, "KZ"
    session.flush()
    actions.tell_opened(session, following, NOON)
    actions.tell_opened(session, following, NOON)
    tell(session, keys)
    assert told(session, keys, "new_action") == ["all", "chain", "kz"]
    row = session.scalars(select(News)).one()
    assert row.skipped == {"other_country": 1, "other_language": 1, "weekly": 1}


def test_what_is_hidden_or_over_is_not_told_and_what_is_paused_waits(
    session: Session, keys: Keys, campaign: Campaign
) -> None:
    a_follower(session, keys, campaign, "ann")
    actions.tell_followers(
        session, campaign, announcements.changed({"en": "Moved."}), occasion="2", now=NOON
    )
    campaign.state = CampaignState.PAUSED
    tell(session, keys)
    assert told(session, keys, "campaign_changed") == []
    assert not session.scalars(select(News)).one().is_told
    campaign.state, campaign.hidden = CampaignState.OPEN, True
    tell(session, keys)
    assert told(session, keys, "campaign_changed") == []
    assert session.scalars(select(News)).one().is_told


def test_news_of_before_somebody_followed_is_not_news_to_them(
    session: Session, keys: Keys, campaign: Campaign
) -> None:
    actions.tell_followers(
        session, campaign, announcements.changed({"en": "Moved."}), occasion="2", now=NOON - DAY
    )
    a_follower(session, keys, campaign, "late")
    tell(session, keys)
    assert told(session, keys, "campaign_changed") == []


def test_nobody_is_written_to_at_night_where_the_zone_is_known(
    session: Session, keys: Keys, campaign: Campaign
) -> None:
    a_follower(session, keys, campaign, "far", time_zone="Pacific/Auckland")
    a_follower(session, keys, campaign, "near", time_zone="Europe/Paris")
    actions.tell_followers(
        session, campaign, announcements.changed({"en": "Moved."}), occasion="2", now=NOON
    )
    tell(session, keys)
    wanted = select(Dispatch).where(Dispatch.once_key.startswith("notice:campaign_changed:"))
    due = {
        message_of(session, keys, each).to_address.split("@")[0]: each.due_at
        for each in session.scalars(wanted)
    }
    # Noon in UTC is midnight in Auckland; it is told there at eight in the morning.
    assert due == {"near": NOON, "far": datetime(2026, 6, 1, 20, 0, tzinfo=UTC)}


def test_one_mail_a_week_tells_all_of_it_and_a_week_without_news_tells_nothing(
    session: Session, keys: Keys, campaign: Campaign
) -> None:
    follower = a_follower(
        session, keys, campaign, "week", often=HowOften.WEEKLY, told_on=NOON.date()
    )
    other = a_campaign(session, keys, name="dosmagambetov", closes_at=NOON + 40 * DAY)
    other.country = "KZ"
    follower.new_actions = True
    session.flush()
    actions.tell_opened(session, other, NOON + DAY)
    actions.tell_followers(
        session, campaign, announcements.changed({"en": "Moved."}), occasion="2", now=NOON + 2 * DAY
    )
    tell(session, keys, NOON + 2 * DAY)
    nine = NOON + A_WEEK - timedelta(hours=3)
    weekly = telling.tell_weekly
    assert weekly(session, keys, links=LINKS, now=nine - timedelta(seconds=1)) == 0
    assert weekly(session, keys, links=LINKS, now=nine) == 1
    assert weekly(session, keys, links=LINKS, now=nine) == 0
    assert weekly(session, keys, links=LINKS, now=nine + A_WEEK) == 1
    assert told(session, keys, "weekly_news") == ["week"]
    wanted = select(Dispatch).where(Dispatch.once_key.startswith("notice:weekly_news:"))
    words = message_of(session, keys, session.scalars(wanted).one())
    assert words.subject == "Your week: 2 pieces of news"
    assert "There is a new urgent action:" in words.text
    assert "Something has changed in this urgent action:" in words.text


def test_after_a_year_somebody_is_asked_once_and_silence_means_no(
    session: Session, keys: Keys, campaign: Campaign
) -> None:
    quiet = a_follower(session, keys, campaign, "quiet")
    stays = a_follower(session, keys, campaign, "stays")
    asked = NOON + timedelta(days=335)
    ask = telling.ask_to_stay
    assert ask(session, keys, links=LINKS, now=asked - DAY) == 0
    assert ask(session, keys, links=LINKS, now=asked) == 2
    assert ask(session, keys, links=LINKS, now=asked) == 0
    assert told(session, keys, "still_there") == ["quiet", "stays"]
    actions.stay(stays, asked)
    session.flush()
    assert telling.forget_ended(session, NOON + timedelta(days=365)) == 1
    assert [each.id for each in session.scalars(select(Follower))] == [stays.id]
    assert quiet.id != stays.id


def test_what_goes_to_many_can_be_left_with_one_click(
    session: Session, keys: Keys, campaign: Campaign
) -> None:
    follower = a_follower(session, keys, campaign, "ann")
    actions.tell_followers(
        session, campaign, announcements.changed({"en": "Moved."}), occasion="2", now=NOON
    )
    tell(session, keys)
    wanted = select(Dispatch).where(Dispatch.once_key.startswith("notice:campaign_changed:"))
    message = message_of(session, keys, session.scalars(wanted).one())
    raw = build(message, message_id="<1@example.org>", date=NOON)
    mail = message_from_bytes(raw, policy=policy.default)
    leave = LINKS.unsubscribe("en", queries.token_of(keys, follower, queries.LEAVE))
    assert mail["List-Unsubscribe"] == f"<{leave}>"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_only_what_happened_can_be_told_as_an_outcome() -> None:
    with pytest.raises(ValueError, match="rescued"):
        announcements.ended_well_or_not("rescued", {}, date(2026, 5, 31))
