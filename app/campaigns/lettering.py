"""The letter to one group in one language, as the desk writes it: text, forms, variants, manners.

A saved letter never changes: each save that alters it makes its next version.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from app.accounts.models import Account
from app.campaigns import editing
from app.campaigns.models import RUNNING, Audience, Campaign, LetterTemplate, Target
from app.campaigns.queries import current_templates
from app.campaigns.sources import source_of
from app.core.errors import NotFound
from app.core.forms import Check
from app.core.i18n import is_language
from app.letters.agreement import OF_PERSON
from app.letters.declarations import (
    FORM_TEXT_AT_MOST,
    Forms,
    Variants,
    faults,
    freeze_forms,
    freeze_variants,
)
from app.letters.paragraphs import links_in_order, paragraph_ids
from app.letters.placeholders import SLOTS
from app.letters.render import LetterSource
from app.letters.rules import Fault, TemplateRefused

SUBJECT_AT_MOST = 200
LETTER_AT_MOST = 20_000
VARIANT_AT_MOST = 2_000
WRITER, PERSON = "writer", "person"
# As the desk names the cases of a form: those of the writer, then those only people concerned have.
CASES = ("neutral", "feminine", "masculine", "two", "several")
_PREFIX = "person_"


@dataclass(frozen=True, slots=True)
class FormRow:
    """A word that agrees with somebody. `row` is its number in the list, or `new`."""

    row: str
    name: str
    of: str
    texts: Mapping[str, str]
    remove: bool = False

    @property
    def is_empty(self) -> bool:
        return not (self.name or any(self.texts.values()))

    def cases(self) -> dict[str, str]:
        """The texts by the names that templates know."""
        # Nobody writes as two: such a case is the people's, and refused beside the writer's own.
        theirs = CASES if self.of == PERSON else CASES[3:]
        return {
            f"{_PREFIX}{case}" if case in theirs else case: text
            for case, text in self.texts.items()
            if text
        }


@dataclass(frozen=True, slots=True)
class MannersRow:
    """How this campaign addresses one target in the language; empty where the office's own does."""

    target: str
    salutation: str = ""
    closing: str = ""


@dataclass(frozen=True, slots=True)
class LetterForm:
    """The letter to one group in one language, and what it is a translation of.

    `links` says for each paragraph which one of the source letter it translates, by that one's id.
    """

    audience: str
    language: str
    subject: str = ""
    body: str = ""
    forms: tuple[FormRow, ...] = ()
    variants: Variants = ()
    source_language: str = ""
    links: tuple[str, ...] = ()
    manners: tuple[MannersRow, ...] = ()

    @property
    def frozen_forms(self) -> Forms:
        return freeze_forms({row.name: row.cases() for row in self.forms})

    def as_source(self, version: str) -> LetterSource:
        return LetterSource(
            version, self.language, self.subject, self.body, self.frozen_forms, self.variants
        )


def audience_of(campaign: Campaign, key: str) -> Audience:
    for audience in campaign.audiences:
        if audience.key == key:
            return audience
    raise NotFound


def read_letter(session: Session, campaign: Campaign, key: str, language: str) -> LetterForm:
    """What is stored, as the form shows it."""
    audience = audience_of(campaign, key)
    manners = _stored_manners(_targets(campaign, audience), language)
    saved = current_templates(session, campaign.id, proposed=True).get((audience.id, language))
    if saved is None:
        return LetterForm(key, language, manners=manners)
    return LetterForm(
        key,
        language,
        saved.subject,
        saved.body,
        tuple(
            _form_row(str(number), name, cases)
            for number, (name, cases) in enumerate(freeze_forms(saved.forms), 1)
        ),
        freeze_variants(saved.variants),
        saved.source_language,
        tuple(saved.links),
        manners,
    )


def check_letter(check: Check, form: LetterForm) -> LetterForm:
    """The letter as it would be saved; what is wrong with it is noted at its field and line."""
    subject = check.line("subject", form.subject, at_most=SUBJECT_AT_MOST)
    body = check.text("body", form.body, at_most=LETTER_AT_MOST)
    check.needs("subject", subject)
    check.needs("body", body)
    rows = tuple(
        _checked_form(check, row) for row in form.forms if not (row.remove or row.is_empty)
    )
    names = [row.name for row in rows]
    for row in rows:
        if names.count(row.name) > 1:
            check.refuse(f"form_name-{row.row}", "form_twice")
    cleaned = replace(
        form,
        subject=subject,
        body=body,
        forms=rows,
        variants=_checked_variants(check, form.variants),
        manners=tuple(_checked_manners(check, row) for row in form.manners),
    )
    for fault in faults(subject, body, forms=cleaned.frozen_forms, variants=cleaned.variants):
        field = _field_of(fault, form)
        check.refuse(field, fault.reason, line=fault.line, detail=fault.detail)
    return cleaned


