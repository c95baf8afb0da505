"""The life of a campaign: two people to open it, one press to stop it; on both databases."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.accounts.models import Account
from app.audit.actions import first_broken
from app.audit.models import AuditEntry
from app.campaigns import actions, life, queries, rules
from app.campaigns.models import Campaign, CampaignState, ClosedReason, Review
from app.core.db import Database, unit_of_work
from app.core.tokens import Keys
from app.delivery.models import Dispatch, DispatchState, GateState, Lane
from app.sections.actions import default_section
from app.signatures.actions import confirm
from tests.builders import LINKS, NOON, a_campaign, a_signature, an_account
from tests.cast import AMAL, MAX, OLENA

LATER = NOON + timedelta(hours=1)


@pytest.fixture
def olena(session: Session) -> Account:
    return an_account(session, OLENA)


@pytest.fixture
def amal(session: Session) -> Account:
    return an_account(session, AMAL)


@pytest.fixture
def campaign(session: Session, keys: Keys) -> Campaign:
    return a_campaign(session, keys)


@pytest.fixture
def draft(session: Session, keys: Keys, olena: Account) -> Campaign:
    """Everything a review needs, written by Olena, opened by nobody."""
    made = a_campaign(session, keys, name="dosmagambetov")
    made.state, made.opened_at, made.written_by_id = CampaignState.DRAFT, None, olena.id
    made.gate.state, made.gate.open_until = GateState.CLOSED, None
    session.flush()
    return made


def moves(session: Session, campaign: Campaign) -> list[str]:
    session.flush()
    return [move.name for move in queries.list_moves(session, campaign.id)]


def letters(session: Session) -> list[DispatchState]:
    session.expire_all()
    return list(session.scalars(select(Dispatch.state).where(Dispatch.lane == Lane.LETTER)))


def confirmed(session: Session, keys: Keys, campaign: Campaign) -> None:
    confirm(session, keys, a_signature(session, keys, campaign), links=LINKS, now=NOON)
    session.flush()


def test_a_new_draft_has_a_closed_gate_and_a_key_of_its_own(
    session: Session, keys: Keys, olena: Account
) -> None:
    section = default_section(session)
    one, two = (
        actions.create_draft(
            session, keys, section, olena, title=title, language="en", country="KZ", now=NOON
        )
        for title in ("Free her", "Освободите его")
    )
    assert one.state is CampaignState.DRAFT
    assert one.gate.state is GateState.CLOSED
    assert len({one.key_id, two.key_id}) == len({one.gate_id, two.gate_id}) == 2
    assert (one.slug, two.slug) == ("free-her", "campaign")
    assert set(one.reference) <= set(actions.REFERENCE_LETTERS)
    assert len(one.reference) == 5
    assert moves(session, one) == ["created"]


def test_it_takes_two_to_publish(
    session: Session, draft: Campaign, olena: Account, amal: Account
) -> None:
    actions.ask_for_review(session, draft, olena, NOON)
    session.flush()
    assert draft.state is CampaignState.IN_REVIEW
    with pytest.raises(rules.OwnReview):
        actions.publish(session, draft, olena, LATER)
    assert draft.state is CampaignState.IN_REVIEW

    actions.publish(session, draft, amal, LATER)

    assert (draft.state, draft.opened_at) == (CampaignState.OPEN, LATER)
    assert (draft.gate.state, draft.gate.open_until) == (GateState.OPEN, draft.closes_at)
    review = session.scalars(select(Review)).one()
    assert (review.approved, review.decided_by_id) == (True, amal.id)


def scheduled(session: Session, draft: Campaign, olena: Account, amal: Account) -> datetime:
    """A reviewed campaign that waits for its hour; return the hour."""
    draft.opens_at = LATER + timedelta(days=1)
    actions.ask_for_review(session, draft, olena, NOON)
    session.flush()
    actions.publish(session, draft, amal, LATER)
    return draft.opens_at


def test_a_campaign_with_an_hour_opens_by_itself_in_that_second(
    session: Session, draft: Campaign, olena: Account, amal: Account
) -> None:
    hour = scheduled(session, draft, olena, amal)
    assert draft.state is CampaignState.SCHEDULED
    assert rules.page_state(draft, LATER) is rules.PageState.NOT_PUBLIC
    assert draft.gate.state is GateState.CLOSED
    assert life.open_scheduled(session, hour - timedelta(microseconds=1)) == []
    assert life.open_scheduled(session, hour) == [draft.id]
    assert life.open_scheduled(session, hour) == []
    assert (draft.state, draft.opened_at) == (CampaignState.OPEN, hour)
    assert (draft.gate.state, draft.gate.open_until) == (GateState.OPEN, draft.closes_at)


def test_what_waits_for_its_hour_can_be_taken_back(
    session: Session, draft: Campaign, olena: Account, amal: Account
) -> None:
    hour = scheduled(session, draft, olena, amal)
    actions.return_to_writer(session, draft, amal, "Not yet.", LATER)
    assert draft.state is CampaignState.DRAFT
    assert life.open_scheduled(session, hour) == []


def test_a_campaign_whose_end_has_passed_is_not_opened(
    session: Session, draft: Campaign, olena: Account, amal: Account
) -> None:
    scheduled(session, draft, olena, amal)
    assert draft.closes_at is not None
    assert life.open_scheduled(session, draft.closes_at) == []
    assert draft.state is CampaignState.DRAFT


def test_the_writer_does_not_publish_what_another_asked_for(
    session: Session, draft: Campaign, olena: Account, amal: Account
) -> None:
    actions.ask_for_review(session, draft, amal, NOON)
    session.flush()
    with pytest.raises(rules.OwnReview):
        actions.publish(session, draft, olena, LATER)
    with pytest.raises(rules.OwnReview):
        actions.publish(session, draft, amal, LATER)
    actions.publish(session, draft, an_account(session, MAX), LATER)


def test_the_database_itself_refuses_a_review_by_its_asker(database: Database, keys: Keys) -> None:
    with unit_of_work(database.writing) as session:
        alone = an_account(session, OLENA).id
        campaign = a_campaign(session, keys).id
    own = {"asked_by_id": alone, "asked_at": NOON, "decided_by_id": alone}
    with pytest.raises(IntegrityError), unit_of_work(database.writing) as session:
        session.add(Review(campaign_id=campaign, revision=1, **own))


def test_an_approval_is_of_one_revision(
    session: Session, draft: Campaign, olena: Account, amal: Account
) -> None:
    actions.ask_for_review(session, draft, olena, NOON)
    draft.revision += 1
    session.flush()
    with pytest.raises(rules.WrongMove):
        actions.publish(session, draft, amal, LATER)


def test_an_edit_takes_a_waiting_review_back(
    session: Session, draft: Campaign, olena: Account, amal: Account
) -> None:
    actions.ask_for_review(session, draft, olena, NOON)
    session.flush()
    actions.void_review(session, draft, olena, LATER)
    session.flush()
    assert draft.state is CampaignState.DRAFT
    assert queries.find_open_review(session, draft.id) is None
    with pytest.raises(rules.WrongMove):
        actions.publish(session, draft, amal, LATER)


def test_what_is_not_ready_is_not_shown_to_a_reviewer(
    session: Session, draft: Campaign, olena: Account
) -> None:
    draft.people = []
    with pytest.raises(rules.NotReady) as caught:
        actions.ask_for_review(session, draft, olena, NOON)
    assert caught.value.missing == ["people"]
    assert draft.state is CampaignState.DRAFT


def test_a_returned_campaign_keeps_the_reviewers_words_and_can_be_asked_for_again(
    session: Session, draft: Campaign, olena: Account, amal: Account
) -> None:
    actions.ask_for_review(session, draft, olena, NOON)
    session.flush()
    actions.return_to_writer(session, draft, amal, "Check the fax number.", LATER)
    session.flush()
    assert draft.state is CampaignState.DRAFT
    review = session.scalars(select(Review)).one()
    assert (review.approved, review.note) == (False, "Check the fax number.")

    again = LATER + timedelta(hours=1)
    actions.ask_for_review(session, draft, olena, again)
    session.flush()
    actions.publish(session, draft, amal, again + timedelta(hours=1))
    assert moves(session, draft)[-3:] == ["returned", "review_asked", "published"]


def test_a_deadline_that_passed_during_the_review_is_not_opened(
    session: Session, draft: Campaign, olena: Account, amal: Account
) -> None:
    actions.ask_for_review(session, draft, olena, NOON)
    session.flush()
    assert draft.closes_at is not None
    with pytest.raises(rules.BadDeadline):
        actions.publish(session, draft, amal, draft.closes_at)
    actions.publish(session, draft, amal, draft.closes_at - timedelta(microseconds=1))


def test_only_a_demonstration_opens_without_a_second_person(
    session: Session, draft: Campaign
) -> None:
    with pytest.raises(rules.OwnReview):
        actions.open_without_review(session, draft, NOON)


def test_closing_cancels_what_has_not_left(
    session: Session, keys: Keys, campaign: Campaign, olena: Account
) -> None:
    confirmed(session, keys, campaign)
    report = life.close(
        session, campaign, olena, reason=ClosedReason.STOPPED, note="She is free.", now=LATER
    )
    assert (report.cancelled, report.in_flight) == (1, 0)
    assert letters(session) == [DispatchState.CANCELLED]
    assert (campaign.state, campaign.closed_reason) == (
        CampaignState.CLOSED,
        ClosedReason.STOPPED,
    )
    assert campaign.gate.state is GateState.CLOSED
    assert queries.list_moves(session, campaign.id)[-1].public


def test_what_is_closed_is_not_closed_again(
    session: Session, campaign: Campaign, olena: Account
) -> None:
    life.close(session, campaign, olena, reason=ClosedReason.OUTCOME, note="", now=LATER)
    with pytest.raises(rules.WrongMove):
        life.close(session, campaign, olena, reason=ClosedReason.STOPPED, note="", now=LATER)
    assert campaign.closed_reason is ClosedReason.OUTCOME


def test_pausing_holds_letters_and_resuming_lets_them_go(
    session: Session, keys: Keys, campaign: Campaign, olena: Account
) -> None:
    confirmed(session, keys, campaign)
    life.pause(session, campaign, olena, "Facts are being checked.", LATER)
    assert (campaign.state, campaign.gate.state) == (CampaignState.PAUSED, GateState.PAUSED)
    assert letters(session) == [DispatchState.QUEUED]
    with pytest.raises(rules.WrongMove):
        life.pause(session, campaign, olena, "", LATER)

    life.resume(session, campaign, olena, "", LATER)

    assert (campaign.state, campaign.gate.state) == (CampaignState.OPEN, GateState.OPEN)
    with pytest.raises(rules.WrongMove):
        life.resume(session, campaign, olena, "", LATER)


def test_what_was_paused_past_its_deadline_is_not_resumed(
    session: Session, campaign: Campaign, olena: Account
) -> None:
    life.pause(session, campaign, olena, "", LATER)
    assert campaign.closes_at is not None
    with pytest.raises(rules.BadDeadline):
        life.resume(session, campaign, olena, "", campaign.closes_at)


def test_hiding_lets_nothing_leave_and_showing_again_does(
    session: Session, keys: Keys, campaign: Campaign, olena: Account
) -> None:
    confirmed(session, keys, campaign)
    life.hide(session, campaign, olena, LATER)
    assert campaign.gate.state is GateState.PAUSED
    assert letters(session) == [DispatchState.QUEUED]

    life.unhide(session, campaign, olena, LATER)
    assert (campaign.hidden, campaign.gate.state) == (False, GateState.OPEN)


def test_showing_a_paused_campaign_again_does_not_resume_it(
    session: Session, campaign: Campaign, olena: Account
) -> None:
    life.pause(session, campaign, olena, "", NOON)
    life.hide(session, campaign, olena, NOON)
    life.unhide(session, campaign, olena, LATER)
    assert (campaign.state, campaign.gate.state) == (CampaignState.PAUSED, GateState.PAUSED)


def test_resuming_a_hidden_campaign_lets_nothing_leave(
    session: Session, campaign: Campaign, olena: Account
) -> None:
    life.pause(session, campaign, olena, "", NOON)
    life.hide(session, campaign, olena, NOON)
    life.resume(session, campaign, olena, "", LATER)
    assert campaign.gate.state is GateState.PAUSED


def test_extending_moves_the_gate_and_tells_the_public(
    session: Session, campaign: Campaign, olena: Account
) -> None:
    life.extend(
        session,
        campaign,
        olena,
        last_day=date(2026, 9, 1),
        last_time="12:00",
        note="The trial was put off.",
        now=LATER,
    )
    assert campaign.last_day == date(2026, 9, 1)
    assert campaign.closes_at == rules.closes_at(date(2026, 9, 1), "12:00", campaign.time_zone)
    assert campaign.gate.open_until == campaign.closes_at
    assert queries.list_moves(session, campaign.id)[-1].public


def test_a_new_end_opens_an_expired_campaign_again_but_not_one_that_was_stopped(
    session: Session, keys: Keys, campaign: Campaign, olena: Account
) -> None:
    stopped = a_campaign(session, keys, name="dosmagambetov")
    life.close(session, stopped, olena, reason=ClosedReason.STOPPED, note="", now=NOON)
    assert campaign.closes_at is not None
    assert life.close_expired(session, campaign.closes_at) == [campaign.id]
    end = campaign.closes_at
    longer = {"last_day": date(2026, 9, 1), "last_time": "23:59", "note": "", "now": end}

    with pytest.raises(rules.WrongMove):
        life.extend(session, campaign, olena, **longer)  # type: ignore[arg-type]
    late = longer | {"last_day": date(2026, 5, 1)}
    with pytest.raises(rules.BadDeadline):
        life.reopen(session, keys, campaign, olena, **late)  # type: ignore[arg-type]
    assert campaign.state is CampaignState.CLOSED

    life.reopen(session, keys, campaign, olena, **longer)  # type: ignore[arg-type]

    assert (campaign.state, campaign.closed_reason, campaign.closed_at) == (
        CampaignState.OPEN,
        None,
        None,
    )
    assert (campaign.gate.state, campaign.gate.open_until) == (GateState.OPEN, campaign.closes_at)
    with pytest.raises(rules.WrongMove):
        life.reopen(session, keys, stopped, olena, **longer)  # type: ignore[arg-type]
    assert stopped.gate.state is GateState.CLOSED


def test_extending_a_paused_campaign_leaves_it_paused(
    session: Session, campaign: Campaign, olena: Account
) -> None:
    life.pause(session, campaign, olena, "", NOON)
    life.extend(
        session,
        campaign,
        olena,
        last_day=date(2026, 9, 1),
        last_time="23:59",
        note="",
        now=LATER,
    )
    assert (campaign.state, campaign.gate.state) == (CampaignState.PAUSED, GateState.PAUSED)
    assert campaign.gate.open_until == campaign.closes_at


def test_a_deadline_in_the_past_is_refused(
    session: Session, campaign: Campaign, olena: Account
) -> None:
    before = campaign.closes_at
    with pytest.raises(rules.BadDeadline):
        life.extend(
            session,
            campaign,
            olena,
            last_day=date(2026, 5, 1),
            last_time="23:59",
            note="",
            now=LATER,
        )
    assert campaign.closes_at == before


def test_closing_what_has_expired_twice_closes_it_once(
    session: Session, keys: Keys, campaign: Campaign
) -> None:
    confirmed(session, keys, campaign)
    end = campaign.closes_at
    assert end is not None
    assert life.close_expired(session, end - timedelta(microseconds=1)) == []
    assert life.close_expired(session, end) == [campaign.id]
    assert life.close_expired(session, end + timedelta(days=1)) == []
    assert letters(session) == [DispatchState.CANCELLED]
    assert campaign.closed_at == end
    assert moves(session, campaign).count("closed") == 1


def test_a_paused_campaign_expires_too(
    session: Session, campaign: Campaign, olena: Account
) -> None:
    life.pause(session, campaign, olena, "", NOON)
    session.flush()
    assert campaign.closes_at is not None
    assert life.close_expired(session, campaign.closes_at) == [campaign.id]


def test_every_move_stands_in_the_log_and_the_chain_holds(
    session: Session, campaign: Campaign, olena: Account
) -> None:
    life.pause(session, campaign, olena, "Checking.", NOON)
    life.resume(session, campaign, olena, "", NOON)
    life.hide(session, campaign, olena, NOON)
    life.unhide(session, campaign, olena, NOON)
    life.close(session, campaign, olena, reason=ClosedReason.STOPPED, note="", now=NOON)
    session.flush()
    about = select(AuditEntry.action).where(AuditEntry.object_id == str(campaign.id))
    logged = [name.removeprefix("campaign.") for name in session.scalars(about)]
    assert sorted(logged) == sorted(moves(session, campaign))
    assert first_broken(session) is None


def test_a_reference_is_not_given_twice(session: Session, keys: Keys, olena: Account) -> None:
    section = default_section(session)
    made = [
        actions.create_draft(
            session, keys, section, olena, title="T", language="en", country="KZ", now=NOON
        ).reference
        for _ in range(20)
    ]
    assert len(set(made)) == 20


@pytest.mark.parametrize(
    ("title", "slug"),
    [
        ("Janbolat Mamaï: free him!", "janbolat-mamai-free-him"),
        ("Жанболат Мамай", "campaign"),
        ("", "campaign"),
        ("../../etc/passwd", "etc-passwd"),
        ("a b c d e f g h i j", "a-b-c-d-e-f-g-h"),
    ],
)
def test_a_slug_is_for_people_and_safe_in_an_address(title: str, slug: str) -> None:
    assert actions.slug_of(title) == slug
