"""How an office is named in a language, and the ways to it that may be used."""

from __future__ import annotations

from app.authorities.models import Authority, ContactKind, ContactPoint, ContactState, Office


def office_in(authority: Authority, language: str) -> Office:
    """How the authority is addressed in a language, or in the next one that it is named in."""
    by_language = {office.language: office for office in authority.offices}
    for spoken in (language, "en", *sorted(by_language)):
        if spoken in by_language:
            return by_language[spoken]
    raise LookupError(authority.id)


def usable_points(authority: Authority) -> list[ContactPoint]:
    return [point for point in authority.contact_points if point.state is not ContactState.REFUSED]


def point_of(authority: Authority, kind: ContactKind) -> ContactPoint | None:
    return next((point for point in usable_points(authority) if point.kind is kind), None)


def address_of(authority: Authority) -> tuple[str, ...]:
    """The lines of the envelope below the name and office, as the document prints them."""
    post = point_of(authority, ContactKind.POST)
    lines = post.value.splitlines() if post else []
    return tuple(line.strip() for line in lines if line.strip())
