"""Until when letters may leave, and from when: the moments of a draft, on one place's clocks."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from app.accounts.models import Account
from app.campaigns import editing
from app.campaigns.deadlines import set_deadline
from app.campaigns.models import Campaign
from app.campaigns.rules import BadDeadline, closes_at, opens_at
from app.core.forms import Check, FieldErrors

_CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d")
MIDNIGHT = "00:00"


@dataclass(frozen=True, slots=True)
class TimingForm:
    """The last valid day, its time and its zone; and the opening, where it is not at once.

    Both moments stand on the clocks of that zone.
    """

    last_day: str
    last_time: str
    time_zone: str
    opens_day: str = ""
    opens_time: str = ""


def read_timing(campaign: Campaign) -> TimingForm:
    last_day = campaign.last_day.isoformat() if campaign.last_day else ""
    if campaign.opens_at is None:
        return TimingForm(last_day, campaign.last_time, campaign.time_zone)
    opens = campaign.opens_at.astimezone(ZoneInfo(campaign.time_zone))
    return TimingForm(
        last_day,
        campaign.last_time,
        campaign.time_zone,
        opens.date().isoformat(),
        opens.strftime("%H:%M"),
    )


def save_timing(
    session: Session,
    campaign: Campaign,
    form: TimingForm,
    *,
    by: Account,
    opened: str,
    now: datetime,
) -> None:
    """Save a draft's end and opening. A published one is extended, so that people are told."""
    editing.lock(session, campaign)
    opens_day, opens_time = form.opens_day.strip(), form.opens_time.strip()
    form = TimingForm(
        form.last_day.strip(),
        form.last_time.strip(),
        form.time_zone,
        opens_day,
        (opens_time or MIDNIGHT) if opens_day else opens_time,
    )
    if not editing.require_unchanged(campaign, read_timing(campaign), form, opened):
        return
    check = Check()
    last_day = checked_deadline(form, now, check)
    opening = _checked_opening(form, last_day, now, check)
    check.done()
    set_deadline(campaign, last_day, form.last_time, form.time_zone, now)
    campaign.opens_at = opening
    campaign.opens_rule = f"{form.opens_day}T{form.opens_time}" if opening else ""
    editing.edited(session, campaign, by, "timing", now)


def checked_deadline(form: TimingForm, now: datetime, check: Check) -> date:
    """The last day, if the deadline is one that can be kept; refuses the form field by field."""
    last_day = check.day("last_day", form.last_day)
    if last_day is None:
        check.refuse("last_day", "missing")
        raise FieldErrors(check.errors)
    if not _CLOCK.fullmatch(form.last_time):
        check.refuse("last_time", "no_time")
        raise FieldErrors(check.errors)
    try:
        end = closes_at(last_day, form.last_time, form.time_zone)
    except BadDeadline:
        check.refuse("time_zone", "no_zone")
    else:
        if end <= now:
            check.refuse("last_day", "past")
    check.done()
    return last_day


def _checked_opening(
    form: TimingForm, last_day: date, now: datetime, check: Check
) -> datetime | None:
    """The instant at which a reviewed campaign opens, or nothing where it opens at once."""
    day = check.day("opens_day", form.opens_day)
    if day is None:
        if form.opens_time and not form.opens_day:
            check.refuse("opens_day", "missing")
        return None
    if not _CLOCK.fullmatch(form.opens_time):
        check.refuse("opens_time", "no_time")
        return None
    at = opens_at(day, form.opens_time, form.time_zone)
    if at <= now:
        check.refuse("opens_day", "past")
    elif at >= closes_at(last_day, form.last_time, form.time_zone):
        check.refuse("opens_day", "after_the_end")
    return at
