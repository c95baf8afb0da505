"""A relay that defers, refuses, drops and stalls: what can be delivered is, each letter once."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.core.db import Database
from app.core.tokens import Keys
from tests.delivery.outbox import Outbox
from tests.faults.mix import run_mix


@pytest.mark.parametrize(
    "letters",
    [
        400,
        pytest.param(2_000, marks=[pytest.mark.long, pytest.mark.timeout(900)]),
    ],
)
def test_whatever_can_be_delivered_is_delivered_once(
    database: Database, keys: Keys, tmp_path: Path, letters: int
) -> None:
    report = run_mix(Outbox.on(database, keys, tmp_path / "mail"), letters, seed=20_000)

    print(report)  # noqa: T201 - shown with -s, or when it failed
    # Each of its moods has been met, or this has shown nothing.
    assert set(report.moods) == {
        "defers",
        "refuses",
        "drops before the dot",
        "drops after the dot",
        "loses",
        "stalls",
    }
