"""Which of the approved variants a supporter gets: one mix, the same each time it is asked for."""

from __future__ import annotations

import hashlib
from math import prod
from typing import TypeAlias

from app.letters.declarations import Variants

# The chosen variant of each place, counted from 0; a place that is not named takes its first.
Mix: TypeAlias = tuple[tuple[str, int], ...]


def mix_for(seed: bytes, variants: Variants, turn: int = 0) -> Mix:
    """The mix of one signature; each turn gives another one until all have been shown.

    `seed` is a keyed hash of the signature's own. Neither language nor version counts, so that a
    translation with as many variants shows the ones that stand beside it.
    """
    counts = [len(texts) for _, texts in variants]
    if not counts:
        return ()
    start = int.from_bytes(hashlib.blake2b(seed, digest_size=16, person=b"outcry-mix").digest())
    number = (start + turn) % prod(counts)
    mix = []
    for (slot, _), count in zip(variants, counts, strict=True):
        number, place = divmod(number, count)
        mix.append((slot, place))
    return tuple(mix)


def how_many(variants: Variants) -> int:
    """How many different letters the variants make."""
    return prod(len(texts) for _, texts in variants)
