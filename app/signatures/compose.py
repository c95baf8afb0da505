"""The finished letters of a form: the same for the preview, the mail and the paper."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from app.campaigns.models import Campaign, LetterTemplate, Target
from app.core.i18n import country_name
from app.letters.render import (
    Answers,
    FinishedLetter,
    LetterSource,
    Recipient,
    envelope_lines,
    render,
)
from app.signatures.models import Letter, LetterChannel, Signature
from app.signatures.queries import OpenedAnswers
from app.signatures.rules import (
    NO_COUNTRY,
    SignForm,
    address_of,
    addressed,
    channel_of,
    office_in,
    template_for,
)

# Stands where a name will be, in a letter that is read or printed without one.
NO_NAME = ""


@dataclass(frozen=True, slots=True)
class Preview:
    """One letter of a form as it will leave, and how."""

    target: Target
    channel: LetterChannel
    template: LetterTemplate
    letter: FinishedLetter


def compose_letters(
    campaign: Campaign,
    templates: Mapping[tuple[UUID, str], LetterTemplate],
    form: SignForm,
    on: date,
) -> list[Preview]:
    """One finished letter for each ticked target, in the order of the page."""
    answers = _answers(form.name, form.country, form.sentence, form.letter_language)
    return [
        _preview(campaign, templates, target, form.letter_language, answers, on)
        for target in addressed(campaign)
        if target.id in form.targets
    ]


def letter_to_read(
    campaign: Campaign,
    templates: Mapping[tuple[UUID, str], LetterTemplate],
    target: Target,
    language: str,
    on: date,
    *,
    name: str = NO_NAME,
    sentence: str = "",
) -> Preview:
    """The letter to one target without a form: to read, copy, print."""
    return _preview(campaign, templates, target, language, Answers(name, "", sentence), on)


def finished_letter(
    campaign: Campaign, signature: Signature, letter: Letter, answers: OpenedAnswers
) -> FinishedLetter:
    """A confirmed signature's letter, the same each time: its version and its day are kept."""
    day = signature.confirmed_on or signature.signed_on
    given = _answers(answers.name, signature.country, answers.sentence, letter.language)
    return _render(campaign, letter.target, letter.template, given, day)


def reading_version(
    campaign: Campaign,
    templates: Mapping[tuple[UUID, str], LetterTemplate],
    preview: Preview,
    page_language: str,
    form: SignForm | None,
    on: date,
) -> FinishedLetter | None:
    """The same letter in the reader's language, where that is another one and it is written."""
    audience = preview.target.audience_id
    if page_language == preview.template.language or (audience, page_language) not in templates:
        return None
    answers = (
        _answers(form.name, form.country, form.sentence, page_language)
        if form
        else Answers(NO_NAME, "", "")
    )
    return _render(campaign, preview.target, templates[audience, page_language], answers, on)


def _preview(
    campaign: Campaign,
    templates: Mapping[tuple[UUID, str], LetterTemplate],
    target: Target,
    language: str,
    answers: Answers,
    on: date,
) -> Preview:
    template = template_for(templates, target, language, campaign.letter_languages)
    letter = _render(campaign, target, template, answers, on)
    return Preview(target, channel_of(target.authority), template, letter)


def _render(
    campaign: Campaign, target: Target, template: LetterTemplate, answers: Answers, on: date
) -> FinishedLetter:
    language = template.language
    return render(
        LetterSource(str(template.id), language, template.subject, template.body),
        recipient_in(target, language),
        answers,
        demands=demands_of(campaign, target.audience_id, language),
        people=[person.name_in(language) for person in campaign.people],
        on=on,
    )


def recipient_in(target: Target, language: str) -> Recipient:
    """The target as a letter in the language writes to it."""
    office = office_in(target.authority, language)
    return Recipient(
        office.role,
        office.name,
        office.institution,
        office.salutation,
        office.closing,
        address_of(target.authority),
    )


def addressed_in(target: Target, language: str) -> tuple[str, ...]:
    """What stands on an envelope to the target."""
    return envelope_lines(recipient_in(target, language))


def addresses_of(campaign: Campaign, language: str) -> list[tuple[str, ...]]:
    """What stands on the envelope to each target that has a postal address."""
    return [
        addressed_in(target, language)
        for target in addressed(campaign)
        if address_of(target.authority)
    ]


def demands_of(campaign: Campaign, audience_id: UUID, language: str) -> Sequence[str]:
    """What this audience is asked, in a language, in order."""
    return [
        demand.texts[language]
        for demand in campaign.demands
        if demand.texts.get(language)
        and any(audience.id == audience_id for audience in demand.audiences)
    ]


def _answers(name: str, country: str, sentence: str, language: str) -> Answers:
    where = "" if country == NO_COUNTRY else country_name(country, language)
    return Answers(name, where, sentence)
