"""The moves of a campaign's life. Each is noted in the audit log and in the campaign's history."""

from __future__ import annotations

import secrets
import unicodedata
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.models import Account
from app.audit.actions import note as audit
from app.campaigns import queries, rules
from app.campaigns.models import (
    Campaign,
    CampaignState,
    CampaignText,
    Case,
    ClosedReason,
    Move,
    Review,
)
from app.core.sealing import new_seal
from app.core.tokens import Keys
from app.delivery import actions as delivery
from app.sections.models import Section

# No vowels, no 0, 1, l, o: nothing to mistake when read aloud, and no words by accident.
REFERENCE_LETTERS = "23456789bcdfghjkmnpqrstvwxyz"
REFERENCE_LENGTH = 5
CLOCK = "clock"


def create_draft(
    session: Session,
    keys: Keys,
    section: Section,
    by: Account | None,
    *,
    title: str,
    language: str,
    country: str,
    now: datetime,
) -> Campaign:
    """A new campaign with its case, its gate (closed) and its own data key."""
    case = Case(section_id=section.id, title=title)
    gate = delivery.new_gate(session)
    session.add(case)
    session.flush()  # the campaign's row points at both
    campaign = Campaign(
        reference=_free_reference(session),
        slug=slug_of(title),
        section_id=section.id,
        case_id=case.id,
        gate_id=gate.id,
        key_id=new_seal(session, keys).id,
        written_by_id=by.id if by else None,
        country=country,
        document_language=language,
        time_zone=section.time_zone,
        texts=[CampaignText(language=language, title=title)],
    )
    session.add(campaign)
    session.flush()  # its id is the object of the log entry
    _record(session, campaign, "created", by, now)
    return campaign


def ask_for_review(session: Session, campaign: Campaign, by: Account, now: datetime) -> Review:
    """Hand this revision to a second organiser."""
    missing = rules.missing_for_review(campaign, queries.current_templates(session, campaign.id))
    if missing:
        raise rules.NotReady(missing)
    rules.require_move(campaign, CampaignState.IN_REVIEW)
    review = Review(
        campaign_id=campaign.id, revision=campaign.revision, asked_by_id=by.id, asked_at=now
    )
    session.add(review)
    campaign.state = CampaignState.IN_REVIEW
    _record(session, campaign, "review_asked", by, now)
    return review


def return_to_writer(
    session: Session, campaign: Campaign, by: Account, note: str, now: datetime
) -> None:
    """Send a campaign back to draft with the reviewer's words."""
    rules.require_move(campaign, CampaignState.DRAFT)
    review = queries.find_open_review(session, campaign.id)
    if review is not None:
        _decide(review, by, approved=False, note=note, now=now)
    campaign.state = CampaignState.DRAFT
    _record(session, campaign, "returned", by, now, note=note)


def void_review(session: Session, campaign: Campaign, by: Account, now: datetime) -> None:
    """An edit takes a waiting review back: what would be approved is not what was shown."""
    if campaign.state is not CampaignState.IN_REVIEW:
        return
    review = queries.find_open_review(session, campaign.id)
    if review is not None:
        session.delete(review)
    campaign.state = CampaignState.DRAFT
    _record(session, campaign, "review_void", by, now)


def publish(session: Session, campaign: Campaign, by: Account, now: datetime) -> None:
    """Open a reviewed campaign, at once or at the instant that its timing names.

    `by` is the second person: neither its writer nor the asker.
    """
    review = queries.find_open_review(session, campaign.id)
    if campaign.state is not CampaignState.IN_REVIEW or review is None:
        raise rules.WrongMove(f"{campaign.state} is not in review")
    if by.id in (review.asked_by_id, campaign.written_by_id):
        raise rules.OwnReview
    if review.revision != campaign.revision:
        raise rules.WrongMove("the review was of another revision")
    missing = rules.missing_for_review(campaign, queries.current_templates(session, campaign.id))
    if missing:
        raise rules.NotReady(missing)
    if campaign.closes_at is None or campaign.closes_at <= now:
        raise rules.BadDeadline
    _decide(review, by, approved=True, note="", now=now)
    if campaign.opens_at is None or campaign.opens_at <= now:
        _open(session, campaign, by, now)
        return
    campaign.state = CampaignState.SCHEDULED
    _record(session, campaign, "scheduled", by, now, opens_at=campaign.opens_at.isoformat())


def open_without_review(session: Session, campaign: Campaign, now: datetime) -> None:
    """Open a demonstration: it was reviewed when this version of the product was."""
    if campaign.demonstration is None:
        raise rules.OwnReview
    missing = rules.missing_for_review(campaign, queries.current_templates(session, campaign.id))
    if missing:
        raise rules.NotReady(missing)
    _open(session, campaign, None, now)


def set_deadline(
    campaign: Campaign, last_day: date, last_time: str, time_zone: str, now: datetime
) -> None:
    """Resolve the shown deadline to the instant that every rule compares with."""
    closes_at = rules.closes_at(last_day, last_time, time_zone)
    if closes_at <= now:
        raise rules.BadDeadline
    campaign.last_day = last_day
    campaign.last_time = last_time
    campaign.time_zone = time_zone
    campaign.closes_at = closes_at


