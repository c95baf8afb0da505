"""What people read on the page: its texts, the people concerned, the demands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

from sqlalchemy.orm import Session

from app.accounts.models import Account
from app.campaigns import editing
from app.campaigns.models import (
    Audience,
    Campaign,
    CampaignText,
    Consent,
    Demand,
    PersonConcerned,
)
from app.core.errors import NotFound
from app.core.forms import Check
from app.core.i18n import is_language

NEW = "new"
STANDFIRST_AT_MOST = 800
WE_ASK_AT_MOST = 500
BACKGROUND_AT_MOST = 20_000
RISK_NOTE_AT_MOST = 800
DEMAND_AT_MOST = 1_000


@dataclass(frozen=True, slots=True)
class TextsForm:
    """The page in one language."""

    language: str
    title: str = ""
    standfirst: str = ""
    we_ask: str = ""
    background: str = ""
    risk_note: str = ""

    @property
    def is_empty(self) -> bool:
        said = (self.title, self.standfirst, self.we_ask, self.background, self.risk_note)
        return not any(said)


@dataclass(frozen=True, slots=True)
class PersonRow:
    """One person concerned. `row` is the id of the stored row, or `NEW`."""

    row: str
    position: str
    name: str
    names: Mapping[str, str]
    pronouns: Mapping[str, str]
    consent: str
    consent_note: str
    remove: bool = False

    @property
    def is_empty(self) -> bool:
        return not (self.name or any(self.names.values()) or self.consent_note)


@dataclass(frozen=True, slots=True)
class PeopleForm:
    """Everybody the campaign is about."""

    rows: tuple[PersonRow, ...]


@dataclass(frozen=True, slots=True)
class DemandRow:
    """One thing asked for, in every language it is asked in, and who is asked."""

    row: str
    position: str
    texts: Mapping[str, str]
    audiences: tuple[str, ...]
    remove: bool = False

    @property
    def is_empty(self) -> bool:
        return not any(self.texts.values())


@dataclass(frozen=True, slots=True)
class DemandsForm:
    """Everything asked for, in its order."""

    rows: tuple[DemandRow, ...]


def spoken_in(campaign: Campaign) -> tuple[str, ...]:
    """Every language this campaign needs words in, or has some: no form may leave one out."""
    texts = [text.language for text in campaign.texts]
    asked = [*texts, *campaign.letter_languages, *campaign.section.languages]
    written: set[str] = set()
    for person in campaign.people:
        written |= {*person.names, *person.pronouns}
    for demand in campaign.demands:
        written |= {*demand.texts}
    for audience in campaign.audiences:
        written |= {*audience.names}
    return tuple(dict.fromkeys([*asked, *sorted(written)]))


def read_texts(campaign: Campaign, language: str) -> TextsForm:
    for text in campaign.texts:
        if text.language == language:
            return TextsForm(
                language,
                text.title,
                text.standfirst,
                text.we_ask,
                text.background,
                text.risk_note,
            )
    return TextsForm(language)


def save_texts(
    session: Session,
    campaign: Campaign,
    form: TextsForm,
    *,
    by: Account,
    opened: str,
    now: datetime,
) -> None:
    """Save the page in one language; a page that was emptied is taken away."""
    editing.lock(session, campaign)
    check = Check()
    form = TextsForm(
        form.language,
        check.line("title", form.title, at_most=editing.TITLE_AT_MOST),
        check.text("standfirst", form.standfirst, at_most=STANDFIRST_AT_MOST),
        check.text("we_ask", form.we_ask, at_most=WE_ASK_AT_MOST),
        check.text("background", form.background, at_most=BACKGROUND_AT_MOST),
        check.text("risk_note", form.risk_note, at_most=RISK_NOTE_AT_MOST),
    )
    if not editing.require_unchanged(campaign, read_texts(campaign, form.language), form, opened):
        return
    kept = {text.language: text for text in campaign.texts}
    if not is_language(form.language):
        raise NotFound
    if form.is_empty:
        if set(kept) <= {form.language}:
            check.refuse("title", "last_language")
        check.done()
        campaign.texts.remove(kept[form.language])
    else:
        check.needs("title", form.title)
        check.done()
        text = kept.get(form.language)
        if text is None:
            text = CampaignText(language=form.language)
            campaign.texts.append(text)
        text.title, text.standfirst = form.title, form.standfirst
        text.we_ask, text.background = form.we_ask, form.background
        text.risk_note = form.risk_note
    editing.edited(session, campaign, by, f"texts.{form.language}", now)


def read_people(campaign: Campaign) -> PeopleForm:
    return PeopleForm(
        tuple(
            PersonRow(
                str(person.id),
                str(number),
                person.name,
                _filled(person.names),
                _filled(person.pronouns),
                person.consent.value,
                person.consent_note,
            )
            for number, person in enumerate(campaign.people, 1)
        )
    )


def save_people(
    session: Session,
    campaign: Campaign,
    form: PeopleForm,
    *,
    by: Account,
    opened: str,
    now: datetime,
) -> None:
    """Save the people concerned. Nobody is taken away but by saying so."""
    editing.lock(session, campaign)
    check = Check()
    stored = read_people(campaign)
    rows = tuple(_checked_person(check, row) for row in form.rows if not row.is_empty or row.remove)
    if not editing.require_unchanged(campaign, stored, PeopleForm(rows), opened):
        return
    check.done()
    kept = {str(person.id): person for person in campaign.people}
    order: dict[str, int] = {}
    for row in rows:
        person = kept.get(row.row)
        if row.remove:
            if person is not None:
                campaign.people.remove(person)
            continue
        if person is None:
            person = PersonConcerned(id=uuid4(), position=0)
            campaign.people.append(person)
        person.name = row.name
        person.names, person.pronouns = dict(row.names), dict(row.pronouns)
        person.consent, person.consent_note = Consent(row.consent), row.consent_note
        order[str(person.id)] = int(row.position)
    editing.number(campaign.people, order)
    editing.edited(session, campaign, by, "people", now)


def read_demands(campaign: Campaign) -> DemandsForm:
    return DemandsForm(
        tuple(
            DemandRow(
                str(demand.id),
                str(number),
                _filled(demand.texts),
                tuple(
                    audience.key for audience in campaign.audiences if audience in demand.audiences
                ),
            )
            for number, demand in enumerate(campaign.demands, 1)
        )
    )


def save_demands(
    session: Session,
    campaign: Campaign,
    form: DemandsForm,
    *,
    by: Account,
    opened: str,
    now: datetime,
) -> None:
    """Save what is asked for, and of whom."""
    editing.lock(session, campaign)
    check = Check()
    stored = read_demands(campaign)
    groups = {audience.key: audience for audience in campaign.audiences}
    rows = tuple(
        _checked_demand(check, row, groups) for row in form.rows if not row.is_empty or row.remove
    )
    if not editing.require_unchanged(campaign, stored, DemandsForm(rows), opened):
        return
    check.done()
    kept = {str(demand.id): demand for demand in campaign.demands}
    order: dict[str, int] = {}
    for row in rows:
        demand = kept.get(row.row)
        if row.remove:
            if demand is not None:
                campaign.demands.remove(demand)
            continue
        if demand is None:
            demand = Demand(id=uuid4(), position=0)
            campaign.demands.append(demand)
        demand.texts = dict(row.texts)
        demand.audiences = [groups[key] for key in row.audiences]
        order[str(demand.id)] = int(row.position)
    editing.number(campaign.demands, order)
    editing.edited(session, campaign, by, "demands", now)


def _checked_person(check: Check, row: PersonRow) -> PersonRow:
    if row.remove:
        return row
    name = check.line(f"name-{row.row}", row.name)
    check.needs(f"name-{row.row}", name)
    if row.consent not in set(Consent):
        check.refuse(f"consent-{row.row}", "missing")
    return PersonRow(
        row.row,
        _checked_position(check, row.row, row.position),
        name,
        _filled(
            {
                language: check.line(f"name-{row.row}-{language}", typed)
                for language, typed in row.names.items()
            }
        ),
        _filled(
            {
                language: check.line(f"pronoun-{row.row}-{language}", typed, at_most=40)
                for language, typed in row.pronouns.items()
            }
        ),
        row.consent,
        check.text(f"consent_note-{row.row}", row.consent_note, at_most=1_000),
    )


def _checked_demand(check: Check, row: DemandRow, groups: Mapping[str, Audience]) -> DemandRow:
    if row.remove:
        return row
    chosen = tuple(key for key in groups if key in row.audiences)
    check.needs(f"audiences-{row.row}", chosen, "choose_group")
    # A demand is one sentence or two in a paragraph of its own; a line break would end it.
    texts = {
        language: check.line(f"text-{row.row}-{language}", typed, at_most=DEMAND_AT_MOST)
        for language, typed in row.texts.items()
    }
    return DemandRow(
        row.row, _checked_position(check, row.row, row.position), _filled(texts), chosen
    )


def _checked_position(check: Check, row: str, typed: str) -> str:
    plain = typed.strip()
    if not (plain.isascii() and plain.isdigit() and len(plain) <= 3):
        check.refuse(f"position-{row}", "no_number")
    return plain


def _filled(texts: Mapping[str, str]) -> dict[str, str]:
    return {language: text for language, text in sorted(texts.items()) if text}
