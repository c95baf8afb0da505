"""Lines of an address list cut into addressees, each with who it is and how it is reached."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from app.intake.contacts import URL, Mark, emails_in, marks_in, numbers_in
from app.intake.entry import Block, Detail, Piece
from app.intake.identity import CARE_OF, bared, identify
from app.intake.lexicon import begins
from app.intake.naming import (
    Part,
    is_body,
    is_place,
    kind_of,
    parts_of,
)

_ASIDE_LINE = re.compile(r"[(\[].*[)\]]|[-=_*]+")
_LINK_LINE = re.compile(r"(?:mailto|tel):\S+")
_NUMBER_LINE = re.compile(r"[\s(]*\+?\d[\d\s().\-/]{6,}(?:$|\()")


def blocks_of(pieces: Sequence[Piece]) -> Iterator[Block]:
    """The addressees of an address list, in order."""
    drafts: list[Block] = []
    for piece in pieces:
        marks = marks_in(piece.text)
        if not piece.text or (_ASIDE_LINE.fullmatch(piece.text) and not marks):
            continue
        if _LINK_LINE.fullmatch(piece.text) or piece.text.count("|") > 1:
            continue
        head = piece.cut(0, marks[0].start) if marks else piece
        head = _without_values(head)
        if drafts and drafts[-1].pending in {"phone", "fax"} and _NUMBER_LINE.match(piece.text):
            head = piece.cut(0, 0)
        head_text = head.text.strip(" ,;.-–—|/•")
        if not drafts or (head_text and _begins_new(drafts[-1], piece, head_text)):
            drafts.append(Block())
        _take(drafts[-1], piece, head if head_text else None, marks)
    for draft in drafts:
        yield from _finished(draft)


def _begins_new(block: Block, piece: Piece, head: str) -> bool:
    """Whether a line is of the next addressee: the last one can be reached, or a gap parts them."""
    first = head.split(",", maxsplit=1)[0].split(" – ", maxsplit=1)[0].split(" - ", maxsplit=1)[0]
    what = "prose" if kind_of(head) == "prose" else kind_of(first)
    if piece.bullet:
        return bool(block.heads)
    if what == "prose" or CARE_OF.match(head):
        return False
    if block.reached:
        return what in {"name", "role", "body"} or (
            piece.after_gap and what == "other" and _proper(first)
        )
    if piece.after_gap and len(block.heads) >= 2:
        return (
            what == "role"
            or (what == "name" and (any(is_place(h.text) for h in block.heads)))
            or (
                what == "body"
                and begins("body", first)
                and any(is_place(h.text) for h in block.heads)
            )
        )
    return False


def _proper(text: str) -> bool:
    words = [word for word in text.split() if word[:1].isalpha()]
    big = [word for word in words if word[0].isupper()]
    return 2 <= len(words) <= 6 and len(big) >= len(words) - 1 and not re.search(r"[.!?:]$", text)


def _without_values(head: Piece) -> Piece:
    """The part of a line before an address or a web address that has no label."""
    found = re.search(r"[\w.+\-]+@[\w\-]+\.|https?://|www\.|\[email|(?:^|\s)\+\d", head.text)
    return head.cut(0, found.start()) if found else head


def _take(block: Block, piece: Piece, head: Piece | None, marks: list[Mark]) -> None:
    block.pieces.append(piece)
    if head:
        block.heads.append(head)
    rest = len(head.text) if head and not marks else 0
    spans = [("", rest, marks[0].start if marks else len(piece.text))]
    for index, mark in enumerate(marks):
        end = marks[index + 1].start if index + 1 < len(marks) else len(piece.text)
        spans.append((mark.name, mark.value_at, end))
    for name, start, end in spans:
        if name or start < end:
            _values(block, piece, name, start, end)
    if re.search(r"\[?e-?mail\W+(?:protected|protégé)", piece.text, re.IGNORECASE):
        block.reached = True


def _values(block: Block, piece: Piece, name: str, start: int, end: int) -> None:
    text = piece.text[start:end]
    base = piece.start + start
    for mail, first, last, veiled in emails_in(text):
        doubt = "veiled_address" if veiled else ""
        block.details.append(Detail("email", mail, base + first, base + last, doubt=doubt))
        block.reached = True
    if name == "salutation":
        value = text.strip(" .;)")
        if value:
            block.details.append(Detail("salutation", value, base, base + len(text.rstrip())))
        block.reached = True
        return
    _forms(block, piece, name, text, base)
    if name == "other_channel":
        block.reached, block.pending = True, ""
        return
    if name:
        block.pending = name if name in {"phone", "fax", "both", "form"} else ""
        block.reached = True
    kind = name if name in {"phone", "fax", "both"} else ("" if name else block.pending)
    labelled = name in {"phone", "fax", "both"}
    bare = re.match(r"[\s(]*\+?\d[\d\s().\-/]{6,}", text)
    if kind in {"phone", "fax", "both"} and (labelled or bare):
        _numbers(block, text, base, kind)
    elif not kind and re.match(r"\s*\(?\+\d", text):
        _numbers(block, text, base, "phone", doubt="number_without_label")


def _forms(block: Block, piece: Piece, name: str, text: str, base: int) -> None:
    """Web addresses: forms where a label says so, or where the address itself does."""
    for match in URL.finditer(text):
        if match[0] == piece.text and block.pending != "form":
            continue
        told = name in {"form", "email"} or (not name and block.pending == "form")
        if told or _is_form(match[0]):
            block.details.append(Detail("form", match[0], base + match.start(), base + match.end()))
        block.reached = True


def _is_form(url: str) -> bool:
    return bool(
        re.search(r"contact|webmail|/form|kontakt|contato|feedback|otinish", url, re.IGNORECASE)
    )


def _numbers(block: Block, text: str, base: int, kind: str, *, doubt: str = "") -> None:
    url_free = URL.sub(lambda match: " " * len(match[0]), text)
    for number, first, last in numbers_in(url_free, None):
        for each in ("phone", "fax") if kind == "both" else (kind,):
            block.details.append(
                Detail(each, number.text, base + first, base + last, number, doubt)
            )
        block.reached = True


def _finished(block: Block) -> Iterator[Block]:
    """Who a block is; several "Name, Office" lines above one address are as many addressees."""
    listed = []
    for head in block.heads:
        parts = parts_of(head.text)
        if (
            len(parts) == 2
            and parts[0].what == "name"
            and parts[1].what == "role"
            and not any(map(str.isdigit, head.text))
        ):
            listed.append((head, parts))
        else:
            break
    if len(listed) < 2:
        identify(block, block.heads)
        yield block
        return
    shared = block.heads[len(listed) :]
    for head, parts in listed:
        one = Block([head, *block.pieces[len(listed) :]], [head], block.details, reached=True)
        name, role = parts
        one.named = bared(Part(name.text, head.start + name.start, "name"))
        body = shared[0].text if shared and is_body(shared[0].text) else ""
        one.office = Part(
            f"{role.text}, {body}" if body else role.text, head.start + role.start, "role"
        )
        one.address = [Part(piece.text, piece.start, "place") for piece in shared]
        yield one