def extend(
    session: Session,
    campaign: Campaign,
    by: Account | None,
    *,
    last_day: date,
    last_time: str,
    note: str,
    now: datetime,
) -> None:
    """Give an open, paused or expired campaign a new deadline; an expired one opens again."""
    expired = campaign.closed_reason is ClosedReason.EXPIRED
    if campaign.state not in (CampaignState.OPEN, CampaignState.PAUSED) and not expired:
        raise rules.WrongMove(f"{campaign.state} is not extended")
    before = campaign.last_day.isoformat() if campaign.last_day else ""
    set_deadline(campaign, last_day, last_time, campaign.time_zone, now)
    if expired:
        campaign.state = CampaignState.OPEN
        campaign.closed_reason = None
        campaign.closed_at = None
    _move_gate(session, campaign)
    _record(
        session,
        campaign,
        "extended",
        by,
        now,
        note=note,
        public=True,
        before=before,
        after=last_day.isoformat(),
    )


def pause(session: Session, campaign: Campaign, by: Account, note: str, now: datetime) -> None:
    """Hold every letter while facts are checked."""
    rules.require_move(campaign, CampaignState.PAUSED)
    campaign.state = CampaignState.PAUSED
    _move_gate(session, campaign)
    _record(session, campaign, "paused", by, now, note=note, public=True)


def resume(session: Session, campaign: Campaign, by: Account, note: str, now: datetime) -> None:
    """Let letters go again."""
    if campaign.state is not CampaignState.PAUSED:
        raise rules.WrongMove(f"{campaign.state} is not resumed")
    if campaign.closes_at is None or campaign.closes_at <= now:
        raise rules.BadDeadline
    campaign.state = CampaignState.OPEN
    _move_gate(session, campaign)
    _record(session, campaign, "resumed", by, now, note=note, public=True)


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
    _move_gate(session, campaign)
    _record(session, campaign, "hidden", by, now)


def unhide(session: Session, campaign: Campaign, by: Account, now: datetime) -> None:
    """Show a campaign again; what waited may leave."""
    campaign.hidden = False
    _move_gate(session, campaign)
    _record(session, campaign, "shown_again", by, now)


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
            _record(session, campaign, "opening_missed", None, now)
            continue
        _open(session, campaign, None, now)
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
            Campaign.state.in_((CampaignState.OPEN, CampaignState.PAUSED)),
            Campaign.closes_at <= now,
        )
        .with_for_update(skip_locked=True)
    )
    closed = []
    for campaign in session.scalars(expired):
        _close(session, campaign, None, ClosedReason.EXPIRED, "", now)
        closed.append(campaign.id)
    return closed


def slug_of(title: str) -> str:
    """A part of an address for people: Latin letters, digits and hyphens; never empty."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    words = "".join(letter if letter.isalnum() else " " for letter in plain).split()
    return "-".join(words[:8]) or "campaign"


def _open(session: Session, campaign: Campaign, by: Account | None, now: datetime) -> None:
    if campaign.closes_at is None or campaign.closes_at <= now:
        raise rules.BadDeadline
    campaign.state = CampaignState.OPEN
    campaign.opened_at = now
    _move_gate(session, campaign)
    _record(session, campaign, "published", by, now, public=True)


def _move_gate(session: Session, campaign: Campaign) -> None:
    """Let the gate say what the campaign says; `_close` moves the gate of a closed one."""
    if campaign.state is CampaignState.OPEN and not campaign.hidden and campaign.closes_at:
        delivery.open_gate(session, campaign.gate, campaign.closes_at)
    elif campaign.state in (CampaignState.OPEN, CampaignState.PAUSED):
        delivery.pause_gate(session, campaign.gate)
        campaign.gate.open_until = campaign.closes_at


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
    _record(
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


def _decide(review: Review, by: Account, *, approved: bool, note: str, now: datetime) -> None:
    review.decided_by_id = by.id
    review.decided_at = now
    review.approved = approved
    review.note = note


def _record(
    session: Session,
    campaign: Campaign,
    name: str,
    by: Account | None,
    now: datetime,
    *,
    note: str = "",
    public: bool = False,
    **detail: str | int,
) -> None:
    session.add(
        Move(
            campaign_id=campaign.id,
            at=now,
            name=name,
            by_id=by.id if by else None,
            note=note,
            public=public,
        )
    )
    audit(
        session,
        str(by.id) if by else CLOCK,
        f"campaign.{name}",
        about=("campaign", str(campaign.id)),
        now=now,
        note=note,
        **detail,
    )


def _free_reference(session: Session) -> str:
    while True:
        reference = "".join(secrets.choice(REFERENCE_LETTERS) for _ in range(REFERENCE_LENGTH))
        taken = session.scalar(select(Campaign.id).where(Campaign.reference == reference))
        if taken is None:
            return reference
