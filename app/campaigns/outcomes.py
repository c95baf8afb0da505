"""What came of it: one organiser writes it down, another one tells everybody."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy.orm import Session

from app.accounts.models import Account
from app.campaigns import queries, rules
from app.campaigns.history import record
from app.campaigns.life import close
from app.campaigns.models import RUNNING, Campaign, CampaignState, ClosedReason, Move, Outcome
from app.core.forms import Check
from app.core.text import clean_line
from app.delivery.actions import GateReport

WORDS_AT_MOST = 80
CHARACTERS_AT_MOST = 1_000
PROPOSED, TOLD = "outcome_proposed", "outcome"


@dataclass(frozen=True, slots=True)
class OutcomeForm:
    """What happened, when, where that stands, and a few sentences in each language of the page."""

    outcome: str
    happened_on: str
    source: str
    texts: Mapping[str, str]


def read_outcome(campaign: Campaign) -> OutcomeForm:
    return OutcomeForm(
        str(campaign.outcome or ""),
        campaign.outcome_on.isoformat() if campaign.outcome_on else "",
        campaign.outcome_source,
        {text.language: text.outcome for text in campaign.texts},
    )


def propose_outcome(
    session: Session, campaign: Campaign, by: Account | None, form: OutcomeForm, now: datetime
) -> None:
    """Write an outcome down. Nobody reads it before a second person has told it."""
    if campaign.state not in (*RUNNING, CampaignState.CLOSED):
        raise rules.WrongMove(f"{campaign.state} has no outcome")
    check = Check()
    check.needs("outcome", form.outcome in set(Outcome))
    happened_on = check.day("happened_on", form.happened_on)
    if form.outcome != Outcome.UNKNOWN:
        check.needs("happened_on", form.happened_on.strip())
    if happened_on is not None and happened_on > now.date():
        check.refuse("happened_on", "not_yet")
    source = check.line("source", form.source, at_most=CHARACTERS_AT_MOST)
    texts = {
        text.language: _checked(check, text.language, form.texts.get(text.language, ""))
        for text in campaign.texts
    }
    if not any(texts.values()):
        check.refuse(f"text-{campaign.texts[0].language}", "missing")
    check.done()
    campaign.outcome, campaign.outcome_on = Outcome(form.outcome), happened_on
    campaign.outcome_source = source
    for text in campaign.texts:
        text.outcome = texts[text.language]
    record(session, campaign, PROPOSED, by, now, outcome=form.outcome)


def tell_outcome(
    session: Session, campaign: Campaign, by: Account | None, now: datetime
) -> GateReport | None:
    """Publish what is written down. A campaign that still runs closes with it.

    What is told here stands in the history as it was told; a later proposal changes nothing of it.
    """
    proposed = queries.newest_move(session, campaign.id, PROPOSED)
    told = queries.newest_move(session, campaign.id, TOLD)
    if proposed is None or campaign.outcome is None or (told and told.at >= proposed.at):
        raise rules.WrongMove("no outcome waits")
    # Nobody is who sits at the machine itself, and could as well change the database.
    if by is not None and proposed.by_id == by.id:
        raise rules.OwnReview
    report = None
    if campaign.state in RUNNING:
        report = close(session, campaign, by, reason=ClosedReason.OUTCOME, note="", now=now)
    record(
        session,
        campaign,
        TOLD,
        by,
        now,
        public=True,
        outcome=str(campaign.outcome),
        happened_on=_day(campaign.outcome_on),
        source=campaign.outcome_source,
        texts={text.language: text.outcome for text in campaign.texts if text.outcome},
    )
    return report


def waits_for_telling(session: Session, campaign: Campaign) -> Move | None:
    """The proposal that nobody has told yet."""
    proposed = queries.newest_move(session, campaign.id, PROPOSED)
    told = queries.newest_move(session, campaign.id, TOLD)
    return None if proposed and told and told.at >= proposed.at else proposed


def _checked(check: Check, language: str, typed: str) -> str:
    text = check.text(f"text-{language}", typed, at_most=CHARACTERS_AT_MOST)
    if len(clean_line(text.replace("\n", " ")).split()) > WORDS_AT_MOST:
        check.refuse(f"text-{language}", "too_many_words")
    return text


def _day(day: date | None) -> str:
    return day.isoformat() if day else ""
