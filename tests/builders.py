"""Builders with sentences for names: each takes only what differs."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from app.accounts.actions import add_account
from app.accounts.models import Account, RoleName
from app.accounts.passwords import hashed
from app.campaigns.deadlines import set_deadline
from app.campaigns.document import CampaignDocument, load_demonstration, read_documents
from app.campaigns.models import Campaign
from app.campaigns.queries import get_campaign_by_id
from app.core.tokens import Keys, keyed_hash
from app.notices.links import Links
from app.sections.actions import default_section
from app.signatures.actions import sign
from app.signatures.models import Signature
from app.signatures.queries import find_by_form
from app.signatures.rules import SignForm, addressed
from tests.cast import PASSWORD, SAM, Person

NOON = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
LINKS = Links("http://outcry.test")


# A sentence in the forms of its language, and two openings.
CHOICES = {
    "en": (
        {"neutral": "I am worried."},
        ["I write to you because of news that troubles me.", "I turn to you as a private person."],
    ),
    "fr": (
        {
            "neutral": "Je suis très préoccupé·e par ce que j’ai lu.",
            "feminine": "Je suis très préoccupée par ce que j’ai lu.",
            "masculine": "Je suis très préoccupé par ce que j’ai lu.",
        },
        ["Je vous écris à titre personnel.", "Permettez-moi de m’adresser à vous."],
    ),
    "ru": (
        {
            "neutral": "Меня встревожили эти известия.",
            "feminine": "Я встревожена этими известиями.",
            "masculine": "Я встревожен этими известиями.",
        },
        ["Обращаюсь к Вам как частное лицо.", "Позвольте мне обратиться к Вам."],
    ),
    "ar": (
        {
            "neutral": "يساورني قلق بالغ.",
            "feminine": "إنني قلقة للغاية.",
            "masculine": "إنني قلق للغاية.",
        },
        ["أكتب إليكم بصفتي الشخصية.", "اسمحوا لي أن أخاطبكم."],
    ),
}


@cache
def _documents() -> list[CampaignDocument]:
    return read_documents()


def document_named(name: str) -> CampaignDocument:
    """A campaign document of the demonstration, for the caller to change."""
    return deepcopy(next(found for found in _documents() if found.name == name))


def the_demonstration(
    session: Session, keys: Keys, name: str = "mamai", now: datetime = NOON
) -> Campaign:
    """One of the two demonstration campaigns, open for thirty days from `now`."""
    document = document_named(name)
    campaign = load_demonstration(session, keys, default_section(session), document, now)
    assert campaign is not None
    session.flush()
    return get_campaign_by_id(session, campaign.id)


def a_document_with_choices(name: str = "choices") -> CampaignDocument:
    """The Mamaï document, with letters that agree with their writer, vary, and ask who it is."""
    content = document_named("mamai").content
    content["letter_languages"] = ["ar", "ru", "en", "fr"]
    for letters in content["letters"].values():
        for language, letter in letters.items():
            worried, openings = CHOICES.get(language, CHOICES["en"])
            letter["body"] = "{{ opening }}\n\n{{ worried }}\n\n{{ writer_about }}\n\n" + (
                _without_choices(letter)
            )
            letter["forms"] = {"worried": worried}
            letter["variants"] = {"opening": openings}
    return CampaignDocument(name, content)


def _without_choices(letter: dict[str, Any]) -> str:
    """The body as it reads for somebody who chose nothing."""
    body: str = letter["body"].replace("{{ writer_about }}\n\n", "")
    for name, cases in letter.get("forms", {}).items():
        body = body.replace(f"{{{{ {name} }}}}", cases["neutral"])
    for slot, texts in letter.get("variants", {}).items():
        body = body.replace(f"{{{{ {slot} }}}}", texts[0])
    return body


@cache
def _kept_password() -> str:
    """The password of everybody, hashed once: at its real cost that takes a tenth of a second."""
    return hashed(PASSWORD)


def an_account(
    session: Session,
    who: Person,
    roles: Collection[RoleName] = (RoleName.ORGANISER,),
    now: datetime = NOON,
) -> Account:
    kept = _kept_password()
    return add_account(
        session, default_section(session), who.email, who.name, list(roles), kept, now
    )


def a_campaign(
    session: Session,
    keys: Keys,
    *,
    closes_at: datetime | None = None,
    name: str = "mamai",
    now: datetime = NOON,
) -> Campaign:
    """An open campaign as real as the demonstration, but one whose letters may leave."""
    campaign = the_demonstration(session, keys, name, now)
    campaign.demonstration = None
    if closes_at is not None:
        last = (closes_at - timedelta(minutes=1)).astimezone(ZoneInfo(campaign.time_zone))
        set_deadline(campaign, last.date(), last.strftime("%H:%M"), campaign.time_zone, now)
        campaign.gate.open_until = campaign.closes_at
    session.flush()
    return campaign


def a_form(
    campaign: Campaign,
    *,
    who: Person = SAM,
    sentence: str = "",
    country: str = "SE",
    targets: Collection[int] = (1,),
    letter_language: str = "en",
    page_language: str = "en",
    form_key: str = "",
    agreed: bool = True,
    keep_nothing: bool = False,
    answers_to_me: bool = False,
    tell_me: bool = False,
) -> SignForm:
    ids: tuple[UUID, ...] = tuple(
        target.id for target in addressed(campaign) if target.position in targets
    )
    return SignForm(
        who.name,
        who.email,
        country,
        sentence,
        ids,
        letter_language,
        page_language,
        form_key or uuid.uuid4().hex,
        agreed=agreed,
        keep_nothing=keep_nothing,
        answers_to_me=answers_to_me,
        tell_me=tell_me,
    )


def a_signature(
    session: Session,
    keys: Keys,
    campaign: Campaign,
    form: SignForm | None = None,
    now: datetime = NOON,
) -> Signature:
    """A signature that waits for its confirmation."""
    form = form or a_form(campaign)
    sign(session, keys, campaign, form, links=LINKS, now=now)
    session.flush()
    form_hash = keyed_hash(keys.derive("form-key"), campaign.reference, form.form_key)
    signature = find_by_form(session, form_hash)
    assert signature is not None
    return signature