def save_letter(
    session: Session,
    campaign: Campaign,
    form: LetterForm,
    *,
    by: Account,
    opened: str,
    now: datetime,
) -> None:
    """Save a letter as its next version: letters that were sent keep theirs.

    That of a campaign that runs is a proposal, see `changes`.
    """
    editing.lock(session, campaign)
    if not is_language(form.language):
        raise NotFound
    audience = audience_of(campaign, form.audience)
    stored = read_letter(session, campaign, form.audience, form.language)
    templates = current_templates(session, campaign.id, proposed=True)
    is_running = campaign.state in RUNNING
    if is_running:
        # A form of address has no versions: it would change before anybody else has read it.
        form = replace(form, manners=stored.manners)
    check = Check()
    cleaned = _linked(check_letter(check, form), stored, _source(templates, audience, form))
    if not editing.require_unchanged(campaign, stored, cleaned, opened, also_in=RUNNING):
        return
    check.done()
    targets = {str(target.id): target for target in _targets(campaign, audience)}
    for row in cleaned.manners:
        _keep_manners(targets[row.target], cleaned.language, row)
    if replace(cleaned, manners=stored.manners) != stored:
        saved = templates.get((audience.id, form.language))
        session.add(
            LetterTemplate(
                campaign_id=campaign.id,
                audience_id=audience.id,
                language=form.language,
                version=saved.version + 1 if saved else 1,
                subject=cleaned.subject,
                body=cleaned.body,
                forms={name: dict(cases) for name, cases in cleaned.frozen_forms},
                variants={slot: list(texts) for slot, texts in cleaned.variants},
                source_language=cleaned.source_language,
                links=list(cleaned.links),
                written_by_id=by.id,
                written_at=now,
                approved=not is_running,
            )
        )
    if is_running:
        editing.note_edit(session, campaign, by, f"letter.{form.audience}.{form.language}", now)
        return
    editing.edited(session, campaign, by, f"letter.{form.audience}.{form.language}", now)


def _linked(form: LetterForm, stored: LetterForm, source: LetterSource | None) -> LetterForm:
    """With a link for each paragraph; guessed only where the letters have as many of them."""
    if source is None:
        return replace(form, source_language="", links=())
    translation = form.as_source("")
    is_same_source = form.source_language == stored.source_language
    if is_same_source and len(form.links) == len(paragraph_ids(translation)):
        return form
    return replace(form, links=links_in_order(translation, source))


def _source(
    templates: Mapping[tuple[UUID, str], LetterTemplate], audience: Audience, form: LetterForm
) -> LetterSource | None:
    if form.source_language == form.language:
        return None
    found = templates.get((audience.id, form.source_language))
    return source_of(found) if found else None


def _targets(campaign: Campaign, audience: Audience) -> list[Target]:
    return [target for target in campaign.targets if target.audience_id == audience.id]


def _stored_manners(targets: Sequence[Target], language: str) -> tuple[MannersRow, ...]:
    given = [(target, target.manners.get(language, {})) for target in targets]
    return tuple(
        MannersRow(str(target.id), own.get("salutation", ""), own.get("closing", ""))
        for target, own in given
    )


def _keep_manners(target: Target, language: str, row: MannersRow) -> None:
    said = {
        name: text
        for name, text in (("salutation", row.salutation), ("closing", row.closing))
        if text
    }
    others = {spoken: own for spoken, own in target.manners.items() if spoken != language}
    # A new mapping: a change inside the stored one would not be noticed.
    target.manners = {**others, language: said} if said else others


def _form_row(row: str, name: str, cases: Sequence[tuple[str, str]]) -> FormRow:
    given = dict(cases)
    of = PERSON if set(given) & set(OF_PERSON) else WRITER
    texts = {case.removeprefix(_PREFIX): text for case, text in given.items()}
    return FormRow(row, name, of, texts)


def _checked_form(check: Check, row: FormRow) -> FormRow:
    name = check.line(f"form_name-{row.row}", row.name)
    check.needs(f"form_name-{row.row}", name)
    if row.of not in (WRITER, PERSON):
        check.refuse(f"form_of-{row.row}", "missing")
    texts = {
        case: check.line(f"form_{case}-{row.row}", typed, at_most=FORM_TEXT_AT_MOST)
        for case, typed in row.texts.items()
    }
    filled = {case: texts[case] for case in CASES if texts.get(case)}
    return FormRow(row.row, name, row.of, filled)


def _checked_variants(check: Check, variants: Variants) -> Variants:
    checked = {
        slot: [
            text
            for number, typed in enumerate(texts, 1)
            if (text := check.text(f"variant_{slot}-{number}", typed, at_most=VARIANT_AT_MOST))
        ]
        for slot, texts in variants
        if slot in SLOTS
    }
    return freeze_variants({slot: texts for slot, texts in checked.items() if texts})


def _checked_manners(check: Check, row: MannersRow) -> MannersRow:
    return MannersRow(
        row.target,
        check.line(f"salutation-{row.target}", row.salutation),
        check.line(f"closing-{row.target}", row.closing),
    )


def _field_of(fault: TemplateRefused, typed: LetterForm) -> str:
    """The field of the screen that a refusal is told at."""
    kind, _, place = fault.field.partition(".")
    if kind == "forms":
        row = next((row.row for row in typed.forms if row.name.strip() == place), "new")
        case = "neutral" if fault.reason == Fault.NEUTRAL_MISSING else "name"
        return f"form_{case}-{row}"
    if kind == "variants":
        slot, _, number = place.partition(".")
        texts = dict(typed.variants).get(slot, ())
        # The rule counts what is written, the screen counts its fields.
        filled = [at for at, text in enumerate(texts, 1) if text.strip()]
        return f"variant_{slot}-{filled[int(number) - 1] if number else 1}"
    return kind
