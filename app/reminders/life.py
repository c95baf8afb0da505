"""The moves of a published campaign as people at the desk and the clock make them.

Each is the move itself (`campaigns.life`) and what follows from it: reminders keep their distance
from the end, letters on old facts wait, colleagues hear of it. `_moved` is the one place that every
move of public interest passes once it is made: whoever follows a campaign is told from there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy.orm import Session

from app.accounts.models import Account
from app.campaigns import actions, changes, life, outcomes
from app.campaigns.deadlines import follow_zones
from app.campaigns.models import Campaign, ClosedReason, Move
from app.campaigns.queries import get_campaign_by_id, newest_move
from app.core.tokens import Keys
from app.delivery.actions import GateReport
from app.followers import announcements
from app.followers.actions import tell_followers, tell_opened
from app.followers.announcements import Announcement
from app.notices.links import Links
from app.reminders.actions import follow_deadline
from app.reminders.staff import announce_closed


@dataclass(frozen=True, slots=True)
class Desk:
    """With what moves are made: a transaction, the keys, the links for mails, who, and when.

    `by` is nobody where the clock or an operator does it.
    """

    session: Session
    keys: Keys
    links: Links
    now: datetime
    by: Account | None = None


def publish(desk: Desk, campaign: Campaign, by: Account) -> None:
    actions.publish(desk.session, campaign, by, desk.now)
    if campaign.opened_at == desk.now:
        _opened(desk, campaign)


def open_scheduled(desk: Desk) -> int:
    opened = life.open_scheduled(desk.session, desk.now)
    for campaign in _each(desk, opened):
        _opened(desk, campaign)
    return len(opened)


def set_new_end(
    desk: Desk, campaign: Campaign, *, last_day: date, last_time: str, note: str
) -> None:
    """Extend what runs, open what has expired again."""
    session, now, by = desk.session, desk.now, desk.by
    if campaign.closed_reason is ClosedReason.EXPIRED:
        move = life.reopen(
            session,
            desk.keys,
            campaign,
            by,
            last_day=last_day,
            last_time=last_time,
            note=note,
            now=now,
        )
    else:
        move = life.extend(
            session, campaign, by, last_day=last_day, last_time=last_time, note=note, now=now
        )
    follow_deadline(session, campaign, now)
    _moved(desk, campaign, move)


def pause(desk: Desk, campaign: Campaign, *, note: str) -> None:
    life.pause(desk.session, campaign, desk.by, note, desk.now)


def resume(desk: Desk, campaign: Campaign, *, note: str) -> None:
    life.resume(desk.session, campaign, desk.by, note, desk.now)


def close_expired(desk: Desk) -> int:
    closed = life.close_expired(desk.session, desk.now)
    announce_closed(desk.session, desk.keys, closed, links=desk.links, now=desk.now)
    return len(closed)


def close(desk: Desk, campaign: Campaign, *, reason: ClosedReason, note: str) -> GateReport:
    report = life.close(desk.session, campaign, desk.by, reason=reason, note=note, now=desk.now)
    _tell_colleagues(desk, campaign)
    return report


def change_facts(desk: Desk, campaign: Campaign, by: Account, *, note: str, asks: bool) -> int:
    """Let new letters be used; return how many letters wait for their writers' word."""
    held = changes.use_new_letters(
        desk.session, campaign, by, note=note, asks_writers=asks, now=desk.now
    )
    if asks:
        _moved(desk, campaign, newest_move(desk.session, campaign.id, changes.CHANGED))
    return held


def tell_outcome(desk: Desk, campaign: Campaign, by: Account | None) -> GateReport | None:
    """Publish what came of it; a campaign that still runs closes with it."""
    report = outcomes.tell_outcome(desk.session, campaign, by, desk.now)
    if report is not None:
        _tell_colleagues(desk, campaign)
    _moved(desk, campaign, newest_move(desk.session, campaign.id, outcomes.TOLD))
    return report


def follow_clocks(desk: Desk) -> int:
    """New zone data has moved instants: reminders move along. Safe to run twice."""
    moved = follow_zones(desk.session, desk.now)
    for campaign in _each(desk, moved):
        follow_deadline(desk.session, campaign, desk.now)
    return len(moved)


def _opened(desk: Desk, campaign: Campaign) -> None:
    """A campaign is there; the one whose place it takes ends with the same transaction."""
    before = life.supersede(desk.session, campaign, desk.by, desk.now)
    if before is not None:
        _tell_colleagues(desk, before)
    _moved(desk, campaign, newest_move(desk.session, campaign.id, "published"))


def _moved(desk: Desk, campaign: Campaign, move: Move | None) -> None:
    """Where followers are told: of an opening, a new end, changed facts, an outcome."""
    if move is None or not move.public or campaign.hidden:
        return
    if move.name == "published":
        tell_opened(desk.session, campaign, desk.now)
        return
    told = _announcement(campaign, move)
    if told is not None:
        desk.session.flush()  # a move is told of once, by its id
        tell_followers(desk.session, campaign, told, occasion=move.id.hex, now=desk.now)


def _announcement(campaign: Campaign, move: Move) -> Announcement | None:
    said = {campaign.document_language: move.note} if move.note else {}
    match move.name:
        case "extended" | "reopened":
            before = datetime.fromisoformat(move.detail["closed_at_before"])
            return announcements.extended(before, said)
        case changes.CHANGED:
            return announcements.changed(said)
        case outcomes.TOLD:
            day = move.detail["happened_on"]
            return announcements.ended_well_or_not(
                move.detail["outcome"],
                move.detail["texts"],
                date.fromisoformat(day) if day else move.at.date(),
                move.detail["source"],
            )
    return None


def _tell_colleagues(desk: Desk, campaign: Campaign) -> None:
    announce_closed(
        desk.session, desk.keys, [campaign.id], links=desk.links, now=desk.now, by=desk.by
    )


def _each(desk: Desk, ids: Sequence[UUID]) -> list[Campaign]:
    return [get_campaign_by_id(desk.session, one) for one in ids]
