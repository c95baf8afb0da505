"""What the desk knows already: offices in the address book, and campaigns about the same people."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload, selectinload

from app.authorities.models import Authority, ContactKind
from app.campaigns.models import Campaign
from app.core.addresses import same_mailbox
from app.core.text import fold
from app.intake.plan import Plan, PlannedTarget

_LOOKED_AT = 1_000
# Of a number, without its prefixes: as many digits from the end as no two offices share.
_DIGITS = 7
# UA 60/16, 83.18, AMR 37/6674/2017: a running number and a year, however they are parted.
_RUNNING = re.compile(r"(\d{1,5})\s*[/.-]\s*(\d{2}|\d{4})(?!\d)")


class Because(StrEnum):
    """Why an earlier campaign comes to mind."""

    NUMBER = "number"
    PEOPLE = "people"


@dataclass(frozen=True, slots=True)
class Earlier:
    """A campaign that the document may go on with."""

    campaign: Campaign
    because: Because


def find_offices(
    book: Sequence[Authority], targets: Sequence[PlannedTarget], country: str
) -> list[Authority | None]:
    """For each target the office of the book that it is; no office is two of them."""
    left = list(book)
    found: list[Authority | None] = []
    for target in targets:
        known = find_office(left, target, country)
        found.append(known)
        if known is not None:
            left.remove(known)
    return found


def find_office(book: Iterable[Authority], target: PlannedTarget, country: str) -> Authority | None:
    """The office of the book that a target is, by its addresses first, by its names after them."""
    offices = list(book)
    for authority in offices:
        if _mail_and_form(target) & _known_mail_and_form(authority) and _may_be(authority, target):
            return authority
    for authority in offices:
        if authority.embassy_in or not _is_named(authority, target):
            continue
        # Ministries share a switchboard, so a number says nothing without a name.
        if authority.country == country or _digits([*target.phones, *target.faxes]) & _numbers(
            authority
        ):
            return authority
    return None


def with_known(plan: Plan, offices: Sequence[Authority | None], earlier: Sequence[Earlier]) -> Plan:
    """A plan that uses the offices that are known, and joins the case that it surely goes on with.

    The same number is the same case; the same name alone is a person's to decide.
    """
    targets = tuple(
        replace(target, office=str(office.id)) if office else target
        for target, office in zip(plan.targets, offices, strict=True)
    )
    follows = next((one.campaign.reference for one in earlier if one.because is Because.NUMBER), "")
    return replace(plan, targets=targets, follows=follows)


def _may_be(authority: Authority, target: PlannedTarget) -> bool:
    """Whether no name speaks against it: offices of one house may share a mailbox."""
    named = [office.name for office in authority.offices if office.name]
    return _is_named(authority, target) or not target.name or not named


def _is_named(authority: Authority, target: PlannedTarget) -> bool:
    names = {fold(said) for said in (target.name, target.role) if said}
    for office in authority.offices:
        said = {fold(one) for one in (office.name, office.role, office.institution) if one}
        # Where both name a person, it has to be the same one.
        if said & names and (not target.name or not office.name or fold(target.name) in said):
            return True
    return False


def find_earlier(session: Session, section_id: UUID, plan: Plan) -> list[Earlier]:
    """Campaigns with the same number, then those about somebody of the same name."""
    known = (
        select(Campaign)
        .where(Campaign.section_id == section_id)
        .options(
            selectinload(Campaign.people),
            selectinload(Campaign.texts),
            joinedload(Campaign.case),
        )
        .order_by(Campaign.opened_at.desc(), Campaign.id)
        .limit(_LOOKED_AT)
    )
    campaigns = session.scalars(known).all()
    number = _number(plan.number)
    people = {fold(person.name) for person in plan.people if person.name}
    found = [
        Earlier(one, Because.NUMBER)
        for one in campaigns
        if number and _number(one.number) == number
    ]
    found += [
        Earlier(one, Because.PEOPLE)
        for one in campaigns
        if people & _names(one) and all(one is not known.campaign for known in found)
    ]
    return found[:5]


def _mail_and_form(target: PlannedTarget) -> set[str]:
    form = [_bare(target.form)] if target.form else []
    return {*(same_mailbox(mail) for mail in target.emails if "@" in mail), *form}


def _known_mail_and_form(authority: Authority) -> set[str]:
    return {
        same_mailbox(point.value) if point.kind is ContactKind.EMAIL else _bare(point.value)
        for point in authority.contact_points
        if point.kind in (ContactKind.EMAIL, ContactKind.FORM)
    }


def _numbers(authority: Authority) -> set[str]:
    kinds = (ContactKind.PHONE, ContactKind.FAX)
    return _digits([point.value for point in authority.contact_points if point.kind in kinds])


def _digits(numbers: Sequence[str]) -> set[str]:
    plain = (re.sub(r"\D", "", number.partition("(")[0] or number) for number in numbers)
    return {digits[-_DIGITS:] for digits in plain if len(digits) >= _DIGITS}


def _bare(address: str) -> str:
    return re.sub(r"^https?://(www\.)?", "", address.strip().casefold()).rstrip("/")


def _number(printed: str) -> tuple[str, str] | str:
    found = _RUNNING.search(printed)
    if found is None:
        return fold(printed)
    return found.group(1).lstrip("0"), found.group(2)[-2:]


def _names(campaign: Campaign) -> set[str]:
    return {
        fold(name)
        for person in campaign.people
        for name in (person.name, *person.names.values())
        if name
    }
