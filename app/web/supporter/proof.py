"""One more step for a form that a machine may have sent: a moment of work, or the slow way."""

from __future__ import annotations

from flask import render_template, request
from flask.typing import ResponseReturnValue

from app.campaigns.models import Campaign
from app.core.challenges import is_solved, make_challenge
from app.core.i18n import current_language
from app.signatures.rules import SignForm
from app.signatures.watch import Arrival, Verdict
from app.web.state import keys, now, watch
from app.web.supporter import shown
from app.web.supporter.form import Typed

# The widget puts its solution here; the other button asks for the slow way.
SOLUTION = "altcha"
SLOW = "slow"


def judge(arrival: Arrival, form: SignForm) -> Verdict:
    """How a form that is being sent goes on."""
    solution = request.form.get(SOLUTION, "")
    return watch().judge(
        arrival,
        now(),
        is_solved=lambda: bool(solution) and is_solved(keys(), form.form_key, solution, now()),
        takes_slow_way=SLOW in request.form,
    )


def proof_page(
    found: Campaign, form: SignForm, typed: Typed, verdict: Verdict, *, is_full: bool
) -> ResponseReturnValue:
    """Nothing is stored yet; every word that was typed stands in the page."""
    page = render_template(
        "supporter/proof.html",
        page=shown.shown_campaign(found, current_language(), now()),
        typed=typed,
        is_full=is_full,
        challenge=make_challenge(keys(), form.form_key, verdict.cost, now()),
    )
    return page, 429 if is_full else 200
