"""Letters written on facts that have changed since: their writers say how it goes on."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from app.campaigns.changes import CHANGED
from app.campaigns.models import Campaign, LetterTemplate
from app.campaigns.queries import current_templates, newest_move
from app.delivery import actions as delivery
from app.delivery.models import Dispatch, DispatchState
from app.letters.render import FinishedLetter
from app.signatures import queries
from app.signatures.compose import finished_with
from app.signatures.models import Letter
from app.signatures.rules import template_for


def asks_writer(letter: Letter) -> bool:
    """Whether a letter waits for the word of whoever wrote it."""
    dispatch = letter.dispatch
    return (
        dispatch is not None
        and dispatch.state is DispatchState.HELD
        and dispatch.reason == "outdated"
    )


def what_changed(session: Session, campaign: Campaign) -> str:
    """The line in which the organisers say what is new."""
    move = newest_move(session, campaign.id, CHANGED)
    return move.note if move else ""


def hold_if_outdated(session: Session, letter: Letter, dispatch: Dispatch, now: datetime) -> None:
    """Hold a letter that is confirmed only now, and was read before the facts have changed."""
    campaign = letter.signature.campaign
    if campaign.gate.epoch == 1:
        return  # nothing has ever changed here
    changed = newest_move(session, campaign.id, CHANGED)
    if changed is None or letter.template.written_at >= changed.at:
        return
    if newest_template(session, letter) is not letter.template:
        delivery.hold_where(session, Dispatch.id == dispatch.id, "outdated", now)


def new_letter(session: Session, letter: Letter, answers: queries.OpenedAnswers) -> FinishedLetter:
    """The letter as it would be on the new facts."""
    signature = letter.signature
    template = newest_template(session, letter)
    return finished_with(signature.campaign, signature, letter, template, answers)


def newest_template(session: Session, letter: Letter) -> LetterTemplate:
    campaign = letter.signature.campaign
    templates = current_templates(session, campaign.id)
    return template_for(templates, letter.target, letter.language, campaign.letter_languages)
