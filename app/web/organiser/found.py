"""The document behind a draft: what of it has still to be looked at, and its text beside that."""

from __future__ import annotations

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.campaigns.rules import EDITABLE_STATES
from app.core.db import unit_of_work
from app.intake.checks import find_document, settle_checks
from app.intake.marks import pieces_of, shown_in
from app.intake.words import label_of, told_of
from app.web.audience import Audience, open_to
from app.web.organiser.door import me, my_campaign
from app.web.state import database, keys, reading


@open_to(Audience.ORGANISER)
def found(ref: str) -> ResponseReturnValue:
    campaign = my_campaign(reading(), ref)
    document = find_document(reading(), keys(), campaign)
    if document is None:
        return redirect(url_for("organiser.campaign", ref=ref))
    pieces = pieces_of(document.text, [check.finding for check in document.checks])
    return render_template(
        "organiser/found.html",
        campaign=campaign,
        document=document,
        can_settle=campaign.state in EDITABLE_STATES,
        pieces=pieces,
        marked=shown_in(pieces),
        screens=SCREENS,
        label_of=label_of,
        told_of=told_of,
    )


@open_to(Audience.ORGANISER)
def save_found(ref: str) -> ResponseReturnValue:
    with unit_of_work(database().writing) as session:
        me(session)
        campaign = my_campaign(session, ref)
        settle_checks(session, keys(), campaign, request.form.getlist("done"))
    return redirect(url_for("organiser.found", ref=ref, saved=1), 303)


# Where in the draft the value of a field stands, by the first part of its name.
SCREENS = {
    "title": "texts",
    "background": "texts",
    "person": "people",
    "demand": "demands",
    "target": "targets",
    "deadline": "timing",
    "body": "letters",
    "subject": "letters",
    "closing": "letters",
}
