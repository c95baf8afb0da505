"""Asking to be reminded, being reminded once, and being left alone again."""

from __future__ import annotations

import uuid
from collections import Counter
from datetime import datetime

import structlog
from sqlalchemy import delete, or_, select, update
from sqlalchemy.orm import Session, joinedload

from app.campaigns.models import Campaign
from app.campaigns.queries import get_campaign_by_id
from app.campaigns.rules import is_open_at, require_accepting
from app.core.addresses import checked_address, same_mailbox
from app.core.db import day_of
from app.core.erasures import all_erased, erasure_hash, is_erased
from app.core.errors import Refused
from app.core.models import DataKey
from app.core.sealing import KeyDestroyed, Seal, get_seal
from app.core.tokens import Keys, make_token, new_nonce
from app.delivery.actions import cancel
from app.delivery.models import Dispatch
from app.notices import manners
from app.notices.actions import send, sender_of
from app.notices.allowance import find_day
from app.notices.links import Links
from app.reminders import queries, rules
from app.reminders.models import Reminder, ReminderRequest, ReminderState, RequestState
from app.signatures.notices import text_in
from app.signatures.queries import find_confirmed_from
from app.tally.models import Figure
from app.tally.queries import public_total

log = structlog.get_logger()


class RequestExpired(Refused):
    """The wish was confirmed too late."""

    code = "link_expired"


def ask(
    session: Session,
    keys: Keys,
    campaign: Campaign,
    typed: str,
    language: str,
    *,
    links: Links,
    now: datetime,
    time_zone: str = "",
) -> None:
    """Note a wish to be reminded and ask its address to confirm it.

    The caller shows the same page whether the address was known or not.
    """
    require_accepting(campaign, now)
    email = checked_address(typed)
    seal = get_seal(session, keys, campaign.key_id)
    mailbox = same_mailbox(email)
    address_hash = seal.lookup("reminder", mailbox)
    if is_erased(session, keys, mailbox):
        return  # whoever lives there has asked never to hear from us again
    if campaign.closes_at is None:
        return
    times = rules.moments_left(campaign.closes_at, time_zone, now)
    if not times:
        return
    if find_day(session, keys, mailbox, now, days=1) is None:
        return
    known = queries.find_request(session, campaign.id, address_hash)
    if known is not None and known.state is RequestState.CONFIRMED:
        return
    if known is not None:
        session.delete(known)
        session.flush()  # the new wish takes its place under the same unique key
    row = uuid.uuid4()
    request = ReminderRequest(
        id=row,
        campaign_id=campaign.id,
        nonce=new_nonce(),
        language=language,
        time_zone=time_zone,
        sealed_email=seal.close(email, table="reminder_request", column="email", row=row),
        address_hash=address_hash,
        asked_on=day_of(now),
        link_ends_at=rules.request_ends_at(campaign.closes_at, now),
    )
    session.add(request)
    values = _about(campaign, language) | {
        "times": len(times),
        "confirm_link": links.confirm_reminders(language, _token(keys, request, "confirm")),
        "link_ends_at": request.link_ends_at,
        "closes_at": campaign.closes_at,
        "time_zone": campaign.time_zone,
        "forget_days": rules.REQUEST_LIVES.days,
    }
    _send(session, seal, campaign, request, "remind_confirm", values, now)


def confirm_request(request: ReminderRequest, now: datetime) -> None:
    """Owe the reminders that are still ahead. Twice is harmless."""
    if request.state is not RequestState.PENDING:
        return
    require_accepting(request.campaign, now)
    if request.link_ends_at <= now:
        raise RequestExpired
    request.state = RequestState.CONFIRMED
    closes_at = request.campaign.closes_at
    request.reminders = [
        Reminder(hours_before=hours, due_at=due)
        for hours, due in (
            rules.moments_left(closes_at, request.time_zone, now) if closes_at else ()
        )
    ]


