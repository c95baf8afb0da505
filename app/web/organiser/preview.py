"""The public page as readers will see it, before anybody can."""

from __future__ import annotations

from flask import abort, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from app.campaigns.models import Campaign
from app.campaigns.queries import current_templates, find_country_note
from app.campaigns.rules import PageState, missing_for_review, page_state
from app.campaigns.sources import asked_of_writers
from app.core.i18n import catalogues, gettext
from app.signatures.compose import Given
from app.signatures.rules import (
    ABOUT_AT_MOST,
    NO_COUNTRY,
    SENTENCE_AT_MOST,
    TOWN_AT_MOST,
    addressed,
    default_letter_language,
    letter_languages,
)
from app.web.audience import Audience, open_to
from app.web.languages import speak
from app.web.organiser.door import language_of_desk, my_campaign
from app.web.state import now, reading
from app.web.supporter import shown
from app.web.supporter.form import Typed


@open_to(Audience.ORGANISER)
def preview(ref: str) -> ResponseReturnValue:
    campaign = my_campaign(reading(), ref)
    written = [text.language for text in campaign.texts if text.language in catalogues.languages]
    wanted = language_of_desk() if language_of_desk() in written else next(iter(written), "")
    if not wanted:
        abort(404)
    return redirect(url_for("organiser.preview_in", ref=ref, language=wanted))


@open_to(Audience.ORGANISER)
def preview_in(ref: str, language: str) -> ResponseReturnValue:
    campaign = my_campaign(reading(), ref)
    if language not in [text.language for text in campaign.texts]:
        abort(404)
    missing = missing_for_review(campaign, current_templates(reading(), campaign.id))
    if missing:
        return render_template("organiser/unready.html", campaign=campaign, missing=missing)
    return _draw(campaign, language)


def _draw(campaign: Campaign, language: str) -> str:
    speak(language)
    templates = current_templates(reading(), campaign.id)
    offered = letter_languages(campaign, templates, language)
    spoken = default_letter_language(campaign, offered, language)
    first = addressed(campaign)[0]
    state = page_state(campaign, now())
    # A draft is shown as it will be on the day it opens; anything else as it is.
    seen = PageState.OPEN if state is PageState.NOT_PUBLIC else state
    return render_template(
        "organiser/preview.html",
        languages=[text.language for text in campaign.texts],
        page=shown.ShownCampaign(campaign, seen, shown.text_of(campaign, language)),
        recipients=shown.recipients(campaign, language),
        country_note=find_country_note(reading(), campaign.country, language),
        demands=shown.demands_by_audience(campaign, language),
        moves=[],
        offered=offered,
        letter=shown.read_letter(
            campaign,
            templates,
            first,
            spoken,
            now(),
            given=Given(gettext("Your name"), sentence=gettext("Your own sentence stands here.")),
        ),
        typed=Typed(letter_language=spoken, targets=(str(first.position),)),
        asked=asked_of_writers(templates.values()),
        limits={"town": TOWN_AT_MOST, "about": ABOUT_AT_MOST},
        errors={},
        sentence_limit=SENTENCE_AT_MOST,
        no_country=NO_COUNTRY,
        countries=shown.country_choices(language),
        done=0,
        goal=shown.goal_above(0),
        now=now(),
        alternates=[],
    )
