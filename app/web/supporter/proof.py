"""One more step for a form that a machine may have sent: a moment of work, or the slow way."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from flask import render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from app.campaigns.models import Campaign
from app.core.challenges import is_solved, make_challenge
from app.core.i18n import current_language
from app.signatures.rules import SignForm
from app.signatures.slow import find_turn
from app.signatures.watch import COST, Arrival, Mark
from app.web.state import keys, now, watch
from app.web.supporter import shown
from app.web.supporter.form import Typed

# The widget puts its solution here; the other button asks for the slow way.
SOLUTION = "altcha"
SLOW = "slow"


class Step(StrEnum):
    """Why the page with one more step is shown."""

    WORK = "work"
    FULL = "full"


@dataclass(frozen=True, slots=True)
class Passed:
    """How a form goes on: which page it gets first, or with which marks and when it is kept."""

    marks: Collection[Mark] = ()
    cost: int = COST
    page: Step | None = None
    takes_slow_way: bool = False
    not_before: datetime | None = None


def pass_of(arrival: Arrival, form_key: str) -> Passed:
    """Look at a form that is being sent. What is known of its address plays no part."""
    solution = request.form.get(SOLUTION, "")
    finding = watch().look(arrival, now())
    if not finding.is_suspicious:
        return Passed()
    if solution and is_solved(keys(), form_key, solution, now()):
        return Passed({*finding.marks, Mark.SOLVED}, finding.cost)
    if SLOW not in request.form:
        return Passed(finding.marks, finding.cost, Step.WORK)
    if not watch().may_take_slow_way(arrival.network, now()):
        return Passed(finding.marks, finding.cost, Step.FULL)
    return Passed({*finding.marks, Mark.SLOW}, finding.cost, takes_slow_way=True)


def slow_way(session: Session, campaign: Campaign, passed: Passed) -> Passed:
    """Give a form its turn on the slow way, if that is the way it takes."""
    if not passed.takes_slow_way:
        return passed
    turn = find_turn(session, keys(), campaign, now())
    return replace(passed, not_before=turn, page=None if turn else Step.FULL)


def proof_page(
    found: Campaign, form: SignForm, typed: Typed, passed: Passed
) -> ResponseReturnValue:
    """Nothing is stored yet; every word that was typed stands in the page."""
    page = render_template(
        "supporter/proof.html",
        page=shown.shown_campaign(found, current_language(), now()),
        typed=typed,
        is_full=passed.page is Step.FULL,
        challenge=make_challenge(keys(), form.form_key, passed.cost, now()),
    )
    return page, 429 if passed.page is Step.FULL else 200
