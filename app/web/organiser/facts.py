"""What is known of the document: the first screen of a draft."""

from __future__ import annotations

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.campaigns import facts as document
from app.campaigns.facts import FactsForm
from app.campaigns.models import Campaign
from app.campaigns.wording import spoken_in
from app.core.i18n import countries, current_language
from app.web.audience import Audience, open_to
from app.web.organiser import screens
from app.web.organiser.choices import language_choices
from app.web.organiser.door import my_campaign
from app.web.organiser.screens import Fields, Screen
from app.web.state import now, reading

# How many languages a letter's form offers to choose, in their order.
PLACES = 4


@open_to(Audience.ORGANISER)
def facts(ref: str) -> ResponseReturnValue:
    campaign = my_campaign(reading(), ref)
    stored = document.read_facts(campaign)
    return _draw(campaign, screens.fresh(campaign, stored, _fields(stored)))


@open_to(Audience.ORGANISER)
def save_facts(ref: str) -> ResponseReturnValue:
    form, opened = _form(), request.form.get("opened", "")
    return screens.save(
        ref,
        lambda session, campaign, by: document.save_facts(
            session, campaign, form, by=by, opened=opened, now=now()
        ),
        draw=_draw,
        fields_of=_fields,
        then=url_for("organiser.facts", ref=ref, saved=1),
    )


def _draw(campaign: Campaign, screen: Screen) -> str:
    return render_template(
        "organiser/facts.html",
        campaign=campaign,
        screen=screen,
        countries=countries(current_language()),
        languages=language_choices([*spoken_in(campaign), *screen.many("letter_languages")]),
        places=max(PLACES, len(screen.many("letter_languages"))),
    )


def _fields(form: FactsForm) -> Fields:
    return {
        "case_title": form.case_title,
        "slug": form.slug,
        "organisation": form.organisation,
        "number": form.number,
        "issued": form.issued,
        "country": form.country,
        "document_language": form.document_language,
        "letter_languages": form.letter_languages,
        "own_language_welcome": "1" if form.own_language_welcome else "",
        "sensitive": "1" if form.sensitive else "",
        "high_risk": "1" if form.high_risk else "",
        "caution_countries": " ".join(form.caution_countries),
    }


def _form() -> FactsForm:
    typed = request.form
    return FactsForm(
        typed.get("case_title", ""),
        typed.get("slug", ""),
        typed.get("organisation", ""),
        typed.get("number", ""),
        typed.get("issued", ""),
        typed.get("country", ""),
        typed.get("document_language", ""),
        tuple(typed.getlist("letter_languages")),
        "own_language_welcome" in typed,
        "sensitive" in typed,
        "high_risk" in typed,
        tuple(typed.get("caution_countries", "").replace(",", " ").split()),
    )
