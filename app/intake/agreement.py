"""Words that a document writes for women and men at once, as forms that agree with the writer.

"préoccupé-e" becomes préoccupée for her, préoccupé for him, and préoccupé·e for whoever does not
say. A word that no rule here knows stays as it is printed.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass

# The word, a sign, what is added for a woman, and an ending for several.
_MARKED = re.compile(
    r"(?P<word>[^\W\d_]{2,})(?:[-\u2010\u2011·•.*/_]|\()(?P<ending>[^\W\d_]{1,5})\)?"
    r"(?:[-\u2010\u2011·•.]?(?P<several>s))?"
)
# French endings that take letters away from the masculine word, and how many.
_FRENCH_INSTEAD = {
    "trice": 4,
    "euse": 3,
    "ère": 2,
    "ete": 2,
    "ète": 2,
    "ive": 2,
    "rice": 3,
    "se": 1,
    "ve": 1,
    "lle": 1,
    "tte": 1,
    "nne": 1,
    "esse": 1,
}
_FRENCH_ADDED = ("e", "ne", "le", "te", "ée")
_VOWELS = {"es": "o", "pt": "o", "it": "o", "pl": "y"}
_ADDED = {"ru": "а", "uk": "а", "es": "a", "pt": "a", "it": "a", "pl": "a"}
_NAME_AT_MOST = 36


@dataclass(frozen=True, slots=True)
class WriterWord:
    """One word of a letter in its three forms, under the name that the template gives it."""

    name: str
    printed: str
    neutral: str
    feminine: str
    masculine: str

    def cases(self) -> dict[str, str]:
        return {"neutral": self.neutral, "feminine": self.feminine, "masculine": self.masculine}


def writer_word(printed: str, language: str, taken: Collection[str] = ()) -> WriterWord | None:
    """The forms of a printed word, or None where its language's rules do not know it."""
    found = _MARKED.fullmatch(printed.strip())
    if found is None:
        return None
    word, ending = found["word"], found["ending"].lower()
    several = found["several"] or ""
    feminine = _feminine(word, ending, language.partition("-")[0])
    if feminine is None:
        return None
    neutral = printed.strip()
    if language.startswith("fr"):
        neutral = f"{word}·{ending}{'·s' if several else ''}"
    return WriterWord(
        _name(word, taken), printed.strip(), neutral, feminine + several, word + several
    )


def with_writer_words(paragraph: str, words: Mapping[str, WriterWord]) -> str:
    """A paragraph of a letter with the placeholders of its forms."""
    for printed, word in words.items():
        whole = rf"(?<![^\W_]){re.escape(printed)}(?![^\W_])"
        paragraph = re.sub(whole, f"{{{{ {word.name} }}}}", paragraph)
    return paragraph


def _feminine(word: str, ending: str, language: str) -> str | None:
    if language == "fr":
        if ending in _FRENCH_INSTEAD:
            return word[: -_FRENCH_INSTEAD[ending]] + ending
        return word + ending if ending in _FRENCH_ADDED else None
    if ending != _ADDED.get(language):
        return None
    return word[:-1] + ending if word.endswith(_VOWELS.get(language, "\0")) else word + ending


def _name(word: str, taken: Collection[str]) -> str:
    plain = unicodedata.normalize("NFKD", word).encode("ascii", "ignore").decode().lower()
    name = "".join(letter for letter in plain if letter.isalnum())[:_NAME_AT_MOST]
    # What is no Latin word, or a word of the template's own language, gets a name of ours.
    name = name if name[:1].isalpha() else "agrees"
    name = f"writer_{name}" if name in _RESERVED or len(name) < 3 else name
    number, free = 1, name
    while free in taken:
        number += 1
        free = f"{name}_{number}"
    return free


_TAKEN_BY_TEMPLATES = (
    "ask date demands opening closing salutation true false none not and with without import "
    "include context else elif endif for loop self super recursive neutral feminine masculine"
)
_RESERVED = frozenset(_TAKEN_BY_TEMPLATES.split())
