"""How much of the campaign's own text is in the letters that were sent. Counts, never letters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy.orm import Session

from app.campaigns.models import Audience, Campaign, LetterTemplate
from app.campaigns.sources import source_of
from app.core.sealing import KeyDestroyed, get_seal
from app.core.tokens import Keys
from app.letters.agreement import WriterForm
from app.letters.coach import SAME_FROM, fingerprint_of
from app.letters.likeness import likeness
from app.letters.variants import how_many
from app.signatures.compose import Given, letter_to_read
from app.signatures.queries import likeness_key, list_fingerprints
from app.signatures.rules import addressed

# Of fewer, one letter could be told from another.
AT_LEAST = 10
# In percent: from here on a letter is much the same; below that, mostly its writer's own.
_SAME, _PARTLY = SAME_FROM, 50
# More mixes than this differ in a sentence each, and are told from one another by few hashes.
_MIXES = 8


@dataclass(frozen=True, slots=True)
class Originality:
    """The newest letters of a group in a language, by how much of the campaign's text they keep.

    None stands for a number that is too small to be shown and is not nobody.
    """

    audience: Audience
    language: str
    much_the_same: int | None
    partly_own: int | None
    mostly_own: int | None


def originality(
    session: Session,
    keys: Keys,
    campaign: Campaign,
    templates: Mapping[tuple[UUID, str], LetterTemplate],
    on: date,
) -> list[Originality]:
    """One row for each letter of the campaign that enough people have sent."""
    try:
        key = likeness_key(get_seal(session, keys, campaign.key_id))
    except KeyDestroyed:
        return []
    rows = []
    for target in {one.audience_id: one for one in reversed(addressed(campaign))}.values():
        for audience_id, language in templates:
            if audience_id != target.audience_id:
                continue
            sent = list_fingerprints(session, campaign.id, language, audience_id)
            if len(sent) < AT_LEAST:
                continue
            # Whoever took another wording or form has still sent the campaign's text.
            mixes = range(
                min(how_many(source_of(templates[audience_id, language]).variants), _MIXES)
            )
            models = {
                fingerprint_of(
                    letter_to_read(campaign, templates, target, language, given, on).letter, key
                )
                for given in (
                    Given(writer_form=form, turn=n, seed=b"model")
                    for form in WriterForm
                    for n in mixes
                )
            }
            kept = [max(likeness(model, letter) for model in models) for letter in sent]
            bands = (
                sum(each >= _SAME for each in kept),
                sum(_PARTLY <= each < _SAME for each in kept),
                sum(each < _PARTLY for each in kept),
            )
            rows.append(Originality(target.audience, language, *map(_shown, bands)))
    return rows


def _shown(count: int) -> int | None:
    return count if count == 0 or count >= AT_LEAST else None
