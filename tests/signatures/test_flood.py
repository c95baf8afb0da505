"""A piece of the day of a flood, as `bench/flood.py` plays it whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.flood import REAL_SHARE, forms, run

SAMPLE = 2_000


@pytest.mark.long
@pytest.mark.timeout(900)
def test_the_false_are_not_counted_and_people_are_not_refused(tmp_path: Path) -> None:
    outcome = run(SAMPLE, tmp_path)
    assert sum(outcome.sent.values()) >= SAMPLE
    assert outcome.never_counted >= 0.95, outcome.counted
    assert outcome.real_refused <= 0.005, outcome.refused
    assert max(outcome.mails_to_victims.values(), default=0) <= 3
    people = sum(n for profile, n in outcome.counted.items() if profile.startswith("person"))
    assert people >= 0.75 * len(outcome.people)


def test_the_same_seed_makes_the_same_day() -> None:
    assert forms(SAMPLE) == forms(SAMPLE)
    whole = forms(2_000)
    people = {one.who for one in whole if one.is_real}
    assert len(people) == round(2_000 * REAL_SHARE)
    assert {one.profile for one in whole if not one.is_real} == {
        "one network",
        "many networks",
        "disposable",
        "scripted",
        "bombing",
        "solvers",
    }
