from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.stats.numbers import CampaignNumbers, Numbers, Period
from app.stats.rules import (
    AT_LEAST,
    Counted,
    Precision,
    Shown,
    add,
    cut,
    month_of,
    people_at_least,
    publish,
    publish_stages,
)
from app.tally.models import Figure, Split
from tests.stats.samples import a_line

FIRST = date(2026, 1, 20)
COUNTRIES = ("FR", "DE", "KZ", "")
OFFICES = ("a", "b", "c")


@dataclass(frozen=True, slots=True)
class Letter:
    """One letter of one person; the truth that the rule must keep."""

    person: int
    day: date
    country: str
    office: str


@st.composite
def letters_of_people(draw: st.DrawFn) -> list[Letter]:
    people = draw(
        st.lists(
            st.tuples(
                st.integers(0, 70),
                st.sampled_from(COUNTRIES),
                st.sets(st.sampled_from(OFFICES), min_size=1),
            ),
            max_size=80,
        )
    )
    return [
        Letter(number, FIRST + timedelta(days=day), country, office)
        for number, (day, country, offices) in enumerate(people)
        for office in sorted(offices)
    ]


def counted(letters: list[Letter]) -> Counted:
    splits: dict[Split, dict[date, Counter[str]]] = {Split.COUNTRY: {}, Split.TARGET: {}}
    for letter in letters:
        for split, value in ((Split.COUNTRY, letter.country), (Split.TARGET, letter.office)):
            if value:
                splits[split].setdefault(month_of(letter.day), Counter())[value] += 1
    return Counted(Counter(letter.day for letter in letters), splits)


def writers(letters: list[Letter]) -> int:
    return len({letter.person for letter in letters})


@given(letters_of_people())
@settings(max_examples=300, deadline=None)
@pytest.mark.check("J7")
def test_no_piece_stands_for_fewer_than_ten_people(letters: list[Letter]) -> None:
    one_month = [
        Letter(each.person, each.day.replace(month=1), each.country, each.office)
        for each in letters
    ]
    for block in publish(counted(one_month), len(OFFICES)):
        countries = block.cuts[Split.COUNTRY]
        for country in countries.cells:
            assert writers([one for one in one_month if one.country == country]) >= AT_LEAST
        rest = [one for one in one_month if one.country not in countries.cells]
        assert len(rest) == countries.others
        assert not rest or writers(rest) >= AT_LEAST
        offices = block.cuts[Split.TARGET]
        for office in offices.cells:
            assert writers([one for one in one_month if one.office == office]) >= AT_LEAST
        rest = [one for one in one_month if one.office not in offices.cells]
        assert not rest or writers(rest) >= AT_LEAST


@given(letters_of_people())
@settings(max_examples=300, deadline=None)
def test_no_day_or_month_stands_for_fewer_than_ten_people(letters: list[Letter]) -> None:
    blocks = publish(counted(letters), len(OFFICES))
    waiting = sorted(letters, key=lambda one: one.day)
    for block in blocks:
        days = sorted(block.days)
        for number, day in enumerate(days):
            is_last = block is blocks[-1] and number == len(days) - 1
            # What is left at the end of a block joins its last day.
            held = [one for one in waiting if one.day <= day or is_last]
            if number == len(days) - 1 and not is_last:
                held = waiting[: block.days[day]]
            assert len(held) == block.days[day]
            assert writers(held) >= AT_LEAST
            waiting = waiting[len(held) :]
    assert not blocks or not waiting


@given(letters_of_people())
@settings(max_examples=300, deadline=None)
def test_every_cut_adds_up_to_the_truth(letters: list[Letter]) -> None:
    blocks = publish(counted(letters), len(OFFICES))
    if people_at_least(len(letters), counted(letters).letters_each(3)) >= AT_LEAST:
        assert sum(block.times for block in blocks) == len(letters)
    else:
        assert blocks == ()
    for block in blocks:
        assert sum(block.days.values()) == block.times
        for part in block.cuts.values():
            assert sum(part.cells.values()) + part.others == block.times


def numbers_of(campaigns: list[list[Letter]], period: Period) -> Numbers:
    one_office = [[one for one in letters if one.office == "a"] for letters in campaigns]
    return Numbers(
        tuple(
            CampaignNumbers(
                a_line(),
                {},
                {Figure.HANDED_OVER: publish(counted(letters), 1)},
                {Figure.HANDED_OVER: frozenset(month_of(one.day) for one in letters)},
            )
            for letters in one_office
        ),
        period,
    )


