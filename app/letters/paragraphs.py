"""Which paragraph of a translation says which of its source, and what a change outdates."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from app.letters.render import LetterSource, one_line
from app.letters.rules import only_hole, passages

# Of a translator's own paragraph, which translates none.
NO_PARAGRAPH = ""
_CHARACTERS = 12


def paragraph_ids(source: LetterSource) -> tuple[str, ...]:
    """A short hash for each paragraph of the body, the same as long as its words are.

    The place of an approved variant stands for all its variants: one of them changed is a change.
    """
    by_slot = dict(source.variants)
    ids = []
    for passage in passages(source.body):
        slot = only_hole(passage) or ""
        texts = by_slot.get(slot, (passage.source,))
        said = "\x1f".join(one_line(text) for text in texts)
        ids.append(hashlib.sha256(said.encode(errors="surrogatepass")).hexdigest()[:_CHARACTERS])
    return tuple(ids)


def links_in_order(translation: LetterSource, source: LetterSource) -> tuple[str, ...]:
    """What a translation says where nobody has said otherwise: paragraph by paragraph, the same.

    Only when both have as many paragraphs; a guess would hide what is out of date.
    """
    ids, own = paragraph_ids(source), paragraph_ids(translation)
    return ids if len(ids) == len(own) else (NO_PARAGRAPH,) * len(own)


def stale_paragraphs(links: Sequence[str], source: LetterSource) -> list[int]:
    """The paragraphs of a translation, from 0, whose source does not stand any more as it was.

    `links` holds, for each paragraph of the translation, the id of the source paragraph it says.
    """
    current = set(paragraph_ids(source))
    return [
        place for place, link in enumerate(links) if link != NO_PARAGRAPH and link not in current
    ]


def untranslated_paragraphs(links: Sequence[str], source: LetterSource) -> list[int]:
    """The paragraphs of the source, from 0, that no paragraph of the translation says."""
    said = set(links)
    return [place for place, one in enumerate(paragraph_ids(source)) if one not in said]
