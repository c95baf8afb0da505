"""The list of what comes: for people, for programs, for calendars."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from icalendar import Calendar

from app.core.db import unit_of_work
from app.state import state_of
from tests.builders import a_campaign, an_account
from tests.cast import OLENA
from tests.cli.test_commands import invoke


@pytest.fixture
def reference(app: Flask) -> str:
    state = state_of(app)
    now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    with unit_of_work(state.database.writing) as session:
        an_account(session, OLENA)
        campaign = a_campaign(session, state.keys, closes_at=now + timedelta(days=10), now=now)
        return campaign.reference


def test_the_table_says_when_what_and_how_many(app: Flask, reference: str) -> None:
    lines = invoke(app, "clock", "--days", "12").output.splitlines()
    assert [line.split("  ")[-1][:12] for line in lines] == [
        "mails to org",
        "mails to org",
        "mails to org",
        "closes; lett",
    ]
    assert all(reference in line for line in lines)
    assert lines == sorted(lines)


def test_json_and_calendar_say_the_same(app: Flask, reference: str) -> None:
    rows = json.loads(invoke(app, "clock", "--days", "60", "--as", "json").output)
    kinds = [row["kind"] for row in rows]
    assert kinds[:4] == [*["staff_warning"] * 3, "closes"]
    assert set(kinds[4:]) == {"destroy", "outcome_wanted"}, "both a month after the end"
    entries = Calendar.from_ical(invoke(app, "clock", "--days", "60", "--as", "ics").output)
    shown = [(str(each["summary"]), each.decoded("dtstart")) for each in entries.walk("VEVENT")]
    assert [start.isoformat() for _, start in shown] == [row["at"] for row in rows]
    assert len({str(each["uid"]) for each in entries.walk("VEVENT")}) == len(rows)


def test_a_day_to_begin_with_and_one_campaign(app: Flask, reference: str) -> None:
    start = (datetime.now(UTC) + timedelta(days=9, hours=30)).date().isoformat()
    later = invoke(app, "clock", "--from", start, "--campaign", reference, "--as", "json")
    assert {row["kind"] for row in json.loads(later.output)} <= {
        "closes",
        "destroy",
        "outcome_wanted",
    }
    assert "Nothing falls due" in invoke(app, "clock", "--days", "1").output
    unknown = invoke(app, "clock", "--campaign", "zzzzz")
    assert unknown.exit_code == 1
    assert "no campaign zzzzz" in unknown.output
