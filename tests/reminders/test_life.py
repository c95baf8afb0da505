"""The moves of a published campaign and what follows from them for people."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.models import Account
from app.campaigns import changes, lettering, outcomes, rules
from app.campaigns.actions import ask_for_review
from app.campaigns.deadlines import set_deadline
from app.campaigns.models import Campaign, CampaignState, ClosedReason
from app.campaigns.queries import (
    current_templates,
    find_successor,
    get_campaign_by_id,
    list_moves,
)
from app.campaigns.succession import follow_up
from app.core.forms import FieldErrors, mark_of
from app.core.models import DataKey
from app.core.sealing import get_seal
from app.core.tokens import Keys
from app.delivery import actions as delivery
from app.delivery.models import Dispatch, DispatchState, Lane
from app.followers.models import News, NewsKind
from app.reminders import life
from app.reminders.rules import outcome_step, week_began_at
from app.reminders.staff import ask_for_outcomes, tell_of_held
from app.reminders.weekly import begin_weeks
from app.sections.actions import default_section
from app.signatures.actions import confirm, withdraw
from app.signatures.deciding import Answer, decide_letters
from app.signatures.models import Letter, Signature
from app.tally.models import Figure
from app.tally.queries import totals
from tests.builders import LINKS, NOON, a_campaign, a_form, a_signature, an_account
from tests.cast import AMAL, NOOR, OLENA, SAM

HOUR = timedelta(hours=1)
NEWS = "She was moved to another prison."
NEW_WORDS = "We have learned that she was moved."


@pytest.fixture
def olena(session: Session) -> Account:
    return an_account(session, OLENA)


@pytest.fixture
def amal(session: Session) -> Account:
    return an_account(session, AMAL)


@pytest.fixture
def campaign(session: Session, keys: Keys, olena: Account, amal: Account) -> Campaign:
    return a_campaign(session, keys)


def desk(session: Session, keys: Keys, now: datetime, by: Account | None = None) -> life.Desk:
    return life.Desk(session, keys, LINKS, now, by)


def mails(session: Session) -> Counter[str]:
    keys = session.scalars(select(Dispatch.once_key).where(Dispatch.lane == Lane.NOTICE))
    return Counter(key.split(":")[1] for key in keys)


def letter_of(session: Session, signature: Signature) -> Dispatch:
    letter = session.scalars(select(Letter).where(Letter.signature_id == signature.id)).one()
    assert letter.dispatch is not None
    session.refresh(letter.dispatch)
    return letter.dispatch


def words_of(keys: Keys, session: Session, signature: Signature) -> str:
    dispatch = letter_of(session, signature)
    return delivery.message_of(get_seal(session, keys, dispatch.key_id), dispatch).text


def write_new_letter(session: Session, campaign: Campaign, by: Account, now: datetime) -> None:
    """Olena edits the English letter of a campaign that runs."""
    key = campaign.audiences[0].key
    stored = lettering.read_letter(session, campaign, key, "en")
    typed = replace(stored, body=f"{NEW_WORDS}\n\n{stored.body}")
    lettering.save_letter(session, campaign, typed, by=by, opened=mark_of(stored), now=now)
    session.flush()


def changed(session: Session, keys: Keys, campaign: Campaign, olena: Account, amal: Account) -> int:
    write_new_letter(session, campaign, olena, NOON + HOUR)
    later = NOON + 2 * HOUR
    held = life.change_facts(desk(session, keys, later, amal), campaign, amal, note=NEWS, asks=True)
    session.flush()
    return held


def test_a_new_letter_of_a_campaign_that_runs_waits_for_a_second_person(
    session: Session, keys: Keys, campaign: Campaign, olena: Account, amal: Account
) -> None:
    before = current_templates(session, campaign.id)
    write_new_letter(session, campaign, olena, NOON)
    assert current_templates(session, campaign.id) == before, "nobody signs it yet"
    with pytest.raises(rules.OwnReview):
        changes.use_new_letters(session, campaign, olena, note=NEWS, asks_writers=True, now=NOON)
    held = changes.use_new_letters(session, campaign, amal, note="", asks_writers=False, now=NOON)
    assert held == 0
    assert current_templates(session, campaign.id) != before
    assert campaign.gate.epoch == 1, "only the wording was corrected"
    with pytest.raises(rules.WrongMove):
        changes.use_new_letters(session, campaign, amal, note="", asks_writers=False, now=NOON)


def test_new_letters_can_be_dropped(
    session: Session, keys: Keys, campaign: Campaign, olena: Account, amal: Account
) -> None:
    write_new_letter(session, campaign, olena, NOON)
    assert changes.drop_new_letters(session, campaign, olena, NOON) == 1
    assert changes.list_proposed(session, campaign) == []


def test_letters_on_old_facts_wait_and_each_writer_is_asked_once(
    session: Session, keys: Keys, campaign: Campaign, olena: Account, amal: Account
) -> None:
    signed = [
        a_signature(session, keys, campaign, a_form(campaign, who=who)) for who in (SAM, NOOR)
    ]
    for signature in signed:
        confirm(session, keys, signature, links=LINKS, now=NOON)
    session.flush()

    assert changed(session, keys, campaign, olena, amal) == 2

    for signature in signed:
        dispatch = letter_of(session, signature)
        assert (dispatch.state, dispatch.reason) == (DispatchState.HELD, "outdated")
    assert totals(session, campaign.id, (Figure.HELD,))[Figure.HELD] == 2
    for minutes in range(3):
        now = NOON + 2 * HOUR + timedelta(minutes=minutes)
        tell_of_held(session, keys, links=LINKS, now=now)
        session.flush()
    assert mails(session)["facts_changed"] == 2
    assert mails(session)["held"] == mails(session)["letters_held"] == 0
    move = list_moves(session, campaign.id)[-1]
    assert (move.name, move.public, move.note) == ("facts_changed", True, NEWS)


@pytest.mark.parametrize("said", Answer)
def test_the_writer_says_which_letter_goes(
    session: Session,
    keys: Keys,
    campaign: Campaign,
    olena: Account,
    amal: Account,
    said: Answer,
) -> None:
    signature = a_signature(session, keys, campaign)
    confirm(session, keys, signature, links=LINKS, now=NOON)
    session.flush()
    old = words_of(keys, session, signature)
    changed(session, keys, campaign, olena, amal)
    now = NOON + 3 * HOUR

    assert decide_letters(session, keys, signature, said, now) == 1
    session.flush()

    dispatch = letter_of(session, signature)
    assert (dispatch.state, dispatch.gate_epoch) == (DispatchState.QUEUED, campaign.gate.epoch)
    words = words_of(keys, session, signature)
    if said is Answer.AS_IS:
        assert words == old
    else:
        assert NEW_WORDS in words
        assert NEW_WORDS not in old
    assert totals(session, campaign.id, (Figure.HELD,))[Figure.HELD] == 0
    assert decide_letters(session, keys, signature, said, now) == 0


def test_who_confirms_after_the_change_what_was_read_before_is_asked_too(
    session: Session, keys: Keys, campaign: Campaign, olena: Account, amal: Account
) -> None:
    early = a_signature(session, keys, campaign)
    changed(session, keys, campaign, olena, amal)
    late = a_signature(session, keys, campaign, a_form(campaign, who=NOOR), now=NOON + 3 * HOUR)
    for signature in (early, late):
        confirm(session, keys, signature, links=LINKS, now=NOON + 3 * HOUR)
    session.flush()
    assert letter_of(session, early).state is DispatchState.HELD
    assert letter_of(session, late).state is DispatchState.QUEUED


def test_what_waits_for_its_writer_ends_with_the_campaign_and_with_a_withdrawal(
    session: Session, keys: Keys, campaign: Campaign, olena: Account, amal: Account
) -> None:
    signed = [
        a_signature(session, keys, campaign, a_form(campaign, who=who)) for who in (SAM, NOOR)
    ]
    for signature in signed:
        confirm(session, keys, signature, links=LINKS, now=NOON)
    session.flush()
    changed(session, keys, campaign, olena, amal)
    withdraw(session, signed[0], NOON + 3 * HOUR)
    report = life.close(
        desk(session, keys, NOON + 4 * HOUR, olena),
        campaign,
        reason=ClosedReason.STOPPED,
        note="",
    )
    session.flush()
    assert report.cancelled == 1
    for signature in signed:
        dispatch = letter_of(session, signature)
        assert (dispatch.state, dispatch.payload) == (DispatchState.CANCELLED, None)
    figures = totals(session, campaign.id, (Figure.HELD, Figure.CANCELLED))
    assert (figures[Figure.HELD], figures[Figure.CANCELLED]) == (0, 2)


def test_colleagues_hear_of_a_closing_and_whoever_did_it_does_not(
    session: Session, keys: Keys, campaign: Campaign, olena: Account, amal: Account
) -> None:
    life.close(desk(session, keys, NOON, olena), campaign, reason=ClosedReason.STOPPED, note="")
    session.flush()
    told = session.scalars(select(Dispatch.once_key).where(Dispatch.lane == Lane.NOTICE)).all()
    closed = [key for key in told if key.startswith("notice:closed:")]
    assert len(closed) == 1
    assert amal.id.hex in closed[0]


def said(text: str = "She is free.") -> outcomes.OutcomeForm:
    return outcomes.OutcomeForm("freed", "2026-06-01", "Her lawyer", {"en": text})


def test_an_outcome_is_told_by_a_second_person_and_closes_what_runs(
    session: Session, keys: Keys, campaign: Campaign, olena: Account, amal: Account
) -> None:
    outcomes.propose_outcome(session, campaign, olena, said(), NOON)
    session.flush()
    assert outcomes.waits_for_telling(session, campaign) is not None
    with pytest.raises(rules.OwnReview):
        outcomes.tell_outcome(session, campaign, olena, NOON + HOUR)

    report = life.tell_outcome(desk(session, keys, NOON + HOUR, amal), campaign, amal)
    session.flush()

    assert report is not None
    assert campaign.closed_reason is ClosedReason.OUTCOME
    told = next(move for move in list_moves(session, campaign.id) if move.name == "outcome")
    assert told.public
    assert (told.detail["outcome"], told.detail["texts"]) == ("freed", {"en": "She is free."})
    assert outcomes.waits_for_telling(session, campaign) is None
    with pytest.raises(rules.WrongMove):
        outcomes.tell_outcome(session, campaign, amal, NOON + 2 * HOUR)
    outcomes.propose_outcome(session, campaign, olena, said("Not free after all."), NOON + 3 * HOUR)
    assert told.detail["texts"] == {"en": "She is free."}, "what was told stays as it was told"


@pytest.mark.parametrize(
    ("form", "field"),
    [
        (outcomes.OutcomeForm("", "2026-06-01", "", {"en": "Free."}), "outcome"),
        (outcomes.OutcomeForm("freed", "", "", {"en": "Free."}), "happened_on"),
        (outcomes.OutcomeForm("freed", "2026-07-01", "", {"en": "Free."}), "happened_on"),
        (outcomes.OutcomeForm("freed", "2026-06-01", "", {"en": "word " * 81}), "text-en"),
        (outcomes.OutcomeForm("freed", "2026-06-01", "", {}), "text-en"),
    ],
)
def test_an_outcome_that_says_too_little_or_too_much_is_refused(
    session: Session, campaign: Campaign, olena: Account, form: outcomes.OutcomeForm, field: str
) -> None:
    with pytest.raises(FieldErrors) as refusal:
        outcomes.propose_outcome(session, campaign, olena, form, NOON)
    assert field in refusal.value.errors


def test_organisers_are_asked_after_a_month_and_a_season_until_it_is_told(
    session: Session, keys: Keys, campaign: Campaign, olena: Account, amal: Account
) -> None:
    end = campaign.closes_at
    assert end is not None
    life.close_expired(desk(session, keys, end))
    session.flush()
    asked = []
    for days in (29, 30, 31, 43, 60, 89):
        asked.append(ask_for_outcomes(session, keys, links=LINKS, now=end + timedelta(days=days)))
        session.flush()
    assert asked == [0, 1, 0, 0, 0, 0]
    late = end + timedelta(days=89)
    outcomes.propose_outcome(session, campaign, olena, said(), late)
    session.flush()
    life.tell_outcome(desk(session, keys, late, amal), campaign, amal)
    session.flush()
    assert ask_for_outcomes(session, keys, links=LINKS, now=end + timedelta(days=90)) == 0
    assert mails(session)["outcome_wanted"] == 2


def test_who_was_away_for_long_is_not_asked_for_it_at_all() -> None:
    assert outcome_step(NOON, NOON + timedelta(days=43)) == 30
    assert outcome_step(NOON, NOON + timedelta(days=44)) is None
    assert outcome_step(NOON, NOON + timedelta(days=90)) == 90
    assert outcome_step(NOON, NOON + timedelta(days=104)) is None


def test_an_expired_campaign_opens_again_with_a_new_key_where_the_old_one_is_gone(
    session: Session, keys: Keys, campaign: Campaign
) -> None:
    end = campaign.closes_at
    assert end is not None
    life.close_expired(desk(session, keys, end))
    session.delete(session.get_one(DataKey, campaign.key_id))
    session.flush()
    later = end + timedelta(days=40)
    life.set_new_end(
        desk(session, keys, later),
        campaign,
        last_day=(later + timedelta(days=20)).date(),
        last_time="23:59",
        note="The trial was put off.",
    )
    assert campaign.state is CampaignState.OPEN
    assert session.get(DataKey, campaign.key_id) is not None
    confirm(
        session,
        keys,
        a_signature(session, keys, campaign, now=later),
        links=LINKS,
        now=later,
    )
    move = next(each for each in list_moves(session, campaign.id) if each.name == "reopened")
    assert move.public
    assert move.detail["before"] < move.detail["after"]


def test_the_next_action_of_a_case_takes_the_place_of_the_one_before(
    session: Session, keys: Keys, campaign: Campaign, olena: Account, amal: Account
) -> None:
    made = follow_up(session, keys, campaign, olena, NOON)
    session.flush()
    session.expire_all()
    draft = get_campaign_by_id(session, made.id)
    assert draft.case_id == campaign.case_id
    assert draft.key_id != campaign.key_id
    assert [text.title for text in draft.texts] == [text.title for text in campaign.texts]
    assert len(draft.targets) == len(campaign.targets)
    missing = rules.missing_for_review(draft, current_templates(session, draft.id))
    assert missing == ["deadline"], "it starts from everything but the end"

    set_deadline(draft, date(2026, 7, 20), "23:59", draft.time_zone, NOON)
    ask_for_review(session, draft, olena, NOON)
    session.flush()
    assert find_successor(session, campaign) is None
    life.publish(desk(session, keys, NOON + HOUR, amal), draft, amal)
    session.flush()
    assert (campaign.state, campaign.closed_reason) == (
        CampaignState.CLOSED,
        ClosedReason.SUPERSEDED,
    )
    assert find_successor(session, campaign) is draft
    assert find_successor(session, draft) is None


@pytest.mark.parametrize(
    ("zone", "now", "begun"),
    [
        ("UTC", "2026-11-23T08:00", "2026-11-23T08:00"),
        ("UTC", "2026-11-23T07:59", "2026-11-16T08:00"),
        ("Asia/Kathmandu", "2026-11-23T02:15", "2026-11-23T02:15"),
        ("Pacific/Apia", "2026-11-22T19:00", "2026-11-22T19:00"),
        # The clocks of Paris go back in the night to Sunday: that week is an hour longer.
        ("Europe/Paris", "2026-10-26T06:59", "2026-10-19T06:00"),
        ("Europe/Paris", "2026-10-26T07:00", "2026-10-26T07:00"),
    ],
)
def test_a_week_begins_on_monday_at_eight_where_the_section_is(
    zone: str, now: str, begun: str
) -> None:
    moment = datetime.fromisoformat(f"{now}+00:00")
    assert week_began_at(zone, moment) == datetime.fromisoformat(f"{begun}+00:00")


def test_a_week_is_begun_once_and_not_on_tuesday(session: Session) -> None:
    section = default_section(session)
    monday = datetime.fromisoformat("2026-11-23T08:00+00:00")
    assert begin_weeks(session, monday - timedelta(minutes=1)) == []
    assert begin_weeks(session, monday) == [section]
    assert begin_weeks(session, monday + timedelta(hours=1)) == []
    assert begin_weeks(session, monday + timedelta(days=8)) == [], "Tuesday: too late to matter"


def test_followers_are_told_of_each_public_move_once(
    session: Session, keys: Keys, campaign: Campaign, olena: Account, amal: Account
) -> None:
    assert campaign.closes_at is not None
    old = campaign.closes_at
    life.set_new_end(
        desk(session, keys, NOON, olena),
        campaign,
        last_day=date(2026, 9, 1),
        last_time="23:59",
        note="The trial was put off.",
    )
    changed(session, keys, campaign, olena, amal)
    life.pause(desk(session, keys, NOON + 3 * HOUR, olena), campaign, note="We check.")
    outcomes.propose_outcome(session, campaign, olena, said(), NOON + 4 * HOUR)
    session.flush()
    life.tell_outcome(desk(session, keys, NOON + 5 * HOUR, amal), campaign, amal)
    session.flush()
    news = {each.kind: each.said for each in session.scalars(select(News))}
    assert set(news) == {NewsKind.EXTENDED, NewsKind.CHANGED, NewsKind.OUTCOME}
    language = campaign.document_language
    assert news[NewsKind.EXTENDED]["old_closes_at"] == old.isoformat()
    assert news[NewsKind.EXTENDED]["words"] == {language: "The trial was put off."}
    assert news[NewsKind.CHANGED]["words"] == {language: NEWS}
    assert news[NewsKind.OUTCOME]["outcome"] == "freed"
