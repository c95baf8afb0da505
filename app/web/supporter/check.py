"""S2: the finished letters to look at, back to the form, and send. Only "send" writes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from flask import render_template
from flask.typing import ResponseReturnValue

from app.campaigns.models import Campaign
from app.campaigns.queries import current_templates, find_country_note, get_public_campaign
from app.campaigns.rules import CampaignClosed, CampaignPaused, page_state, require_accepting
from app.core.db import unit_of_work
from app.core.errors import Refused
from app.core.i18n import current_language
from app.core.tokens import BadToken
from app.signatures.actions import local_day, sign
from app.signatures.appearance import Appearance
from app.signatures.compose import compose_letters, given_in, mix_seed
from app.signatures.rules import (
    FormErrors,
    FormReused,
    SignForm,
    delete_on,
    is_at_risk,
    letter_languages,
    link_ends_at,
)
from app.signatures.slow import find_turn
from app.signatures.watch import Way
from app.web.audience import Audience, open_to
from app.web.state import database, keys, links, now, reading, settings
from app.web.supporter import shown
from app.web.supporter.campaign import form_again
from app.web.supporter.form import BODY, FormStale, Typed, arrival_of, read_form
from app.web.supporter.proof import judge, proof_page
from app.web.supporter.words import words_for
from app.web.supporter.workshop import workshop_of

A_MINUTE = timedelta(minutes=1)
# Fields of the check page itself, besides the letters.
ASKED_HERE = frozenset(("consent", "alias", "town"))
# What may be wrong with a form that is otherwise a good one; everything else is a page of its own.
REFUSALS = (FormErrors, FormReused, FormStale, BadToken, CampaignClosed, CampaignPaused)


@open_to(Audience.SUPPORTER)
def check(ref: str, **_slug: str) -> ResponseReturnValue:
    typed = Typed.from_request()
    found = get_public_campaign(reading(), ref)
    try:
        # First of all: a page that takes no letters has no form to give the text back in.
        require_accepting(found, now())
        form = read_form(found, _languages(found), typed)
    except REFUSALS as refusal:
        return _refused(found, typed, refusal)
    if _think_first(found, form, typed):
        return _interruption(found, form, typed)
    return _check_page(found, form, typed)


@open_to(Audience.SUPPORTER)
def change(ref: str, **_slug: str) -> ResponseReturnValue:
    typed = Typed.from_request()
    found = get_public_campaign(reading(), ref)
    try:
        require_accepting(found, now())
    except REFUSALS as refusal:
        return _refused(found, typed, refusal)
    return form_again(found, typed)


@open_to(Audience.SUPPORTER)
def send(ref: str, **_slug: str) -> ResponseReturnValue:
    typed = Typed.from_request()
    found = get_public_campaign(reading(), ref)
    try:
        require_accepting(found, now())
        form = read_form(found, _languages(found), typed)
        if _think_first(found, form, typed):
            return _interruption(found, form, typed)
        arrival = arrival_of(found, form, typed)
        verdict = judge(arrival, form)
        if verdict.way in (Way.WORK, Way.FULL):
            return proof_page(found, form, typed, verdict, is_full=verdict.way is Way.FULL)
        with unit_of_work(database().writing) as session:
            campaign, turn = get_public_campaign(session, ref), None
            if verdict.way is Way.SLOW:
                turn = find_turn(session, keys(), campaign, arrival.domain, now())
                if turn is None:
                    return proof_page(found, form, typed, verdict, is_full=True)
            sign(
                session,
                keys(),
                campaign,
                form,
                links=links(),
                now=now(),
                marks=verdict.marks,
                not_before=turn,
            )
    except REFUSALS as refusal:
        return _refused(found, typed, refusal)
    return render_template(
        "supporter/sent.html",
        page=shown.shown_campaign(found, current_language(), now()),
        masked=masked(form.email),
        link_works_until=local_day(found, link_ends_at(found, now()) - A_MINUTE),
        typed=typed,
        form=form,
        first_number=typed.targets[0],
        is_slow=verdict.way is Way.SLOW,
        shows_mail=settings().is_local_only,
    )


def _think_first(found: Campaign, form: SignForm, typed: Typed) -> bool:
    """Whether to interrupt: the target rules where they write from, and nobody has asked yet."""
    return is_at_risk(found, form.country) and typed.risk != form.country


def _interruption(found: Campaign, form: SignForm, typed: Typed) -> str:
    """Before the letter is shown: the risk, and every way out. All that was typed goes along."""
    language = current_language()
    return render_template(
        "supporter/interruption.html",
        page=shown.shown_campaign(found, language, now()),
        form=form,
        typed=typed,
        country_note=find_country_note(reading(), form.country, language),
        number=typed.targets[0],
    )


def masked(email: str) -> str:
    """a…@example.org: enough to see a slip, too little for the next person at this screen."""
    local, _at, domain = email.rpartition("@")
    return f"{local[:1]}…@{domain}"


def _refused(found: Campaign, typed: Typed, refusal: Refused) -> ResponseReturnValue:
    """Whatever was refused, every word that was typed comes back with the answer."""
    if isinstance(refusal, FormErrors):
        return _wrong(found, typed, words_for(refusal.errors))
    if isinstance(refusal, CampaignClosed | CampaignPaused):
        return _too_late(found, typed), 409
    fresh = typed.renewed(found)
    form = read_form(found, _languages(found), fresh)
    return _check_page(found, form, fresh, stale=True)


def _wrong(found: Campaign, typed: Typed, errors: Mapping[str, str]) -> ResponseReturnValue:
    """The page whose fields are wrong: an edited letter is put right where it was edited."""
    if not all(field.startswith(BODY) or field in ASKED_HERE for field in errors):
        return form_again(found, typed, errors, 422)
    try:
        form = read_form(found, _languages(found), typed.without(errors))
    except (BadToken, FormStale):
        typed = typed.renewed(found)
        form = read_form(found, _languages(found), typed.without(errors))
    return _check_page(found, form, typed, errors=errors)


def _check_page(
    found: Campaign,
    form: SignForm,
    typed: Typed,
    *,
    stale: bool = False,
    errors: Mapping[str, str] | None = None,
) -> ResponseReturnValue:
    language = current_language()
    templates = current_templates(reading(), found.id)
    seed = mix_seed(keys(), found, form.form_key)
    previews = compose_letters(found, templates, form, seed, local_day(found, now()))
    given = given_in(form, seed)
    letters = shown.shown_letters(found, templates, previews, given, now())
    pairs = list(zip(previews, letters, strict=True))
    page = render_template(
        "supporter/check.html",
        page=shown.shown_campaign(found, language, now()),
        letters=letters,
        workshop=workshop_of(reading(), keys(), found, pairs, given, typed, errors or {}),
        errors=errors or {},
        form=form,
        typed=typed,
        delete_on=delete_on(found),
        signing=_ways_to_sign(form),
        passes_answers_on=bool(settings().bounce_domain),
        stale=stale,
    )
    if errors:
        return page, 422
    return page, 409 if stale else 200


def _ways_to_sign(form: SignForm) -> list[tuple[Appearance, str]]:
    """Each way to stand under the letter, and how it would read."""
    return [
        (each, replace(form, appearance=each).signed_as)
        for each in (Appearance.NAME, Appearance.INITIALS, Appearance.ALIAS)
    ]


def _too_late(found: Campaign, typed: Typed) -> str:
    """The date passed, or a pause began, between two pages: nothing was sent, nothing is lost."""
    language = current_language()
    return render_template(
        "supporter/too_late.html",
        page=shown.shown_campaign(found, language, now()),
        state=page_state(found, now()),
        letters=shown.letters_of_typed(found, current_templates(reading(), found.id), typed, now()),
        typed=typed,
    )


def _languages(found: Campaign) -> list[str]:
    return letter_languages(found, current_templates(reading(), found.id), current_language())
