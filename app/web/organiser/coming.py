"""What the clock will do by itself in the weeks to come, as a list."""

from __future__ import annotations

from datetime import timedelta

from flask import render_template, request
from flask.typing import ResponseReturnValue

from app.campaigns.queries import list_for_desk
from app.reminders.outlook import foresee
from app.sections.models import Section
from app.web.audience import Audience, open_to
from app.web.organiser.desk import SHOWN, line_of
from app.web.organiser.door import here
from app.web.state import keys, now, reading, settings

SPANS = (7, 30, 90)


@open_to(Audience.ORGANISER)
def coming() -> ResponseReturnValue:
    """The section's campaigns only, on the clocks of the section."""
    days = request.args.get("days", type=int)
    days = days if days in SPANS else SPANS[1]
    section = reading().get_one(Section, here().section_id)
    moment = now()
    events = foresee(
        reading(),
        keys(),
        moment,
        moment + timedelta(days=days),
        moment,
        a_week=settings().reminders_a_week,
        section_id=section.id,
    )
    found = list_for_desk(reading(), section.id, SHOWN)
    return render_template(
        "organiser/coming.html",
        days=days,
        spans=SPANS,
        zone=section.time_zone,
        events=events,
        lines={campaign.reference: line_of(campaign) for campaign in found},
    )
