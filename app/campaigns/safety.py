"""What protects those who write: mixed letters, and what is known of writing from a country."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from app.accounts.models import Account
from app.audit.actions import note as audit
from app.campaigns.models import Campaign, CountryNote
from app.core.db import day_of

OPERATOR = "operator"


def set_high_risk(
    session: Session, campaign: Campaign, by: Account | None, now: datetime, *, is_on: bool
) -> None:
    """Let letters leave in an order that tells nothing, from the next confirmation on."""
    campaign.high_risk = is_on
    audit(
        session,
        OPERATOR if by is None else str(by.id),
        "campaign.high_risk",
        about=("campaign", str(campaign.id)),
        now=now,
        is_on=is_on,
    )


def set_country_note(
    session: Session, country: str, language: str, text: str, now: datetime
) -> CountryNote:
    """Say in one language what is known about writing from or to a country; empty takes it away."""
    note = session.get(CountryNote, country)
    if note is None:
        note = CountryNote(country=country, texts={}, checked_on=day_of(now))
        session.add(note)
    note.texts = {spoken: said for spoken, said in note.texts.items() if spoken != language}
    if text:
        note.texts = {**note.texts, language: text}
    note.checked_on = day_of(now)
    return note
