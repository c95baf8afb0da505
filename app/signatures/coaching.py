"""What the coach says of a letter that its writer edited, compared with the campaign's others."""

from __future__ import annotations

from sqlalchemy.orm import Session

from app.campaigns.models import Campaign
from app.campaigns.sources import demands_of
from app.core.sealing import get_seal
from app.core.tokens import Keys
from app.letters.coach import Advice, advise
from app.letters.own_words import body_to_edit
from app.signatures.compose import Preview
from app.signatures.queries import likeness_key, list_fingerprints


def advice_on(session: Session, keys: Keys, campaign: Campaign, preview: Preview) -> list[Advice]:
    """Advice on one edited letter, before anything of it is stored. It stops nobody."""
    language = preview.letter.language
    return advise(
        preview.model,
        body_to_edit(preview.letter),
        demands=demands_of(campaign, preview.target.audience_id, language),
        people=[
            tuple(dict.fromkeys((person.name_in(language), person.name, *person.names.values())))
            for person in campaign.people
        ],
        others=list_fingerprints(session, campaign.id, language),
        key=likeness_key(get_seal(session, keys, campaign.key_id)),
        language=language,
    )
