"""A campaign as one document: what a file of the demonstration holds, turned into rows."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.authorities.models import Authority, ContactKind, ContactPoint, ContactState, Office
from app.campaigns import actions
from app.campaigns.deadlines import set_deadline
from app.campaigns.models import (
    Audience,
    Campaign,
    CampaignText,
    Consent,
    Demand,
    LetterTemplate,
    PersonConcerned,
    Target,
    TargetKind,
)
from app.campaigns.queries import get_campaign_by_id
from app.campaigns.sources import source_of
from app.core.tokens import Keys
from app.letters.declarations import check_source
from app.letters.paragraphs import links_in_order
from app.sections.models import Section

FORMAT = "outcry-campaign/1"
DEMONSTRATION = Path(__file__).parent / "demonstration"
# The documents' own dates are years past; the demonstration must be open to be tried.
DEMONSTRATION_RUNS = timedelta(days=30)


class UnknownFormat(Exception):
    """The file is no campaign document of ours."""


@dataclass(frozen=True, slots=True)
class CampaignDocument:
    """One parsed file."""

    name: str
    content: dict[str, Any]


def read_documents(folder: Path = DEMONSTRATION) -> list[CampaignDocument]:
    """Every campaign document of a folder, by name."""
    documents = []
    for path in sorted(folder.glob("*.toml")):
        content = tomllib.loads(path.read_text(encoding="utf-8"))
        if content.get("format") != FORMAT:
            raise UnknownFormat(path.name)
        documents.append(CampaignDocument(path.stem, content))
    return documents


def load_demonstration(
    session: Session, keys: Keys, section: Section, document: CampaignDocument, now: datetime
) -> Campaign | None:
    """Make and open the demonstration campaign; None when it is there already."""
    known = select(Campaign.id).where(Campaign.demonstration == document.name)
    if session.scalar(known) is not None:
        return None
    campaign = _make(session, keys, section, document, now)
    last_day = (now + DEMONSTRATION_RUNS).astimezone(ZoneInfo(campaign.time_zone)).date()
    set_deadline(campaign, last_day, campaign.last_time, campaign.time_zone, now)
    session.flush()  # what was just added is read back whole
    session.expire(campaign)
    campaign = get_campaign_by_id(session, campaign.id)
    actions.open_without_review(session, campaign, now)
    return campaign


def _make(
    session: Session, keys: Keys, section: Section, document: CampaignDocument, now: datetime
) -> Campaign:
    content = document.content
    language = content["document_language"]
    campaign = actions.create_draft(
        session,
        keys,
        section,
        None,
        title=content["texts"][language]["title"],
        language=language,
        country=content["country"],
        now=now,
    )
    campaign.demonstration = document.name
    campaign.slug = content["slug"]
    campaign.case.title = content["case"]["title"]
    campaign.organisation = content["organisation"]
    campaign.number = content["number"]
    campaign.issued = content.get("issued")
    campaign.letter_languages = content["letter_languages"]
    campaign.own_language_welcome = content["own_language_welcome"]
    campaign.time_zone = content["time_zone"]
    campaign.last_time = content["deadline_time"]
    campaign.printed_last_day = content.get("printed_deadline")
    campaign.sensitive = content["sensitive"]
    campaign.texts = [
        CampaignText(language=spoken, **text) for spoken, text in content["texts"].items()
    ]
    campaign.people = [
        PersonConcerned(
            position=position,
            name=person["name"],
            names=person["names"],
            pronouns=person["pronouns"],
            consent=Consent(person["consent"]),
            consent_note=person["consent_note"],
        )
        for position, person in enumerate(content["people"], 1)
    ]
    audiences = {
        audience["key"]: Audience(key=audience["key"], position=position, names=audience["names"])
        for position, audience in enumerate(content["audiences"], 1)
    }
    campaign.audiences = list(audiences.values())
    campaign.demands = [
        Demand(
            position=position,
            texts=demand["texts"],
            audiences=[audiences[key] for key in demand["audiences"]],
        )
        for position, demand in enumerate(content["demands"], 1)
    ]
    authorities = {
        entry["key"]: _authority(session, section, entry) for entry in content["authorities"]
    }
    campaign.targets = [
        Target(
            position=position,
            authority=authorities[target["authority"]],
            audience=audiences[target["audience"]],
            kind=TargetKind(target["kind"]),
            manners=target.get("manners", {}),
        )
        for position, target in enumerate(content["targets"], 1)
    ]
    session.flush()  # the letters' rows point at the audiences
    for key, letters in content["letters"].items():
        session.add_all(_letters(campaign, audiences[key].id, letters, now))
    return campaign


def _letters(
    campaign: Campaign, audience: UUID, letters: dict[str, Any], now: datetime
) -> list[LetterTemplate]:
    """The letter to one audience in every language, tied to the document's own language."""
    rows = {
        language: LetterTemplate(
            campaign_id=campaign.id,
            audience_id=audience,
            language=language,
            version=1,
            subject=letter["subject"],
            body=letter["body"],
            forms=letter.get("forms", {}),
            variants=letter.get("variants", {}),
            source_language="",
            links=[],
            written_at=now,
        )
        for language, letter in letters.items()
    }
    original = rows.get(campaign.document_language)
    for row in rows.values():
        source = source_of(row)
        check_source(source.subject, source.body, forms=source.forms, variants=source.variants)
        if original is not None and row is not original:
            row.source_language = original.language
            row.links = list(links_in_order(source, source_of(original)))
    return list(rows.values())


def _authority(session: Session, section: Section, entry: dict[str, Any]) -> Authority:
    known = select(Authority).where(Authority.key == entry["key"])
    authority = session.scalars(known).one_or_none()
    if authority is not None:
        return authority
    authority = Authority(
        section_id=section.id,
        key=entry["key"],
        country=entry["country"],
        time_zone=entry["time_zone"],
        languages=entry["languages"],
        offices=[Office(language=spoken, **office) for spoken, office in entry["offices"].items()],
        contact_points=[
            ContactPoint(
                position=position,
                kind=ContactKind(point["kind"]),
                value=point["value"].strip(),
                remark=point["remark"],
                check_note=point["check"],
                state=ContactState.DOUBTFUL if point["check"] else ContactState.OK,
            )
            for position, point in enumerate(entry["contact_points"], 1)
        ],
    )
    session.add(authority)
    return authority
