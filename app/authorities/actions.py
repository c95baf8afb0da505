"""Keeping the address book: an office as one form, saved whole."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID, uuid4
from zoneinfo import available_timezones

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.audit.actions import note as audit
from app.authorities.models import Authority, ContactKind, ContactPoint, ContactState, Office
from app.authorities.rules import fault_of
from app.core.forms import Check, EditedMeanwhile, mark_of
from app.core.i18n import countries, is_language
from app.sections.models import Section

NEW = "new"
ADDRESS_AT_MOST = 1_000
_COUNTRIES = frozenset(code for code, _ in countries("en"))


@dataclass(frozen=True, slots=True)
class OfficeRow:
    """How the office is named and addressed in one language."""

    language: str
    role: str = ""
    name: str = ""
    institution: str = ""
    salutation: str = ""
    closing: str = ""

    @property
    def is_empty(self) -> bool:
        return not (self.role or self.name or self.institution or self.salutation or self.closing)


@dataclass(frozen=True, slots=True)
class ContactRow:
    """One way to reach it. `row` is the id of the stored row, or `NEW`."""

    row: str
    kind: str
    value: str
    remark: str = ""
    check_note: str = ""
    state: str = ContactState.OK.value
    last_verified: str = ""
    remove: bool = False

    @property
    def is_empty(self) -> bool:
        return not (self.value or self.remark or self.check_note)


@dataclass(frozen=True, slots=True)
class AuthorityForm:
    """An office with everything that is known of it."""

    country: str
    time_zone: str
    languages: tuple[str, ...]
    offices: tuple[OfficeRow, ...]
    contacts: tuple[ContactRow, ...]
    # Of an embassy: the country it is in.
    embassy_in: str = ""


def read_authority(authority: Authority) -> AuthorityForm:
    return AuthorityForm(
        authority.country,
        authority.time_zone,
        tuple(authority.languages),
        tuple(
            OfficeRow(
                office.language,
                office.role,
                office.name,
                office.institution,
                office.salutation,
                office.closing,
            )
            for office in sorted(authority.offices, key=lambda office: office.language)
        ),
        tuple(
            ContactRow(
                str(point.id),
                point.kind.value,
                point.value,
                point.remark,
                point.check_note,
                point.state.value,
                point.last_verified.isoformat() if point.last_verified else "",
            )
            for point in authority.contact_points
        ),
        authority.embassy_in,
    )


def add_authority(
    session: Session, section: Section, form: AuthorityForm, *, by: UUID | str, now: datetime
) -> Authority:
    """Put a new office into the section's book."""
    form = _checked(form)
    authority = Authority(
        id=uuid4(),
        section_id=section.id,
        key=_free_key(session, form),
        country=form.country,
        embassy_in=form.embassy_in,
        time_zone=form.time_zone,
        languages=[],
    )
    session.add(authority)
    _write(authority, form)
    _note(session, authority.id, "authority.added", by, now)
    return authority


def save_authority(
    session: Session,
    authority: Authority,
    form: AuthorityForm,
    *,
    by: UUID,
    opened: str,
    now: datetime,
) -> None:
    """Save an office. What was saved meanwhile is not overwritten unseen."""
    session.execute(select(Authority.id).where(Authority.id == authority.id).with_for_update())
    stored = read_authority(authority)
    if mark_of(stored) != opened:
        raise EditedMeanwhile(stored)
    form = _checked(form)
    if form == stored:
        return
    _write(authority, form)
    _note(session, authority.id, "authority.edited", by, now)


def _checked(form: AuthorityForm) -> AuthorityForm:
    check = Check()
    if form.country not in _COUNTRIES:
        check.refuse("country", "missing")
    if form.embassy_in and (form.embassy_in not in _COUNTRIES or form.embassy_in == form.country):
        check.refuse("embassy_in", "no_embassy")
    if form.time_zone not in available_timezones():
        check.refuse("time_zone", "no_zone")
    languages = tuple(dict.fromkeys(language for language in form.languages if language))
    if not all(map(is_language, languages)):
        check.refuse("languages", "no_language")
    offices = tuple(
        _checked_office(check, row)
        for row in sorted(form.offices, key=lambda row: row.language)
        if not row.is_empty
    )
    if not offices:
        check.refuse("offices", "no_office")
    contacts = tuple(
        _checked_contact(check, row) for row in form.contacts if not row.is_empty or row.remove
    )
    check.done()
    return AuthorityForm(
        form.country, form.time_zone, languages, offices, contacts, form.embassy_in
    )


