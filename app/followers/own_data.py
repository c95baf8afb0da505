"""Everything that is kept about one follower, in clear, for that person alone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy.orm import Session

from app.campaigns.queries import get_campaign_by_id
from app.core.tokens import Keys
from app.followers import queries
from app.followers.mails import text_for


@dataclass(frozen=True, slots=True)
class OwnFollow:
    """What somebody follows, and what is known about them for it."""

    section: str
    email: str
    state: str
    languages: tuple[str, ...]
    new_actions: bool
    countries: tuple[str, ...]
    often: str
    time_zone: str
    urgent_actions: tuple[tuple[str, str], ...]
    consent_version: str
    asked_on: date
    confirmed_on: date | None
    deleted_on: date | None


def own_follows(session: Session, keys: Keys, address: str) -> list[OwnFollow]:
    """What follows from an address, in each section."""
    return [
        OwnFollow(
            section=follower.section.name,
            email=queries.email_of(session, keys, follower),
            state=str(follower.state),
            languages=tuple(follower.languages),
            new_actions=follower.new_actions,
            countries=tuple(follower.countries),
            often=str(follower.often),
            time_zone=follower.time_zone,
            urgent_actions=tuple(
                (
                    text_for(
                        get_campaign_by_id(session, each.campaign_id), follower.languages
                    ).title,
                    str(each.state),
                )
                for each in follower.follows
            ),
            consent_version=follower.consent_version,
            asked_on=follower.asked_on,
            confirmed_on=follower.confirmed_on,
            deleted_on=follower.ends_on,
        )
        for follower in queries.list_of_address(session, keys, address)
    ]
