"""New letters of a campaign that runs: a second person reads them and lets them be used."""

from __future__ import annotations

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.accounts.models import Account
from app.campaigns.changes import drop_new_letters, list_proposed
from app.campaigns.models import Campaign
from app.campaigns.rules import OwnReview, WrongMove
from app.core.db import unit_of_work
from app.core.forms import Check, FieldErrors
from app.reminders import life
from app.web.audience import Audience, open_to
from app.web.organiser import screens
from app.web.organiser.door import here, me, my_campaign
from app.web.organiser.life import NOTE_AT_MOST, desk_of
from app.web.organiser.screens import Screen
from app.web.organiser.words import explain_all
from app.web.state import database, now, reading

WAYS = ("ask", "go")


@open_to(Audience.ORGANISER)
def change(ref: str) -> ResponseReturnValue:
    return _page(my_campaign(reading(), ref), Screen({"way": "ask"}, ""))


@open_to(Audience.ORGANISER)
def save_change(ref: str) -> ResponseReturnValue:
    """Use the new letters, or drop them."""
    dropped = "drop" in request.form
    try:
        with unit_of_work(database().writing) as session:
            campaign, by = my_campaign(session, ref), me(session)
            if dropped:
                drop_new_letters(session, campaign, by, now())
            else:
                _use(desk_of(session, by), campaign, by)
    except FieldErrors as refusal:
        screen = Screen(screens.typed(), "", explain_all(refusal.errors))
        return _page(my_campaign(reading(), ref), screen), 422
    except (WrongMove, OwnReview):
        screen = Screen(screens.typed(), "", is_too_late=True)
        return _page(my_campaign(reading(), ref), screen), 409
    done = "dropped" if dropped else "changed"
    return redirect(url_for("organiser.campaign", ref=ref, done=done), 303)


def _use(desk: life.Desk, campaign: Campaign, by: Account) -> None:
    check = Check()
    way = request.form.get("way", "")
    check.needs("way", way in WAYS)
    note = check.line("note", request.form.get("note", ""), at_most=NOTE_AT_MOST)
    check.needs("note", note)
    check.done()
    life.change_facts(desk, campaign, by, note=note, asks=way == "ask")


def _page(campaign: Campaign, screen: Screen) -> str:
    proposed = list_proposed(reading(), campaign)
    return render_template(
        "organiser/change.html",
        campaign=campaign,
        screen=screen,
        proposed=proposed,
        groups={group.id: group for group in campaign.audiences},
        is_own=any(letter.written_by_id == here().id for letter in proposed),
    )
