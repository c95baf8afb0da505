"""Following: wished for, confirmed by a press, chosen, left for good."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.campaigns.models import Campaign
from app.core.beside import Beside, read_lines
from app.core.erasures import remember_erasure
from app.core.models import DataKey, DestroyedKey
from app.core.sealing import KeyDestroyed, get_seal
from app.core.tokens import Keys
from app.delivery.models import Dispatch, DispatchState
from app.followers import actions, queries, telling
from app.followers.erasing import erase_followers, erase_followers_again
from app.followers.models import Follower, FollowerState, FollowState, HowOften
from app.followers.own_data import own_follows
from app.followers.rules import FollowExpired, NothingChosen, Wish
from app.signatures.actions import confirm
from app.signatures.upkeep import destroy_key
from tests.builders import LINKS, NOON, a_campaign, a_form, a_signature
from tests.cast import NOOR, SAM

A_WEEK = timedelta(days=7)


@pytest.fixture
def campaign(session: Session, keys: Keys) -> Campaign:
    return a_campaign(session, keys, closes_at=NOON + timedelta(days=10))


@pytest.fixture
def beside(tmp_path: Path) -> Beside:
    return Beside(tmp_path / "keys")


def ask(session: Session, keys: Keys, campaign: Campaign, wish: Wish) -> Follower:
    actions.ask(session, keys, campaign.section, NOOR.email, wish, links=LINKS, now=NOON)
    return session.scalars(select(Follower)).one()


def notices_in(session: Session) -> list[str]:
    return sorted(key.split(":")[1] for key in session.scalars(select(Dispatch.once_key)))


def count(session: Session, table: type[Follower | DataKey]) -> int:
    return session.scalar(select(func.count()).select_from(table)) or 0


def test_a_wish_counts_once_its_address_has_said_yes(
    session: Session, keys: Keys, campaign: Campaign
) -> None:
    wish = Wish(("ru", "fr"), True, ("KZ",), HowOften.WEEKLY, "Asia/Almaty", str(campaign.id))
    follower = ask(session, keys, campaign, wish)
    assert (follower.state, follower.new_actions, follower.follows) == (
        FollowerState.PENDING,
        False,
        [],
    )
    assert notices_in(session) == ["follow_confirm"]
    actions.confirm(session, follower, NOON)
    actions.confirm(session, follower, NOON)
    assert follower.state is FollowerState.CONFIRMED
    assert (follower.languages, follower.countries) == (["ru", "fr"], ["KZ"])
    assert (follower.new_actions, follower.often) == (True, HowOften.WEEKLY)
    assert [each.campaign_id for each in follower.follows] == [campaign.id]
    assert follower.ends_on == NOON.date() + timedelta(days=365)


def test_who_follows_already_confirms_what_they_wish_besides(
    session: Session, keys: Keys, campaign: Campaign
) -> None:
    follower = ask(session, keys, campaign, Wish(("en",), campaign=str(campaign.id)))
    actions.confirm(session, follower, NOON)
    again = ask(session, keys, campaign, Wish(("fr",), new_actions=True))
    assert again.id == follower.id
    assert not again.new_actions, "a stranger can fill in the form with any address"
    actions.confirm(session, again, NOON)
    assert again.new_actions
    assert len(again.follows) == 1


def test_nobody_is_asked_more_than_three_times_a_day(
    session: Session, keys: Keys, campaign: Campaign
) -> None:
    for hours in range(6):
        now = NOON + timedelta(hours=hours)
        wish = Wish(("en",), new_actions=True)
        actions.ask(session, keys, campaign.section, NOOR.email, wish, links=LINKS, now=now)
    assert notices_in(session) == ["follow_confirm"] * 3


def test_an_erased_address_hears_nothing(
    session: Session, keys: Keys, campaign: Campaign, beside: Beside
) -> None:
    remember_erasure(session, keys, NOOR.email, NOON.date(), beside.erased)
    wish = Wish(("en",), new_actions=True)
    actions.ask(session, keys, campaign.section, NOOR.email, wish, links=LINKS, now=NOON)
    assert notices_in(session) == []
    assert count(session, Follower) == 0


def test_nothing_chosen_is_refused_and_a_late_yes_too(
    session: Session, keys: Keys, campaign: Campaign
) -> None:
    with pytest.raises(NothingChosen):
        ask(session, keys, campaign, Wish(("en",)))
    follower = ask(session, keys, campaign, Wish(("en",), new_actions=True))
    with pytest.raises(FollowExpired):
        actions.confirm(session, follower, NOON + A_WEEK)


def test_who_never_says_yes_is_forgotten_after_a_week(
    session: Session, keys: Keys, campaign: Campaign
) -> None:
    follower = ask(session, keys, campaign, Wish(("en",), new_actions=True))
    key_id = follower.key_id
    assert telling.forget_ended(session, NOON + A_WEEK - timedelta(seconds=1)) == 0
    assert telling.forget_ended(session, NOON + A_WEEK) == 1
    assert telling.forget_ended(session, NOON + A_WEEK) == 0
    assert session.get(DataKey, key_id) is None
    assert count(session, Follower) == 0


def test_the_box_beside_a_letter_follows_when_the_letter_is_confirmed(
    session: Session, keys: Keys, campaign: Campaign
) -> None:
    form = a_form(campaign, tell_me=True)
    signature = a_signature(session, keys, campaign, form)
    actions.take_up_wish(session, keys, signature, NOON)
    assert count(session, Follower) == 0, "not before the address has said yes"
    confirm(session, keys, signature, links=LINKS, now=NOON)
    actions.take_up_wish(session, keys, signature, NOON)
    actions.take_up_wish(session, keys, signature, NOON)
    follower = session.scalars(select(Follower)).one()
    assert follower.state is FollowerState.CONFIRMED
    assert queries.email_of(session, keys, follower) == SAM.email
    assert not follower.new_actions
    assert not signature.tell_me, "nothing ties the letter to the follower afterwards"


def test_no_box_no_follower(session: Session, keys: Keys, campaign: Campaign) -> None:
    signature = a_signature(session, keys, campaign)
    confirm(session, keys, signature, links=LINKS, now=NOON)
    actions.take_up_wish(session, keys, signature, NOON)
    assert count(session, Follower) == 0


def test_a_follower_outlives_the_key_of_the_campaign(
    session: Session, keys: Keys, campaign: Campaign, beside: Beside
) -> None:
    actions.follow_with_letter(session, keys, campaign, NOOR.email, "en", NOON)
    destroy_key(session, campaign.id, campaign.key_id, NOON, beside)
    with pytest.raises(KeyDestroyed):
        get_seal(session, keys, campaign.key_id)
    follower = session.scalars(select(Follower)).one()
    assert queries.email_of(session, keys, follower) == NOOR.email


def test_leaving_deletes_at_once_and_no_backup_brings_anybody_back(
    session: Session, keys: Keys, campaign: Campaign, beside: Beside
) -> None:
    follower = ask(session, keys, campaign, Wish(("en",), new_actions=True))
    actions.confirm(session, follower, NOON)
    key_id = follower.key_id
    actions.leave(session, follower, NOON, beside)
    assert count(session, Follower) == 0
    assert session.get(DataKey, key_id) is None
    assert session.get(DestroyedKey, key_id) is not None
    assert key_id.hex in read_lines(beside.destroyed)
    waiting = session.scalars(select(Dispatch)).one()
    assert waiting.state is DispatchState.CANCELLED


def test_who_left_is_gone_again_after_a_restore(
    session: Session, keys: Keys, campaign: Campaign, beside: Beside
) -> None:
    for address in (NOOR.email, SAM.email, "max@example.org"):
        actions.follow_with_letter(session, keys, campaign, address, "en", NOON)
    left = queries.find_follower(session, keys, campaign.section_id, NOOR.email)
    assert left is not None
    # As a backup has them: the rows, while the lists beside the database know better.
    session.add(DestroyedKey(id=left.key_id, destroyed_on=NOON.date()))
    remember_erasure(session, keys, SAM.email, NOON.date(), beside.erased)
    assert erase_followers_again(session, keys, NOON) == 2
    assert erase_followers_again(session, keys, NOON) == 0
    stayed = session.scalars(select(Follower)).one()
    assert queries.email_of(session, keys, stayed) == "max@example.org"


def test_everything_of_an_address_can_be_seen_and_erased(
    session: Session, keys: Keys, campaign: Campaign, beside: Beside
) -> None:
    actions.follow_with_letter(session, keys, campaign, NOOR.email, "fr", NOON)
    (found,) = own_follows(session, keys, "NOOR+news@example.org")
    assert found.email == NOOR.email
    assert found.languages == ("fr",)
    assert "Mamaï" in found.urgent_actions[0][0]
    assert erase_followers(session, keys, NOOR.email, NOON, beside) == 1
    assert own_follows(session, keys, NOOR.email) == []


def test_preferences_keep_what_stays_ticked(
    session: Session, keys: Keys, campaign: Campaign
) -> None:
    actions.follow_with_letter(session, keys, campaign, NOOR.email, "en", NOON)
    follower = session.scalars(select(Follower)).one()
    wish = Wish(("fr",), True, ("KZ",), HowOften.WEEKLY, "Europe/Paris")
    later = NOON + timedelta(days=30)
    actions.change(follower, wish, [str(campaign.id)], later)
    session.flush()
    assert len(follower.follows) == 1
    assert (follower.language, follower.often) == ("fr", HowOften.WEEKLY)
    assert follower.told_on == later.date()
    assert follower.ends_on == later.date() + timedelta(days=365)
    actions.change(follower, wish, [], later)
    session.flush()
    assert follower.follows == []


def test_what_is_said_of_one_action_is_kept(
    session: Session, keys: Keys, campaign: Campaign
) -> None:
    actions.follow_with_letter(session, keys, campaign, NOOR.email, "en", NOON)
    follower = session.scalars(select(Follower)).one()
    for said in (FollowState.DONE, FollowState.NOT_THIS, FollowState.FOLLOWING):
        actions.say_of(session, follower, campaign.id, said)
        assert [each.state for each in follower.follows] == [said]
