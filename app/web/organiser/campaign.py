"""One campaign at the desk: where it stands, what it lacks, what can be done next."""

from __future__ import annotations

from dataclasses import dataclass

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.accounts.models import Account
from app.accounts.queries import list_organisers
from app.campaigns.changes import list_proposed
from app.campaigns.editing import DraftForm, start_draft
from app.campaigns.models import Campaign
from app.campaigns.outcomes import waits_for_telling
from app.campaigns.queries import current_templates, find_open_review, list_moves
from app.campaigns.rules import EDITABLE_STATES, missing_for_review, page_state
from app.core.db import unit_of_work
from app.core.forms import FieldErrors
from app.core.i18n import catalogues, countries, current_language
from app.delivery.booking import foresee, list_waiting
from app.delivery.budgets import Budget, Outlook
from app.delivery.digests import list_digests
from app.delivery.models import Mailbox
from app.intake.checks import find_document
from app.tally.models import Figure
from app.tally.queries import totals
from app.web.audience import Audience, open_to
from app.web.organiser import screens
from app.web.organiser.door import here, me, my_campaign
from app.web.organiser.screens import Screen
from app.web.organiser.timing import elsewhere
from app.web.organiser.words import explain_all
from app.web.state import database, keys, now, reading
from app.web.supporter.shown import text_of

_FIGURES = (
    Figure.STARTED,
    Figure.CONFIRMED,
    Figure.QUEUED,
    Figure.HANDED_OVER,
    Figure.IN_DIGEST,
    Figure.FAILED,
    Figure.HELD,
    Figure.CANCELLED,
)


@open_to(Audience.ORGANISER)
def campaign(ref: str) -> ResponseReturnValue:
    found = my_campaign(reading(), ref)
    is_draft = found.state in EDITABLE_STATES
    saved = current_templates(reading(), found.id)
    return render_template(
        "organiser/campaign.html",
        campaign=found,
        text=text_of(found, current_language()),
        state=page_state(found, now()),
        is_draft=is_draft,
        document=find_document(reading(), keys(), found) if is_draft else None,
        missing=missing_for_review(found, saved) if is_draft else [],
        waiting=find_open_review(reading(), found.id),
        moves=list_moves(reading(), found.id),
        names=_names(found),
        proposed=list_proposed(reading(), found),
        outcome_waits=waits_for_telling(reading(), found),
        counted={} if is_draft else totals(reading(), found.id, _FIGURES),
        elsewhere=elsewhere(found),
        mailboxes=[] if is_draft else _mailboxes(found),
        digests=[] if is_draft else list_digests(reading(), found.gate_id),
        now=now(),
    )


@open_to(Audience.ORGANISER)
def new() -> ResponseReturnValue:
    return _draw_new(Screen({"language": current_language()}, ""))


@open_to(Audience.ORGANISER)
def save_new() -> ResponseReturnValue:
    typed = request.form
    form = DraftForm(typed.get("title", ""), typed.get("language", ""), typed.get("country", ""))
    try:
        with unit_of_work(database().writing) as session:
            by = me(session)
            made = start_draft(session, keys(), by.section, form, by=by, now=now())
            reference = made.reference
    except FieldErrors as refusal:
        return _draw_new(Screen(screens.typed(), "", explain_all(refusal.errors))), 422
    return redirect(url_for("organiser.facts", ref=reference), 303)


def _draw_new(screen: Screen) -> str:
    section = here().section
    return render_template(
        "organiser/new.html",
        screen=screen,
        countries=countries(current_language()),
        languages=[one for one in section.languages if one in catalogues.languages],
    )


@dataclass(frozen=True, slots=True)
class _MailboxLine:
    """What waits for one mailbox, and how that goes on."""

    mailbox: Mailbox
    budget: Budget
    outlook: Outlook


def _mailboxes(found: Campaign) -> list[_MailboxLine]:
    return [
        _MailboxLine(
            mailbox,
            Budget.of(mailbox, now()),
            foresee(reading(), mailbox, found.gate_id, found.closes_at, now()),
        )
        for mailbox in list_waiting(reading(), found.gate_id)
    ]


def _names(found: Campaign) -> dict[object, str]:
    """The colleagues who stand in the history, by id."""
    people: list[Account] = list(list_organisers(reading(), found.section_id))
    if found.written_by is not None:
        people.append(found.written_by)
    return {account.id: account.name for account in people}
