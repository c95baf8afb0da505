"""A plan becomes a draft campaign. The desk and the shell make it by this one action.

Nothing is invented: what the plan does not say stays empty, and what is doubtful and was not
looked at is noted beside the draft, and at the contact point that it is about.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID
from zoneinfo import available_timezones

from babel.core import get_global
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.models import Account
from app.audit.actions import note as audit
from app.authorities.actions import AuthorityForm, ContactRow, OfficeRow, add_authority
from app.authorities.models import Authority, ContactKind, ContactState
from app.campaigns.actions import create_draft
from app.campaigns.deadlines import set_deadline
from app.campaigns.editing import FIRST_GROUP, TITLE_AT_MOST
from app.campaigns.lettering import WRITER, FormRow, LetterForm, check_letter
from app.campaigns.models import (
    Audience,
    Campaign,
    Case,
    Demand,
    LetterTemplate,
    PersonConcerned,
    Target,
    TargetKind,
)
from app.campaigns.queries import find_campaign
from app.campaigns.rules import BadDeadline
from app.campaigns.wording import BACKGROUND_AT_MOST, DEMAND_AT_MOST
from app.core.forms import Check, FieldErrors, Flaw
from app.core.i18n import SOURCE, countries, is_language
from app.core.tokens import Keys
from app.intake.checks import keep_document
from app.intake.plan import Finding, Plan, PlannedTarget
from app.letters.agreement import PersonForm
from app.letters.manners import OfficeKind, default_manners
from app.sections.models import Section

GROUP = "authorities"
# Whoever has the shell, in the log of who did what.
OPERATOR = "operator"
_COUNTRIES = frozenset(code for code, _ in countries(SOURCE))
_REMARK = re.compile(r"(?P<value>.*?\d[^()]*?)\s*\((?P<remark>[^()]{1,200})\)\s*", re.DOTALL)
_KINDS = (
    ("emails", ContactKind.EMAIL),
    ("phones", ContactKind.PHONE),
    ("faxes", ContactKind.FAX),
)


@dataclass(frozen=True, slots=True)
class Source:
    """The document behind a plan, and what in it nobody has looked at yet.

    `said` gives each open finding in words, by its field: contact points keep them as their note.
    """

    text: str
    findings: Sequence[Finding] = ()
    said: Mapping[str, str] | None = None

    def doubt(self, field: str, value: str) -> str:
        """What is to be checked about one line of a field; nothing where it is not that line."""
        for finding in self.findings:
            if finding.field == field and value.partition("(")[0].strip() in finding.value:
                return (self.said or {}).get(field, "")
        return ""


def make_draft(
    session: Session,
    keys: Keys,
    section: Section,
    plan: Plan,
    source: Source,
    *,
    by: Account | None,
    now: datetime,
) -> Campaign:
    """A draft with everything that the plan says; `FieldErrors` names fields of the plan."""
    plan = _checked(plan)
    campaign = create_draft(
        session,
        keys,
        section,
        by,
        title=plan.title,
        language=plan.language,
        country=plan.country,
        now=now,
    )
    _write_facts(session, campaign, plan, now)
    group = _group(section, plan.language)
    campaign.audiences = [group]
    campaign.people = [
        PersonConcerned(
            position=position,
            name=person.name,
            names={plan.language: person.name},
            pronouns={plan.language: person.pronoun} if person.pronoun else {},
        )
        for position, person in enumerate(plan.people, 1)
    ]
    campaign.demands = [
        Demand(position=position, texts={plan.language: demand}, audiences=[group])
        for position, demand in enumerate(plan.demands, 1)
    ]
    actor = by.id if by else OPERATOR
    campaign.targets = _targets(session, section, plan, source, group, actor, now)
    session.flush()  # the letter's row points at the group
    _write_letter(session, campaign, group, plan, by, now)
    keep_document(session, keys, campaign, source.text, source.findings, now)
    audit(
        session,
        str(actor),
        "campaign.read_from_document",
        about=("campaign", str(campaign.id)),
        now=now,
        to_check=len(source.findings),
    )
    session.flush()
    return campaign


def _checked(plan: Plan) -> Plan:
    check = Check()
    title = check.line("title", plan.title, at_most=TITLE_AT_MOST)
    check.needs("title", title)
    check.needs("language", plan.language and is_language(plan.language))
    if plan.country and plan.country not in _COUNTRIES:
        check.refuse("country", "missing")
    check.day("issued", plan.issued)
    check.day("deadline", plan.deadline)
    people = tuple(
        replace(
            person,
            name=check.line(f"person-{number}-name", person.name),
            pronoun=check.line(f"person-{number}-pronoun", person.pronoun, at_most=40),
        )
        for number, person in enumerate(plan.people, 1)
    )
    demands = tuple(
        check.line(f"demand-{number}", demand, at_most=DEMAND_AT_MOST)
        for number, demand in enumerate(plan.demands, 1)
    )
    plan = replace(
        plan,
        title=title,
        organisation=check.line("organisation", plan.organisation),
        number=check.line("number", plan.number, at_most=60),
        people=tuple(person for person in people if person.name),
        demands=tuple(demand for demand in demands if demand),
        closing=check.line("closing", plan.closing),
        background=check.text("background", plan.background, at_most=BACKGROUND_AT_MOST),
        letter_languages=tuple(
            dict.fromkeys(one for one in plan.letter_languages if one and is_language(one))
        ),
    )
    if plan.body.strip():
        check_letter(check, _letter(plan))
    check.done()
    return plan


def _write_facts(session: Session, campaign: Campaign, plan: Plan, now: datetime) -> None:
    campaign.organisation, campaign.number = plan.organisation, plan.number
    campaign.issued = date.fromisoformat(plan.issued) if plan.issued else None
    campaign.letter_languages = list(plan.letter_languages)
    campaign.texts[0].background = plan.background
    if plan.deadline:
        campaign.printed_last_day = date.fromisoformat(plan.deadline)
        # One that has passed is shown as printed; until when letters go has to be said anew.
        with suppress(BadDeadline):
            set_deadline(
                campaign, campaign.printed_last_day, campaign.last_time, campaign.time_zone, now
            )
    if plan.follows:
        _join_case(session, campaign, plan.follows)


def _join_case(session: Session, campaign: Campaign, reference: str) -> None:
    """Make the draft one more document about the same people."""
    earlier = find_campaign(session, reference)
    if earlier is None or earlier.section_id != campaign.section_id:
        raise FieldErrors({"follows": Flaw("missing")})
    own = session.get_one(Case, campaign.case_id)
    campaign.case = earlier.case
    session.flush()  # nothing points at its own case any more
    session.delete(own)


def _group(section: Section, language: str) -> Audience:
    spoken = dict.fromkeys([*section.languages, language])
    names = {one: FIRST_GROUP.get(one, FIRST_GROUP[SOURCE]) for one in spoken}
    return Audience(key=GROUP, position=1, names=names)


def _targets(
    session: Session,
    section: Section,
    plan: Plan,
    source: Source,
    group: Audience,
    actor: UUID | str,
    now: datetime,
) -> list[Target]:
    made: list[Target] = []
    used: set[UUID] = set()
    for number, planned in enumerate(plan.targets, 1):
        if not planned.office:
            continue
        at = f"target-{number}"
        if planned.office == "new":
            form = _authority_form(section, plan, planned, source, at)
            authority = _add(session, section, form, at, actor, now)
        else:
            authority = _known(session, section, planned.office, at)
        if authority.id in used:
            continue
        used.add(authority.id)
        kind = TargetKind.COPY if planned.kind == "copy" else TargetKind.TO
        own = {"salutation": planned.salutation, "closing": plan.closing}
        said = {name: text for name, text in own.items() if text}
        made.append(
            Target(
                position=len(made) + 1,
                authority=authority,
                audience=group,
                kind=kind,
                manners={plan.language: said} if said and plan.body.strip() else {},
            )
        )
    return made


def _known(session: Session, section: Section, office: str, at: str) -> Authority:
    """An office of the section's own book; another section's is not known of."""
    own = select(Authority).where(Authority.section_id == section.id)
    with suppress(ValueError):
        found = session.scalars(own.where(Authority.id == UUID(office))).one_or_none()
        if found is not None:
            return found
    raise FieldErrors({f"{at}-office": Flaw("not_in_address_book")})


def _add(
    session: Session,
    section: Section,
    form: AuthorityForm,
    at: str,
    actor: UUID | str,
    now: datetime,
) -> Authority:
    try:
        authority = add_authority(session, section, form, by=actor, now=now)
    except FieldErrors as refusal:
        raise FieldErrors(
            {_field_of(name, at): flaw for name, flaw in refusal.errors.items()}
        ) from refusal
    return authority


def _field_of(name: str, at: str) -> str:
    """The field of the plan that the address book calls so."""
    first, _, rest = name.partition("-")
    if first == "value":
        return rest
    if first in ("role", "name", "salutation"):
        return f"{at}-{first}"
    return {"country": "country"}.get(first, f"{at}-role")


def _authority_form(
    section: Section, plan: Plan, planned: PlannedTarget, source: Source, at: str
) -> AuthorityForm:
    kind = OfficeKind.OFFICE if planned.role or planned.name else OfficeKind.ORGANISATION
    manners = default_manners(kind, PersonForm.NEUTRAL, plan.language)
    office = OfficeRow(
        plan.language,
        planned.role,
        planned.name,
        "",
        planned.salutation or manners.salutation,
        # The document's own closing is the campaign's; the book keeps the usual one.
        manners.closing,
    )
    rows: list[ContactRow] = []
    for name, contact in _KINDS:
        lines: tuple[str, ...] = getattr(planned, name)
        rows += [_contact(contact, line, f"{at}-{name}", source) for line in lines if line.strip()]
    if planned.address.strip():
        rows.append(_contact(ContactKind.POST, planned.address, f"{at}-address", source))
    if planned.form.strip():
        rows.append(_contact(ContactKind.FORM, planned.form.strip(), f"{at}-form", source))
    return AuthorityForm(
        plan.country,
        _zone_of(plan.country) or section.time_zone,
        tuple(one for one in plan.letter_languages if one)[:4],
        (office,),
        tuple(rows),
    )


def _contact(kind: ContactKind, line: str, field: str, source: Source) -> ContactRow:
    value, remark = line.strip(), ""
    with_remark = _REMARK.fullmatch(value) if kind in (ContactKind.PHONE, ContactKind.FAX) else None
    if with_remark:
        value, remark = with_remark["value"].strip(), with_remark["remark"].strip()
    doubt = source.doubt(field, line.strip())
    state = ContactState.DOUBTFUL if doubt else ContactState.OK
    return ContactRow(field, kind.value, value, remark, doubt[:300], state.value)


def _zone_of(country: str) -> str:
    """The zone of a country that has one; elsewhere a person says it."""
    zones = [zone for zone in get_global("territory_zones").get(country, ()) if "/" in zone]
    return zones[0] if zones and zones[0] in available_timezones() else ""


def _letter(plan: Plan) -> LetterForm:
    rows = tuple(
        FormRow(str(number), name, WRITER, cases)
        for number, (name, cases) in enumerate(plan.words.items(), 1)
        if f"{{{{ {name} }}}}" in plan.body
    )
    return LetterForm(GROUP, plan.language, plan.subject, plan.body, rows)


def _write_letter(
    session: Session,
    campaign: Campaign,
    group: Audience,
    plan: Plan,
    by: Account | None,
    now: datetime,
) -> None:
    if not plan.body.strip():
        return
    letter = check_letter(Check(), _letter(plan))
    session.add(
        LetterTemplate(
            campaign_id=campaign.id,
            audience_id=group.id,
            language=plan.language,
            version=1,
            subject=letter.subject,
            body=letter.body,
            forms={name: dict(cases) for name, cases in letter.frozen_forms},
            variants={},
            source_language="",
            links=[],
            written_by_id=by.id if by else None,
            written_at=now,
        )
    )
