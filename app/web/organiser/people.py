"""The people concerned: how to name them, and whether they agree to be named."""

from __future__ import annotations

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.campaigns import wording
from app.campaigns.models import Campaign, Consent
from app.campaigns.wording import PeopleForm, PersonRow, spoken_in
from app.web.audience import Audience, open_to
from app.web.organiser import screens
from app.web.organiser.door import my_campaign
from app.web.organiser.screens import Fields, Screen
from app.web.state import now, reading


@open_to(Audience.ORGANISER)
def people(ref: str) -> ResponseReturnValue:
    campaign = my_campaign(reading(), ref)
    stored = wording.read_people(campaign)
    return _draw(campaign, screens.fresh(campaign, stored, _fields(stored)))


@open_to(Audience.ORGANISER)
def save_people(ref: str) -> ResponseReturnValue:
    opened = request.form.get("opened", "")
    return screens.save(
        ref,
        lambda session, campaign, by: wording.save_people(
            session, campaign, _form(spoken_in(campaign)), by=by, opened=opened, now=now()
        ),
        draw=_draw,
        fields_of=_fields,
        then=url_for("organiser.people", ref=ref, saved=1),
    )


def _draw(campaign: Campaign, screen: Screen) -> str:
    return render_template(
        "organiser/people.html",
        campaign=campaign,
        screen=screen,
        rows=screens.rows_shown([str(person.id) for person in campaign.people], screen),
        languages=spoken_in(campaign),
    )


def _fields(form: PeopleForm) -> Fields:
    fields: Fields = {"row": tuple(row.row for row in form.rows)}
    for row in form.rows:
        at = row.row
        fields |= {
            f"position-{at}": row.position,
            f"name-{at}": row.name,
            f"consent-{at}": row.consent,
            f"consent_note-{at}": row.consent_note,
        }
        fields |= {f"name-{at}-{language}": name for language, name in row.names.items()}
        fields |= {f"pronoun-{at}-{language}": word for language, word in row.pronouns.items()}
    return fields


def _form(languages: tuple[str, ...]) -> PeopleForm:
    typed = request.form
    return PeopleForm(
        tuple(
            PersonRow(
                at,
                typed.get(f"position-{at}", ""),
                typed.get(f"name-{at}", ""),
                {one: typed.get(f"name-{at}-{one}", "") for one in languages},
                {one: typed.get(f"pronoun-{at}-{one}", "") for one in languages},
                typed.get(f"consent-{at}", Consent.UNKNOWN.value),
                typed.get(f"consent_note-{at}", ""),
                f"remove-{at}" in typed,
            )
            for at in screens.rows_in(typed)
        )
    )
