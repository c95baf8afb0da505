"""The coach's figures in sentences: advice, never a refusal."""

from __future__ import annotations

from dataclasses import dataclass

from app.core.i18n import lazy_gettext, percent
from app.letters.coach import Advice, Topic

WORRIES = {
    Topic.LIKE_MODEL: lazy_gettext(
        "%(percent)s of this is the campaign’s own text. Your own words would count for more."
    ),
    Topic.LIKE_OTHERS: lazy_gettext("Another supporter’s letter is much the same: %(percent)s."),
    Topic.DEMAND_MISSING: lazy_gettext(
        "As far as we can see, this demand is missing. A letter needs every one of them."
    ),
    Topic.PERSON_MISSING: lazy_gettext(
        "As far as we can see, this name is missing. It tells the office which case it is."
    ),
    Topic.TOO_LONG: lazy_gettext(
        "The letter fills about %(percent)s of a page. What fits on one page is read."
    ),
    Topic.LINKS: lazy_gettext("Offices rarely open a stranger’s links. Better leave this out:"),
    Topic.INSULTS: lazy_gettext("Polite letters help more. Look at these words before you send:"),
    Topic.SHOUTING: lazy_gettext("This reads as shouting. Look at it before you send:"),
}
ANSWERS = {
    Topic.LIKE_MODEL: lazy_gettext(
        "%(percent)s of this is the campaign’s own text, the rest is yours. Good."
    ),
    Topic.LIKE_OTHERS: lazy_gettext("No other letter is more than %(percent)s the same. Good."),
}


@dataclass(frozen=True, slots=True)
class AdviceWords:
    """A piece of advice in a sentence, with the passages it is about."""

    words: str
    details: tuple[str, ...]
    is_worry: bool


def words_of_advice(advice: Advice) -> AdviceWords:
    said = WORRIES if advice.is_worry else ANSWERS
    words = str(said[advice.topic]) % {"percent": percent(advice.figure)}
    return AdviceWords(words, advice.details, advice.is_worry)
