"""Until when: the last day, its time and its place, and what that is elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from app.accounts.models import Account
from app.campaigns import timing as moments
from app.campaigns.models import Campaign
from app.campaigns.timing import TimingForm
from app.core.forms import Check
from app.core.i18n import current_language
from app.reminders.life import set_new_end
from app.web.audience import Audience, open_to
from app.web.organiser import screens
from app.web.organiser.choices import zone_choices
from app.web.organiser.door import my_campaign
from app.web.organiser.life import desk_of
from app.web.organiser.screens import Fields, Screen
from app.web.state import now, reading

NOTE_AT_MOST = 300


@dataclass(frozen=True, slots=True)
class ElsewhereMoment:
    """The last minute as the clocks of one place show it."""

    zone: str
    moment: datetime


@open_to(Audience.ORGANISER)
def timing(ref: str) -> ResponseReturnValue:
    campaign = my_campaign(reading(), ref)
    stored = moments.read_timing(campaign)
    return _draw(campaign, screens.fresh(campaign, stored, _fields(stored)))


@open_to(Audience.ORGANISER)
def save_timing(ref: str) -> ResponseReturnValue:
    form, opened = _form(), request.form.get("opened", "")
    return screens.save(
        ref,
        lambda session, campaign, by: moments.save_timing(
            session, campaign, form, by=by, opened=opened, now=now()
        ),
        draw=_draw,
        fields_of=_fields,
        then=url_for("organiser.timing", ref=ref, saved=1),
    )


@open_to(Audience.ORGANISER)
def extend(ref: str) -> ResponseReturnValue:
    campaign = my_campaign(reading(), ref)
    stored = moments.read_timing(campaign)
    return _draw_extend(campaign, Screen(_fields(stored), ""))


@open_to(Audience.ORGANISER)
def save_extend(ref: str) -> ResponseReturnValue:
    """A new date for a published campaign, with the line that the public reads."""
    check = Check()
    note = check.line("note", request.form.get("note", ""), at_most=NOTE_AT_MOST)
    check.needs("note", note)

    def act(session: Session, campaign: Campaign, by: Account) -> None:
        form = _form(campaign.time_zone)
        last_day = moments.checked_deadline(form, now(), check)
        set_new_end(
            desk_of(session, by), campaign, last_day=last_day, last_time=form.last_time, note=note
        )

    return screens.save(
        ref,
        act,
        draw=_draw_extend,
        fields_of=_fields,
        then=url_for("organiser.campaign", ref=ref, done="extended"),
    )


def elsewhere(campaign: Campaign) -> list[ElsewhereMoment]:
    """The last minute in the campaign's own place, in the section's, and in UTC."""
    if campaign.closes_at is None:
        return []
    last_minute = campaign.closes_at - timedelta(minutes=1)
    zones = dict.fromkeys((campaign.time_zone, campaign.section.time_zone, "UTC"))
    return [ElsewhereMoment(zone, last_minute) for zone in zones]


def _draw(campaign: Campaign, screen: Screen) -> str:
    return render_template(
        "organiser/timing.html",
        campaign=campaign,
        screen=screen,
        zones=zone_choices(current_language()),
        elsewhere=elsewhere(campaign),
    )


def _draw_extend(campaign: Campaign, screen: Screen) -> str:
    return render_template(
        "organiser/extend.html", campaign=campaign, screen=screen, elsewhere=elsewhere(campaign)
    )


def _fields(form: TimingForm) -> Fields:
    return {
        "last_day": form.last_day,
        "last_time": form.last_time,
        "time_zone": form.time_zone,
        "opens_day": form.opens_day,
        "opens_time": form.opens_time,
    }


def _form(zone: str = "") -> TimingForm:
    typed = request.form
    return TimingForm(
        typed.get("last_day", ""),
        typed.get("last_time", ""),
        zone or typed.get("time_zone", ""),
        typed.get("opens_day", ""),
        typed.get("opens_time", ""),
    )
