"""From the first draft to the review that opens it; what follows then is `life`."""

from __future__ import annotations

import secrets
import unicodedata
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.models import Account
from app.campaigns import queries, rules
from app.campaigns.history import record
from app.campaigns.life import open_now
from app.campaigns.models import (
    Campaign,
    CampaignState,
    CampaignText,
    Case,
    Review,
)
from app.core.sealing import new_seal
from app.core.tokens import Keys
from app.delivery import actions as delivery
from app.sections.models import Section

# No vowels, no 0, 1, l, o: nothing to mistake when read aloud, and no words by accident.
REFERENCE_LETTERS = "23456789bcdfghjkmnpqrstvwxyz"
REFERENCE_LENGTH = 5


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
    record(session, campaign, "created", by, now)
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
    record(session, campaign, "review_asked", by, now)
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
    record(session, campaign, "returned", by, now, note=note)


def void_review(session: Session, campaign: Campaign, by: Account, now: datetime) -> None:
    """An edit takes a waiting review back: what would be approved is not what was shown."""
    if campaign.state is not CampaignState.IN_REVIEW:
        return
    review = queries.find_open_review(session, campaign.id)
    if review is not None:
        session.delete(review)
    campaign.state = CampaignState.DRAFT
    record(session, campaign, "review_void", by, now)


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
        open_now(session, campaign, by, now)
        return
    campaign.state = CampaignState.SCHEDULED
    record(session, campaign, "scheduled", by, now, opens_at=campaign.opens_at.isoformat())


def open_without_review(session: Session, campaign: Campaign, now: datetime) -> None:
    """Open a demonstration: it was reviewed when this version of the product was."""
    if campaign.demonstration is None:
        raise rules.OwnReview
    missing = rules.missing_for_review(campaign, queries.current_templates(session, campaign.id))
    if missing:
        raise rules.NotReady(missing)
    open_now(session, campaign, None, now)


def slug_of(title: str) -> str:
    """A part of an address for people: Latin letters, digits and hyphens; never empty."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    words = "".join(letter if letter.isalnum() else " " for letter in plain).split()
    return "-".join(words[:8]) or "campaign"


def _decide(review: Review, by: Account, *, approved: bool, note: str, now: datetime) -> None:
    review.decided_by_id = by.id
    review.decided_at = now
    review.approved = approved
    review.note = note


def _free_reference(session: Session) -> str:
    while True:
        reference = "".join(secrets.choice(REFERENCE_LETTERS) for _ in range(REFERENCE_LENGTH))
        taken = session.scalar(select(Campaign.id).where(Campaign.reference == reference))
        if taken is None:
            return reference
