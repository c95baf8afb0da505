"""Lines of an address list cut into addressees, each with who it is and how it is reached."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from app.intake.contacts import URL, Mark, emails_in, marks_in, numbers_in
from app.intake.letter import LetterLines
from app.intake.lexicon import begins, plain, words_of
from app.intake.model import Number
from app.intake.naming import (
    Part,
    bare_name,
    is_body,
    is_person,
    is_place,
    kind_of,
    parts_of,
    split_office,
)

_AMBASSADOR = re.compile(r"(?:ambass|embaj|botschaft|embaix|посол|büyükelçi)")
_EMBASSY = re.compile(r"embass|ambass|embaj|botschaft|embaix|посольств|büyükelçili")
_CARE_OF = re.compile(r"\s*c\s?/\s?o\b|\s*z\.?\s?Hd\.|\s*s/c\b", re.IGNORECASE)
_ASIDE_LINE = re.compile(r"[(\[].*[)\]]|[-=_*]+")
_LINK_LINE = re.compile(r"(?:mailto|tel):\S+")
_NUMBER_LINE = re.compile(r"[\s(]*\+?\d[\d\s().\-/]{6,}(?:$|\()")


@dataclass(frozen=True, slots=True)
class Piece:
    """A line, or a part of one, of an address list."""

    text: str
    start: int
    end: int
    after_gap: bool = False
    bullet: str = ""

    def cut(self, start: int, end: int) -> Piece:
        text = self.text[start:end]
        lead = len(text) - len(text.lstrip())
        begin = self.start + start + lead
        words = text.strip()
        return Piece(
            words,
            begin,
            begin + len(words),
            self.after_gap and start == 0,
            self.bullet if start == 0 else "",
        )


@dataclass(slots=True)
class Detail:
    """A value of an addressee: an address, a number, a form, a salutation."""

    name: str
    value: str
    start: int
    end: int
    number: Number | None = None
    doubt: str = ""


@dataclass(slots=True)
class Block:
    """One addressee in the making."""

    pieces: list[Piece] = field(default_factory=list)
    heads: list[Piece] = field(default_factory=list)
    details: list[Detail] = field(default_factory=list)
    reached: bool = False
    pending: str = ""
    kind: str = "to"
    reason: str = ""
    letter: LetterLines | None = None
    named: Part | None = None
    office: Part | None = None
    address: list[Part] = field(default_factory=list)

    @property
    def says_who(self) -> bool:
        return bool(self.named or self.office)

    @property
    def start(self) -> int:
        return self.pieces[0].start

    @property
    def end(self) -> int:
        return self.pieces[-1].end

    def same_as(self, other: Block) -> bool:
        mine, theirs = (_words(block.named) for block in (self, other))
        if mine and theirs:
            return mine <= theirs or theirs <= mine
        mine, theirs = (_words(block.office) for block in (self, other))
        return bool(mine and theirs) and (mine <= theirs or theirs <= mine)


def _words(part: Part | None) -> frozenset[str]:
    return frozenset(word.text for word in words_of(part.text)) if part else frozenset()


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
    """Whether a line is of the next addressee: after a way to reach the last one, or after a gap."""
    first = head.split(",", maxsplit=1)[0].split(" – ", maxsplit=1)[0].split(" - ", maxsplit=1)[0]
    what = "prose" if kind_of(head) == "prose" else kind_of(first)
    if piece.bullet:
        return bool(block.heads)
    if what == "prose" or _CARE_OF.match(head):
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
    for match in URL.finditer(text):
        if match[0] == piece.text and block.pending != "form":
            continue
        if (
            name in {"form", "email"}
            or (not name and block.pending == "form")
            or _is_form(match[0])
        ):
            block.details.append(Detail("form", match[0], base + match.start(), base + match.end()))
        block.reached = True
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
        _identify(block, block.heads)
        yield block
        return
    shared = block.heads[len(listed) :]
    for head, parts in listed:
        one = Block([head, *block.pieces[len(listed) :]], [head], block.details, reached=True)
        name, role = parts
        one.named = _bare(Part(name.text, head.start + name.start, "name"))
        body = shared[0].text if shared and is_body(shared[0].text) else ""
        one.office = Part(
            f"{role.text}, {body}" if body else role.text, head.start + role.start, "role"
        )
        one.address = [Part(piece.text, piece.start, "place") for piece in shared]
        yield one


def _identify(block: Block, heads: list[Piece]) -> None:
    parts = _parts(heads)
    name = _best_name(parts)
    role = next((part for part in parts[:8] if part.what == "role"), None)
    if name is None or (name.start > heads[0].end and not _titled(name)):
        name, role = _joined(parts, name, role)
    body = next((part for part in parts if part.what == "body"), None)
    used = {id(name), id(role)}
    if name and not role:
        after = [part for part in parts if part.start > name.start]
        if body:
            role = body
        elif after and after[0].what == "other" and len(after[0].text) <= 40:
            role = after[0]
        used.add(id(role))
    elif name and role and body and _AMBASSADOR.match(plain(role.text)):
        if _EMBASSY.search(plain(body.text)):
            role = Part(f"{role.text}, {body.text}", role.start, "role")
            used.add(id(body))
    if not name and not role and parts:
        first = parts[0] if parts[0].what in {"body", "other"} else body
        if first:
            name = first
            used.add(id(first))
    block.named = _bare(name) if name else None
    block.office = role
    rest = [part for part in parts if id(part) not in used and not _within(part, role)]
    led = [part for part in rest if part.what in {"place", "other"} or is_place(part.text)]
    block.address = rest if led else []


def _parts(heads: list[Piece]) -> list[Part]:
    """The pieces of an addressee's lines; what comes after "care of" is somebody else's."""
    parts: list[Part] = []
    for index, head in enumerate(heads):
        if care := _CARE_OF.match(head.text):
            if is_person(split_office_name(head.text[care.end() :])):
                break
            parts.append(Part(head.text, head.start, "place"))
            continue
        found = parts_of(head.text)
        place = any(part.what == "place" for part in found)
        if index and (
            place or len(found) > 2 or not any(p.what in {"name", "role"} for p in found)
        ):
            what = kind_of(head.text)
            led = found[0].what in {"name", "role"} and len(found) > 1 and index < 3
            if not (led and (found[0].what == "role" or _titled(found[0]))):
                found = [Part(head.text, 0, "place" if place and what == "name" else what)]
        for number, part in enumerate(found):
            # A town or a quarter after a comma looks like a name.
            late = part.what == "name" and (number or index) and place and not _titled(part)
            what = "place" if late and not (number == 1 and found[0].what == "role") else part.what
            text = re.sub(r"\s*\([^()]*\)?$", "", part.text).strip(" ,;:.–—-")
            if re.search(r"\w", text):
                lead = len(part.text) - len(part.text.lstrip(" ,;:.–—-"))
                parts.append(Part(text, head.start + part.start + lead, what))
    return [part for part in parts if part.what != "prose"]


def split_office_name(text: str) -> str:
    """The person a line names, with or without the office before the name."""
    bare = bare_name(text)
    split = split_office(bare)
    return split.name if split else bare


def _bare(name: Part) -> Part:
    text = bare_name(name.text) or name.text
    return Part(text, name.start + max(name.text.find(text), 0), name.what)


def _titled(part: Part) -> bool:
    return part.what == "name" and begins("title", part.text)


def _best_name(parts: list[Part]) -> Part | None:
    named = [part for part in parts[:7] if part.what == "name"]
    return next((part for part in named if _titled(part)), named[0] if named else None)


def _within(part: Part, role: Part | None) -> bool:
    return role is not None and part.text in role.text


def _joined(
    parts: list[Part], name: Part | None, role: Part | None
) -> tuple[Part | None, Part | None]:
    """An office and a person in one piece, where no person stands alone before it."""
    for part in parts[:6]:
        if part.what != "role" or (name is not None and name.start < part.start):
            continue
        split = split_office(part.text)
        if split is None:
            continue
        at = part.text.rfind(split.name)
        found = Part(split.name, part.start + max(at, 0), "name")
        if role is not None and role is not part:
            return found, role
        return found, Part(split.role, part.start, "role")
    return name, role
