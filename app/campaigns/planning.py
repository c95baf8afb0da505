"""Who is written to, in which groups and in what order: the plan behind the words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.models import Account
from app.authorities.models import Authority
from app.campaigns import editing
from app.campaigns.actions import slug_of
from app.campaigns.models import Audience, Campaign, Target, TargetKind
from app.campaigns.wording import NEW
from app.core.forms import Check

_KEY = re.compile(r"[a-z][a-z0-9-]{1,39}")


@dataclass(frozen=True, slots=True)
class GroupRow:
    """A group of targets that is asked the same. `row` is the id of the stored row, or `NEW`."""

    row: str
    names: Mapping[str, str]
    remove: bool = False

    @property
    def is_empty(self) -> bool:
        return not any(self.names.values())


@dataclass(frozen=True, slots=True)
class GroupsForm:
    """Every group of the campaign."""

    rows: tuple[GroupRow, ...]


@dataclass(frozen=True, slots=True)
class TargetRow:
    """An authority of the address book in this campaign."""

    row: str
    position: str
    authority: str
    audience: str
    kind: str
    remove: bool = False

    @property
    def is_empty(self) -> bool:
        return not self.authority


@dataclass(frozen=True, slots=True)
class TargetsForm:
    """Everybody who is written to, in their order."""

    rows: tuple[TargetRow, ...]


def read_groups(campaign: Campaign) -> GroupsForm:
    return GroupsForm(
        tuple(
            GroupRow(str(audience.id), {k: v for k, v in sorted(audience.names.items()) if v})
            for audience in campaign.audiences
        )
    )


def save_groups(
    session: Session,
    campaign: Campaign,
    form: GroupsForm,
    *,
    by: Account,
    opened: str,
    now: datetime,
) -> None:
    """Save the groups. One that is still written to or asked something cannot be taken away."""
    editing.lock(session, campaign)
    check = Check()
    rows = tuple(_checked_group(check, row) for row in form.rows if not row.is_empty or row.remove)
    if not editing.require_unchanged(campaign, read_groups(campaign), GroupsForm(rows), opened):
        return
    kept = {str(audience.id): audience for audience in campaign.audiences}
    for row in rows:
        if row.remove and row.row in kept and _is_used(campaign, kept[row.row]):
            check.refuse(f"remove-{row.row}", "group_in_use")
    if all(row.remove for row in rows):
        check.refuse(f"remove-{rows[0].row}" if rows else f"name-{NEW}", "last_group")
    check.done()
    for row in rows:
        audience = kept.get(row.row)
        if row.remove:
            if audience is not None:
                campaign.audiences.remove(audience)
            continue
        if audience is None:
            audience = Audience(
                id=uuid4(),
                key=_free_key(campaign, row.names),
                position=1 + max((one.position for one in campaign.audiences), default=0),
            )
            campaign.audiences.append(audience)
        audience.names = dict(row.names)
    editing.edited(session, campaign, by, "groups", now)


def read_targets(campaign: Campaign) -> TargetsForm:
    return TargetsForm(
        tuple(
            TargetRow(
                str(target.id),
                str(number),
                str(target.authority_id),
                target.audience.key,
                target.kind.value,
            )
            for number, target in enumerate(campaign.targets, 1)
        )
    )


def save_targets(
    session: Session,
    campaign: Campaign,
    form: TargetsForm,
    *,
    by: Account,
    opened: str,
    now: datetime,
) -> None:
    """Save who is written to. Offices come from the section's own address book."""
    editing.lock(session, campaign)
    check = Check()
    groups = {audience.key: audience for audience in campaign.audiences}
    rows = tuple(
        _checked_target(check, row, groups) for row in form.rows if not row.is_empty or row.remove
    )
    if not editing.require_unchanged(campaign, read_targets(campaign), TargetsForm(rows), opened):
        return
    _check_offices(check, session, campaign, rows)
    check.done()
    kept = {str(target.id): target for target in campaign.targets}
    order: dict[str, int] = {}
    for row in rows:
        target = kept.get(row.row)
        if row.remove:
            if target is not None:
                campaign.targets.remove(target)
            continue
        if target is None:
            target = Target(id=uuid4(), position=0, authority_id=UUID(row.authority))
            campaign.targets.append(target)
        target.audience, target.kind = groups[row.audience], TargetKind(row.kind)
        order[str(target.id)] = int(row.position)
    editing.number(campaign.targets, order)
    editing.edited(session, campaign, by, "targets", now)


def _checked_group(check: Check, row: GroupRow) -> GroupRow:
    names = {
        language: check.line(f"name-{row.row}-{language}", typed, at_most=120)
        for language, typed in sorted(row.names.items())
    }
    names = {language: name for language, name in names.items() if name}
    if not row.remove and not names:
        check.refuse(f"name-{row.row}", "missing")
    return GroupRow(row.row, names, row.remove)


def _checked_target(check: Check, row: TargetRow, groups: Mapping[str, Audience]) -> TargetRow:
    if row.remove:
        return row
    position = row.position.strip()
    if not (position.isascii() and position.isdigit() and len(position) <= 3):
        check.refuse(f"position-{row.row}", "no_number")
    if row.audience not in groups:
        check.refuse(f"audience-{row.row}", "choose_group")
    if row.kind not in set(TargetKind):
        check.refuse(f"kind-{row.row}", "missing")
    return TargetRow(row.row, position, row.authority, row.audience, row.kind)


def _check_offices(
    check: Check, session: Session, campaign: Campaign, rows: tuple[TargetRow, ...]
) -> None:
    """Refuse an office that stands twice, or is in nobody's book here."""
    known = _known_offices(session, campaign, rows)
    seen: set[str] = set()
    for row in rows:
        if row.remove:
            continue
        if row.authority not in known:
            check.refuse(f"authority-{row.row}", "not_in_address_book")
        elif row.authority in seen:
            check.refuse(f"authority-{row.row}", "twice")
        seen.add(row.authority)


def _known_offices(session: Session, campaign: Campaign, rows: tuple[TargetRow, ...]) -> set[str]:
    """Which of the asked-for offices are in the section's book, or are targets already."""
    wanted = []
    for row in rows:
        try:
            wanted.append(UUID(row.authority))
        except ValueError:
            continue
    own = select(Authority.id).where(
        Authority.section_id == campaign.section_id, Authority.id.in_(wanted)
    )
    return {str(found) for found in session.scalars(own)} | {
        str(target.authority_id) for target in campaign.targets
    }


def _is_used(campaign: Campaign, audience: Audience) -> bool:
    return any(target.audience_id == audience.id for target in campaign.targets) or any(
        audience in demand.audiences for demand in campaign.demands
    )


def _free_key(campaign: Campaign, names: Mapping[str, str]) -> str:
    taken = {audience.key for audience in campaign.audiences}
    key = slug_of(names.get("en") or next(iter(names.values()), ""))[:30].strip("-")
    key = key if _KEY.fullmatch(key) else "group"
    return next(
        one for n in range(1, 1_000) if (one := key if n == 1 else f"{key}-{n}") not in taken
    )
