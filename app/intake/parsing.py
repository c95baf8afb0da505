"""A document's text in, a reading out."""

from __future__ import annotations

from datetime import date

from app.intake.addressees import targets_of
from app.intake.asking import demands_of, languages_of
from app.intake.case_country import country_of
from app.intake.clean import clean
from app.intake.document import Document
from app.intake.doubts import past, with_doubts
from app.intake.entry import Block
from app.intake.heading import kind_of_document, organisation_of, title_of
from app.intake.language import guess
from app.intake.letter import LetterLines, letter_of, letters_in
from app.intake.model import Confidence, Found, Reading
from app.intake.people import people_of
from app.intake.references import previous_of, reference_of
from app.intake.targets import blocks_in, is_embassy
from app.intake.timing import deadline_of, issued_of


def read_action(text: str, *, language: str | None = None, today: date | None = None) -> Reading:
    """Everything an urgent action says of itself, each value with its passage; never raises.

    `language` is what the person who brought the document says it is in; `today` is only compared
    with, so that the same text gives the same reading on every day but for warnings.
    """
    document = Document(clean(text), today, language)
    for change in sorted(document.clean.changes):
        document.warn(change, 0, len(document.text))
    letters = letters_in(document)
    blocks = blocks_in(document, letters)
    names, pronoun = people_of(document, blocks)
    country = country_of(document, blocks)
    letter_lines = _main_letter(blocks, letters)
    letter = letter_of(document, letter_lines) if letter_lines else None
    targets = targets_of(document, blocks, letter, country.value if country else None)
    kind = kind_of_document(document, targets=len(targets), letter=letter is not None)
    if kind.value == "other" and letter is None:
        targets = []
    deadline = deadline_of(document)
    past(document, deadline)
    return Reading(
        kind=kind,
        language=_language(document, letters),
        organisation=organisation_of(document),
        title=title_of(document),
        case_names=names,
        pronoun=pronoun,
        country=country,
        deadline=deadline,
        issued=issued_of(document),
        reference=reference_of(document),
        targets=tuple(with_doubts(document, target) for target in targets),
        preferred_languages=languages_of(document),
        demands=demands_of(document) if kind.value != "other" or len(text) < 30_000 else (),
        letter=letter,
        previous=previous_of(document),
        background=_background(document),
        warnings=tuple(document.cautions),
    )


def _language(document: Document, letters: list[LetterLines]) -> Found[str] | None:
    """The language of the document around its letters, which may be in another."""
    if document.asked:
        return document.found(document.asked, 0, len(document.text), "asked")
    inside = {at for letter in letters for at in range(letter.first, letter.last + 1)}
    outside = "\n".join(line.text for at, line in enumerate(document.lines) if at not in inside)
    told = guess(outside) if len(outside) > 200 else None
    told = told or document.guessed
    if told is None:
        return None
    sure: Confidence = "found" if told[1] else "check"
    return document.found(told[0], 0, len(document.text), "common_words", confidence=sure)


def _main_letter(blocks: list[Block], letters: list[LetterLines]) -> LetterLines | None:
    """The letter to the first authority; one that only covers a copy comes second."""
    heads = {id(block.letter): block for block in blocks if block.letter}
    embassies = [block for block in heads.values() if is_embassy(block)]
    if len(heads) > len(embassies):
        for block in embassies:
            if block.reason == "letter_head":
                block.kind = "copy"
    for letter in letters:
        head = heads.get(id(letter))
        if head is None or head.kind == "to":
            return letter
    return letters[0] if letters else None


def _background(document: Document) -> Found[str] | None:
    for index, label in enumerate(document.labels):
        if label and label.name == "background" and label.strong:
            last = document.next_label(index, but=("background", "country", "organisation"))
            lines = document.lines[index + 1 : last]
            if lines and sum(map(len, (line.text for line in lines))) > 80:
                text = document.text[lines[0].start : lines[-1].end]
                return document.found(text, lines[0].start, lines[-1].end, "background_label")
    return None
