"""The letters: one for each group and language, with a preview of what a supporter would send."""

from __future__ import annotations

from uuid import uuid4

from flask import abort, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.campaigns import lettering
from app.campaigns.lettering import CASES, FormRow, LetterForm, MannersRow, audience_of
from app.campaigns.models import RUNNING, Campaign, Target
from app.campaigns.queries import current_templates
from app.campaigns.sources import concerned_in, demands_of, people_in, recipient_of, source_of
from app.campaigns.translations import linked_paragraphs, out_of_date
from app.campaigns.wording import spoken_in
from app.core.forms import Check, mark_of
from app.core.i18n import country_name, gettext
from app.letters.agreement import WriterForm
from app.letters.declarations import VARIANTS
from app.letters.paragraphs import paragraph_ids
from app.letters.placeholders import CONDITIONS, PLACEHOLDERS, SLOTS, VARIANT_PLACES
from app.letters.render import Answers, FinishedLetter, Recipient, render
from app.letters.rules import passages
from app.letters.variants import how_many, mix_of
from app.signatures.actions import local_day
from app.signatures.originality import originality
from app.web.audience import Audience, open_to
from app.web.organiser import screens
from app.web.organiser.door import my_campaign
from app.web.organiser.screens import Fields, Screen
from app.web.organiser.words import explain_all
from app.web.state import keys, now, reading

# A country for the example writer that is nobody's target here.
EXAMPLE_COUNTRY = "CH"
_VARIANTS_AT_MOST = VARIANTS.stop - 1


@open_to(Audience.ORGANISER)
def letters(ref: str) -> ResponseReturnValue:
    campaign = my_campaign(reading(), ref)
    saved = current_templates(reading(), campaign.id, proposed=True)
    return render_template(
        "organiser/letters.html",
        campaign=campaign,
        saved=saved,
        out_of_date=out_of_date(saved),
        originality=originality(reading(), keys(), campaign, saved, local_day(campaign, now())),
        languages=_languages(campaign),
    )


@open_to(Audience.ORGANISER)
def letter(ref: str, group: str, language: str) -> ResponseReturnValue:
    campaign = my_campaign(reading(), ref)
    _known(campaign, language)
    stored = lettering.read_letter(reading(), campaign, group, language)
    screen = screens.fresh(campaign, stored, _fields(stored), also_in=RUNNING)
    return _draw(campaign, stored, screen)


@open_to(Audience.ORGANISER)
def save_letter(ref: str, group: str, language: str) -> ResponseReturnValue:
    """Save, or only show what the letter would look like: the button says which."""
    campaign = my_campaign(reading(), ref)
    _known(campaign, language)
    opened = request.form.get("opened", "")
    form = _form(campaign, group, language)
    if "preview" in request.form:
        return _preview(campaign, form, opened)
    return screens.save(
        ref,
        lambda session, found, by: lettering.save_letter(
            session, found, form, by=by, opened=opened, now=now()
        ),
        draw=lambda found, screen: _draw(found, form, screen),
        fields_of=_fields,
        then=url_for("organiser.letter", ref=ref, group=group, language=language, saved=1),
    )


def example_letter(
    campaign: Campaign, form: LetterForm, writer: WriterForm = WriterForm.NEUTRAL, turn: int = 0
) -> FinishedLetter:
    """The letter to the group's first target, with an example writer's answers."""
    audience = audience_of(campaign, form.audience)
    first = next((target for target in campaign.targets if target.audience_id == audience.id), None)
    # A version of its own: nothing that was not saved may stay in the cache of saved letters.
    source = form.as_source(uuid4().hex)
    return render(
        source,
        _recipient(first, form.language),
        Answers(
            gettext("Sam Supporter"),
            country_name(EXAMPLE_COUNTRY, form.language),
            gettext("Here stands the writer's own sentence."),
            writer_form=writer,
            mix=mix_of(turn, source.variants),
        ),
        demands=demands_of(campaign, audience.id, form.language),
        people=people_in(campaign, form.language),
        on=now().date(),
        concerned=concerned_in(campaign, form.language),
    )


def _preview(campaign: Campaign, form: LetterForm, opened: str) -> ResponseReturnValue:
    check = Check()
    cleaned = lettering.check_letter(check, form)
    screen = Screen(screens.typed(), opened, explain_all(check.errors))
    typed = request.form.get("writer", "")
    writer = WriterForm(typed) if typed in set(WriterForm) else WriterForm.NEUTRAL
    wanted = request.form["preview"]
    turn = int(wanted) if wanted.isascii() and wanted.isdigit() and len(wanted) < 4 else 0
    shown = None if check.errors else example_letter(campaign, cleaned, writer, turn)
    page = _draw(campaign, form, screen, shown, turn=turn, wordings=how_many(cleaned.variants))
    return page, 422 if check.errors else 200