def _checked_office(check: Check, row: OfficeRow) -> OfficeRow:
    at = row.language
    checked = OfficeRow(
        at,
        check.line(f"role-{at}", row.role),
        check.line(f"name-{at}", row.name),
        check.line(f"institution-{at}", row.institution),
        check.line(f"salutation-{at}", row.salutation),
        check.line(f"closing-{at}", row.closing),
    )
    check.needs(f"role-{at}", checked.role or checked.institution or checked.name, "no_title")
    check.needs(f"salutation-{at}", checked.salutation)
    check.needs(f"closing-{at}", checked.closing)
    return checked


def _checked_contact(check: Check, row: ContactRow) -> ContactRow:
    if row.remove:
        return row
    at = row.row
    if row.kind not in set(ContactKind):
        check.refuse(f"kind-{at}", "missing")
        return row
    kind = ContactKind(row.kind)
    value = check.text(f"value-{at}", row.value, at_most=ADDRESS_AT_MOST)
    if kind is not ContactKind.POST:
        value = " ".join(value.split())
    check.needs(f"value-{at}", value)
    fault = fault_of(kind, value) if value else None
    if fault:
        check.refuse(f"value-{at}", fault)
    if row.state not in set(ContactState):
        check.refuse(f"state-{at}", "missing")
    verified = row.last_verified.strip()
    if verified:
        try:
            date.fromisoformat(verified)
        except ValueError:
            check.refuse(f"last_verified-{at}", "no_date")
    return ContactRow(
        at,
        row.kind,
        value,
        check.line(f"remark-{at}", row.remark),
        check.line(f"check_note-{at}", row.check_note),
        row.state,
        verified,
    )


def _write(authority: Authority, form: AuthorityForm) -> None:
    authority.country, authority.time_zone = form.country, form.time_zone
    authority.embassy_in = form.embassy_in
    authority.languages = list(form.languages)
    _write_offices(authority, {row.language: row for row in form.offices})
    kept = {str(point.id): point for point in authority.contact_points}
    for row in form.contacts:
        point = kept.get(row.row)
        if row.remove:
            if point is not None:
                authority.contact_points.remove(point)
            continue
        if point is None:
            point = ContactPoint(
                id=uuid4(),
                position=1 + max((one.position for one in authority.contact_points), default=0),
            )
            authority.contact_points.append(point)
        point.kind, point.value = ContactKind(row.kind), row.value
        point.remark, point.check_note = row.remark, row.check_note
        point.state = ContactState(row.state)
        point.last_verified = date.fromisoformat(row.last_verified) if row.last_verified else None


def _write_offices(authority: Authority, rows: Mapping[str, OfficeRow]) -> None:
    kept = {office.language: office for office in authority.offices}
    for language in set(kept) - set(rows):
        authority.offices.remove(kept[language])
    for language, row in rows.items():
        office = kept.get(language)
        if office is None:
            office = Office(language=language)
            authority.offices.append(office)
        office.role, office.name, office.institution = row.role, row.name, row.institution
        office.salutation, office.closing = row.salutation, row.closing


def _free_key(session: Session, form: AuthorityForm) -> str:
    """A readable key of its own, from the office's title and country."""
    titled = next((row for row in form.offices if row.language == "en"), form.offices[0])
    title = titled.role or titled.institution or titled.name
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    words = re.findall(r"[a-z0-9]+", plain)[:6] or ["office"]
    key = "-".join([*words, form.country.lower()])
    taken = set(session.scalars(select(Authority.key).where(Authority.key.startswith(key))))
    return next(
        one for n in range(1, 10_000) if (one := key if n == 1 else f"{key}-{n}") not in taken
    )


def _note(session: Session, authority_id: UUID, action: str, by: UUID | str, now: datetime) -> None:
    session.flush()  # the log speaks of rows that are there
    audit(session, str(by), action, about=("authority", str(authority_id)), now=now)
