"""Work that is asked of a browser: for one form, for one hour, and not to be made up."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta

import pytest
from altcha import Challenge, Payload, solve_challenge

from app.core.challenges import is_solved, make_challenge
from app.core.tokens import Keys

FORM = "a form's key"


def solved(challenge: str) -> str:
    found = Challenge.from_dict(json.loads(challenge))
    solution = solve_challenge(found)
    assert solution is not None
    return Payload(found, solution).to_base64()


@pytest.fixture(scope="module")
def now() -> datetime:
    # The library looks at the clock itself.
    return datetime.now(UTC)


@pytest.fixture(scope="module")
def work(keys: Keys, now: datetime) -> str:
    return solved(make_challenge(keys, FORM, 50, now))


def test_work_done_is_work_done(keys: Keys, now: datetime, work: str) -> None:
    assert is_solved(keys, FORM, work, now)


def test_it_is_for_one_form_and_one_hour(keys: Keys, now: datetime, work: str) -> None:
    assert not is_solved(keys, "another form", work, now)
    assert not is_solved(keys, FORM, work, now + timedelta(hours=1, seconds=1))
    old = solved(make_challenge(keys, FORM, 50, now - timedelta(hours=2)))
    assert not is_solved(keys, FORM, old, now)


def test_it_belongs_to_this_installation(now: datetime, work: str) -> None:
    assert not is_solved(Keys.of(b"another one" * 3), FORM, work, now)


def test_nothing_of_it_can_be_made_easier(keys: Keys, now: datetime, work: str) -> None:
    content = json.loads(base64.b64decode(work))
    for change in (
        lambda c: c["challenge"]["parameters"].update(cost=1),
        lambda c: c["challenge"]["parameters"].update(data={"form": "x"}),
        lambda c: c["challenge"]["parameters"].pop("expiresAt"),
        lambda c: c["challenge"].pop("signature"),
        lambda c: c["challenge"].update(signature=""),
        lambda c: c["solution"].update(derivedKey="00" * 32),
        lambda c: c["solution"].pop("derivedKey"),
    ):
        changed = json.loads(json.dumps(content))
        change(changed)
        lied = base64.b64encode(json.dumps(changed).encode()).decode()
        assert not is_solved(keys, FORM, lied, now)


@pytest.mark.parametrize(
    "rubbish",
    ["", "x", "e30=", "W10=", "bnVsbA==", "ü", "MQ==", "eyJjaGFsbGVuZ2UiOjF9", "A" * 50_000],
)
def test_rubbish_is_no_solution(keys: Keys, now: datetime, rubbish: str) -> None:
    assert not is_solved(keys, FORM, rubbish, now)


def test_deep_rubbish_is_no_solution_either(keys: Keys, now: datetime) -> None:
    deep = base64.b64encode(b"[" * 100_000).decode()
    assert not is_solved(keys, FORM, deep, now)