@given(st.lists(letters_of_people(), min_size=2, max_size=3))
@settings(max_examples=150, deadline=None)
@pytest.mark.check("J7")
def test_nothing_small_is_found_by_subtracting_one_choice_from_another(
    campaigns: list[list[Letter]],
) -> None:
    """One office, so that a letter is a person. Every choice is compared with every wider one."""
    months = [Period(2026, month) for month in range(1, 5)]
    wider = [
        (narrow, wide)
        for narrow in [*months, Period(2026), Period()]
        for wide in (Period(2026), Period())
        if narrow != wide
    ]
    choices = [(campaigns[:1], campaigns), (campaigns[1:], campaigns), (campaigns, campaigns)]
    for few, many in choices:
        for narrow, wide in [*wider, (Period(), Period())]:
            small, large = numbers_of(few, narrow), numbers_of(many, wide)
            for split in (Split.COUNTRY, Split.TARGET):
                one = small.split(Figure.HANDED_OVER, split)
                all_of_it = large.split(Figure.HANDED_OVER, split)
                inner = {row.key: row.times for row in one.rows}
                outer = {row.key: row.times for row in all_of_it.rows}
                for key in inner.keys() | outer.keys():
                    assert is_safe(outer.get(key, 0) - inner.get(key, 0))
                assert is_safe(all_of_it.others - one.others)
                assert is_safe(all_of_it.total - one.total)
            inner = {day.first: day.times for day in small.days(Figure.HANDED_OVER)}
            outer = {day.first: day.times for day in large.days(Figure.HANDED_OVER)}
            for day in inner.keys() | outer.keys():
                assert is_safe(outer.get(day, 0) - inner.get(day, 0))


def is_safe(difference: int) -> bool:
    return difference == 0 or difference >= AT_LEAST


def test_a_lonely_small_cell_takes_the_next_one_with_it() -> None:
    part = cut({"FR": 40, "DE": 12, "KZ": 1}, 1)
    assert part.cells == {"FR": 40}
    assert part.others == 13


def test_several_small_cells_with_ten_people_between_them_hide_nobody_else() -> None:
    part = cut({"FR": 40, "DE": 12, "KZ": 4, "SE": 6}, 1)
    assert part.cells == {"FR": 40, "DE": 12}
    assert part.others == 10


def test_who_did_not_tell_a_country_is_not_found_as_the_difference() -> None:
    days = {FIRST: 43}
    blocks = publish(Counted(days, {Split.COUNTRY: {month_of(FIRST): {"FR": 30, "DE": 11}}}), 1)
    part = blocks[0].cuts[Split.COUNTRY]
    assert part.cells == {"FR": 30}
    assert part.others == 13


def test_ten_letters_of_one_person_are_not_ten_people() -> None:
    month = {month_of(FIRST): {f"office {number}": 1 for number in range(10)}}
    assert publish(Counted({FIRST: 10}, {Split.TARGET: month}), 10) == ()


def test_a_letter_that_was_sent_again_leaves_no_negative_number() -> None:
    days = {FIRST: 12, FIRST + timedelta(days=1): 11, FIRST + timedelta(days=2): -9}
    blocks = publish(Counted(days, {}), 1)
    assert [dict(block.days) for block in blocks] == [{FIRST: 14}]


def stages(**counts: int) -> dict[Figure, Shown]:
    counts_of = {
        Figure(name): Counted({FIRST: times}, {Split.TARGET: {month_of(FIRST): {"a": times}}})
        for name, times in counts.items()
    }
    return publish_stages(counts_of, 1)


def test_totals_are_exact_from_ten_people_on_and_few_below() -> None:
    shown = stages(confirmed=10, withdrawn=9)
    assert shown[Figure.CONFIRMED] == Shown(10)
    assert shown[Figure.WITHDRAWN].is_few
    assert shown[Figure.HELD] == Shown(0)


def test_the_few_that_failed_are_not_queued_minus_handed_over() -> None:
    shown = stages(started=130, confirmed=100, queued=100, handed_over=97, failed=3)
    assert shown[Figure.FAILED].is_few
    assert shown[Figure.QUEUED] == Shown(97, Precision.AT_LEAST)
    # With one office a letter is a person: confirmed minus handed over would tell the same.
    assert shown[Figure.CONFIRMED] == Shown(97, Precision.AT_LEAST)
    assert shown[Figure.STARTED] == Shown(130)


def test_a_large_gap_between_stages_is_shown_as_it_is() -> None:
    shown = stages(queued=100, handed_over=60, failed=15)
    assert shown[Figure.QUEUED] == Shown(100)
    assert shown[Figure.FAILED] == Shown(15)


def test_campaigns_of_a_few_are_not_in_a_sum() -> None:
    few = Shown(0, Precision.FEW)
    assert add([Shown(40), few]) == Shown(40, Precision.AT_LEAST)
    assert add([few, few]).is_few
    assert add([Shown(40), Shown(2)]) == Shown(42)
