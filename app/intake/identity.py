"""Who an addressee is: the person, the office, and the lines that bring a letter there."""

from __future__ import annotations

import re

from app.intake.entry import Block, Piece
from app.intake.lexicon import begins, plain
from app.intake.naming import (
    Part,
    bare_name,
    is_person,
    is_place,
    kind_of,
    parts_of,
    split_office,
)

_AMBASSADOR = re.compile(r"(?:ambass|embaj|botschaft|embaix|посол|büyükelçi)")


_EMBASSY = re.compile(r"embass|ambass|embaj|botschaft|embaix|посольств|büyükelçili")


CARE_OF = re.compile(r"\s*c\s?/\s?o\b|\s*z\.?\s?Hd\.|\s*s/c\b", re.IGNORECASE)


def identify(block: Block, heads: list[Piece]) -> None:
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
    elif name and role and body and _is_of_embassy(role, body):
        role = Part(f"{role.text}, {body.text}", role.start, "role")
        used.add(id(body))
    if not name and not role and parts:
        first = parts[0] if parts[0].what in {"body", "other"} else body
        if first:
            name = first
            used.add(id(first))
    block.named = bared(name) if name else None
    block.office = role
    rest = [part for part in parts if id(part) not in used and not _within(part, role)]
    led = [part for part in rest if part.what in {"place", "other"} or is_place(part.text)]
    block.address = rest if led else []


def _is_of_embassy(role: Part, body: Part) -> bool:
    """Whether an office and a house are an ambassador and the embassy."""
    return bool(_AMBASSADOR.match(plain(role.text)) and _EMBASSY.search(plain(body.text)))


def _parts(heads: list[Piece]) -> list[Part]:
    """The pieces of an addressee's lines; what comes after "care of" is somebody else's."""
    parts: list[Part] = []
    for index, head in enumerate(heads):
        if care := CARE_OF.match(head.text):
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


def bared(name: Part) -> Part:
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
