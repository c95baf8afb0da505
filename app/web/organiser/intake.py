"""A document is pasted or uploaded, looked through field by field, and becomes a draft.

Nothing of it is kept before that: the text travels in the form, so nothing can lose it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.authorities.queries import list_book
from app.core.db import day_of, unit_of_work
from app.core.forms import FieldErrors
from app.core.i18n import countries, current_language, full_date, gettext
from app.intake.drafting import Source, make_draft
from app.intake.duplicates import find_earlier, find_offices
from app.intake.marks import pieces_of, shown_in
from app.intake.parsing import read_action
from app.intake.plan import Finding, Proposal, propose
from app.intake.readers.child import read_stranger
from app.intake.readers.document import BYTES_AT_MOST, Document, Note, NoteCode, Unreadable
from app.intake.readers.reading import read_pasted
from app.intake.words import label_of, told_of, told_of_caution, told_of_note, why_unreadable
from app.web.audience import Audience, open_to
from app.web.organiser import screens
from app.web.organiser.choices import language_choices
from app.web.organiser.door import here, me
from app.web.organiser.intake_form import PLACES, fields_of, rows_of, typed_plan
from app.web.organiser.screens import Screen
from app.web.organiser.targets import office_of
from app.web.organiser.words import explain_all
from app.web.state import database, keys, now, reading


@open_to(Audience.ORGANISER)
def paste() -> ResponseReturnValue:
    return _draw_paste(Screen({}, ""))


@open_to(Audience.ORGANISER)
def read_document() -> ResponseReturnValue:
    """Read what was sent, and show what was found in it."""
    try:
        document = _document_sent()
    except Unreadable as refusal:
        field = "file" if _file_sent() else "document"
        errors = {field: why_unreadable(refusal)}
        return _draw_paste(Screen(screens.typed(), "", errors)), 422
    proposal = _proposal(document.text)
    if proposal is None:
        typed = {**screens.typed(), "document": document.text}
        return _draw_paste(Screen(typed, ""), is_no_action=True), 422
    values = fields_of(proposal.plan)
    values |= _offices(proposal)
    earlier = find_earlier(reading(), here().section_id, proposal.plan)
    if earlier:
        values["follows"] = earlier[0].campaign.reference
    return _draw_found(document.text, proposal, Screen(values, ""), document.notes)


@open_to(Audience.ORGANISER)
def make_from_document() -> ResponseReturnValue:
    """Make the draft, as it was corrected."""
    notes = _notes_sent()
    try:
        text = read_pasted(request.form.get("document", "")).text
    except Unreadable as refusal:
        return _draw_paste(Screen(screens.typed(), "", {"document": why_unreadable(refusal)})), 422
    proposal = _proposal(text)
    if proposal is None:
        return _draw_paste(Screen({"document": text}, ""), is_no_action=True), 422
    plan = typed_plan(request.form, proposal.plan)
    unchecked = _unchecked(proposal)
    source = Source(text, unchecked, {one.field: told_of(one) for one in unchecked})
    try:
        with unit_of_work(database().writing) as session:
            by = me(session)
            made = make_draft(session, keys(), by.section, plan, source, by=by, now=now())
            reference = made.reference
    except FieldErrors as refusal:
        screen = Screen(screens.typed(), "", explain_all(refusal.errors))
        return _draw_found(text, proposal, screen, notes), 422
    return redirect(url_for("organiser.found", ref=reference, made=1), 303)


def _document_sent() -> Document:
    sent = request.files.get("file")
    if sent is not None and sent.filename:
        return read_stranger(sent.stream.read(BYTES_AT_MOST + 1))
    return read_pasted(request.form.get("document", ""))


def _file_sent() -> bool:
    sent = request.files.get("file")
    return sent is not None and bool(sent.filename)


def _proposal(text: str) -> Proposal | None:
    """What was found; None where nobody is asked to write to anybody."""
    found = read_action(text, today=day_of(now()))
    return propose(found, day_of(now())) if found.is_action else None


def _unchecked(proposal: Proposal) -> list[Finding]:
    """What is doubtful, was not ticked, and stands in the form as it was found."""
    stored = fields_of(proposal.plan)
    return [
        one
        for one in proposal.to_check()
        if f"ok-{one.field}" not in request.form
        and _said(one.field) == str(stored.get(one.field, "")).strip()
    ]


def _said(field: str) -> str:
    return " ".join(request.form.getlist(field)).replace("\r\n", "\n").strip()


def _offices(proposal: Proposal) -> dict[str, str]:
    """For each target the office that the address book has already, else a new one."""
    book = list_book(reading(), here().section_id)
    plan = proposal.plan
    found = find_offices(book, plan.targets, plan.country)
    return {
        f"target-{number}-office": str(office.id) if office else "new"
        for number, office in enumerate(found, 1)
    }


def _deadline_words(proposal: Proposal) -> str:
    """The day as it is meant, whatever order the browser writes its figures in."""
    if not proposal.plan.deadline:
        return ""
    day = full_date(date.fromisoformat(proposal.plan.deadline), current_language())
    return gettext("Until and including %(day)s", day=day)


def _notes_sent() -> list[Note]:
    found = []
    for sent in request.form.getlist("note")[:20]:
        code, _, detail = sent.partition(":")
        if code in set(NoteCode):
            found.append(Note(NoteCode(code), detail[:200]))
    return found


def _draw_paste(screen: Screen, *, is_no_action: bool = False) -> str:
    return render_template("organiser/paste.html", screen=screen, is_no_action=is_no_action)


def _draw_found(text: str, proposal: Proposal, screen: Screen, notes: Sequence[Note]) -> str:
    pieces = pieces_of(text, proposal.findings)
    plan = typed_plan(request.form, proposal.plan) if screen.errors else proposal.plan
    section = here().section
    return render_template(
        "organiser/reading.html",
        screen=screen,
        text=text,
        pieces=pieces,
        marked=shown_in(pieces),
        findings={one.field: one for one in proposal.findings},
        to_check=proposal.to_check(),
        cautions=[told_of_caution(one.code, one.parameters) for one in proposal.cautions],
        missing=plan.missing(),
        proposal=proposal,
        deadline_words=_deadline_words(proposal),
        notes=notes,
        rows=rows_of(screen, proposal.plan),
        earlier=find_earlier(reading(), section.id, proposal.plan),
        book=list_book(reading(), section.id),
        office_of=office_of,
        countries=countries(current_language()),
        languages=language_choices(
            [*section.languages, proposal.plan.language, *screen.many("letter_languages")]
        ),
        places=max(PLACES, len(screen.many("letter_languages"))),
        label_of=label_of,
        told_of=told_of,
        told_of_note=told_of_note,
    )
