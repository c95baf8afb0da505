"""Being reminded before the deadline: asked for here, confirmed by mail, stopped by one press."""

from __future__ import annotations

from flask import render_template, request
from flask.typing import ResponseReturnValue

from app.campaigns.queries import get_public_campaign
from app.campaigns.rules import CampaignClosed, CampaignHidden, CampaignPaused
from app.core.addresses import BadAddress
from app.core.db import unit_of_work
from app.core.i18n import current_language
from app.core.i18n import gettext as _
from app.core.networks import network_of
from app.notices.manners import HOURS_BEFORE
from app.reminders.actions import RequestExpired, ask, confirm_request, stop_request
from app.reminders.models import RequestState
from app.reminders.queries import get_request
from app.reminders.rules import due_at
from app.signatures.actions import local_day
from app.web.audience import Audience, open_to
from app.web.languages import zone_of_browser
from app.web.state import database, keys, links, now, reading, settings, watch
from app.web.supporter import shown
from app.web.supporter.check import masked

CONFIRM = "confirm"
STOP = "stop"


@open_to(Audience.SUPPORTER)
def ask_for_reminders(ref: str, **_slug: str) -> ResponseReturnValue:
    email = request.form.get("email", "")
    campaign = get_public_campaign(reading(), ref)
    page = shown.shown_campaign(campaign, current_language(), now())
    if campaign.closes_at is None or due_at(campaign.closes_at, min(HOURS_BEFORE)) <= now():
        return render_template("supporter/remind_closed.html", page=page), 409
    if not watch().may_ask_for_reminders(network_of(request.remote_addr or ""), now()):
        errors = {"email": _("Many have asked at this moment. Try again in ten minutes, please")}
        return render_template("supporter/remind.html", page=page, email=email, errors=errors), 429
    try:
        with unit_of_work(database().writing) as session:
            found = get_public_campaign(session, ref)
            ask(
                session,
                keys(),
                found,
                email,
                current_language(),
                links=links(),
                now=now(),
                time_zone=zone_of_browser(now()),
            )
    except BadAddress:
        errors = {"email": _("Enter an e-mail address like name@example.org")}
        return render_template("supporter/remind.html", page=page, email=email, errors=errors), 422
    except (CampaignClosed, CampaignPaused):
        return render_template("supporter/remind_closed.html", page=page), 409
    return render_template(
        "supporter/remind_asked.html",
        page=page,
        masked=masked(email.strip()),
        shows_mail=settings().is_local_only,
    )


@open_to(Audience.SUPPORTER)
def ask_to_confirm(token: str) -> ResponseReturnValue:
    return _page("supporter/remind_confirm.html", token, CONFIRM)


@open_to(Audience.SUPPORTER)
def confirm_reminders(token: str) -> ResponseReturnValue:
    try:
        with unit_of_work(database().writing) as session:
            found = get_request(session, keys(), token, CONFIRM, lock=True)
            confirm_request(found, now())
    except (CampaignClosed, CampaignPaused, RequestExpired):
        return _page("supporter/remind_closed.html", token, CONFIRM), 409
    return _page("supporter/remind_confirm.html", token, CONFIRM)


@open_to(Audience.SUPPORTER)
def ask_to_stop(token: str) -> ResponseReturnValue:
    return _page("supporter/remind_stop.html", token, STOP)


@open_to(Audience.SUPPORTER)
def stop_reminders(token: str) -> ResponseReturnValue:
    # Mail programs post here by themselves (RFC 8058): nothing but the token is asked, and the
    # answer is a page and no redirect.
    with unit_of_work(database().writing) as session:
        stop_request(get_request(session, keys(), token, STOP, lock=True))
    return _page("supporter/remind_stop.html", token, STOP)


@open_to(Audience.SUPPORTER)
def ask_if_done(token: str) -> ResponseReturnValue:
    return _page("supporter/remind_done.html", token, STOP)


@open_to(Audience.SUPPORTER)
def note_done(token: str) -> ResponseReturnValue:
    with unit_of_work(database().writing) as session:
        stop_request(get_request(session, keys(), token, STOP, lock=True), "done")
    return _page("supporter/remind_done.html", token, STOP)


def _page(template: str, token: str, purpose: str) -> str:
    found = get_request(reading(), keys(), token, purpose)
    if found.campaign.hidden:
        raise CampaignHidden
    return render_template(
        template,
        page=shown.shown_campaign(found.campaign, current_language(), now()),
        token=token,
        is_pending=found.state is RequestState.PENDING,
        is_stopped=found.state is RequestState.STOPPED,
        days=sorted(
            local_day(found.campaign, reminder.due_at)
            for reminder in found.reminders
            if reminder.due_at > now()
        ),
    )
