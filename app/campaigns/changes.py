"""New facts in a campaign that runs: new letters, once a second person has read them.

Whoever wrote before did so on the old facts. Their letters that have not left wait for their own
word, see `signatures.outdated`; letters that left keep the version that they left with.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.models import Account
from app.campaigns import rules
from app.campaigns.history import record
from app.campaigns.models import RUNNING, Campaign, LetterTemplate
from app.delivery import actions as delivery

CHANGED, CORRECTED = "facts_changed", "letters_corrected"


def list_proposed(session: Session, campaign: Campaign) -> Sequence[LetterTemplate]:
    """Letters that wait for a second person."""
    waiting = (
        select(LetterTemplate)
        .where(LetterTemplate.campaign_id == campaign.id, LetterTemplate.approved.is_(False))
        .order_by(LetterTemplate.audience_id, LetterTemplate.language, LetterTemplate.version)
    )
    return session.scalars(waiting).all()


def use_new_letters(
    session: Session,
    campaign: Campaign,
    by: Account,
    *,
    note: str,
    asks_writers: bool,
    now: datetime,
) -> int:
    """Let new signatures have the new letters; return how many letters came to wait.

    `asks_writers`: what was written on the old facts is held, and its writers say how it goes on.
    Without it only the wording was corrected, and what waits may go as it is.
    """
    proposed = list_proposed(session, campaign)
    if campaign.state not in RUNNING or not proposed:
        raise rules.WrongMove("no new letters wait")
    if any(letter.written_by_id == by.id for letter in proposed):
        raise rules.OwnReview
    for letter in proposed:
        letter.approved = True
    held = delivery.outdate(session, campaign.gate, now) if asks_writers else 0
    name = CHANGED if asks_writers else CORRECTED
    record(session, campaign, name, by, now, note=note, public=asks_writers, held=held)
    return held


def drop_new_letters(session: Session, campaign: Campaign, by: Account, now: datetime) -> int:
    """Let go of letters that nobody has approved."""
    proposed = list_proposed(session, campaign)
    for letter in proposed:
        session.delete(letter)
    if proposed:
        record(session, campaign, "new_letters_dropped", by, now)
    return len(proposed)
