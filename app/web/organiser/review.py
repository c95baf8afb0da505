"""The second pair of eyes: asking for it, ticking, publishing, returning with a note."""

from __future__ import annotations

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from app.accounts.models import Account
from app.accounts.queries import get_account
from app.campaigns import actions
from app.campaigns.models import Campaign
from app.campaigns.queries import (
    current_templates,
    find_open_review,
    get_campaign_by_id,
    list_open_reviews,
)
from app.campaigns.rules import (
    BadDeadline,
    NotReady,
    OwnReview,
    WrongMove,
    missing_for_review,
)
from app.campaigns.translations import out_of_date
from app.core.db import unit_of_work
from app.core.errors import Refused
from app.core.forms import Check, FieldErrors
from app.intake.checks import find_document
from app.reminders import life, staff
from app.web.audience import Audience, open_to
from app.web.organiser import screens
from app.web.organiser.door import here, me, my_campaign
from app.web.organiser.life import desk_of
from app.web.organiser.screens import Screen
from app.web.organiser.timing import elsewhere
from app.web.organiser.words import explain_all
from app.web.state import database, keys, links, now, reading

TICKS = ("person", "facts", "recipients", "letters", "safety")
NOTE_AT_MOST = 2_000


@open_to(Audience.ORGANISER)
def reviews() -> ResponseReturnValue:
    waiting = [
        (review, get_campaign_by_id(reading(), review.campaign_id))
        for review in list_open_reviews(reading(), here().section_id, limit=100)
    ]
    askers = {
        review.asked_by_id: get_account(reading(), review.asked_by_id) for review, _ in waiting
    }
    return render_template("organiser/reviews.html", waiting=waiting, askers=askers)


@open_to(Audience.ORGANISER)
def review(ref: str) -> ResponseReturnValue:
    return _page(my_campaign(reading(), ref), Screen({}, ""))


@open_to(Audience.ORGANISER)
def ask(ref: str) -> ResponseReturnValue:
    def act(session: Session, campaign: Campaign, by: Account) -> None:
        asked = actions.ask_for_review(session, campaign, by, now())
        session.flush()  # the notice names the review
        staff.review_wanted(session, keys(), campaign, asked, links=links(), now=now())

    return _do(ref, act, then="asked")


@open_to(Audience.ORGANISER)
def publish(ref: str) -> ResponseReturnValue:
    def act(session: Session, campaign: Campaign, by: Account) -> None:
        check = Check()
        for tick in TICKS:
            check.needs(f"tick-{tick}", f"tick-{tick}" in request.form)
        _require_seen(campaign, check)
        check.done()
        life.publish(desk_of(session, by), campaign, by)
        _tell_writer(session, campaign, by, approved=True, note="")

    waits = my_campaign(reading(), ref).opens_at
    return _do(ref, act, then="scheduled" if waits and waits > now() else "published")


@open_to(Audience.ORGANISER)
def send_back(ref: str) -> ResponseReturnValue:
    """Back to draft: by the reviewer with a note, or by the asker, who needs none."""

    def act(session: Session, campaign: Campaign, by: Account) -> None:
        waiting = find_open_review(session, campaign.id)
        if waiting is not None and waiting.asked_by_id == by.id:
            actions.void_review(session, campaign, by, now())
            return
        check = Check()
        note = check.text("note", request.form.get("note", ""), at_most=NOTE_AT_MOST)
        check.needs("note", note)
        check.done()
        actions.return_to_writer(session, campaign, by, note, now())
        _tell_writer(session, campaign, by, approved=False, note=note)

    return _do(ref, act, then="returned")


def _do(ref: str, act: screens.Act, *, then: str) -> ResponseReturnValue:
    try:
        with unit_of_work(database().writing) as session:
            act(session, my_campaign(session, ref), me(session))
    except FieldErrors as refusal:
        screen = Screen(screens.typed(), "", explain_all(refusal.errors))
        return _page(my_campaign(reading(), ref), screen), 422
    except (NotReady, OwnReview, WrongMove, BadDeadline) as refusal:
        return _page(my_campaign(reading(), ref), Screen(screens.typed(), ""), refusal), 409
    return redirect(url_for("organiser.campaign", ref=ref, done=then), 303)


def _page(campaign: Campaign, screen: Screen, refusal: Refused | None = None) -> str:
    templates = current_templates(reading(), campaign.id)
    waiting = find_open_review(reading(), campaign.id)
    return render_template(
        "organiser/review.html",
        campaign=campaign,
        screen=screen,
        refusal=refusal.code if refusal else "",
        missing=missing_for_review(campaign, templates),
        out_of_date=out_of_date(templates),
        waiting=waiting,
        asker=get_account(reading(), waiting.asked_by_id) if waiting else None,
        is_own=waiting is not None and here().id in (waiting.asked_by_id, campaign.written_by_id),
        templates=templates,
        ticks=TICKS,
        elsewhere=elsewhere(campaign),
        document=find_document(reading(), keys(), campaign),
    )


def _require_seen(campaign: Campaign, check: Check) -> None:
    """The ticks are about what the reviewer had on the screen, not about what came after."""
    if request.form.get("revision") != str(campaign.revision):
        check.refuse("tick-person", "changed_meanwhile")


def _tell_writer(
    session: Session, campaign: Campaign, by: Account, *, approved: bool, note: str
) -> None:
    staff.review_decided(
        session, keys(), campaign, by, approved=approved, note=note, links=links(), now=now()
    )
