"""What came of it: written down by one organiser, told to everybody by another."""

from __future__ import annotations

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.campaigns.models import Campaign, Outcome
from app.campaigns.outcomes import (
    OutcomeForm,
    propose_outcome,
    read_outcome,
    waits_for_telling,
)
from app.campaigns.rules import OwnReview, WrongMove
from app.core.db import unit_of_work
from app.core.forms import FieldErrors
from app.reminders import life
from app.web.audience import Audience, open_to
from app.web.organiser import screens
from app.web.organiser.door import here, me, my_campaign
from app.web.organiser.life import desk_of
from app.web.organiser.screens import Fields, Screen
from app.web.organiser.words import explain_all
from app.web.state import database, now, reading


@open_to(Audience.ORGANISER)
def outcome(ref: str) -> ResponseReturnValue:
    campaign = my_campaign(reading(), ref)
    return _page(campaign, Screen(_fields(read_outcome(campaign)), ""))


@open_to(Audience.ORGANISER)
def save_outcome(ref: str) -> ResponseReturnValue:
    """Write it down, or, for the second person, tell what is written."""
    tells = "tell" in request.form
    try:
        with unit_of_work(database().writing) as session:
            campaign, by = my_campaign(session, ref), me(session)
            if tells:
                life.tell_outcome(desk_of(session, by), campaign, by)
            else:
                propose_outcome(session, campaign, by, _form(campaign), now())
    except FieldErrors as refusal:
        screen = Screen(screens.typed(), "", explain_all(refusal.errors))
        return _page(my_campaign(reading(), ref), screen), 422
    except (WrongMove, OwnReview):
        stored = _fields(read_outcome(my_campaign(reading(), ref)))
        return _page(my_campaign(reading(), ref), Screen(stored, "", is_too_late=True)), 409
    if tells:
        return redirect(url_for("organiser.campaign", ref=ref, done="outcome"), 303)
    return redirect(url_for("organiser.outcome", ref=ref, saved=1), 303)


def _page(campaign: Campaign, screen: Screen) -> str:
    waiting = waits_for_telling(reading(), campaign)
    return render_template(
        "organiser/outcome.html",
        campaign=campaign,
        screen=screen,
        outcomes=list(Outcome),
        waiting=waiting,
        is_own=waiting is not None and waiting.by_id == here().id,
    )


def _form(campaign: Campaign) -> OutcomeForm:
    typed = request.form
    return OutcomeForm(
        typed.get("outcome", ""),
        typed.get("happened_on", ""),
        typed.get("source", ""),
        {text.language: typed.get(f"text-{text.language}", "") for text in campaign.texts},
    )


def _fields(form: OutcomeForm) -> Fields:
    return {
        "outcome": form.outcome,
        "happened_on": form.happened_on,
        "source": form.source,
        **{f"text-{language}": text for language, text in form.texts.items()},
    }
