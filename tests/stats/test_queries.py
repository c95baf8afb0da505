from __future__ import annotations

from collections import Counter
from datetime import date

import pytest
from sqlalchemy import delete

from app.campaigns.models import Campaign
from app.core.db import Database, unit_of_work
from app.core.errors import NotFound
from app.core.tokens import Keys
from app.stats.numbers import BadPeriod, Numbers, Period, by_week, filled, this_week
from app.stats.queries import get_numbers, list_campaigns, list_offices, list_sections
from app.stats.rules import SPLIT_FIGURES, SPLITS
from app.tally.actions import fold
from app.tally.models import Figure, Split, TallyEntry, TallyTotal
from tests.builders import a_campaign
from tests.stats.samples import TODAY, Event, random_events, record

LABELS = {
    Split.COUNTRY: "country",
    Split.LETTER_LANGUAGE: "letter_language",
    Split.PAGE_LANGUAGE: "page_language",
    Split.CHANNEL: "channel",
    Split.TARGET: "target",
}


def truth(events: list[Event], figure: Figure, split: Split) -> Counter[str]:
    return Counter(
        getattr(event.labels, LABELS[split]) for event in events if event.figure is figure
    )


def look(database: Database, reference: str = "", period: str = "all") -> Numbers:
    with database.reading() as session:
        return get_numbers(session, reference=reference, period=Period.parse(period), language="en")


def one_office(events: list[Event], campaign: Campaign) -> list[Event]:
    first = str(campaign.targets[0].id)
    return [event for event in events if event.labels.target == first]


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.check("J3")
def test_the_numbers_equal_the_truth_where_nothing_is_small(
    database: Database, keys: Keys, seed: int
) -> None:
    with unit_of_work(database.writing) as session:
        campaign = a_campaign(session, keys)
        events = random_events(campaign, 900, seed, days=30)
        record(session, events)
    numbers = look(database)
    for figure in SPLIT_FIGURES:
        of_figure = [event for event in events if event.figure is figure]
        assert numbers.total(figure).value == len(of_figure)
        days = Counter(event.day for event in of_figure)
        assert sum(day.times for day in numbers.days(figure)) == len(of_figure)
        for day in numbers.days(figure):
            if min(days.values()) >= 10:
                assert day.times == days[day.first]
        for split in SPLITS:
            table = numbers.split(figure, split)
            expected = truth(events, figure, split)
            assert table.total == expected.total()
            for row in table.rows:
                assert 10 <= row.times <= expected[row.key]
            if not table.others:
                assert {row.key: row.times for row in table.rows} == dict(expected)
    stages = numbers.stages()
    for figure, times in Counter(event.figure for event in events).items():
        assert stages[figure].value == times


def test_a_large_campaign_hides_nothing(database: Database, keys: Keys) -> None:
    with unit_of_work(database.writing) as session:
        campaign = a_campaign(session, keys)
        events = random_events(campaign, 900, seed=3, days=1)
        record(session, events)
    table = look(database).split(Figure.HANDED_OVER, Split.COUNTRY)
    assert table.others == 0
    assert {row.key: row.times for row in table.rows} == dict(
        truth(events, Figure.HANDED_OVER, Split.COUNTRY)
    )


def test_totals_and_tail_are_one_number_however_much_is_folded(
    database: Database, keys: Keys
) -> None:
    with unit_of_work(database.writing) as session:
        for name in ("mamai", "dosmagambetov"):
            record(session, random_events(a_campaign(session, keys, name=name), 120, seed=4))
    unfolded = look(database)
    for limit in (150, 150, 10_000):
        with unit_of_work(database.writing) as session:
            fold(session, limit)
        assert look(database) == unfolded
    with unit_of_work(database.writing) as session:
        assert fold(session) == 0
    assert look(database) == unfolded
    with unit_of_work(database.writing) as session:
        assert session.query(TallyEntry).count() == 0
        assert session.query(TallyTotal).count() > 0


def test_all_campaigns_are_the_sum_of_each_of_them(database: Database, keys: Keys) -> None:
    with unit_of_work(database.writing) as session:
        campaigns = [a_campaign(session, keys, name=name) for name in ("mamai", "dosmagambetov")]
        for campaign, people in zip(campaigns, (300, 40), strict=True):
            record(session, random_events(campaign, people, seed=5))
        references = [campaign.reference for campaign in campaigns]
    both = look(database)
    each = [look(database, reference) for reference in references]
    for figure in SPLIT_FIGURES:
        for split in SPLITS:
            tables = [one.split(figure, split) for one in each]
            summed: Counter[str] = Counter()
            for table in tables:
                summed.update({row.key: row.times for row in table.rows})
            whole = both.split(figure, split)
            assert {row.key: row.times for row in whole.rows} == dict(summed)
            assert whole.others == sum(table.others for table in tables)


def test_a_campaign_of_a_few_is_named_but_not_counted(database: Database, keys: Keys) -> None:
    with unit_of_work(database.writing) as session:
        large = a_campaign(session, keys)
        small = a_campaign(session, keys, name="dosmagambetov")
        record(session, random_events(large, 200, seed=6))
        record(session, one_office(random_events(small, 60, seed=6), small)[:8])
        references = (large.reference, small.reference)
    of_large = look(database, references[0])
    of_small = look(database, references[1])
    both = look(database)
    assert of_small.total(Figure.HANDED_OVER).is_few
    assert of_small.split(Figure.HANDED_OVER, Split.COUNTRY).total == 0
    assert both.total(Figure.HANDED_OVER).value == of_large.total(Figure.HANDED_OVER).value
    assert both.total(Figure.HANDED_OVER).is_at_least


