"""A document's text in, a reading out."""

from __future__ import annotations

import re
from collections import Counter
from datetime import date

from babel.core import get_global

from app.intake.asking import demands_of, languages_of
from app.intake.blocks import Block, Detail
from app.intake.clean import clean
from app.intake.contacts import dialled, emails_in
from app.intake.country import countries_in, most_named, people_in, places, towns_in
from app.intake.document import Document
from app.intake.heading import kind_of_document, organisation_of, title_of
from app.intake.language import guess
from app.intake.letter import LetterLines, letter_of, letters_in
from app.intake.lexicon import words_of
from app.intake.model import Confidence, Found, FoundLetter, FoundTarget, Number, Reading
from app.intake.people import people_of
from app.intake.references import mentions_in, previous_of, reference_of
from app.intake.targets import bare_addresses, blocks_in, is_embassy, names_copied
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
    country = _country(document, blocks)
    letter_lines = _main_letter(blocks, letters)
    letter = letter_of(document, letter_lines) if letter_lines else None
    targets = _targets(document, blocks, letter, country.value if country else None)
    kind = kind_of_document(document, targets=len(targets), letter=letter is not None)
    if kind.value == "other" and letter is None:
        targets = []
    return Reading(
        kind=kind,
        language=_language(document, letters),
        organisation=organisation_of(document),
        title=title_of(document),
        case_names=names,
        pronoun=pronoun,
        country=country,
        deadline=deadline_of(document),
        issued=issued_of(document),
        reference=reference_of(document),
        targets=tuple(targets),
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


def _country(document: Document, blocks: list[Block]) -> Found[str] | None:
    """The country of the case: by the title, the number, the text, the first authority's address."""
    head = document.lines[:8]
    scores: Counter[str] = Counter()
    where: dict[str, tuple[int, int]] = {}
    for line in head:
        for code, start, end in countries_in(line.text, document.language) + people_in(
            line.text, document.language
        ):
            scores[code] += 6 if line.words <= 20 else 2
            where.setdefault(code, (line.start + start, line.start + end))
    for mention in mentions_in(document)[:3]:
        named = _of_index(mention.text)
        if named:
            scores[named] += 12
            where.setdefault(named, (mention.start, mention.end))
    body = document.text[:20_000]
    for code, count in most_named(body, document.language).items():
        scores[code] += min(count, 20)
    for code, start, end in countries_in(body, document.language) + people_in(
        body, document.language
    ):
        where.setdefault(code, (start, end))
    for block in blocks:
        if block.kind == "to":
            for part in block.address:
                for code, start, end in countries_in(part.text) + towns_in(part.text):
                    scores[code] += 2
                    where.setdefault(code, (part.start + start, part.start + end))
    for code, start, end in towns_in(body):
        scores[code] += 1
        where.setdefault(code, (start, end))
    if not scores:
        return None
    (best, first), *rest = scores.most_common(2)
    sure = first >= 6 and (not rest or first >= 1.5 * rest[0][1])
    start, end = where[best]
    return document.found(
        best, start, end, "country_named", confidence="found" if sure else "check"
    )


def _of_index(text: str) -> str | None:
    if match := re.match(r"([A-Z]{3}) ?(\d\d)/", text):
        return places()["index"].get(f"{match[1]} {match[2]}")
    if match := re.match(r"(?:Case )?([A-Z]{3}) ?\d{3}", text):
        alias = get_global("territory_aliases").get(match[1])
        return alias[0] if alias else None
    return None


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


def _targets(
    document: Document, blocks: list[Block], letter: FoundLetter | None, country: str | None
) -> list[FoundTarget]:
    copied = list(names_copied(document))
    found: list[FoundTarget] = []
    greeted = _greeted(blocks, letter)
    for block in blocks:
        label = block.named or block.office
        words = {w.text for w in words_of(label.text) if len(w.text) > 3} if label else set()
        if (
            block.kind == "to"
            and words
            and any(len(words & said) >= max(2, len(words) - 1) for said in copied)
        ):
            block.kind, block.reason = "copy", "copy_in_prose"
        salutation = _of(document, block, "salutation")
        if salutation is None and block.letter and block.letter.greeting is not None:
            line = document.lines[block.letter.greeting]
            salutation = document.found(line.text, line.start, line.end, "greeting")
        elif salutation is None and block is greeted and letter:
            salutation = letter.salutation
        start, end = document.clean.span(block.start, block.end)
        found.append(
            FoundTarget(
                kind=document.found(block.kind, block.start, block.end, block.reason),
                start=start,
                end=end,
                name=_part(document, block, "named"),
                role=_part(document, block, "office"),
                address=tuple(
                    document.found(p.text, p.start, p.start + len(p.text), "address_line")
                    for p in block.address
                ),
                phones=tuple(_numbers(document, block, "phone", country)),
                faxes=tuple(_numbers(document, block, "fax", country)),
                emails=tuple(_emails(document, block)),
                contact_form=_of(document, block, "form"),
                salutation=salutation,
            )
        )
    return found or _bare(document)


def _greeted(blocks: list[Block], letter: FoundLetter | None) -> Block | None:
    """Whom the letter greets: the addressee above it, one it names, or the first without a form."""
    if letter is None or letter.salutation is None:
        return None
    free = [
        b for b in blocks if not any(d.name == "salutation" for d in b.details) and b.kind == "to"
    ]
    said = {word.text for word in words_of(letter.salutation.value) if len(word.text) > 3}
    for block in free:
        name = {w.text for w in words_of(block.named.text)} if block.named else set()
        if said & name:
            return block
    for block in free:
        role = {w.text for w in words_of(block.office.text)} if block.office else set()
        if said & role:
            return block
    return free[0] if free else None


def _part(document: Document, block: Block, which: str) -> Found[str] | None:
    part = block.named if which == "named" else block.office
    if part is None:
        return None
    sure = part.what in {"name", "role"}
    return document.found(
        part.text,
        part.start,
        part.start + len(part.text),
        "address_block" if sure else "first_line",
        confidence="found" if sure else "check",
    )


def _of(document: Document, block: Block, name: str) -> Found[str] | None:
    detail = next((detail for detail in block.details if detail.name == name), None)
    return (
        document.found(detail.value, detail.start, detail.end, f"{name}_label") if detail else None
    )


def _numbers(
    document: Document, block: Block, name: str, country: str | None
) -> list[Found[Number]]:
    found = []
    for detail in block.details:
        if detail.name != name or detail.number is None:
            continue
        number = detail.number
        code = number.e164 or dialled(number.text, country)
        doubt = detail.doubt or ("" if code else "cannot_be_dialled")
        if doubt == "cannot_be_dialled":
            document.warn(doubt, detail.start, detail.end, number=number.text)
        start, end = document.clean.span(detail.start, detail.end)
        found.append(
            Found(
                Number(number.text, number.remark, code),
                "check" if doubt else "found",
                start,
                end,
                doubt or f"{name}_label",
            )
        )
    return found


def _emails(document: Document, block: Block) -> list[Found[str]]:
    seen: dict[str, Detail] = {}
    for detail in block.details:
        if detail.name == "email":
            seen.setdefault(detail.value.casefold(), detail)
    return [
        document.found(
            d.value, d.start, d.end, d.doubt or "email", confidence="check" if d.doubt else "found"
        )
        for d in seen.values()
    ]


def _bare(document: Document) -> list[FoundTarget]:
    """Addresses in a sentence that asks to write to them, where no addressee is named."""
    found = []
    for first, last in bare_addresses(document):
        for mail, start, end, _ in emails_in(document.text[first:last]):
            value = document.found(
                mail, first + start, first + end, "email_in_sentence", confidence="check"
            )
            kind = document.found(
                "to", first + start, first + end, "email_in_sentence", confidence="check"
            )
            found.append(FoundTarget(kind, value.start, value.end, emails=(value,)))
    return found


def _background(document: Document) -> Found[str] | None:
    for index, label in enumerate(document.labels):
        if label and label.name == "background" and label.strong:
            last = document.next_label(index, but=("background", "country", "organisation"))
            lines = document.lines[index + 1 : last]
            if lines and sum(map(len, (line.text for line in lines))) > 80:
                text = document.text[lines[0].start : lines[-1].end]
                return document.found(text, lines[0].start, lines[-1].end, "background_label")
    return None
