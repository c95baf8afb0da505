"""The finished letters of a form: the same for the preview, the mail and the paper."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

from app.campaigns.models import Campaign, LetterTemplate, Target
from app.campaigns.sources import concerned_in, demands_of, people_in, recipient_of, source_of
from app.core.i18n import country_name
from app.core.tokens import Keys, keyed_hash
from app.letters.agreement import WriterForm
from app.letters.beside import Beside, passage_ids, side_by_side, with_edits
from app.letters.own_words import body_to_edit, with_body
from app.letters.render import Answers, FinishedLetter, LetterSource, envelope_lines, render
from app.letters.variants import mix_for
from app.signatures.models import Letter, LetterChannel, Signature
from app.signatures.queries import OpenedAnswers
from app.signatures.rules import NO_COUNTRY, SignForm, addressed, channel_of, template_for

# Stands where a name will be, in a letter that is read or printed without one.
NO_NAME = ""


@dataclass(frozen=True, slots=True)
class Given:
    """What a writer gave for every letter of one form, in whatever language it will be.

    Without a seed a letter has the first of its variants.
    """

    name: str = NO_NAME
    country: str = ""
    sentence: str = ""
    town: str = ""
    about: str = ""
    writer_form: WriterForm = WriterForm.NEUTRAL
    turn: int = 0
    seed: bytes = b""
    bodies: tuple[tuple[UUID, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Preview:
    """One letter of a form as it will leave, and how."""

    target: Target
    channel: LetterChannel
    template: LetterTemplate
    letter: FinishedLetter
    # As the campaign wrote it, where the writer has edited it.
    model: FinishedLetter

    @property
    def is_edited(self) -> bool:
        return self.letter is not self.model


def compose_letters(
    campaign: Campaign,
    templates: Mapping[tuple[UUID, str], LetterTemplate],
    form: SignForm,
    seed: bytes,
    on: date,
) -> list[Preview]:
    """One finished letter for each ticked target, in the order of the page."""
    given = given_in(form, seed)
    return [
        _preview(campaign, templates, target, form.letter_language, given, on)
        for target in addressed(campaign)
        if target.id in form.targets
    ]


def letter_to_read(
    campaign: Campaign,
    templates: Mapping[tuple[UUID, str], LetterTemplate],
    target: Target,
    language: str,
    given: Given,
    on: date,
) -> Preview:
    """The letter to one target without a signature: to read, copy, print."""
    return _preview(campaign, templates, target, language, given, on)


def finished_letter(
    campaign: Campaign, signature: Signature, letter: Letter, answers: OpenedAnswers
) -> FinishedLetter:
    """A confirmed signature's letter, the same each time: its version and its day are kept."""
    return _finished(campaign, signature, letter, letter.template, answers)


def finished_with(
    campaign: Campaign,
    signature: Signature,
    letter: Letter,
    template: LetterTemplate,
    answers: OpenedAnswers,
) -> FinishedLetter:
    """The same signature's letter in another version, without what was edited in the first."""
    return _finished(campaign, signature, letter, template, replace(answers, bodies={}))


def _finished(
    campaign: Campaign,
    signature: Signature,
    letter: Letter,
    template: LetterTemplate,
    answers: OpenedAnswers,
) -> FinishedLetter:
    day = signature.confirmed_on or signature.signed_on
    given = Given(
        answers.name,
        signature.country,
        answers.sentence,
        answers.town,
        answers.about,
        signature.writer_form,
        signature.turn,
        # The same hash that `mix_seed` gave the check page.
        signature.form_hash,
    )
    model = _render(campaign, letter.target, template, given, day)
    return _edited(model, answers.bodies.get(letter.id, ""))


def reading_version(
    campaign: Campaign,
    templates: Mapping[tuple[UUID, str], LetterTemplate],
    preview: Preview,
    page_language: str,
    given: Given,
    on: date,
) -> Beside | None:
    """The same letter in the reader's language, where that is another one and it is written.

    Of an edited letter it says the paragraphs that are as the campaign wrote them.
    """
    written = templates.get((preview.target.audience_id, page_language))
    if page_language == preview.template.language or written is None:
        return None
    translation = _render(campaign, preview.target, written, given, on)
    ids = (_passage_ids(preview.template), _passage_ids(written))
    rows = side_by_side(preview.model, translation, ids)
    if preview.is_edited:
        rows = with_edits(rows, preview.letter)
    return Beside(translation, tuple(rows))


def _passage_ids(template: LetterTemplate) -> tuple[str, ...]:
    return passage_ids(source_of(template), template.links)


def given_in(form: SignForm, seed: bytes) -> Given:
    return Given(
        form.signed_as,
        form.country,
        form.sentence,
        form.town,
        form.about,
        form.writer_form,
        form.turn,
        seed,
        form.bodies,
    )


def mix_seed(keys: Keys, campaign: Campaign, form_key: str) -> bytes:
    """What a form's mix of variants is drawn by: the check page and the signature both know it."""
    return keyed_hash(keys.derive("form-key"), campaign.reference, form_key)


def _preview(
    campaign: Campaign,
    templates: Mapping[tuple[UUID, str], LetterTemplate],
    target: Target,
    language: str,
    given: Given,
    on: date,
) -> Preview:
    template = template_for(templates, target, language, campaign.letter_languages)
    model = _render(campaign, target, template, given, on)
    letter = _edited(model, dict(given.bodies).get(target.id, ""))
    return Preview(target, channel_of(target.authority), template, letter, model)


def _edited(model: FinishedLetter, body: str) -> FinishedLetter:
    """The letter with its writer's own body; a text that was left as it was is no edit."""
    return with_body(model, body) if body and body != body_to_edit(model) else model


def _render(
    campaign: Campaign, target: Target, template: LetterTemplate, given: Given, on: date
) -> FinishedLetter:
    language, source = template.language, source_of(template)
    return render(
        source,
        recipient_of(target, language),
        _answers(given, source),
        demands=demands_of(campaign, target.audience_id, language),
        people=people_in(campaign, language),
        on=on,
        concerned=concerned_in(campaign, language),
    )


def addressed_in(target: Target, language: str) -> tuple[str, ...]:
    """What stands on an envelope to the target."""
    return envelope_lines(recipient_of(target, language))


def addresses_of(campaign: Campaign, language: str) -> list[tuple[str, ...]]:
    """What stands on the envelope to each target that has a postal address."""
    return [
        addressed_in(target, language)
        for target in addressed(campaign)
        if recipient_of(target, language).address
    ]


def _answers(given: Given, source: LetterSource) -> Answers:
    unsaid = given.country in ("", NO_COUNTRY)
    return Answers(
        given.name,
        "" if unsaid else country_name(given.country, source.language),
        given.sentence,
        given.town,
        given.about,
        given.writer_form,
        mix_for(given.seed, source.variants, given.turn) if given.seed else (),
    )
