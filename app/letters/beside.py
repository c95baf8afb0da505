"""Two letters side by side, paragraph by paragraph: the one that is sent, and what it says."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from app.letters.own_words import bare_text
from app.letters.paragraphs import NO_PARAGRAPH, paragraph_ids
from app.letters.placeholders import DEMANDS, OWN_SENTENCE, SLOTS, WRITER_ABOUT
from app.letters.render import FinishedLetter, LetterSource, Paragraph
from app.letters.rules import only_hole, passages

# A place of these says the same in every language.
_PLACES = frozenset((DEMANDS, OWN_SENTENCE, WRITER_ABOUT, *SLOTS))


@dataclass(frozen=True, slots=True)
class Row:
    """Paragraphs that say the same, mostly one of each; demands have their numbers.

    Without a translation nobody has said the paragraph in the other language.
    """

    letter: tuple[Paragraph, ...]
    translation: tuple[Paragraph, ...]

    @property
    def is_same(self) -> bool:
        """Whether both read alike, as a writer's own words do in every letter."""
        return [one.text for one in self.letter] == [one.text for one in self.translation]


@dataclass(frozen=True, slots=True)
class Beside:
    """What stands beside a letter: the whole of it in another language, and row by row."""

    translation: FinishedLetter
    rows: tuple[Row, ...]


def passage_ids(source: LetterSource, links: Sequence[str] = ()) -> tuple[str, ...]:
    """What each passage of a template says, by ids that it shares with its translations.

    `links` are those of a translation, see `paragraphs`; without them only the places are known
    by the same name everywhere.
    """
    holes = [only_hole(passage) or "" for passage in passages(source.body)]
    ids = links if len(links) == len(holes) else paragraph_ids(source)
    return tuple(hole if hole in _PLACES else said for hole, said in zip(holes, ids, strict=True))


def side_by_side(
    letter: FinishedLetter,
    translation: FinishedLetter,
    ids: tuple[Sequence[str], Sequence[str]],
) -> list[Row]:
    """Rows in the order of the letter. `ids` are the `passage_ids` of both templates.

    Between two paragraphs that are known to say the same stand some that nobody has linked. As many
    on both sides are taken one by one; otherwise all of them together are one row.
    """
    mine = _said(letter, ids[0])
    theirs = _said(translation, ids[1])
    shared = {key for key, _ in mine} & {key for key, _ in theirs}
    shared.discard(NO_PARAGRAPH)
    known, between = _sorted(theirs, shared)
    rows, after = list[Row](), NO_PARAGRAPH
    for key, group in groupby(mine, lambda pair: pair[0] if pair[0] in shared else NO_PARAGRAPH):
        own = [paragraph for _, paragraph in group]
        if key == NO_PARAGRAPH:
            rows += _rows_of(own, between.pop(after, []))
            continue
        # What only the translation says stands where it says it.
        rows += _rows_of([], between.pop(after, []))
        rows += _rows_of(own, known.pop(key, []))
        after = key
    return [*rows, *_rows_of([], between.pop(after, []))]


def with_edits(rows: Sequence[Row], edited: FinishedLetter) -> list[Row]:
    """The rows of a letter that its writer has edited: what was left as it was has its translation.

    A row of several paragraphs is only kept whole; what was dropped is not said any more.
    """
    known = sorted((row for row in rows if row.letter), key=lambda row: -len(row.letter))
    left, found = _numbered(edited), list[Row]()
    while left:
        row = next((row for row in known if _begins_with(left, row.letter)), None)
        if row is None:
            found.append(Row((left.pop(0),), ()))
            continue
        kept = zip(left, row.letter, strict=False)
        mine = tuple(replace(own, passage=model.passage) for own, model in kept)
        found.append(Row(mine, row.translation))
        left = left[len(mine) :]
    return found


def _said(letter: FinishedLetter, ids: Sequence[str]) -> list[tuple[str, Paragraph]]:
    """Every paragraph with the id of what it says; one of the demands by its number."""
    said, seen = [], dict[str, int]()
    for paragraph in _numbered(letter):
        key = ids[paragraph.passage] if 0 <= paragraph.passage < len(ids) else NO_PARAGRAPH
        if key == DEMANDS:
            seen[key] = seen.get(key, 0) + 1
            key = f"{key} {seen[key]}"
        said.append((key, paragraph))
    return said


def _sorted(
    said: Sequence[tuple[str, Paragraph]], shared: set[str]
) -> tuple[dict[str, list[Paragraph]], dict[str, list[Paragraph]]]:
    """The paragraphs of each shared id, and those without one by the shared id before them."""
    known, between = dict[str, list[Paragraph]](), dict[str, list[Paragraph]]()
    before = NO_PARAGRAPH
    for key, paragraph in said:
        if key in shared:
            known.setdefault(key, []).append(paragraph)
            before = key
        else:
            between.setdefault(before, []).append(paragraph)
    return known, between


def _rows_of(mine: Sequence[Paragraph], theirs: Sequence[Paragraph]) -> Iterator[Row]:
    if len(mine) == len(theirs):
        yield from (Row((one,), (other,)) for one, other in zip(mine, theirs, strict=True))
    elif theirs:
        yield Row(tuple(mine), tuple(theirs))
    else:
        yield from (Row((one,), ()) for one in mine)


def _numbered(letter: FinishedLetter) -> list[Paragraph]:
    return [
        replace(paragraph, text=text)
        for paragraph, text in zip(letter.paragraphs, letter.body(), strict=True)
    ]


def _begins_with(left: Sequence[Paragraph], paragraphs: Sequence[Paragraph]) -> bool:
    begin = left[: len(paragraphs)]
    return [bare_text(one.text) for one in begin] == [bare_text(one.text) for one in paragraphs]
