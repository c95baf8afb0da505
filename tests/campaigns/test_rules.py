"""When a campaign ends in its own zone, what the public sees at each instant, what may be next."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from app.campaigns import rules
from app.campaigns.models import Campaign, CampaignState, ClosedReason, TargetKind
from app.campaigns.queries import current_templates
from app.campaigns.rules import PageState, closes_at, page_state
from app.core.tokens import Keys
from tests.builders import NOON, the_demonstration

END = datetime(2026, 6, 10, 12, 0, tzinfo=UTC)
MOMENT = timedelta(microseconds=1)
STATES = tuple(CampaignState)


@pytest.mark.parametrize(
    ("day", "time", "zone", "ends"),
    [
        ("2026-06-10", "23:59", "UTC", "2026-06-11T00:00"),
        # Kazakhstan moved to one offset, UTC+5, on 1 March 2024 (tzdata 2024a).
        ("2024-02-28", "23:59", "Asia/Almaty", "2024-02-28T18:00"),
        ("2024-02-29", "23:59", "Asia/Almaty", "2024-02-29T19:00"),
        ("2024-03-01", "23:59", "Asia/Almaty", "2024-03-01T19:00"),
        ("2026-05-12", "23:59", "Asia/Almaty", "2026-05-12T19:00"),
        ("2026-05-12", "23:59", "Asia/Kathmandu", "2026-05-12T18:15"),
        ("2026-01-15", "23:59", "Pacific/Chatham", "2026-01-15T10:15"),
        ("2026-07-15", "23:59", "Pacific/Chatham", "2026-07-15T11:15"),
        ("2026-07-15", "23:59", "Pacific/Apia", "2026-07-15T11:00"),
        ("2026-07-15", "12:00", "America/St_Johns", "2026-07-15T14:31"),
        # Samoa jumped over the date line: 30 December 2011 was not.
        ("2011-12-29", "23:59", "Pacific/Apia", "2011-12-30T10:00"),
        ("2024-02-29", "23:59", "Europe/Stockholm", "2024-02-29T23:00"),
    ],
)
def test_the_end_is_the_end_of_the_shown_minute(day: str, time: str, zone: str, ends: str) -> None:
    assert closes_at(date.fromisoformat(day), time, zone) == datetime.fromisoformat(ends).replace(
        tzinfo=UTC
    )


def test_a_minute_that_happens_twice_counts_the_second_time() -> None:
    """Clocks go back from 03:00 to 02:00; who reads 02:30 may mean either."""
    assert closes_at(date(2026, 10, 25), "02:30", "Europe/Stockholm") == datetime(
        2026, 10, 25, 1, 31, tzinfo=UTC
    )


def test_a_minute_that_does_not_happen_ends_no_earlier_than_the_page_said() -> None:
    """Clocks jump from 02:00 to 03:00: read with the offset before, 02:30 is an hour later."""
    assert closes_at(date(2026, 3, 29), "02:30", "Europe/Stockholm") == datetime(
        2026, 3, 29, 1, 31, tzinfo=UTC
    )


def test_a_day_that_does_not_happen_still_has_an_end() -> None:
    skipped = closes_at(date(2011, 12, 30), "23:59", "Pacific/Apia")
    assert skipped >= closes_at(date(2011, 12, 29), "23:59", "Pacific/Apia")
    assert skipped <= closes_at(date(2011, 12, 31), "23:59", "Pacific/Apia")


@given(
    st.dates(date(2000, 1, 1), date(2037, 12, 31)),
    st.times(),
    st.sampled_from(("Asia/Almaty", "Pacific/Chatham", "Europe/Paris", "America/Santiago", "UTC")),
)
def test_nobody_is_cut_off_before_the_time_that_the_page_showed(
    day: date, time: object, zone: str
) -> None:
    shown = f"{time:%H:%M}"
    end = closes_at(day, shown, zone)
    last = end - timedelta(minutes=1)
    on_the_wall = last.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    wanted = datetime.combine(day, datetime.strptime(shown, "%H:%M").time())  # noqa: DTZ007 - a wall clock
    assert wanted <= on_the_wall <= wanted + timedelta(hours=1)
    assert end.second == end.microsecond == 0


@pytest.mark.parametrize("zone", ["", "Almaty", "UTC+5", "../etc/passwd", "Asia/Nowhere", "\x00"])
def test_an_unknown_zone_is_refused(zone: str) -> None:
    with pytest.raises(rules.BadDeadline):
        closes_at(date(2026, 6, 10), "23:59", zone)


@pytest.mark.parametrize("time", ["", "24:00", "midnight", "23:60", "2359 ", "-1:00", "23:59:xx"])
def test_an_impossible_time_is_refused(time: str) -> None:
    with pytest.raises(rules.BadDeadline):
        closes_at(date(2026, 6, 10), time, "UTC")


def a_state(
    state: CampaignState = CampaignState.OPEN,
    *,
    reason: ClosedReason | None = None,
    hidden: bool = False,
    ends: datetime | None = END,
) -> Campaign:
    return Campaign(state=state, closed_reason=reason, hidden=hidden, closes_at=ends)


@pytest.mark.parametrize(
    ("now", "seen"),
    [
        (END - timedelta(hours=72) - MOMENT, PageState.OPEN),
        (END - timedelta(hours=72), PageState.CLOSING_SOON),
        (END - MOMENT, PageState.CLOSING_SOON),
        (END, PageState.PAST_DATE),
        (END + MOMENT, PageState.PAST_DATE),
    ],
)
def test_an_open_campaign_at_each_instant(now: datetime, seen: PageState) -> None:
    assert page_state(a_state(), now) is seen
    assert rules.is_open_at(a_state(), now) is (now < END)


def test_the_clock_decides_and_not_the_job_that_closes() -> None:
    assert page_state(a_state(CampaignState.PAUSED), END) is PageState.PAST_DATE
    assert page_state(a_state(CampaignState.PAUSED), END - MOMENT) is PageState.PAUSED


@pytest.mark.parametrize(
    ("campaign", "seen"),
    [
        (a_state(CampaignState.DRAFT), PageState.NOT_PUBLIC),
        (a_state(CampaignState.IN_REVIEW), PageState.NOT_PUBLIC),
        (a_state(CampaignState.SCHEDULED), PageState.NOT_PUBLIC),
        (a_state(CampaignState.DRAFT, hidden=True), PageState.NOT_PUBLIC),
        (a_state(hidden=True), PageState.HIDDEN),
        (a_state(CampaignState.PAUSED, hidden=True), PageState.HIDDEN),
        (a_state(CampaignState.CLOSED, reason=ClosedReason.EXPIRED), PageState.PAST_DATE),
        (a_state(CampaignState.CLOSED, reason=ClosedReason.STOPPED), PageState.CLOSED),
        (a_state(CampaignState.CLOSED, reason=ClosedReason.OUTCOME), PageState.CLOSED),
        (a_state(CampaignState.CLOSED, reason=ClosedReason.SUPERSEDED), PageState.CLOSED),
        (
            a_state(CampaignState.CLOSED, reason=ClosedReason.STOPPED, hidden=True),
            PageState.HIDDEN,
        ),
    ],
)
def test_what_the_public_sees(campaign: Campaign, seen: PageState) -> None:
    assert page_state(campaign, END - timedelta(days=5)) is seen


@pytest.mark.parametrize(
    ("campaign", "refusal"),
    [
        (a_state(hidden=True), rules.CampaignHidden),
        (a_state(CampaignState.PAUSED), rules.CampaignPaused),
        (a_state(CampaignState.CLOSED, reason=ClosedReason.STOPPED), rules.CampaignClosed),
        (a_state(CampaignState.DRAFT), rules.CampaignClosed),
        (a_state(ends=END - timedelta(days=2)), rules.CampaignClosed),
    ],
)
def test_what_takes_no_letters_says_why(campaign: Campaign, refusal: type[rules.Refused]) -> None:
    with pytest.raises(refusal):
        rules.require_accepting(campaign, END - timedelta(days=1))


def test_the_last_microsecond_is_taken_and_the_next_is_not() -> None:
    rules.require_accepting(a_state(), END - MOMENT)
    with pytest.raises(rules.CampaignClosed):
        rules.require_accepting(a_state(), END)


ALLOWED = {
    ("draft", "in_review"),
    ("in_review", "draft"),
    ("in_review", "scheduled"),
    ("in_review", "open"),
    ("scheduled", "open"),
    ("scheduled", "draft"),
    ("open", "paused"),
    ("open", "closed"),
    ("paused", "open"),
    ("paused", "closed"),
    ("closed", "open"),
}


@pytest.mark.parametrize("start", STATES)
@pytest.mark.parametrize("end", STATES)
def test_the_table_of_moves(start: CampaignState, end: CampaignState) -> None:
    if (start, end) in ALLOWED:
        rules.require_move(a_state(start), end)
    else:
        with pytest.raises(rules.WrongMove):
            rules.require_move(a_state(start), end)


def test_every_state_has_its_row_in_the_table() -> None:
    assert set(rules.MOVES) == set(STATES)


@pytest.mark.parametrize("state", STATES)
def test_only_what_nobody_has_read_yet_is_edited(state: CampaignState) -> None:
    if state in (CampaignState.DRAFT, CampaignState.IN_REVIEW):
        rules.require_editable(a_state(state))
    else:
        with pytest.raises(rules.WrongMove):
            rules.require_editable(a_state(state))


@pytest.fixture
def whole(session: Session, keys: Keys) -> Campaign:
    return the_demonstration(session, keys, "dosmagambetov")


def missing(session: Session, campaign: Campaign) -> list[str]:
    return rules.missing_for_review(campaign, current_templates(session, campaign.id))


@pytest.mark.parametrize("name", ["mamai", "dosmagambetov"])
def test_a_demonstration_lacks_nothing(session: Session, keys: Keys, name: str) -> None:
    assert missing(session, the_demonstration(session, keys, name)) == []


def test_each_thing_that_is_missing_is_named(session: Session, whole: Campaign) -> None:
    templates = current_templates(session, whole.id)
    whole.country = ""
    assert rules.missing_for_review(whole, templates) == ["country"]
    whole.country = "KZ"
    whole.closes_at = None
    assert rules.missing_for_review(whole, templates) == ["deadline"]
    whole.closes_at = NOON
    whole.letter_languages = []
    assert rules.missing_for_review(whole, templates) == ["letter_languages"]
    whole.letter_languages = ["en"]
    whole.texts[0].we_ask = " "
    assert rules.missing_for_review(whole, templates) == ["text_unfinished"]
    for text in whole.texts:
        text.we_ask = ""
    assert rules.missing_for_review(whole, templates) == ["text", "text_unfinished"]
    session.rollback()


def test_nobody_in_danger_nothing_asked_and_nobody_to_write_to(
    session: Session, whole: Campaign
) -> None:
    templates = current_templates(session, whole.id)
    whole.people = []
    assert rules.missing_for_review(whole, templates) == ["people"]
    whole.demands = []
    assert rules.missing_for_review(whole, templates) == ["people", "demands"]
    for target in whole.targets:
        target.kind = TargetKind.COPY
    assert rules.missing_for_review(whole, templates) == ["people", "demands", "targets"]
    session.rollback()


def test_a_group_without_a_letter(session: Session, whole: Campaign) -> None:
    templates = current_templates(session, whole.id)
    first = whole.audiences[0].id
    left = {key: letter for key, letter in templates.items() if key[0] != first}
    assert rules.missing_for_review(whole, left) == ["letters"]
    assert rules.missing_for_review(whole, {}) == ["letters"]


def test_a_demand_or_an_office_that_a_letter_could_not_name_in_its_language(
    session: Session, whole: Campaign
) -> None:
    templates = current_templates(session, whole.id)
    demand = whole.demands[0]
    demand.texts = {**demand.texts, "ru": " "}
    assert rules.missing_for_review(whole, templates) == ["demand_language"]
    demand.texts = {**demand.texts, "ru": "Освободить."}
    office = whole.targets[0].authority.offices
    office.remove(next(one for one in office if one.language == "fr"))
    assert rules.missing_for_review(whole, templates) == ["office_language"]
    session.rollback()
