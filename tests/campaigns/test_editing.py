from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.models import Account
from app.accounts.rules import CannotTakeOver
from app.audit.models import AuditEntry
from app.campaigns import actions, lettering, timing, wording
from app.campaigns.editing import DraftForm, hand_over, start_draft
from app.campaigns.models import Campaign, CampaignState, LetterTemplate, Review
from app.campaigns.queries import get_campaign, get_campaign_by_id
from app.campaigns.rules import OwnReview, WrongMove
from app.campaigns.timing import TimingForm
from app.campaigns.wording import TextsForm
from app.core.db import Database, unit_of_work
from app.core.forms import EditedMeanwhile, FieldErrors, mark_of
from app.core.tokens import Keys
from app.sections.actions import default_section
from tests.builders import NOON, an_account, the_demonstration
from tests.cast import AMAL, KOFI, OLENA

ENGLISH = TextsForm("en", "A title", "What happened.", "We ask.", "More.")


def a_draft(session: Session, keys: Keys, by: Account) -> Campaign:
    """A finished draft, made of the demonstration."""
    campaign = the_demonstration(session, keys)
    campaign.state, campaign.demonstration, campaign.opened_at = CampaignState.DRAFT, None, None
    campaign.written_by_id = by.id
    session.flush()
    return campaign


def opened(campaign: Campaign, language: str = "en") -> str:
    return mark_of(wording.read_texts(campaign, language))


def test_a_new_campaign_has_a_text_a_group_and_a_closed_gate(session: Session, keys: Keys) -> None:
    olena = an_account(session, OLENA)
    form = DraftForm("Free Ada", "fr", "KZ")
    section = default_section(session)
    made = start_draft(session, keys, section, form, by=olena, now=NOON)
    session.expire_all()
    campaign = get_campaign(session, made.reference)
    assert [(text.language, text.title) for text in campaign.texts] == [("fr", "Free Ada")]
    assert [group.key for group in campaign.audiences] == ["authorities"]
    assert campaign.state is CampaignState.DRAFT


@pytest.mark.parametrize(
    ("form", "field"),
    [
        (DraftForm("", "en", "KZ"), "title"),
        (DraftForm("Title", "en", ""), "country"),
        (DraftForm("Title", "xx", "KZ"), "language"),
        (DraftForm("Title\u202e", "en", "KZ"), "title"),
    ],
)
def test_a_campaign_needs_title_language_and_country(
    session: Session, keys: Keys, form: DraftForm, field: str
) -> None:
    olena = an_account(session, OLENA)
    with pytest.raises(FieldErrors) as refused:
        start_draft(session, keys, default_section(session), form, by=olena, now=NOON)
    assert list(refused.value.errors) == [field]
    assert session.scalars(select(Campaign)).all() == []


def test_a_saved_edit_counts_up_and_names_who_wrote_last(session: Session, keys: Keys) -> None:
    olena, amal = an_account(session, OLENA), an_account(session, AMAL)
    campaign = a_draft(session, keys, olena)
    wording.save_texts(session, campaign, ENGLISH, by=amal, opened=opened(campaign), now=NOON)
    assert campaign.revision == 2
    assert campaign.written_by_id == amal.id


def test_no_break_spaces_and_paragraphs_survive_a_save(session: Session, keys: Keys) -> None:
    olena = an_account(session, OLENA)
    campaign = a_draft(session, keys, olena)
    typed = TextsForm("fr", " Libérez-le\u00a0:  vite\u202f! ", "a", "b", "Un.\r\n\r\n\r\nDeux.\t")
    wording.save_texts(session, campaign, typed, by=olena, opened=opened(campaign, "fr"), now=NOON)
    kept = wording.read_texts(campaign, "fr")
    assert kept.title == "Libérez-le\u00a0: vite\u202f!"
    assert kept.background == "Un.\n\n\nDeux."


def test_saving_what_stands_there_leaves_no_trace(session: Session, keys: Keys) -> None:
    olena = an_account(session, OLENA)
    campaign = a_draft(session, keys, olena)
    for language in ("en", "fr", "ru"):
        form = wording.read_texts(campaign, language)
        wording.save_texts(session, campaign, form, by=olena, opened="stale", now=NOON)
    assert campaign.revision == 1
    assert session.scalars(select(AuditEntry).filter_by(action="campaign.edited")).all() == []


