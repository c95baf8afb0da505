"""What is known of the document: its country, its numbers, the languages of its letters."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy.orm import Session

from app.accounts.models import Account
from app.campaigns import editing
from app.campaigns.actions import slug_of
from app.campaigns.models import Campaign
from app.core.forms import Check
from app.core.i18n import countries, is_language

_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_COUNTRIES = frozenset(code for code, _ in countries("en"))
LETTER_LANGUAGES_AT_MOST = 6


@dataclass(frozen=True, slots=True)
class FactsForm:
    """What the document says about itself, and which languages its letters are in."""

    case_title: str
    slug: str
    organisation: str
    number: str
    issued: str
    country: str
    document_language: str
    letter_languages: tuple[str, ...]
    own_language_welcome: bool
    sensitive: bool
    high_risk: bool = False
    caution_countries: tuple[str, ...] = ()


def read_facts(campaign: Campaign) -> FactsForm:
    return FactsForm(
        campaign.case.title,
        campaign.slug,
        campaign.organisation,
        campaign.number,
        campaign.issued.isoformat() if campaign.issued else "",
        campaign.country,
        campaign.document_language,
        tuple(campaign.letter_languages),
        campaign.own_language_welcome,
        campaign.sensitive,
        campaign.high_risk,
        tuple(campaign.caution_countries),
    )


def save_facts(
    session: Session,
    campaign: Campaign,
    form: FactsForm,
    *,
    by: Account,
    opened: str,
    now: datetime,
) -> None:
    """Save what is known of the document."""
    editing.lock(session, campaign)
    check = Check()
    form = _checked_facts(check, form)
    if not editing.require_unchanged(campaign, read_facts(campaign), form, opened):
        return
    check.done()
    campaign.case.title, campaign.slug = form.case_title, form.slug
    campaign.organisation, campaign.number = form.organisation, form.number
    campaign.issued = date.fromisoformat(form.issued) if form.issued else None
    campaign.country, campaign.document_language = form.country, form.document_language
    campaign.letter_languages = list(form.letter_languages)
    campaign.own_language_welcome = form.own_language_welcome
    campaign.sensitive, campaign.high_risk = form.sensitive, form.high_risk
    campaign.caution_countries = list(form.caution_countries)
    editing.edited(session, campaign, by, "facts", now)


def _checked_facts(check: Check, form: FactsForm) -> FactsForm:
    title = check.line("case_title", form.case_title, at_most=editing.TITLE_AT_MOST)
    check.needs("case_title", title)
    slug = form.slug.strip().lower() or slug_of(title)
    if not _SLUG.fullmatch(slug) or len(slug) > 80:
        check.refuse("slug", "no_slug")
    if form.country not in _COUNTRIES:
        check.refuse("country", "missing")
    if not is_language(form.document_language):
        check.refuse("document_language", "missing")
    languages = tuple(dict.fromkeys(language for language in form.letter_languages if language))
    if not languages:
        check.refuse("letter_languages", "missing")
    elif len(languages) > LETTER_LANGUAGES_AT_MOST or not all(map(is_language, languages)):
        check.refuse("letter_languages", "no_language")
    check.day("issued", form.issued)
    return FactsForm(
        title,
        slug,
        check.line("organisation", form.organisation),
        check.line("number", form.number, at_most=60),
        form.issued.strip(),
        form.country,
        form.document_language,
        languages,
        form.own_language_welcome,
        form.sensitive,
        form.high_risk,
        _checked_countries(check, form.caution_countries),
    )


def _checked_countries(check: Check, typed: tuple[str, ...]) -> tuple[str, ...]:
    found = dict.fromkeys(code.strip().upper() for code in typed if code.strip())
    if not set(found) <= _COUNTRIES:
        check.refuse("caution_countries", "no_country")
    return tuple(found)
