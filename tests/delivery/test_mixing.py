"""In a campaign of high risk the order of sending tells nothing about the order of signing.

Letters of a burst go through the planner and the claims, with the budget that every mailbox has.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import cast

import pytest
from sqlalchemy import func, select

from app.campaigns.models import Campaign
from app.core.db import Database, unit_of_work
from app.core.tokens import Keys
from app.delivery.actions import coarse, enqueue
from app.delivery.models import Dispatch, DispatchState, Lane, Mixing
from app.signatures.actions import confirm
from app.signatures.rules import MIXED_FROM, MIXED_TO, leaves_at
from tests.builders import LINKS, a_campaign, a_signature
from tests.delivery.outbox import NOON, Outbox, a_message
from tests.delivery.test_booking import claim, hand_over

MINUTE = timedelta(minutes=1)
OFFICE = "office@ministry.example.org"
# A link that is shared in a busy moment: more people than an office's budget for two hours. Who
# writes an hour after somebody else leaves after them: a wait of an hour can hide no more.
WRITERS, BURST = 250, timedelta(minutes=6)


@pytest.fixture
def outbox(sqlite_database: Database, keys: Keys, tmp_path: Path) -> Iterator[Outbox]:
    opened = Outbox.on(sqlite_database, keys, tmp_path / "mail")
    yield opened
    opened.hang_up()


def a_risk(closes_at: datetime, *, high: bool = True) -> Campaign:
    """All that the rule looks at."""
    return cast(Campaign, SimpleNamespace(high_risk=high, closes_at=closes_at))


def sign_and_send(
    outbox: Outbox, campaign: Campaign, writers: int, burst: timedelta
) -> list[tuple[int, datetime]]:
    """Writers one after the other while the worker goes on; who left at which moment, in order."""
    chance, left = Random(7), []
    numbers = {}
    waiting = list(range(writers))
    while waiting or queued(outbox):
        now = outbox.clock.now
        with unit_of_work(outbox.database.writing) as session:
            while waiting and NOON + burst * waiting[0] / writers <= now:
                number = waiting.pop(0)
                dispatch = enqueue(
                    session,
                    outbox.seal,
                    a_message(to_address=OFFICE),
                    once_key=f"letter:{number}",
                    lane=Lane.LETTER,
                    now=now,
                    due_at=leaves_at(campaign, now, chance.random()),
                    is_mixed=campaign.high_risk,
                    expires_at=campaign.closes_at,
                    gate=outbox.gate,
                )
                numbers[dispatch.id] = number
        claims = claim(outbox)
        hand_over(outbox, claims)
        left += [(numbers[one.id], now) for one in claims]
        outbox.clock.now += MINUTE
    return left


def queued(outbox: Outbox) -> int:
    with outbox.database.reading() as session:
        still = select(func.count()).where(Dispatch.state == DispatchState.QUEUED)
        return session.scalar(still) or 0


def rank_correlation(left: list[tuple[int, datetime]]) -> float:
    """Both are ranks already: the place in the burst and the place in the sending."""
    signed = [number for number, _moment in left]
    return statistics.correlation(signed, range(len(signed)))


def test_who_signs_first_does_not_leave_first(outbox: Outbox) -> None:
    left = sign_and_send(outbox, a_risk(NOON + timedelta(days=9)), WRITERS, BURST)
    assert len(left) == WRITERS
    assert abs(rank_correlation(left)) < 0.2
    signed = {number: NOON + BURST * number / WRITERS for number in range(WRITERS)}
    assert min(moment - signed[number] for number, moment in left) >= MIXED_FROM - MINUTE


def test_without_it_the_order_tells_everything(outbox: Outbox) -> None:
    """The measure measures: a campaign of the usual kind, as many as its office takes at once."""
    usual = a_risk(NOON + timedelta(days=9), high=False)
    left = sign_and_send(outbox, usual, 60, 2 * BURST)
    assert rank_correlation(left) > 0.9


def test_the_deadline_is_kept(outbox: Outbox) -> None:
    ends = NOON + timedelta(minutes=20)
    left = sign_and_send(outbox, a_risk(ends), 20, timedelta(minutes=6))
    assert len(left) == 20
    assert max(moment for _number, moment in left) < ends


@pytest.mark.parametrize("chance", [0.0, 0.5, 0.999])
@pytest.mark.parametrize("left", [timedelta(days=3), timedelta(minutes=30), timedelta(minutes=2)])
def test_a_drawn_moment_lies_between_now_and_the_end(chance: float, left: timedelta) -> None:
    moment = leaves_at(a_risk(NOON + left), NOON, chance)
    assert NOON <= moment <= NOON + left / 2 or moment <= NOON + MIXED_TO
    assert moment < NOON + left
    if left > 2 * MIXED_TO:
        assert NOON + MIXED_FROM <= moment <= NOON + MIXED_TO


def test_confirming_draws_a_moment_for_each_letter(sqlite_database: Database, keys: Keys) -> None:
    with unit_of_work(sqlite_database.writing) as session:
        campaign = a_campaign(session, keys)
        campaign.high_risk = True
        signature = a_signature(session, keys, campaign)
        confirm(session, keys, signature, links=LINKS, now=NOON, chance=Random(7))
        session.flush()
        letter = session.scalars(select(Dispatch).where(Dispatch.lane == Lane.LETTER)).one()
        assert letter.mixing is Mixing.DRAWN
        assert letter.due_at == NOON + MIXED_FROM + Random(7).random() * (MIXED_TO - MIXED_FROM)


def test_what_has_left_tells_the_day_and_no_more(outbox: Outbox) -> None:
    sign_and_send(outbox, a_risk(NOON + timedelta(days=9)), 3, MINUTE)
    day = coarse(NOON)
    with outbox.database.reading() as session:
        for dispatch in session.scalars(select(Dispatch)):
            assert dispatch.due_at == dispatch.finished_at == day