def test_a_form_opened_before_somebody_else_saved_is_refused_with_what_stands_now(
    session: Session, keys: Keys
) -> None:
    olena, amal = an_account(session, OLENA), an_account(session, AMAL)
    campaign = a_draft(session, keys, olena)
    mark = opened(campaign)
    wording.save_texts(session, campaign, ENGLISH, by=amal, opened=mark, now=NOON)
    late = TextsForm("en", "Another title", "b", "c", "d")
    with pytest.raises(EditedMeanwhile) as refused:
        wording.save_texts(session, campaign, late, by=olena, opened=mark, now=NOON)
    assert refused.value.stored == ENGLISH
    assert wording.read_texts(campaign, "en") == ENGLISH


def test_of_two_transactions_at_once_the_second_sees_the_first(
    database: Database, keys: Keys
) -> None:
    with unit_of_work(database.writing) as session:
        olena, amal = an_account(session, OLENA), an_account(session, AMAL)
        campaign = a_draft(session, keys, olena)
        campaign_id, mark = campaign.id, opened(campaign)
    with database.writing() as slow, slow.begin():
        # SQLite has one writer at a time: there the second starts when the first has ended.
        loaded = None if database.is_sqlite else get_campaign_by_id(slow, campaign_id)
        with unit_of_work(database.writing) as quick:
            found = get_campaign_by_id(quick, campaign_id)
            wording.save_texts(quick, found, ENGLISH, by=amal, opened=mark, now=NOON)
        loaded = loaded or get_campaign_by_id(slow, campaign_id)
        late = TextsForm("en", "Another title", "b", "c", "d")
        with pytest.raises(EditedMeanwhile) as refused:
            wording.save_texts(slow, loaded, late, by=olena, opened=mark, now=NOON)
        assert refused.value.stored == ENGLISH


def test_an_edit_voids_the_review_and_the_approval(session: Session, keys: Keys) -> None:
    olena, amal = an_account(session, OLENA), an_account(session, AMAL)
    campaign = a_draft(session, keys, olena)
    actions.ask_for_review(session, campaign, olena, NOON)
    session.flush()
    wording.save_texts(session, campaign, ENGLISH, by=olena, opened=opened(campaign), now=NOON)
    assert campaign.state is CampaignState.DRAFT
    assert session.scalars(select(Review).where(Review.decided_at.is_(None))).all() == []
    with pytest.raises(WrongMove):
        actions.publish(session, campaign, amal, NOON)


def test_who_edited_last_cannot_publish_whoever_asked(session: Session, keys: Keys) -> None:
    olena, amal = an_account(session, OLENA), an_account(session, AMAL)
    kofi = an_account(session, KOFI)
    campaign = a_draft(session, keys, olena)
    wording.save_texts(session, campaign, ENGLISH, by=amal, opened=opened(campaign), now=NOON)
    actions.ask_for_review(session, campaign, olena, NOON)
    session.flush()
    for nobody in (olena, amal):
        with pytest.raises(OwnReview):
            actions.publish(session, campaign, nobody, NOON)
    actions.publish(session, campaign, kofi, NOON)
    assert campaign.state is CampaignState.OPEN


def test_a_published_campaign_is_not_edited(session: Session, keys: Keys) -> None:
    olena = an_account(session, OLENA)
    campaign = the_demonstration(session, keys)
    with pytest.raises(WrongMove):
        wording.save_texts(session, campaign, ENGLISH, by=olena, opened=opened(campaign), now=NOON)
    form = TimingForm("2031-01-01", "23:59", "UTC")
    mark = mark_of(timing.read_timing(campaign))
    with pytest.raises(WrongMove):
        timing.save_timing(session, campaign, form, by=olena, opened=mark, now=NOON)


def test_a_letter_is_saved_as_its_next_version_and_never_changed(
    session: Session, keys: Keys
) -> None:
    olena = an_account(session, OLENA)
    campaign = a_draft(session, keys, olena)
    stored = lettering.read_letter(session, campaign, "authorities", "en")
    changed = replace(stored, body=stored.body + "\n\nOne more line.")
    lettering.save_letter(session, campaign, changed, by=olena, opened=mark_of(stored), now=NOON)
    rows = session.scalars(
        select(LetterTemplate).filter_by(language="en").order_by(LetterTemplate.version)
    ).all()
    assert [(row.version, row.body) for row in rows] == [(1, stored.body), (2, changed.body)]


