"""Which language a text is in, by its most frequent words and its letters."""

from __future__ import annotations

import re

from app.intake.lexicon import common_words, plain

_WORD = re.compile(r"[^\W\d_]+")
# Letters that one language has and its neighbours have not.
_OWN_LETTERS = {
    "uk": "іїєґ",
    "ru": "ыэъё",
    "fa": "پچژگ",
    "ar": "ةىؤئإ",
    "tr": "ışğ",
    "pl": "łąęśżźń",
    "cs": "řěůšžč",
    "hu": "őű",
    "ro": "țșăţş",
    "da": "æø",
    "no": "æø",
    "sv": "åä",
    "de": "ßäü",
    "es": "ñ¿¡",
    "pt": "ãõç",
    "el": "αεηιο",
    "fr": "œçêè",
    "it": "ìòù",
}
_SURE = 1.4


def guess(text: str) -> tuple[str, bool] | None:
    """The likeliest language and whether it is well ahead of the next; None for too few words."""
    words = _WORD.findall(plain(text[:20_000]))
    if len(words) < 5:
        return None
    folded = text[:20_000].casefold()
    letters = sum(map(str.isalpha, folded)) or 1
    scores = {}
    for language, common in common_words().items():
        share = sum(word in common for word in words) / len(words)
        own = sum(folded.count(letter) for letter in _OWN_LETTERS.get(language, ""))
        scores[language] = share + min(3 * own / letters, 0.15)
    best, second = sorted(scores.values(), reverse=True)[:2]
    if best < 0.04:
        return None
    language = max(scores, key=scores.__getitem__)
    return language, best >= _SURE * second
