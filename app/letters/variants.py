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
    start = int.from_bytes(hashlib.blake2b(seed, digest_size=16, person=b"outcry-mix").digest())
    return mix_of(start + turn, variants)


def mix_of(number: int, variants: Variants) -> Mix:
    """The mix of a number: the first variants for 0, and after all mixes the same again."""
    mix = []
    for slot, texts in variants:
        number, place = divmod(number, len(texts))
        mix.append((slot, place))
    return tuple(mix)


def how_many(variants: Variants) -> int:
    """How many different letters the variants make."""
    return prod(len(texts) for _, texts in variants)
