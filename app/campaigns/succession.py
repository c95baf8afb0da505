"""The next campaign of a case: a draft that starts from what the one before said.

It is a campaign of its own, with its own review, end, key and numbers. When it opens it takes the
place of the one before, and old links lead on to it.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from app.accounts.models import Account
from app.campaigns import queries, rules
from app.campaigns.actions import create_draft
from app.campaigns.history import record
from app.campaigns.models import (
    Audience,
    Campaign,
    CampaignState,
    CampaignText,
    Demand,
    LetterTemplate,
    PersonConcerned,
    Target,
)
from app.core.tokens import Keys

_OF_CAMPAIGN = (
    "organisation",
    "slug",
    "sensitive",
    "high_risk",
    "caution_countries",
    "letter_languages",
    "own_language_welcome",
    "time_zone",
    "last_time",
)
_OF_TEXT = ("language", "title", "standfirst", "we_ask", "background", "risk_note")
_OF_PERSON = ("position", "name", "names", "pronouns", "consent", "consent_note")
_OF_TARGET = ("authority_id", "kind", "position", "for_country", "manners")
_OF_LETTER = ("language", "subject", "body", "forms", "variants", "source_language", "links")


def follow_up(
    session: Session, keys: Keys, before: Campaign, by: Account | None, now: datetime
) -> Campaign:
    """A draft in the same case, with everything of the campaign before but its end and number."""
    if before.state not in (CampaignState.OPEN, CampaignState.PAUSED, CampaignState.CLOSED):
        raise rules.WrongMove(f"{before.state} has nothing to follow up")
    draft = create_draft(
        session,
        keys,
        before.section,
        by,
        title=before.case.title,
        language=before.document_language,
        country=before.country,
        now=now,
    )
    session.delete(draft.case)
    draft.case = before.case
    draft.follows_id = before.id
    for name in _OF_CAMPAIGN:
        setattr(draft, name, getattr(before, name))
    draft.texts = [CampaignText(**_taken(text, _OF_TEXT)) for text in before.texts]
    draft.people = [PersonConcerned(**_taken(person, _OF_PERSON)) for person in before.people]
    groups = {
        group.id: Audience(key=group.key, position=group.position, names=dict(group.names))
        for group in before.audiences
    }
    draft.audiences = list(groups.values())
    draft.demands = [
        Demand(
            position=demand.position,
            texts=dict(demand.texts),
            audiences=[groups[group.id] for group in demand.audiences],
        )
        for demand in before.demands
    ]
    draft.targets = [
        Target(audience=groups[target.audience_id], **_taken(target, _OF_TARGET))
        for target in before.targets
    ]
    session.flush()  # letters point at their groups by id
    for letter in queries.current_templates(session, before.id).values():
        session.add(
            LetterTemplate(
                campaign_id=draft.id,
                audience_id=groups[letter.audience_id].id,
                version=1,
                written_by_id=letter.written_by_id,
                written_at=now,
                **_taken(letter, _OF_LETTER),
            )
        )
    record(session, before, "followed_up", by, now, by_campaign=draft.reference)
    return draft


def _taken(row: object, names: tuple[str, ...]) -> dict[str, object]:
    return {name: getattr(row, name) for name in names}