def test_months_add_up_to_the_year_and_to_all_time(database: Database, keys: Keys) -> None:
    with unit_of_work(database.writing) as session:
        record(session, random_events(a_campaign(session, keys), 500, seed=7))
    everything = look(database).split(Figure.HANDED_OVER, Split.COUNTRY)
    months = [
        look(database, period=f"2026-{month:02d}").split(Figure.HANDED_OVER, Split.COUNTRY)
        for month in range(1, 13)
    ]
    assert look(database, period="2026").split(Figure.HANDED_OVER, Split.COUNTRY) == everything
    assert sum(month.total for month in months) == everything.total
    assert sum(month.others for month in months) == everything.others
    assert look(database, period="2025").total(Figure.HANDED_OVER).value == 0


def test_the_week_is_compared_with_the_eight_before(database: Database, keys: Keys) -> None:
    with unit_of_work(database.writing) as session:
        campaign = a_campaign(session, keys)
        events = random_events(campaign, 400, seed=8, days=70)
        record(session, events)
    weeks = look(database).weeks(Figure.HANDED_OVER, TODAY)
    assert len(weeks) == 12
    assert weeks[-1].first == date(2026, 6, 1)
    week = this_week(weeks)
    assert week.average == sum(one.times for one in weeks[3:11]) / 8
    assert week.change == round(100 * (week.times - week.average) / week.average)


def test_every_day_and_week_between_stands_on_the_axis(database: Database, keys: Keys) -> None:
    with unit_of_work(database.writing) as session:
        record(session, random_events(a_campaign(session, keys), 300, seed=9, days=40))
    days = look(database).days(Figure.HANDED_OVER)
    every = filled(days)
    assert [day.first.toordinal() for day in every] == list(
        range(every[0].first.toordinal(), every[-1].first.toordinal() + 1)
    )
    weeks = by_week(days)
    assert all(week.first.weekday() == 0 for week in weeks)
    assert sum(week.times for week in weeks) == sum(day.times for day in days)
    assert sum(day.times for day in every) == sum(day.times for day in days)


def test_nothing_counted_is_nothing_and_no_error(database: Database, keys: Keys) -> None:
    with unit_of_work(database.writing) as session:
        a_campaign(session, keys)
    numbers = look(database)
    assert numbers.total(Figure.HANDED_OVER).value == 0
    assert not numbers.total(Figure.HANDED_OVER).is_few
    assert this_week(numbers.weeks(Figure.HANDED_OVER, TODAY)).change is None
    assert filled(numbers.days(Figure.HANDED_OVER)) == ()
    assert by_week(()) == ()


def test_an_unknown_campaign_is_not_known(database: Database) -> None:
    with pytest.raises(NotFound):
        look(database, "bbbbb")


def test_drafts_have_no_numbers(database: Database, keys: Keys) -> None:
    with unit_of_work(database.writing) as session:
        a_campaign(session, keys).state = "draft"
    with database.reading() as session:
        assert list_campaigns(session, language="en") == []


def test_offices_and_titles_speak_the_readers_language(database: Database, keys: Keys) -> None:
    with unit_of_work(database.writing) as session:
        campaign = a_campaign(session, keys)
        target = str(campaign.targets[0].id)
        titles = {text.language: text.title for text in campaign.texts}
    with database.reading() as session:
        assert list_offices(session, [target, ""], "fr")[target].language == "fr"
        assert list_offices(session, [target], "mi")[target].language == "en"
        assert list_campaigns(session, language="ru")[0].title == titles["ru"]
        assert list_sections(session)


def test_one_sections_numbers_leave_the_others_out(database: Database, keys: Keys) -> None:
    with unit_of_work(database.writing) as session:
        campaign = a_campaign(session, keys)
        record(session, random_events(campaign, 50, seed=10))
        key = campaign.section.key
    with database.reading() as session:
        mine = get_numbers(session, section=key, language="en")
        other = get_numbers(session, section="another", language="en")
    assert mine.total(Figure.HANDED_OVER).value > 0
    assert other.campaigns == ()


def test_counts_stay_when_their_people_are_gone(database: Database, keys: Keys) -> None:
    with unit_of_work(database.writing) as session:
        record(session, random_events(a_campaign(session, keys), 50, seed=11))
        fold(session)
        session.execute(delete(TallyEntry))
    assert look(database).total(Figure.HANDED_OVER).value > 0


@pytest.mark.parametrize("text", ["2026-13", "26", "2026-1", "week", "2026-01-01", "' or 1"])
def test_a_period_is_all_time_a_year_or_a_month(text: str) -> None:
    with pytest.raises(BadPeriod):
        Period.parse(text)


@pytest.mark.parametrize("text", ["all", "2026", "2026-01"])
def test_a_period_reads_as_it_is_written(text: str) -> None:
    assert str(Period.parse(text)) == text