def stop_request(request: ReminderRequest, reason: str = "stopped") -> None:
    """Never write about this again: not this one, or it is done. Twice is harmless."""
    request.state = RequestState.STOPPED
    request.sealed_email = None
    for reminder in request.reminders:
        if reminder.state is ReminderState.OWED:
            reminder.state = ReminderState.SKIPPED
            reminder.reason = reason


def send_due(
    session: Session,
    keys: Keys,
    *,
    links: Links,
    now: datetime,
    a_week: int = manners.REMINDERS_A_WEEK,
    limit: int = 200,
) -> int:
    """Send the reminders that have fallen due, each once; skip the others with their reason."""
    due = queries.list_due(session, now, limit)
    skipped: Counter[str] = Counter()
    for reminder in due:
        email = email_of(session, keys, reminder.request)
        reason = why_skip(session, keys, reminder, email, now)
        if not reason and not manners.may_nudge(session, keys, email, a_week, now):
            reason = manners.ENOUGH
        reminder.state = ReminderState.SKIPPED if reason else ReminderState.SENT
        reminder.reason = reason
        if reason:
            skipped[reason] += 1
        else:
            _remind(session, keys, reminder, links, now)
    for why, times in skipped.items():
        log.info("reminders skipped", reason=why, count=times)
    return len(due)


def why_skip(
    session: Session,
    keys: Keys,
    reminder: Reminder,
    email: str,
    now: datetime,
    *,
    is_open: bool | None = None,
) -> str:
    """The reason why a reminder is not sent at a moment, or nothing. Manners come afterwards.

    `is_open` where it is known better: the dry run asks about moments to come.
    """
    request, campaign = reminder.request, reminder.request.campaign
    reason = rules.why_skip(
        reminder.due_at,
        campaign.closes_at,
        now,
        is_open=is_open_at(campaign, now) if is_open is None else is_open,
        zone=request.time_zone,
    )
    if reason:
        return reason
    seal = get_seal(session, keys, campaign.key_id)
    mailbox = seal.lookup("mailbox", same_mailbox(email))
    return manners.HAS_WRITTEN if find_confirmed_from(session, campaign.id, mailbox) else ""


def follow_deadline(session: Session, campaign: Campaign, now: datetime) -> None:
    """Move what is still owed when the deadline has moved: reminders keep their rule."""
    if campaign.closes_at is None:
        return
    owed = (
        select(Reminder)
        .join(ReminderRequest)
        .where(
            ReminderRequest.campaign_id == campaign.id,
            ReminderRequest.state == RequestState.CONFIRMED,
            # An expired campaign has forgotten who wished; opened again, it owes them nothing.
            ReminderRequest.sealed_email.is_not(None),
            Reminder.state != ReminderState.SENT,
        )
        .options(joinedload(Reminder.request))
    )
    for reminder in session.scalars(owed):
        zone = reminder.request.time_zone
        reminder.due_at = rules.moment_of(campaign.closes_at, reminder.hours_before, zone)
        ahead = reminder.due_at > now
        reminder.state = ReminderState.OWED if ahead else reminder.state
        reminder.reason = "" if ahead else reminder.reason


def forget_requests(session: Session, now: datetime) -> int:
    """Delete wishes that nobody confirmed, and all of campaigns that have ended. Safe twice."""
    stale = (
        delete(ReminderRequest)
        .where(ReminderRequest.state == RequestState.PENDING, ReminderRequest.link_ends_at <= now)
        .returning(ReminderRequest.id)
    )
    forgotten = len(session.scalars(stale).all())
    over = select(Campaign.id).where(Campaign.state == "closed")
    session.execute(
        update(ReminderRequest)
        .where(ReminderRequest.campaign_id.in_(over), ReminderRequest.sealed_email.is_not(None))
        .values(sealed_email=None)
    )
    return forgotten


