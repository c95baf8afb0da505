"""The page's words, one language a screen."""

from __future__ import annotations

from flask import abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.campaigns import wording
from app.campaigns.models import Campaign
from app.campaigns.wording import TextsForm, spoken_in
from app.core.i18n import catalogues
from app.web.audience import Audience, open_to
from app.web.organiser import screens
from app.web.organiser.door import my_campaign
from app.web.organiser.screens import Fields, Screen
from app.web.state import now, reading

NAMES = ("title", "standfirst", "we_ask", "background", "risk_note")


@open_to(Audience.ORGANISER)
def texts(ref: str) -> ResponseReturnValue:
    campaign = my_campaign(reading(), ref)
    written = [text.language for text in campaign.texts]
    first = campaign.document_language if campaign.document_language in written else written[0]
    return redirect(url_for("organiser.texts_in", ref=ref, language=first))


@open_to(Audience.ORGANISER)
def texts_in(ref: str, language: str) -> ResponseReturnValue:
    campaign = my_campaign(reading(), ref)
    stored = wording.read_texts(campaign, _known(campaign, language))
    return _draw(campaign, language, screens.fresh(campaign, stored, _fields(stored)))


@open_to(Audience.ORGANISER)
def save_texts(ref: str, language: str) -> ResponseReturnValue:
    _known(my_campaign(reading(), ref), language)
    form = TextsForm(language, *(request.form.get(name, "") for name in NAMES))
    opened = request.form.get("opened", "")
    return screens.save(
        ref,
        lambda session, campaign, by: wording.save_texts(
            session, campaign, form, by=by, opened=opened, now=now()
        ),
        draw=lambda campaign, screen: _draw(campaign, language, screen),
        fields_of=_fields,
        then=url_for("organiser.texts_in", ref=ref, language=language, saved=1),
    )


def page_languages(campaign: Campaign) -> list[str]:
    """What a page may be written in: the section's languages that the interface speaks too."""
    offered = [one for one in campaign.section.languages if one in catalogues.languages]
    return list(dict.fromkeys([*(text.language for text in campaign.texts), *offered]))


def _known(campaign: Campaign, language: str) -> str:
    if language not in page_languages(campaign):
        abort(404)
    return language


def _draw(campaign: Campaign, language: str, screen: Screen) -> str:
    return render_template(
        "organiser/texts.html",
        campaign=campaign,
        screen=screen,
        language=language,
        languages=page_languages(campaign),
        written={text.language for text in campaign.texts},
        others=[text for text in campaign.texts if text.language != language],
        spoken=spoken_in(campaign),
    )


def _fields(form: TextsForm) -> Fields:
    return {name: getattr(form, name) for name in NAMES}
