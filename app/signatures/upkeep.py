"""What follows by itself: telling writers how it ended, nudging once, forgetting in time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import or_, select, true, update
from sqlalchemy.orm import Session

from app.campaigns.life import close
from app.campaigns.models import Campaign, CampaignState, ClosedReason
from app.campaigns.rules import MOVES
from app.core.beside import Beside
from app.core.db import day_of
from app.core.destroyed import destroy_data_key
from app.core.models import DataKey, DestroyedKey
from app.core.sealing import KeyDestroyed, Seal
from app.core.tokens import Keys
from app.delivery import actions as delivery
from app.delivery.actions import GateReport
from app.delivery.models import Dispatch, DispatchState
from app.notices.links import Links
from app.sections.models import Section
from app.signatures import notices, queries
from app.signatures.actions import forget, forget_lookups
from app.signatures.ladder import doubt_address, next_step
from app.signatures.models import SEALED, Letter, LetterChannel, Signature, SignatureState
from app.signatures.outdated import asks_writer
from app.signatures.rules import (
    KEPT_TO_PRINT,
    LINK_LIVES,
    NO_COUNTRY,
    REMIND_BEFORE_LINK_ENDS,
    is_nudged,
)
from app.tally.actions import Labels, count
from app.tally.models import Figure

_UNDELIVERED = (DispatchState.FAILED, DispatchState.BOUNCED)
_UNDER_WAY = (None, DispatchState.QUEUED, DispatchState.SENDING)
_NOTHING = dict.fromkeys(SEALED)
_NO_WORDS = {"sealed_body": None, "fingerprint": None}
_STOPPED_BY_CLOCK = ("expired", "too_late")


def settle(
    session: Session,
    keys: Keys,
    *,
    links: Links,
    now: datetime,
    limit: int = 100,
    fax: bool = False,
) -> int:
    """Tell writers how their letters ended; return how many signatures were looked at.

    What came back first takes the next way that leaves by itself; a fax, where this installation
    sends any. Its writer hears of it when the next step is their own.

    Safe to run twice: each notice has one key, and a settled letter is not looked at again.
    """
    ended = queries.list_unsettled(session, limit)
    for signature in ended:
        try:
            seal = queries.seal_of(session, keys, signature)
        except KeyDestroyed:
            _mark_settled(signature.letters)
            continue
        _settle_one(session, keys, seal, signature, links, now, fax=fax)
    return len(ended)


def tell_held(
    session: Session, keys: Keys, letters: Iterable[Letter], *, links: Links, now: datetime
) -> None:
    """A person looks at the letter first, or its writer is asked. Once for each letter.

    Whoever wrote to several offices before the facts changed is asked once for all of them.
    """
    asked: dict[UUID, list[Letter]] = {}
    for letter in letters:
        letter.held_told = True
        signature = letter.signature
        if signature.state is not SignatureState.CONFIRMED:
            continue
        if asks_writer(letter):
            asked.setdefault(signature.id, []).append(letter)
            continue
        with suppress(KeyDestroyed):
            seal = queries.seal_of(session, keys, signature)
            notices.held(session, keys, seal, letter, links, now)
    for waiting in asked.values():
        signature = waiting[0].signature
        with suppress(KeyDestroyed):
            seal = queries.seal_of(session, keys, signature)
            notices.facts_changed(session, keys, seal, signature, waiting, links, now)


def remind_unconfirmed(
    session: Session, keys: Keys, *, links: Links, now: datetime, limit: int = 200
) -> int:
    """Write once more, a day before the link ends, to who has not pressed the button."""
    waiting = queries.list_unreminded(session, now + REMIND_BEFORE_LINK_ENDS, now, limit)
    for signature in waiting:
        signature.reminded = True
        if is_nudged(signature.signed_on, signature.link_ends_at):
            seal = queries.seal_of(session, keys, signature)
            notices.confirm(session, keys, seal, signature, links, now, name="confirm_reminder")
    return len(waiting)


def forget_unconfirmed(session: Session, now: datetime) -> int:
    """Let go of everybody who did not confirm within seven days; only the count stays.

    Safe to run twice.
    """
    is_stale = (
        Signature.state == SignatureState.PENDING,
        Signature.link_ends_at <= now,
        Signature.signed_on <= day_of(now - LINK_LIVES),
    )
    # The words first: afterwards nobody could say whose they were.
    theirs = Letter.signature_id.in_(select(Signature.id).where(*is_stale))
    session.execute(update(Letter).where(theirs).values(_NO_WORDS))
    stale = (
        update(Signature)
        .where(*is_stale)
        .values(state=SignatureState.FORGOTTEN, **_NOTHING)
        .returning(Signature.campaign_id, Signature.country, Signature.page_language)
    )
    forgotten: Counter[tuple[UUID, str, str]] = Counter(
        (campaign, country, language) for campaign, country, language in session.execute(stale)
    )
    for (campaign, country, language), times in forgotten.items():
        shown = "" if country == NO_COUNTRY else country
        labels = Labels(campaign=campaign, country=shown, page_language=language)
        count(session, Figure.FORGOTTEN, labels, day_of(now), times)
    return sum(forgotten.values())


def forget_delivered(session: Session, now: datetime, limit: int = 200) -> int:
    """Let go of who asked that nothing be kept, once nothing of theirs waits; return how many.

    A letter that goes by the writer's own hand can be printed for some days. Safe to run twice.
    """
    under_way = (
        select(Letter.id)
        .outerjoin(Dispatch, Dispatch.id == Letter.dispatch_id)
        .where(
            Letter.signature_id == Signature.id,
            Letter.settled.is_(False)
            | Dispatch.state.in_((DispatchState.QUEUED, DispatchState.SENDING, DispatchState.HELD)),
        )
        .exists()
    )
    by_hand = (
        select(Letter.id)
        .where(
            Letter.signature_id == Signature.id,
            Letter.channel != LetterChannel.EMAIL,
            Letter.reported_done_on.is_(None),
        )
        .exists()
    )
    delivered = (
        select(Signature)
        .where(
            Signature.keep_nothing.is_(True),
            Signature.state == SignatureState.CONFIRMED,
            Signature.sealed_email.is_not(None),
            ~under_way,
            ~by_hand | (Signature.confirmed_on <= day_of(now - KEPT_TO_PRINT)),
        )
        .options(*queries.WITH_LETTERS)
        .order_by(Signature.id)
        .limit(limit)
    )
    found = session.scalars(delivered).all()
    for signature in found:
        # The last notice is in the outbox already, sealed, and goes with its own hand-over.
        forget(signature, SignatureState.CONFIRMED)
        forget_lookups(session, signature)
    return len(found)


def destroy_kept(session: Session, now: datetime, beside: Beside) -> int:
    """Destroy the keys of campaigns whose retention has ended; return how many.

    With the key goes everything that it sealed, here and in every backup. Safe to run twice.
    """
    ended = (
        select(Campaign.id, Campaign.key_id, Campaign.closed_at, Section.keep_days)
        .join(Section, Section.id == Campaign.section_id)
        .outerjoin(DestroyedKey, DestroyedKey.id == Campaign.key_id)
        .where(Campaign.state == CampaignState.CLOSED, DestroyedKey.id.is_(None))
    )
    destroyed = 0
    for campaign_id, key_id, closed_at, keep_days in session.execute(ended).all():
        if closed_at is None or closed_at + timedelta(days=keep_days) > now:
            continue
        destroy_key(session, campaign_id, key_id, now, beside)
        destroyed += 1
    return destroyed


def destroy_key(
    session: Session, campaign_id: UUID, key_id: UUID, now: datetime, beside: Beside
) -> None:
    """Destroy one campaign's key and what it sealed. Nothing brings it back.

    What still waits under that key ends here: no worker could ever read it.
    """
    waiting = select(Dispatch).where(
        Dispatch.key_id == key_id, Dispatch.state == DispatchState.QUEUED
    )
    delivery.cancel(session, session.scalars(waiting).all(), "key_destroyed", now)
    session.execute(update(Signature).where(Signature.campaign_id == campaign_id).values(_NOTHING))
    session.execute(
        update(Letter)
        .where(
            Letter.signature_id.in_(
                select(Signature.id).where(Signature.campaign_id == campaign_id)
            )
        )
        .values(_NO_WORDS)
    )
    session.execute(update(Dispatch).where(Dispatch.key_id == key_id).values(payload=None))
    destroy_data_key(session, key_id, day_of(now), beside)


def stop_and_destroy(
    session: Session, campaign: Campaign, now: datetime, beside: Beside
) -> GateReport:
    """Stop a campaign, with everything of it that waits, and destroy its key."""
    if CampaignState.CLOSED in MOVES[campaign.state]:
        # Its page says so, and takes nobody's words for a key that is gone.
        report = close(session, campaign, None, reason=ClosedReason.STOPPED, note="", now=now)
    else:
        report = delivery.close_gate(session, campaign.gate, "stopped", now)
    destroy_key(session, campaign.id, campaign.key_id, now, beside)
    return report


def destroy_again(session: Session, now: datetime, beside: Beside, *, whole: bool = False) -> int:
    """Destroy what an older database has brought back; return how many campaigns it were.

    `whole` clears all of them, also those that are closed and have no key: a backup has none.
    """
    brought_back = or_(Campaign.state != CampaignState.CLOSED, DataKey.id.is_not(None))
    again = (
        select(Campaign)
        .join(DestroyedKey, DestroyedKey.id == Campaign.key_id)
        .outerjoin(DataKey, DataKey.id == Campaign.key_id)
        .where(true() if whole else brought_back)
    )
    found = session.scalars(again).all()
    for campaign in found:
        stop_and_destroy(session, campaign, now, beside)
    return len(found)


def _settle_one(
    session: Session,
    keys: Keys,
    seal: Seal,
    signature: Signature,
    links: Links,
    now: datetime,
    *,
    fax: bool,
) -> None:
    letters = [
        letter
        for letter in signature.letters
        if letter.channel is LetterChannel.EMAIL or letter.dispatch is not None
    ]
    for letter in letters:
        if not letter.settled and _state(letter) in _UNDELIVERED:
            doubt_address(session, letter, now)
            if next_step(session, seal, letter, now, fax=fax):
                continue
            notices.not_delivered(session, keys, seal, signature, letter, links, now)
            letter.settled = True
    if any(_state(letter) in _UNDER_WAY for letter in letters):
        return
    stopped = [
        letter
        for letter in letters
        if not letter.settled and _state(letter) is DispatchState.CANCELLED
    ]
    if stopped and signature.state is SignatureState.CONFIRMED:
        reason = stopped[0].dispatch.reason if stopped[0].dispatch else ""
        told = "deadline" if reason in _STOPPED_BY_CLOCK else "stopped"
        notices.did_not_leave(session, keys, seal, signature, stopped, told, links, now)
    if any(_state(letter) is DispatchState.SENT for letter in letters):
        notices.thank_you(session, keys, seal, signature, links, now)
    # What is held waits for a person; it is settled when that person has decided.
    _mark_settled([letter for letter in letters if _state(letter) is not DispatchState.HELD])


def _state(letter: Letter) -> DispatchState | None:
    return letter.dispatch.state if letter.dispatch else None


def _mark_settled(letters: list[Letter]) -> None:
    for letter in letters:
        letter.settled = True
