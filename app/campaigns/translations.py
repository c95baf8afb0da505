"""Which letters are translations of an older text than the one that stands there now. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from app.campaigns.models import LetterTemplate
from app.campaigns.sources import source_of
from app.letters.paragraphs import NO_PARAGRAPH, paragraph_ids, stale_paragraphs
from app.letters.paragraphs import untranslated_paragraphs as missing_from
from app.letters.render import LetterSource
from app.letters.rules import passages


@dataclass(frozen=True, slots=True)
class OutOfDate:
    """How many paragraphs of a translation say what the source no longer says, or never said."""

    stale: int
    untranslated: int

    def __bool__(self) -> bool:
        return bool(self.stale or self.untranslated)


@dataclass(frozen=True, slots=True)
class LinkedParagraph:
    """A paragraph of a translation beside the source paragraph it is linked to.

    `source` counts from 1; it is 0 for the translator's own paragraphs and for stale ones.
    """

    text: str
    link: str
    source: int
    is_stale: bool


def out_of_date(
    templates: Mapping[tuple[UUID, str], LetterTemplate],
) -> dict[tuple[UUID, str], OutOfDate]:
    """Every saved letter that is a translation, and what its source has outdated in it."""
    found = {}
    for (audience, language), letter in templates.items():
        source = templates.get((audience, letter.source_language))
        if source is None or letter.source_language == language:
            continue
        written = source_of(source)
        found[audience, language] = OutOfDate(
            len(stale_paragraphs(letter.links, written)), len(missing_from(letter.links, written))
        )
    return found


def linked_paragraphs(
    body: str, links: Sequence[str], source: LetterSource
) -> list[LinkedParagraph]:
    """A translation paragraph by paragraph; without a link each stands for itself."""
    ids = paragraph_ids(source)
    texts = [passage.source for passage in passages(body)]
    given = [*links, *([NO_PARAGRAPH] * len(texts))]
    stale = set(stale_paragraphs(links, source))
    return [
        LinkedParagraph(text, link, ids.index(link) + 1 if link in ids else 0, place in stale)
        for place, (text, link) in enumerate(zip(texts, given, strict=False))
    ]
