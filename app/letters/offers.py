"""The forms a writer may choose from, shown as the words that change, so nobody names a gender."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile

from app.letters.agreement import Concerned, WriterForm
from app.letters.render import LetterSource, opened
from app.letters.variants import Mix

# Enough words round the one that differs to recognise the sentence by.
_WORDS_BEFORE = 4
_WORDS_AFTER = 2
_SENTENCE_ENDS = (".", "!", "?", "؟", "…", ":")


def offered_forms(
    source: LetterSource,
    mix: Mix = (),
    *,
    people: Sequence[str] = (),
    concerned: Concerned | None = None,
) -> list[tuple[WriterForm, str]]:
    """Each form that makes another letter, with the first words that it changes.

    Empty when the letter says the same of every writer. The neutral form, which everybody has who
    chooses nothing, comes first.
    """
    about = concerned or Concerned()
    letters = {form: opened(source, form, mix, people, about) for form in WriterForm}
    neutral = letters.pop(WriterForm.NEUTRAL)
    others: dict[WriterForm, list[str]] = {}
    for form, letter in letters.items():
        if letter != neutral and letter not in others.values():
            others[form] = letter
    if not others:
        return []
    compared = next(iter(others.values()))
    return [
        (WriterForm.NEUTRAL, _sample(neutral, compared)),
        *((form, _sample(letter, neutral)) for form, letter in others.items()),
    ]


def _sample(letter: Sequence[str], other: Sequence[str]) -> str:
    """The words of the first paragraph that differs, from a little before to a little after."""
    mine, theirs = next((a, b) for a, b in zip(letter, other, strict=True) if a != b)
    words, against = mine.split(), theirs.split()
    same_before = _same(words, against)
    same_after = _same(words[same_before:][::-1], against[same_before:][::-1])
    first = next(
        (
            place
            for place in range(same_before, max(0, same_before - _WORDS_BEFORE), -1)
            if words[place - 1].endswith(_SENTENCE_ENDS)
        ),
        max(0, same_before - _WORDS_BEFORE),
    )
    end = len(words) - same_after
    # Nothing but what stays the same would show where the other form has a word of its own.
    after = words[end : end + _WORDS_AFTER]
    if words[end - 1 : end] and words[end - 1].endswith(_SENTENCE_ENDS) and end > same_before:
        after = []
    return " ".join([*words[first:end], *after])


def _same(words: Sequence[str], others: Sequence[str]) -> int:
    pairs = zip(words, others, strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