def erase_requests(session: Session, keys: Keys, address: str, now: datetime) -> int:
    """Delete every wish of an address with what it has in the outbox; return how many."""
    erased = 0
    living = select(Campaign.id, Campaign.key_id).join(DataKey, DataKey.id == Campaign.key_id)
    for campaign_id, key_id in session.execute(living).all():
        address_hash = get_seal(session, keys, key_id).lookup("reminder", same_mailbox(address))
        request = queries.find_request(session, campaign_id, address_hash)
        if request is None:
            continue
        _erase_one(session, request, now)
        erased += 1
    return erased


def erase_requests_again(session: Session, keys: Keys, now: datetime) -> int:
    """Delete the wishes of erased people whom a restored backup has brought back."""
    erased, again = all_erased(session), 0
    wanted = select(ReminderRequest).where(ReminderRequest.sealed_email.is_not(None))
    for request in session.scalars(wanted).all() if erased else ():
        try:
            seal = get_seal(session, keys, request.campaign.key_id)
        except KeyDestroyed:
            continue
        address = seal.open(
            request.sealed_email or b"", table="reminder_request", column="email", row=request.id
        )
        if erasure_hash(keys, address) in erased:
            _erase_one(session, request, now)
            again += 1
    return again


def _erase_one(session: Session, request: ReminderRequest, now: datetime) -> None:
    mails = select(Dispatch).where(
        or_(
            *(
                Dispatch.once_key.startswith(f"notice:{name}:{request.id.hex}:")
                for name in ("remind_confirm", "reminder")
            )
        )
    )
    cancel(session, session.scalars(mails).all(), "withdrawn", now)
    session.delete(request)


def _remind(session: Session, keys: Keys, reminder: Reminder, links: Links, now: datetime) -> None:
    request = reminder.request
    campaign = get_campaign_by_id(session, request.campaign_id)
    if campaign.closes_at is None:
        return
    values = _about(campaign, request.language) | {
        "hours_left": manners.hours_left(campaign.closes_at, now),
        "closes_at": campaign.closes_at,
        "time_zone": campaign.time_zone,
        "letters_so_far": public_total(session, campaign.id, Figure.HANDED_OVER),
        "campaign_link": links.campaign(request.language, campaign.reference, campaign.slug),
        "done_link": links.done_reminders(request.language, _token(keys, request, "stop")),
        "stop_link": links.stop_reminders(request.language, _token(keys, request, "stop")),
    }
    seal = get_seal(session, keys, campaign.key_id)
    _send(session, seal, campaign, request, "reminder", values, now, again=str(reminder.due_at))


def _send(
    session: Session,
    seal: Seal,
    campaign: Campaign,
    request: ReminderRequest,
    name: str,
    values: dict[str, object],
    now: datetime,
    *,
    again: str = "",
) -> None:
    if request.sealed_email is None:
        return
    send(
        session,
        seal,
        sender_of(campaign.section),
        name=name,
        to_address=seal.open(
            request.sealed_email, table="reminder_request", column="email", row=request.id
        ),
        language=request.language,
        once_key=f"notice:{name}:{request.id.hex}:{again}",
        values=values,
        now=now,
        expires_at=campaign.closes_at,
        keep_local=campaign.demonstration is not None,
    )


def _about(campaign: Campaign, language: str) -> dict[str, object]:
    text = text_in(campaign, language)
    return {
        "title": text.title,
        "title_language": text.language,
        "sensitive": campaign.sensitive,
    }


def email_of(session: Session, keys: Keys, request: ReminderRequest) -> str:
    """The address of a wish; nothing where it was let go of."""
    if request.sealed_email is None:
        return ""
    try:
        seal = get_seal(session, keys, request.campaign.key_id)
    except KeyDestroyed:
        return ""
    return seal.open(request.sealed_email, table="reminder_request", column="email", row=request.id)


def _token(keys: Keys, request: ReminderRequest, purpose: str) -> str:
    return make_token(queries.token_key(keys), purpose, request.id, request.nonce)
