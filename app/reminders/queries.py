"""Questions about wishes to be reminded."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload, selectinload

from app.authorities.models import Authority, ContactPoint, ContactState
from app.campaigns.models import (
    Campaign,
    CampaignState,
    ClosedReason,
    Move,
    Outcome,
    Target,
)
from app.campaigns.outcomes import TOLD
from app.campaigns.queries import get_campaign_by_id
from app.core.errors import NotFound
from app.core.tokens import Keys, check_token, row_of
from app.reminders.models import Reminder, ReminderRequest, ReminderState, RequestState


def token_key(keys: Keys) -> bytes:
    return keys.derive("reminder-token")


def get_request(
    session: Session, keys: Keys, token: str, purpose: str, *, lock: bool = False
) -> ReminderRequest:
    """The wish behind a link made for this purpose; refuses every other link."""
    wanted = (
        select(ReminderRequest)
        .where(ReminderRequest.id == row_of(token))
        .options(selectinload(ReminderRequest.reminders))
    )
    request = session.scalars(
        wanted.with_for_update(of=ReminderRequest) if lock else wanted
    ).one_or_none()
    if request is None:
        raise NotFound
    check_token(token_key(keys), purpose, token, request.nonce)
    get_campaign_by_id(session, request.campaign_id)  # whole, for the page that follows
    return request


def find_request(
    session: Session, campaign_id: UUID, address_hash: bytes
) -> ReminderRequest | None:
    wanted = select(ReminderRequest).where(
        ReminderRequest.campaign_id == campaign_id, ReminderRequest.address_hash == address_hash
    )
    return session.scalars(wanted).one_or_none()


def list_due(session: Session, now: datetime, limit: int) -> Sequence[Reminder]:
    due = (
        select(Reminder)
        .join(ReminderRequest)
        .where(
            Reminder.state == ReminderState.OWED,
            Reminder.due_at <= now,
            ReminderRequest.state == RequestState.CONFIRMED,
        )
        .options(joinedload(Reminder.request).joinedload(ReminderRequest.campaign))
        .order_by(Reminder.due_at, Reminder.id)
        .limit(limit)
        .with_for_update(of=Reminder, skip_locked=True)
    )
    return session.scalars(due).all()


def list_doubted(
    session: Session, since: date, now: datetime
) -> Sequence[tuple[ContactPoint, UUID]]:
    """Addresses doubted since a day, each with a living campaign that writes to their office."""
    doubted = (
        select(ContactPoint, Campaign.id)
        .join(Target, Target.authority_id == ContactPoint.authority_id)
        .join(Campaign, Campaign.id == Target.campaign_id)
        .where(
            ContactPoint.state == ContactState.DOUBTFUL,
            ContactPoint.doubted_on >= since,
            Campaign.state.in_((CampaignState.OPEN, CampaignState.PAUSED)),
            Campaign.closes_at > now,
        )
        .options(joinedload(ContactPoint.authority).selectinload(Authority.offices))
        .order_by(ContactPoint.id, Campaign.id)
    )
    return [(point, campaign_id) for point, campaign_id in session.execute(doubted)]


def list_ending(session: Session, now: datetime, before: datetime) -> Sequence[Campaign]:
    """Open campaigns that end before a moment."""
    ending = select(Campaign).where(
        Campaign.state.in_((CampaignState.OPEN, CampaignState.PAUSED)),
        Campaign.closes_at > now,
        Campaign.closes_at <= before,
    )
    return session.scalars(ending).all()


_KNOWN = (
    select(Move.id)
    .where(
        Move.campaign_id == Campaign.id,
        Move.name == TOLD,
        Move.detail["outcome"].as_string() != Outcome.UNKNOWN.value,
    )
    .exists()
)
# One that gave its place to another is asked for with that.
_MAY_BE_ASKED = (
    Campaign.state == CampaignState.CLOSED,
    Campaign.closed_reason != ClosedReason.SUPERSEDED,
    Campaign.demonstration.is_(None),
    ~_KNOWN,
)


def may_be_asked(session: Session, campaign: Campaign) -> bool:
    """Whether organisers are still to be asked what came of a closed campaign."""
    wanted = select(Campaign.id).where(Campaign.id == campaign.id, *_MAY_BE_ASKED)
    return session.scalar(wanted) is not None


def list_without_outcome(session: Session, after: datetime, before: datetime) -> Sequence[Campaign]:
    """Campaigns that closed between two moments, and of which nobody has told what came of it."""
    closed = (
        select(Campaign)
        .where(*_MAY_BE_ASKED, Campaign.closed_at > after, Campaign.closed_at <= before)
        .order_by(Campaign.closed_at, Campaign.id)
    )
    return session.scalars(closed).all()
