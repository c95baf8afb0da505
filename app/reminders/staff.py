"""Telling the people at the desk: a review waits, a deadline nears, a campaign has closed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.models import Account, Role, RoleName
from app.authorities.offices import office_in
from app.campaigns.models import Campaign, Review
from app.campaigns.queries import get_campaign_by_id
from app.core.db import day_of
from app.core.sealing import Seal, get_seal, new_seal
from app.core.tokens import Keys
from app.delivery.queries import known_keys
from app.notices import manners
from app.notices.actions import send, sender_of
from app.notices.links import Links
from app.reminders import queries, rules
from app.sections.models import AfterDeadline
from app.signatures.notices import text_in
from app.signatures.outdated import asks_writer
from app.signatures.queries import list_held_untold
from app.signatures.upkeep import tell_held
from app.tally.models import Figure
from app.tally.queries import totals

_FIGURES = tuple(Figure)


def review_wanted(
    session: Session, keys: Keys, campaign: Campaign, review: Review, *, links: Links, now: datetime
) -> None:
    """M13, to every other organiser of the section."""
    asker = session.get_one(Account, review.asked_by_id)
    for account in _organisers(session, campaign.section_id):
        if account.id == asker.id:
            continue
        values = {
            "by_name": asker.name,
            "languages": [text.language for text in campaign.texts],
            "target_count": len(campaign.targets),
            "closes_at": campaign.closes_at,
            "time_zone": campaign.time_zone,
            "review_link": links.desk(campaign.reference, "review"),
        }
        _send(session, keys, campaign, account, "review_wanted", values, now, again=review.id.hex)


def review_decided(
    session: Session,
    keys: Keys,
    campaign: Campaign,
    by: Account,
    *,
    approved: bool,
    note: str,
    links: Links,
    now: datetime,
) -> None:
    """M14, to the writer."""
    writer = session.get(Account, campaign.written_by_id) if campaign.written_by_id else None
    if writer is None or not writer.active:
        return
    values = {
        "by_name": by.name,
        "approved": approved,
        "note": note,
        "campaign_link": links.campaign(writer.language, campaign.reference, campaign.slug),
        "desk_link": links.desk(campaign.reference),
    }
    again = f"{campaign.revision}:{now.isoformat()}"
    _send(session, keys, campaign, writer, "review_decided", values, now, again=again)


def warn_of_deadlines(session: Session, keys: Keys, *, links: Links, now: datetime) -> int:
    """M15, a week, three days and a day before a deadline: extend, close, or let it pass.

    Each step once for each deadline, the first deadline and every later one. Return how many
    campaigns were looked at anew.
    """
    before = now + timedelta(hours=max(rules.WARN_STAFF_HOURS))
    ending = [
        (found, _step(found.closes_at, rules.staff_step(found.closes_at, now)))
        for found in queries.list_ending(session, now, before)
        if found.closes_at is not None
    ]
    unwarned = _owed(session, "deadline_warning", ending)
    for (found, again), owed in zip(ending, unwarned, strict=True):
        if not owed or found.closes_at is None:
            continue
        campaign = get_campaign_by_id(session, found.id)
        counted = totals(session, campaign.id, _FIGURES)
        over = (Figure.HANDED_OVER, Figure.FAILED, Figure.HELD, Figure.CANCELLED)
        values = {
            "hours_left": manners.hours_left(found.closes_at, now),
            "closes_at": found.closes_at,
            "time_zone": campaign.time_zone,
            "letters_handed_over": counted[Figure.HANDED_OVER],
            "letters_waiting": max(0, counted[Figure.QUEUED] - sum(counted[f] for f in over)),
            "unconfirmed": max(
                0,
                counted[Figure.STARTED] - counted[Figure.CONFIRMED] - counted[Figure.FORGOTTEN],
            ),
            "ask_section": campaign.section.after_deadline is AfterDeadline.ASK_SECTION,
            "extend_link": links.desk(campaign.reference, "extend"),
            "close_link": links.desk(campaign.reference, "close"),
        }
        for account in owed:
            _send(session, keys, campaign, account, "deadline_warning", values, now, again=again)
    return sum(map(bool, unwarned))


def warning_keys(session: Session, campaign: Campaign, closes_at: datetime, step: int) -> list[str]:
    """The once keys of the warnings that one step before the end owes, one an organiser."""
    again = _step(closes_at, step)
    return [
        _once("deadline_warning", campaign, account, again)
        for account in _organisers(session, campaign.section_id)
    ]


def ask_for_outcomes(session: Session, keys: Keys, *, links: Links, now: datetime) -> int:
    """M17, a month and three months after the end: do you know what happened?

    Each organiser once a step, as long as nobody has told it. Return how many campaigns were asked
    for. The campaign's own key may be destroyed by then; these mails have one of their own.
    """
    first, last = min(rules.ASK_OUTCOME_DAYS), max(rules.ASK_OUTCOME_DAYS)
    after = now - timedelta(days=last) - rules.ASK_OUTCOME_WITHIN
    closed = [
        (found, found.closed_at, days)
        for found in queries.list_without_outcome(session, after, now - timedelta(days=first))
        if found.closed_at and (days := rules.outcome_step(found.closed_at, now))
    ]
    unasked = _owed(session, "outcome_wanted", [(each, _step(at, -d)) for each, at, d in closed])
    for (found, closed_at, days), owed in zip(closed, unasked, strict=True):
        if not owed:
            continue
        campaign = get_campaign_by_id(session, found.id)
        seal = new_seal(session, keys)
        values = {
            "closed_at": closed_at,
            "time_zone": campaign.time_zone,
            "days": days,
            "letters_handed_over": totals(session, found.id, _FIGURES)[Figure.HANDED_OVER],
            "outcome_link": links.desk(campaign.reference, "outcome"),
        }
        again = _step(closed_at, -days)
        for account in owed:
            _send(
                session,
                keys,
                campaign,
                account,
                "outcome_wanted",
                values,
                now,
                again=again,
                seal=seal,
            )
    return sum(map(bool, unasked))


def outcome_keys(session: Session, campaign: Campaign, closed_at: datetime, days: int) -> list[str]:
    """The once keys of the mails that one step after the end owes, one an organiser."""
    again = _step(closed_at, -days)
    return [
        _once("outcome_wanted", campaign, account, again)
        for account in _organisers(session, campaign.section_id)
    ]


def _owed(
    session: Session, name: str, about: Sequence[tuple[Campaign, str]]
) -> list[list[Account]]:
    """For each campaign and step, the organisers who have not been written to of it.

    A few statements however many campaigns: the clock asks this all the time.
    """
    organising = {
        section: _organisers(session, section)
        for section in {campaign.section_id for campaign, _ in about}
    }
    wanted = [
        [
            (account, _once(name, campaign, account, again))
            for account in organising[campaign.section_id]
        ]
        for campaign, again in about
    ]
    known = known_keys(session, [key for owed in wanted for _, key in owed])
    return [[account for account, key in owed if key not in known] for owed in wanted]


def announce_closed(
    session: Session,
    keys: Keys,
    campaign_ids: Sequence[UUID],
    *,
    links: Links,
    now: datetime,
    by: Account | None = None,
) -> None:
    """Tell organisers that campaigns have closed: by the clock, or by a colleague of theirs."""
    for campaign_id in campaign_ids:
        campaign = get_campaign_by_id(session, campaign_id)
        counted = totals(session, campaign.id, _FIGURES)
        values = {
            "closed_at": campaign.closed_at,
            "time_zone": campaign.time_zone,
            "reason": str(campaign.closed_reason),
            "by_name": by.name if by else "",
            "letters_handed_over": counted[Figure.HANDED_OVER],
            "letters_cancelled": counted[Figure.CANCELLED],
            "desk_link": links.desk(campaign.reference),
            "extend_link": links.desk(campaign.reference, "extend"),
        }
        for account in _organisers(session, campaign.section_id):
            if by is not None and account.id == by.id:
                continue
            again = campaign.closed_at.isoformat() if campaign.closed_at else ""
            _send(session, keys, campaign, account, "closed", values, now, again=again)


def tell_of_held(session: Session, keys: Keys, *, links: Links, now: datetime) -> int:
    """M16 and M22: letters have come to wait for a person. Organisers hear once a day at most.

    Safe to run twice: each letter is told of once.
    """
    waiting = list_held_untold(session)
    # Where writers are asked the organisers know why: they changed the facts.
    by_campaign = Counter(
        letter.signature.campaign_id for letter in waiting if not asks_writer(letter)
    )
    for campaign_id, letters in by_campaign.items():
        campaign = get_campaign_by_id(session, campaign_id)
        values = {"letters_held": letters, "desk_link": links.desk(campaign.reference)}
        for account in _organisers(session, campaign.section_id):
            again = day_of(now).isoformat()
            _send(session, keys, campaign, account, "letters_held", values, now, again=again)
    tell_held(session, keys, waiting, links=links, now=now)
    return len(waiting)


def tell_of_doubts(session: Session, keys: Keys, *, links: Links, now: datetime) -> int:
    """M16: a mail server knows no such mailbox. Each organiser hears of each doubt once.

    Safe to run twice.
    """
    told: set[tuple[UUID, UUID]] = set()
    for point, campaign_id in queries.list_doubted(session, day_of(now - timedelta(days=1)), now):
        campaign = get_campaign_by_id(session, campaign_id)
        for account in _organisers(session, campaign.section_id):
            if (account.id, point.id) in told:
                continue  # campaigns share an office; one mail says it
            told.add((account.id, point.id))
            values = {
                "office": office_in(point.authority, account.language).title,
                "address": point.value,
                "book_link": links.office(point.authority.key),
            }
            once = f"{account.id.hex}:{point.id.hex}:{point.doubted_on}"
            _send(session, keys, campaign, account, "address_doubtful", values, now, once=once)
    return len(told)


def _organisers(session: Session, section_id: UUID) -> Sequence[Account]:
    organising = (
        select(Account)
        .where(
            Account.section_id == section_id,
            Account.active.is_(True),
            Account.roles.any(Role.name == RoleName.ORGANISER.value),
        )
        .order_by(Account.id)
    )
    return session.scalars(organising).all()


def _step(closes_at: datetime, hours_before: int | None) -> str:
    return f"{closes_at.isoformat()}:{hours_before}"


def _once(name: str, campaign: Campaign, account: Account, again: str) -> str:
    return f"notice:{name}:{campaign.id.hex}:{account.id.hex}:{again}"


def _send(
    session: Session,
    keys: Keys,
    campaign: Campaign,
    account: Account,
    name: str,
    values: Mapping[str, object],
    now: datetime,
    *,
    again: str = "",
    once: str = "",
    seal: Seal | None = None,
) -> None:
    text = text_in(campaign, account.language)
    send(
        session,
        seal or get_seal(session, keys, campaign.key_id),
        sender_of(campaign.section),
        name=name,
        to_address=account.email,
        language=account.language,
        once_key=f"notice:{name}:{once}" if once else _once(name, campaign, account, again),
        values={**values, "title": text.title, "title_language": text.language},
        now=now,
        keep_local=campaign.demonstration is not None,
    )