def _draw(
    campaign: Campaign,
    form: LetterForm,
    screen: Screen,
    shown: FinishedLetter | None = None,
    *,
    turn: int = 0,
    wordings: int = 0,
) -> str:
    stored = lettering.read_letter(reading(), campaign, form.audience, form.language)
    if shown is None and stored.body and mark_of(stored) == screen.opened and not screen.errors:
        shown = example_letter(campaign, stored)
    saved = current_templates(reading(), campaign.id, proposed=True)
    group = audience_of(campaign, form.audience)
    source = saved.get((group.id, screen.value("source_language") or stored.source_language))
    if source is not None and source.language == form.language:
        source = None
    paragraphs = _paragraphs(source.body) if source else []
    linked = (
        linked_paragraphs(screen.value("body"), screen.many("link"), source_of(source))
        if source
        else []
    )
    said = {paragraph.source for paragraph in linked}
    return render_template(
        "organiser/letter.html",
        campaign=campaign,
        group=group,
        language=form.language,
        languages=_languages(campaign),
        screen=screen,
        shown=shown,
        turn=turn,
        wordings=wordings or how_many(stored.variants),
        is_draft="preview" in request.form,
        placeholders=PLACEHOLDERS,
        variant_places=VARIANT_PLACES,
        conditions=CONDITIONS,
        cases=CASES,
        rows=screens.rows_shown([row.row for row in stored.forms], screen),
        variants_at_most=_VARIANTS_AT_MOST,
        targets=[target for target in campaign.targets if target.audience_id == group.id],
        recipient_of=_recipient,
        is_new=not stored.body,
        source=source,
        source_paragraphs=paragraphs,
        source_ids=paragraph_ids(source_of(source)) if source else (),
        linked=linked,
        unsaid=[text for number, text in enumerate(paragraphs, 1) if number not in said],
        others=[
            found
            for (key, language), found in saved.items()
            if key == group.id and language != form.language
        ],
    )


def _recipient(target: Target | None, language: str) -> Recipient:
    if target is None or not target.authority.offices:
        return Recipient("", gettext("The recipient"), "", gettext("Dear Sir or Madam,"), "…", ())
    return recipient_of(target, language)


def _paragraphs(body: str) -> list[str]:
    return [passage.source for passage in passages(body)]


def _languages(campaign: Campaign) -> list[str]:
    """What letters are asked in, and the page's languages if a writer may use their own."""
    own = spoken_in(campaign) if campaign.own_language_welcome else ()
    written = {
        language for _group, language in current_templates(reading(), campaign.id, proposed=True)
    }
    return list(dict.fromkeys([*campaign.letter_languages, *own, *sorted(written)]))


def _known(campaign: Campaign, language: str) -> None:
    if language not in _languages(campaign):
        abort(404)


def _fields(form: LetterForm) -> Fields:
    fields: Fields = {
        "subject": form.subject,
        "body": form.body,
        "row": tuple(row.row for row in form.forms),
        "source_language": form.source_language,
        "link": form.links,
    }
    for row in form.forms:
        fields |= {f"form_name-{row.row}": row.name, f"form_of-{row.row}": row.of}
        fields |= {f"form_{case}-{row.row}": row.texts.get(case, "") for case in CASES}
    for slot, texts in form.variants:
        fields |= {f"variant_{slot}-{number}": text for number, text in enumerate(texts, 1)}
    for own in form.manners:
        fields |= {f"salutation-{own.target}": own.salutation, f"closing-{own.target}": own.closing}
    return fields


def _form(campaign: Campaign, group: str, language: str) -> LetterForm:
    typed = request.form
    audience = audience_of(campaign, group)
    return LetterForm(
        group,
        language,
        typed.get("subject", ""),
        typed.get("body", ""),
        tuple(
            FormRow(
                at,
                typed.get(f"form_name-{at}", ""),
                typed.get(f"form_of-{at}", lettering.WRITER),
                {case: typed.get(f"form_{case}-{at}", "") for case in CASES},
                f"remove-{at}" in typed,
            )
            for at in screens.rows_in(typed)
        ),
        tuple(
            (slot, tuple(typed.get(f"variant_{slot}-{n}", "") for n in range(1, VARIANTS.stop)))
            for slot in SLOTS
        ),
        typed.get("source_language", ""),
        tuple(typed.getlist("link")),
        tuple(
            MannersRow(
                str(target.id),
                typed.get(f"salutation-{target.id}", ""),
                typed.get(f"closing-{target.id}", ""),
            )
            for target in campaign.targets
            if target.audience_id == audience.id
        ),
    )
