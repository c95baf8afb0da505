"""Who is written to: offices of the address book, in their order."""

from __future__ import annotations

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.authorities.models import Authority, Office
from app.authorities.queries import list_book
from app.campaigns import planning
from app.campaigns.models import Campaign, TargetKind
from app.campaigns.planning import TargetRow, TargetsForm
from app.core.i18n import SOURCE, current_language
from app.web.audience import Audience, open_to
from app.web.organiser import screens
from app.web.organiser.door import my_campaign
from app.web.organiser.screens import Fields, Screen
from app.web.state import now, reading


@open_to(Audience.ORGANISER)
def targets(ref: str) -> ResponseReturnValue:
    campaign = my_campaign(reading(), ref)
    stored = planning.read_targets(campaign)
    return _draw(campaign, screens.fresh(campaign, stored, _fields(stored)))


@open_to(Audience.ORGANISER)
def save_targets(ref: str) -> ResponseReturnValue:
    opened = request.form.get("opened", "")
    return screens.save(
        ref,
        lambda session, campaign, by: planning.save_targets(
            session, campaign, _form(campaign), by=by, opened=opened, now=now()
        ),
        draw=_draw,
        fields_of=_fields,
        then=url_for("organiser.targets", ref=ref, saved=1),
    )


def office_of(authority: Authority, language: str = "") -> Office:
    """The office in the reader's language, or the nearest there is."""
    wanted = (language or current_language(), SOURCE)
    known = {office.language: office for office in authority.offices}
    return next(
        (known[one] for one in wanted if one in known),
        authority.offices[0] if authority.offices else _nameless(authority),
    )


def _nameless(authority: Authority) -> Office:
    return Office(
        language=SOURCE, role=authority.key, name="", institution="", salutation="", closing=""
    )


def _draw(campaign: Campaign, screen: Screen) -> str:
    book = list_book(reading(), campaign.section_id)
    return render_template(
        "organiser/targets.html",
        campaign=campaign,
        screen=screen,
        rows=screens.rows_shown([str(target.id) for target in campaign.targets], screen),
        book={str(authority.id): authority for authority in book},
        stored={str(target.id): target for target in campaign.targets},
        office_of=office_of,
    )


def _fields(form: TargetsForm) -> Fields:
    fields: Fields = {"row": tuple(row.row for row in form.rows)}
    for row in form.rows:
        fields |= {
            f"position-{row.row}": row.position,
            f"authority-{row.row}": row.authority,
            f"audience-{row.row}": row.audience,
            f"kind-{row.row}": row.kind,
        }
    return fields


def _form(campaign: Campaign) -> TargetsForm:
    typed = request.form
    only = campaign.audiences[0].key if len(campaign.audiences) == 1 else ""
    return TargetsForm(
        tuple(
            TargetRow(
                at,
                typed.get(f"position-{at}", ""),
                typed.get(f"authority-{at}", ""),
                only or typed.get(f"audience-{at}", ""),
                typed.get(f"kind-{at}", TargetKind.TO.value),
                f"remove-{at}" in typed,
            )
            for at in screens.rows_in(typed)
        )
    )
