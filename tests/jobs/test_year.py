"""A short year: what the clock did, against what an oracle of its own says it owed."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from app.core.db import Database
from app.core.tokens import Keys
from tests.jobs.year import Year, all_expected, plans, wakings

CAMPAIGNS = 4
DAYS = 130
SEED = 53


def test_every_moment_of_a_short_year_as_it_was_owed(
    sqlite_database: Database, keys: Keys, tmp_path: Path
) -> None:
    made = plans(CAMPAIGNS, DAYS, SEED)
    woke = wakings(made, DAYS)
    owed = all_expected(made, woke, DAYS)
    year = Year(sqlite_database, keys, tmp_path)
    year.run(made, woke, DAYS)
    twice = [what for what, times in Counter(year.happened).items() if times > 1]
    assert twice == []
    assert sorted(owed - set(year.happened)) == [], "owed, and did not happen"
    assert sorted(set(year.happened) - owed) == [], "happened, and was not owed"
    assert {kind for _, kind, _, _ in owed} > {"reminder", "closes", "destroyed", "outcome_wanted"}
