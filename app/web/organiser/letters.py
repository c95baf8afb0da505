"""The letters: one for each group and language, with a preview of what a supporter would send."""

from __future__ import annotations

from uuid import uuid4

from flask import abort, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.campaigns import wording
from app.campaigns.models import Campaign, Target
from app.campaigns.queries import current_templates
from app.campaigns.sources import concerned_in, demands_of, people_in, recipient_of
from app.campaigns.wording import LetterForm, audience_of, check_letter, spoken_in
from app.core.forms import Check, mark_of
from app.core.i18n import country_name, gettext
from app.letters.placeholders import PLACEHOLDERS
from app.letters.render import Answers, FinishedLetter, LetterSource, Recipient, render
from app.web.audience import Audience, open_to
from app.web.organiser import screens
from app.web.organiser.door import my_campaign
from app.web.organiser.screens import Fields, Screen
from app.web.organiser.words import explain_all
from app.web.state import now, reading

# A country for the example writer that is nobody's target here.
EXAMPLE_COUNTRY = "CH"


@open_to(Audience.ORGANISER)
def letters(ref: str) -> ResponseReturnValue:
    campaign = my_campaign(reading(), ref)
    return render_template(
        "organiser/letters.html",
        campaign=campaign,
        saved=current_templates(reading(), campaign.id),
        languages=_languages(campaign),
    )


@open_to(Audience.ORGANISER)
def letter(ref: str, group: str, language: str) -> ResponseReturnValue:
    campaign = my_campaign(reading(), ref)
    _known(campaign, language)
    stored = wording.read_letter(reading(), campaign, group, language)
    return _draw(campaign, stored, screens.fresh(campaign, stored, _fields(stored)))


@open_to(Audience.ORGANISER)
def save_letter(ref: str, group: str, language: str) -> ResponseReturnValue:
    """Save, or only show what the letter would look like: the button says which."""
    campaign = my_campaign(reading(), ref)
    _known(campaign, language)
    opened = request.form.get("opened", "")
    form = LetterForm(
        group, language, request.form.get("subject", ""), request.form.get("body", "")
    )
    if "preview" in request.form:
        return _preview(campaign, form, opened)
    return screens.save(
        ref,
        lambda session, found, by: wording.save_letter(
            session, found, form, by=by, opened=opened, now=now()
        ),
        draw=lambda found, screen: _draw(found, form, screen),
        fields_of=_fields,
        then=url_for("organiser.letter", ref=ref, group=group, language=language, saved=1),
    )


def example_letter(campaign: Campaign, form: LetterForm) -> FinishedLetter:
    """The letter to the group's first target, with an example writer's answers."""
    audience = audience_of(campaign, form.audience)
    first = next((target for target in campaign.targets if target.audience_id == audience.id), None)
    return render(
        # A version of its own: nothing that was not saved may stay in the cache of saved letters.
        LetterSource(uuid4().hex, form.language, form.subject, form.body),
        _recipient(first, form.language),
        Answers(
            gettext("Sam Supporter"),
            country_name(EXAMPLE_COUNTRY, form.language),
            gettext("Here stands the writer's own sentence."),
        ),
        demands=demands_of(campaign, audience.id, form.language),
        people=people_in(campaign, form.language),
        on=now().date(),
        concerned=concerned_in(campaign, form.language),
    )


def _preview(campaign: Campaign, form: LetterForm, opened: str) -> ResponseReturnValue:
    check = Check()
    cleaned = check_letter(check, form)
    screen = Screen(screens.typed(), opened, explain_all(check.errors))
    shown = None if check.errors else example_letter(campaign, cleaned)
    return _draw(campaign, form, screen, shown), 422 if check.errors else 200


def _draw(
    campaign: Campaign, form: LetterForm, screen: Screen, shown: FinishedLetter | None = None
) -> str:
    stored = wording.read_letter(reading(), campaign, form.audience, form.language)
    if shown is None and stored.body and mark_of(stored) == screen.opened and not screen.errors:
        shown = example_letter(campaign, stored)
    return render_template(
        "organiser/letter.html",
        campaign=campaign,
        group=audience_of(campaign, form.audience),
        language=form.language,
        languages=_languages(campaign),
        screen=screen,
        shown=shown,
        is_draft="preview" in request.form,
        placeholders=PLACEHOLDERS,
        others=_others(campaign, form),
    )


def _others(campaign: Campaign, form: LetterForm) -> list[LetterForm]:
    """The same group's letter in the other languages: what a translator looks at."""
    saved = current_templates(reading(), campaign.id)
    audience = audience_of(campaign, form.audience)
    return [
        LetterForm(form.audience, language, found.subject, found.body)
        for (key, language), found in saved.items()
        if key == audience.id and language != form.language
    ]


def _recipient(target: Target | None, language: str) -> Recipient:
    if target is None or not target.authority.offices:
        return Recipient("", gettext("The recipient"), "", gettext("Dear Sir or Madam,"), "…", ())
    return recipient_of(target, language)


def _languages(campaign: Campaign) -> list[str]:
    """What letters are asked in, and the page's languages if a writer may use their own."""
    own = spoken_in(campaign) if campaign.own_language_welcome else ()
    written = {language for _group, language in current_templates(reading(), campaign.id)}
    return list(dict.fromkeys([*campaign.letter_languages, *own, *sorted(written)]))


def _known(campaign: Campaign, language: str) -> None:
    if language not in _languages(campaign):
        abort(404)


def _fields(form: LetterForm) -> Fields:
    return {"subject": form.subject, "body": form.body}
