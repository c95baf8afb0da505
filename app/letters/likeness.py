"""How alike two letters are, without keeping anything of them that could be read.

What is kept are keyed hashes of five words each, and of those the smallest: a sketch that stands
for the whole letter, whatever its length.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata

_SHINGLE = 5
_HASH_BYTES = 8
# 512 bytes a letter, and a likeness that is right to a few percent.
KEPT = 64

# One letter a word where no spaces part the words.
_WORD = re.compile(r"[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff]|[^\W_]+")
_JOINERS = dict.fromkeys(map(ord, "\u200c\u200d\u0640"))
# Letters that one hand writes like this and another like that.
_ALIKE = str.maketrans("ىیکةı", "ييكهi")


def fingerprint(text: str, key: bytes) -> bytes:
    """What is kept of a letter to compare it by: its smallest hashes, at most 512 bytes."""
    hashes = sorted({_hash(shingle, key) for shingle in shingles(text)})
    return b"".join(hashes[:KEPT])


def likeness(one: bytes, other: bytes) -> int:
    """How much of two fingerprinted letters is the same, in percent of what either holds."""
    mine, theirs = _hashes(one), _hashes(other)
    smallest = sorted(mine | theirs)[:KEPT]
    if not smallest:
        return 0
    both = sum(hashed in mine and hashed in theirs for hashed in smallest)
    return round(100 * both / len(smallest))


def folded(text: str) -> str:
    """For comparing: no case, no accents, no joiners, one form of what is written in two."""
    plain = unicodedata.normalize("NFKD", text.translate(_JOINERS)).casefold()
    bare = "".join(letter for letter in plain if unicodedata.category(letter) != "Mn")
    return bare.translate(_ALIKE)


def words_of(text: str) -> list[str]:
    return _WORD.findall(folded(text))


def shingles(text: str) -> list[tuple[str, ...]]:
    """Every five words that follow each other; a shorter text is one shingle."""
    words = words_of(text)
    if not words:
        return []
    starts = range(max(1, len(words) - _SHINGLE + 1))
    return [tuple(words[start : start + _SHINGLE]) for start in starts]


def _hash(shingle: tuple[str, ...], key: bytes) -> bytes:
    words = "\x1f".join(shingle).encode(errors="surrogatepass")
    return hashlib.blake2b(words, key=key[:64], digest_size=_HASH_BYTES).digest()


def _hashes(kept: bytes) -> set[bytes]:
    return {kept[start : start + _HASH_BYTES] for start in range(0, len(kept), _HASH_BYTES)}