@pytest.mark.parametrize(
    ("body", "code", "line"),
    [
        ("{{ own_sentence }}\n\n{{ demands }}\n\n{{ nickname }}", "unknown_placeholder", 5),
        ("{{ own_sentence }}\n\n{% for x in y %}", "not_allowed", 3),
        ("Hello\n\n{{ demands }}", "own_sentence_missing", 3),
        ("{{ own_sentence }}\n\nand {{ demands }}", "demands_not_alone", 3),
        ("{{ own_sentence }}\n\n{{ demands", "syntax", 3),
    ],
)
def test_a_letter_that_cannot_be_rendered_is_refused_at_its_line(
    session: Session, keys: Keys, body: str, code: str, line: int
) -> None:
    olena = an_account(session, OLENA)
    campaign = a_draft(session, keys, olena)
    stored = lettering.read_letter(session, campaign, "authorities", "en")
    form = replace(stored, body=body, forms=(), variants=())
    with pytest.raises(FieldErrors) as refused:
        lettering.save_letter(session, campaign, form, by=olena, opened=mark_of(stored), now=NOON)
    flaw = refused.value.errors["body"]
    assert (flaw.code, flaw.line) == (code, line)
    assert campaign.revision == 1


def test_a_deadline_is_resolved_in_its_own_zone(session: Session, keys: Keys) -> None:
    olena = an_account(session, OLENA)
    campaign = a_draft(session, keys, olena)
    mark = mark_of(timing.read_timing(campaign))
    form = TimingForm("2026-12-31", "23:59", "Asia/Kathmandu")
    timing.save_timing(session, campaign, form, by=olena, opened=mark, now=NOON)
    assert campaign.closes_at is not None
    assert campaign.closes_at.isoformat() == "2026-12-31T18:15:00+00:00"


def test_an_opening_stands_on_the_clocks_of_the_same_place(session: Session, keys: Keys) -> None:
    olena = an_account(session, OLENA)
    campaign = a_draft(session, keys, olena)
    mark = mark_of(timing.read_timing(campaign))
    form = TimingForm("2026-12-31", "23:59", "Asia/Kathmandu", "2026-12-01", "")
    timing.save_timing(session, campaign, form, by=olena, opened=mark, now=NOON)
    assert campaign.opens_at is not None
    assert campaign.opens_at.isoformat() == "2026-11-30T18:15:00+00:00"
    assert timing.read_timing(campaign) == replace(form, opens_time="00:00")


@pytest.mark.parametrize(
    ("day", "time", "field", "code"),
    [
        ("2026-05-01", "09:30", "opens_day", "past"),
        ("2027-01-01", "00:00", "opens_day", "after_the_end"),
        ("2026-12-01", "9 o'clock", "opens_time", "no_time"),
        ("soon", "09:30", "opens_day", "no_date"),
        ("", "09:30", "opens_day", "missing"),
    ],
)
def test_an_opening_that_cannot_be_is_refused_at_its_field(
    session: Session, keys: Keys, day: str, time: str, field: str, code: str
) -> None:
    olena = an_account(session, OLENA)
    campaign = a_draft(session, keys, olena)
    mark = mark_of(timing.read_timing(campaign))
    form = TimingForm("2026-12-31", "23:59", "Asia/Kathmandu", day, time)
    with pytest.raises(FieldErrors) as refused:
        timing.save_timing(session, campaign, form, by=olena, opened=mark, now=NOON)
    assert refused.value.errors[field].code == code
    assert campaign.opens_at is None


def test_what_somebody_was_writing_goes_to_a_colleague(session: Session, keys: Keys) -> None:
    olena, amal = an_account(session, OLENA), an_account(session, AMAL)
    campaign = a_draft(session, keys, olena)
    assert hand_over(session, olena, amal, NOON + timedelta(days=1)) == 1
    session.refresh(campaign)
    assert campaign.written_by_id == amal.id
    with pytest.raises(CannotTakeOver):
        hand_over(session, amal, amal, NOON)
