"""Addressees with all that was found of them, each value with its passage and our doubt."""

from __future__ import annotations

from app.intake.contacts import dialled, emails_in
from app.intake.document import Document
from app.intake.entry import Block, Detail
from app.intake.lexicon import words_of
from app.intake.model import Found, FoundLetter, FoundTarget, Number
from app.intake.targets import bare_addresses, names_copied


def targets_of(
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
