"""Pausing, going on, closing, hiding and following up a published campaign."""

from __future__ import annotations

from collections.abc import Callable

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from app.accounts.models import Account
from app.campaigns.life import hide as hide_campaign
from app.campaigns.life import unhide
from app.campaigns.models import Campaign, ClosedReason
from app.campaigns.rules import BadDeadline, WrongMove
from app.campaigns.succession import follow_up
from app.core.db import unit_of_work
from app.core.forms import Check, FieldErrors
from app.reminders import life
from app.web.audience import Audience, open_to
from app.web.organiser import screens
from app.web.organiser.door import me, my_campaign
from app.web.organiser.screens import Screen
from app.web.organiser.words import explain_all
from app.web.state import database, keys, links, now, reading

NOTE_AT_MOST = 300
# Expired is what the clock says; a person names one of the others.
REASONS = (ClosedReason.STOPPED, ClosedReason.OUTCOME, ClosedReason.SUPERSEDED)


@open_to(Audience.ORGANISER)
def pause(ref: str) -> ResponseReturnValue:
    return _page("pause", my_campaign(reading(), ref))


@open_to(Audience.ORGANISER)
def save_pause(ref: str) -> ResponseReturnValue:
    note = _note()
    return _do(
        ref,
        "pause",
        lambda session, campaign, by: life.pause(desk_of(session, by), campaign, note=note()),
    )


@open_to(Audience.ORGANISER)
def resume(ref: str) -> ResponseReturnValue:
    return _page("resume", my_campaign(reading(), ref))


@open_to(Audience.ORGANISER)
def save_resume(ref: str) -> ResponseReturnValue:
    note = _note()
    return _do(
        ref,
        "resume",
        lambda session, campaign, by: life.resume(desk_of(session, by), campaign, note=note()),
    )


@open_to(Audience.ORGANISER)
def close(ref: str) -> ResponseReturnValue:
    return _page("close", my_campaign(reading(), ref))


@open_to(Audience.ORGANISER)
def save_close(ref: str) -> ResponseReturnValue:
    reason = request.form.get("reason", "")
    note = _note(("reason", reason in REASONS))
    return _do(
        ref,
        "close",
        lambda session, campaign, by: life.close(
            desk_of(session, by), campaign, note=note(), reason=ClosedReason(reason)
        ),
    )


@open_to(Audience.ORGANISER)
def hide(ref: str) -> ResponseReturnValue:
    return _page("hide", my_campaign(reading(), ref))


@open_to(Audience.ORGANISER)
def save_hide(ref: str) -> ResponseReturnValue:
    """Hide what is shown and show what is hidden; pressing twice does it once."""
    wanted = request.form.get("to", "hidden") == "hidden"

    def act(session: Session, campaign: Campaign, by: Account) -> None:
        if campaign.hidden is not wanted:
            (hide_campaign if wanted else unhide)(session, campaign, by, now())

    return _do(ref, "hide" if wanted else "unhide", act)


@open_to(Audience.ORGANISER)
def next_one(ref: str) -> ResponseReturnValue:
    return _page("next", my_campaign(reading(), ref))


@open_to(Audience.ORGANISER)
def save_next(ref: str) -> ResponseReturnValue:
    """Start the next campaign of the case from this one, and go on with that."""
    try:
        with unit_of_work(database().writing) as session:
            before, by = my_campaign(session, ref), me(session)
            made = follow_up(session, keys(), before, by, now()).reference
    except WrongMove:
        return _page("next", my_campaign(reading(), ref), Screen({}, "", is_too_late=True)), 409
    return redirect(url_for("organiser.facts", ref=made), 303)


def desk_of(session: Session, by: Account) -> life.Desk:
    """With what somebody at the desk makes a move at this moment."""
    return life.Desk(session, keys(), links(), now(), by)


def _note(*needed: tuple[str, bool]) -> Callable[[], str]:
    """The line about it, checked where the act happens, so that a refusal keeps what was typed."""

    def checked() -> str:
        check = Check()
        for name, is_there in needed:
            check.needs(name, is_there)
        note = check.text("note", request.form.get("note", ""), at_most=NOTE_AT_MOST)
        check.done()
        return note

    return checked


def _do(ref: str, step: str, act: screens.Act) -> ResponseReturnValue:
    try:
        with unit_of_work(database().writing) as session:
            act(session, my_campaign(session, ref), me(session))
    except FieldErrors as refusal:
        screen = Screen(screens.typed(), "", explain_all(refusal.errors))
        return _page(step, my_campaign(reading(), ref), screen), 422
    except (WrongMove, BadDeadline):
        screen = Screen(screens.typed(), "", is_too_late=True)
        return _page(step, my_campaign(reading(), ref), screen), 409
    return redirect(url_for("organiser.campaign", ref=ref, done=step), 303)


def _page(step: str, campaign: Campaign, screen: Screen | None = None) -> str:
    template = "hide" if step == "unhide" else step
    return render_template(
        f"organiser/{template}.html",
        campaign=campaign,
        screen=screen or Screen({}, ""),
        reasons=REASONS,
    )
