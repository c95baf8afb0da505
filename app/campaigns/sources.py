"""What a letter is made of, from a campaign's rows: source, recipient, demands, agreement."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from app.authorities.models import Office
from app.authorities.offices import address_of, office_in
from app.campaigns.models import Campaign, LetterTemplate, Target
from app.letters.agreement import Concerned, PersonForm, agreement_of
from app.letters.declarations import freeze_forms, freeze_variants
from app.letters.manners import Manners, OfficeKind, default_manners, languages_with_manners
from app.letters.render import LetterSource, Recipient


def source_of(template: LetterTemplate) -> LetterSource:
    """A saved letter with everything it declares, as the renderer reads it."""
    return LetterSource(
        str(template.id),
        template.language,
        template.subject,
        template.body,
        freeze_forms(template.forms),
        freeze_variants(template.variants),
    )


def recipient_of(target: Target, language: str) -> Recipient:
    """The office of a target as a letter in the language writes to it."""
    office = office_in(target.authority, language)
    manners = _manners(target, office, language)
    return Recipient(
        office.role,
        office.name,
        office.institution,
        manners.salutation,
        manners.closing,
        address_of(target.authority),
    )


def demands_of(campaign: Campaign, audience_id: UUID, language: str) -> Sequence[str]:
    """What this audience is asked, in a language, in order."""
    return [
        demand.texts[language]
        for demand in campaign.demands
        if demand.texts.get(language)
        and any(audience.id == audience_id for audience in demand.audiences)
    ]


def people_in(campaign: Campaign, language: str) -> list[str]:
    """The names of everybody the campaign is about, as the language writes them."""
    return [person.name_in(language) for person in campaign.people]


def concerned_in(campaign: Campaign, language: str) -> Concerned:
    """How the language speaks of everybody the campaign is about."""
    return agreement_of([person.pronouns for person in campaign.people], language)


def _manners(target: Target, office: Office, language: str) -> Manners:
    """The campaign's own form of address, else the office's, else what the language says to any.

    An office that is named in another language only is not greeted in that one.
    """
    given = target.manners.get(language, {})
    otherwise = default_manners(_kind(office), PersonForm.NEUTRAL, language)
    is_own = office.language == language or _bare(language) not in languages_with_manners()
    salutation, closing = (office.salutation, office.closing) if is_own else ("", "")
    return Manners(
        given.get("salutation") or salutation or otherwise.salutation,
        given.get("closing") or closing or otherwise.closing,
    )


def _kind(office: Office) -> OfficeKind:
    # Nobody has said more of it: whoever sits there, or an institution as a whole.
    return OfficeKind.OFFICE if office.role or office.name else OfficeKind.ORGANISATION


def _bare(language: str) -> str:
    return language.partition("-")[0]
