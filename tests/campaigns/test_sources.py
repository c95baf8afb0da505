"""What a letter is made of: the office's manners, the campaign's own, and what is declared."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from app.authorities.models import Office
from app.campaigns.document import CampaignDocument, load_demonstration, read_documents
from app.campaigns.models import Campaign, Target
from app.campaigns.queries import current_templates
from app.campaigns.sources import concerned_in, people_in, recipient_of, source_of
from app.core.tokens import Keys
from app.letters.agreement import PersonForm
from app.letters.rules import TemplateRefused
from app.sections.actions import default_section
from tests.builders import NOON, a_campaign


@pytest.fixture
def campaign(session: Session, keys: Keys) -> Campaign:
    return a_campaign(session, keys)


def office(target: Target, language: str) -> Office:
    return next(one for one in target.authority.offices if one.language == language)


def test_an_office_is_addressed_as_the_address_book_says(campaign: Campaign) -> None:
    first = campaign.targets[0]
    written = recipient_of(first, "fr")
    assert (written.salutation, written.closing) == (
        office(first, "fr").salutation,
        office(first, "fr").closing,
    )


def test_a_campaign_may_address_an_office_in_its_own_way(campaign: Campaign) -> None:
    first = campaign.targets[0]
    first.manners = {"fr": {"salutation": "Monsieur,", "closing": ""}}
    assert recipient_of(first, "fr").salutation == "Monsieur,"
    assert recipient_of(first, "fr").closing == office(first, "fr").closing
    assert recipient_of(first, "ru").salutation == office(first, "ru").salutation


def test_an_office_without_manners_gets_those_of_the_language(campaign: Campaign) -> None:
    first = campaign.targets[0]
    office(first, "de").salutation = office(first, "de").closing = ""
    written = recipient_of(first, "de")
    assert (written.salutation, written.closing) == (
        "Sehr geehrte Damen und Herren,",
        "Mit freundlichen Grüßen",
    )


def test_an_office_that_is_not_named_in_the_language_is_not_greeted_in_english(
    campaign: Campaign,
) -> None:
    first = campaign.targets[0]
    first.authority.offices = [one for one in first.authority.offices if one.language != "de"]
    written = recipient_of(first, "de")
    assert written.role == office(first, "en").role
    assert written.salutation == "Sehr geehrte Damen und Herren,"


def test_the_people_concerned_are_spoken_of_in_the_letters_language(campaign: Campaign) -> None:
    assert people_in(campaign, "ru") == ["Жанболат Мамай"]
    concerned = concerned_in(campaign, "fr")
    assert (concerned.form, concerned.pronoun) == (PersonForm.MASCULINE, "il")


def declared(**changed: object) -> CampaignDocument:
    """The demonstration's French letter with something declared in it."""
    document = next(found for found in read_documents() if found.name == "mamai")
    letter = document.content["letters"]["authorities"]["fr"]
    letter["body"] = "Je suis {{ worried }}.\n\n{{ opening }}\n\n" + letter["body"]
    letter["forms"] = {"worried": {"neutral": "inquiet·e", "feminine": "inquiète"}}
    letter["variants"] = {"opening": ["Je vous écris.", "Je m’adresse à vous."]}
    letter.update(changed)
    document.content["targets"][0]["manners"] = {"fr": {"salutation": "Monsieur,"}}
    return document


def test_a_document_may_declare_forms_variants_and_manners(session: Session, keys: Keys) -> None:
    made = load_demonstration(session, keys, default_section(session), declared(), NOON)
    assert made is not None
    audience = made.audiences[0].id
    source = source_of(current_templates(session, made.id)[audience, "fr"])
    assert source.forms == (("worried", (("feminine", "inquiète"), ("neutral", "inquiet·e"))),)
    assert source.variants == (("opening", ("Je vous écris.", "Je m’adresse à vous.")),)
    assert recipient_of(made.targets[0], "fr").salutation == "Monsieur,"


def test_a_document_with_a_form_that_is_not_used_is_refused(session: Session, keys: Keys) -> None:
    unused = declared(forms={"worried": {"neutral": "x"}, "other": {"neutral": "y"}})
    with pytest.raises(TemplateRefused):
        load_demonstration(session, keys, default_section(session), unused, NOON)
