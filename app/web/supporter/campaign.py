"""S1: the urgent action, and the form on it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.campaigns.models import Campaign
from app.campaigns.queries import (
    current_templates,
    find_country_note,
    find_successor,
    get_public_campaign,
    list_moves,
)
from app.campaigns.sources import asked_of_writers
from app.core.i18n import current_language
from app.core.i18n import gettext as _
from app.signatures.compose import Given
from app.signatures.rules import (
    ABOUT_AT_MOST,
    SENTENCE_AT_MOST,
    TOWN_AT_MOST,
    addressed,
    default_letter_language,
    letter_languages,
)
from app.tally.models import Figure
from app.tally.queries import public_total
from app.web.audience import Audience, open_to
from app.web.kept_pages import may_be_kept
from app.web.state import now, reading
from app.web.supporter import shown
from app.web.supporter.form import Typed, new_note


@open_to(Audience.PUBLIC)
def campaign(ref: str, slug: str) -> ResponseReturnValue:
    found = get_public_campaign(reading(), ref)
    if slug != found.slug:
        return without_slug(ref)
    typed = _fresh(found)
    answer = make_response(_page(found, typed))
    may_be_kept(found.reference, typed.note)
    # The country that the browser names comes first in the list of countries.
    answer.headers["Vary"] = "Accept-Language"
    return answer


@open_to(Audience.PUBLIC)
def without_slug(ref: str) -> ResponseReturnValue:
    """An old, wrong or missing slug leads to the page's one address."""
    found = get_public_campaign(reading(), ref)
    query = shown.kept_query()
    return redirect(url_for("supporter.campaign", ref=ref, slug=found.slug, **query), 301)


@open_to(Audience.PUBLIC)
def back(ref: str, **_step: str) -> ResponseReturnValue:
    """The address of a step, opened without a form: the page that the form is on."""
    found = get_public_campaign(reading(), ref)
    return redirect(url_for("supporter.campaign", ref=ref, slug=found.slug), 303)


def form_again(
    found: Campaign, typed: Typed, errors: Mapping[str, str] | None = None, status: int = 200
) -> ResponseReturnValue:
    """The campaign page with everything that was typed, and what is wrong with it."""
    return _page(found, typed, errors), status


def _page(found: Campaign, typed: Typed, errors: Mapping[str, str] | None = None) -> str:
    language = current_language()
    templates = current_templates(reading(), found.id)
    offered = letter_languages(found, templates, language)
    targets = {str(target.position): target for target in addressed(found)}
    first = next((targets[n] for n in typed.targets if n in targets), addressed(found)[0])
    letter_language = typed.letter_language if typed.letter_language in offered else offered[0]
    letter = shown.read_letter(
        found,
        templates,
        first,
        letter_language,
        now(),
        given=Given(
            typed.name or _("Your name"),
            sentence=typed.sentence or _("Your own sentence stands here."),
            about=typed.about,
            town=typed.town,
        ),
    )
    return render_template(
        "supporter/campaign.html",
        page=shown.shown_campaign(found, language, now()),
        recipients=shown.recipients(found, language),
        country_note=find_country_note(reading(), found.country, language),
        demands=shown.demands_by_audience(found, language),
        moves=[move for move in list_moves(reading(), found.id) if move.public],
        successor=find_successor(reading(), found) if found.closed_reason else None,
        offered=offered,
        letter=letter,
        typed=typed,
        asked=asked_of_writers(templates.values()),
        limits={"town": TOWN_AT_MOST, "about": ABOUT_AT_MOST},
        errors=errors or {},
        sentence_limit=SENTENCE_AT_MOST,
        countries=shown.country_choices(language),
        **_progress(found),
        now=now(),
    )


def _fresh(found: Campaign) -> Typed:
    """An empty form: the first recipient ticked, or the one that the address names."""
    language = current_language()
    offered = letter_languages(found, current_templates(reading(), found.id), language)
    wanted = request.args.get("letter", "")
    known = [str(target.position) for target in addressed(found)]
    ticked = [number for number in request.args.getlist("to") if number in known]
    return Typed(
        letter_language=(
            wanted if wanted in offered else default_letter_language(found, offered, language)
        ),
        targets=tuple(ticked or known[:1]),
        note=new_note(found),
    )


def _progress(found: Campaign) -> dict[str, Any]:
    done = public_total(reading(), found.id, Figure.HANDED_OVER) or 0
    return {"done": done, "goal": shown.goal_above(done)}
