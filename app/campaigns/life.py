"""What becomes of a published campaign: opened, extended, paused, closed, hidden.

Each move is noted in the audit log and in the campaign's history. What follows from it for people
(reminders, letters on old facts, mails) is `reminders.life`, above.
"""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.models import Account
from app.campaigns import rules
from app.campaigns.deadlines import move_gate, set_deadline
from app.campaigns.history import record
from app.campaigns.models import RUNNING, Campaign, CampaignState, ClosedReason, Move
from app.core.models import DataKey
from app.core.sealing import new_seal
from app.core.tokens import Keys
from app.delivery import actions as delivery


def open_now(session: Session, campaign: Campaign, by: Account | None, now: datetime) -> None:
    if campaign.closes_at is None or campaign.closes_at <= now:
        raise rules.BadDeadline
    campaign.state = CampaignState.OPEN
    campaign.opened_at = now
    move_gate(session, campaign)
    record(session, campaign, "published", by, now, public=True)


def supersede(
    session: Session, successor: Campaign, by: Account | None, now: datetime
) -> Campaign | None:
    """End the campaign whose place another takes, now that this is open; return it, if it ran."""
    if successor.follows_id is None:
        return None
    before = session.get_one(Campaign, successor.follows_id)
    if before.state not in RUNNING:
        return None
    _close(session, before, by, ClosedReason.SUPERSEDED, "", now)
    return before


def extend(
    session: Session,
    campaign: Campaign,
    by: Account | None,
    *,
    last_day: date,
    last_time: str,
    note: str,
    now: datetime,
) -> Move:
    """Give an open or paused campaign a new deadline."""
    if campaign.state not in RUNNING:
        raise rules.WrongMove(f"{campaign.state} is not extended")
    return _new_end(session, campaign, by, "extended", last_day, last_time, note, now)


def reopen(
    session: Session,
    keys: Keys,
    campaign: Campaign,
    by: Account | None,
    *,
    last_day: date,
    last_time: str,
    note: str,
    now: datetime,
) -> Move:
    """Open an expired campaign again, which is done by a new deadline and by nothing else.

    Whoever wrote before may be forgotten by now, with the key that their names were sealed with;
    those who write from here on get a new one.
    """
    if campaign.closed_reason is not ClosedReason.EXPIRED:
        raise rules.WrongMove(f"{campaign.closed_reason or campaign.state} is not opened again")
    if rules.closes_at(last_day, last_time, campaign.time_zone) <= now:
        raise rules.BadDeadline
    campaign.state = CampaignState.OPEN
    campaign.closed_reason = None
    campaign.closed_at = None
    if session.get(DataKey, campaign.key_id) is None:
        campaign.key_id = new_seal(session, keys).id
    return _new_end(session, campaign, by, "reopened", last_day, last_time, note, now)


def pause(
    session: Session, campaign: Campaign, by: Account | None, note: str, now: datetime
) -> None:
    """Hold every letter while facts are checked."""
    rules.require_move(campaign, CampaignState.PAUSED)
    campaign.state = CampaignState.PAUSED
    move_gate(session, campaign)
    record(session, campaign, "paused", by, now, note=note, public=True)


def resume(
    session: Session, campaign: Campaign, by: Account | None, note: str, now: datetime
) -> None:
    """Let letters go again."""
    if campaign.state is not CampaignState.PAUSED:
        raise rules.WrongMove(f"{campaign.state} is not resumed")
    if campaign.closes_at is None or campaign.closes_at <= now:
        raise rules.BadDeadline
    campaign.state = CampaignState.OPEN
    move_gate(session, campaign)
    record(session, campaign, "resumed", by, now, note=note, public=True)


def close(
    session: Session,
    campaign: Campaign,
    by: Account | None,
    *,
    reason: ClosedReason,
    note: str,
    now: datetime,
) -> delivery.GateReport:
    """Close for good: what has not left is cancelled in the same transaction."""
    rules.require_move(campaign, CampaignState.CLOSED)
    return _close(session, campaign, by, reason, note, now)


def hide(session: Session, campaign: Campaign, by: Account, now: datetime) -> None:
    """Take a campaign away from every public page; nothing leaves while it is hidden."""
    campaign.hidden = True
    move_gate(session, campaign)
    record(session, campaign, "hidden", by, now)


def unhide(session: Session, campaign: Campaign, by: Account, now: datetime) -> None:
    """Show a campaign again; what waited may leave."""
    campaign.hidden = False
    move_gate(session, campaign)
    record(session, campaign, "shown_again", by, now)


def open_scheduled(session: Session, now: datetime) -> list[UUID]:
    """Open every reviewed campaign whose hour has come; return their ids. Safe to run twice.

    One whose end has passed meanwhile goes back to its writer: nobody could sign it.
    """
    ready = (
        select(Campaign)
        .where(Campaign.state == CampaignState.SCHEDULED, Campaign.opens_at <= now)
        .with_for_update(skip_locked=True)
    )
    opened = []
    for campaign in session.scalars(ready):
        if campaign.closes_at is None or campaign.closes_at <= now:
            campaign.state = CampaignState.DRAFT
            record(session, campaign, "opening_missed", None, now)
            continue
        open_now(session, campaign, None, now)
        opened.append(campaign.id)
    return opened


def close_expired(session: Session, now: datetime) -> list[UUID]:
    """Record the end of every campaign whose time is over; return their ids.

    Safe to run twice: the second run finds nothing left to close. Letters stop at the instant
    itself, by the gate; this only writes down what is already true.
    """
    expired = (
        select(Campaign)
        .where(
            Campaign.state.in_(RUNNING),
            Campaign.closes_at <= now,
        )
        .with_for_update(skip_locked=True)
    )
    closed = []
    for campaign in session.scalars(expired):
        _close(session, campaign, None, ClosedReason.EXPIRED, "", now)
        closed.append(campaign.id)
    return closed


def _new_end(
    session: Session,
    campaign: Campaign,
    by: Account | None,
    name: str,
    last_day: date,
    last_time: str,
    note: str,
    now: datetime,
) -> Move:
    before, ended = campaign.last_day, campaign.closes_at
    set_deadline(campaign, last_day, last_time, campaign.time_zone, now)
    move_gate(session, campaign)
    return record(
        session,
        campaign,
        name,
        by,
        now,
        note=note,
        public=True,
        before=before.isoformat() if before else "",
        after=last_day.isoformat(),
        closed_at_before=ended.isoformat() if ended else "",
    )


def _close(
    session: Session,
    campaign: Campaign,
    by: Account | None,
    reason: ClosedReason,
    note: str,
    now: datetime,
) -> delivery.GateReport:
    campaign.state = CampaignState.CLOSED
    campaign.closed_reason = reason
    campaign.closed_at = now
    report = delivery.close_gate(session, campaign.gate, str(reason), now)
    record(
        session,
        campaign,
        "closed",
        by,
        now,
        note=note,
        public=True,
        reason=str(reason),
        cancelled=report.cancelled,
    )
    return report
