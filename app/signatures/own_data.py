"""What one person may see of themselves, and how all of it goes at once."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from sqlalchemy import ColumnElement, or_, select, update
from sqlalchemy.orm import Session

from app.authorities.offices import office_in
from app.campaigns.models import Campaign
from app.core.addresses import same_mailbox
from app.core.db import day_of
from app.core.erasures import all_erased, erasure_hash, remember_erasure
from app.core.models import DataKey
from app.core.sealing import KeyDestroyed, get_seal
from app.core.tokens import Keys, new_nonce
from app.delivery import actions as delivery
from app.delivery.models import Dispatch, DispatchState
from app.notices.rules import NOTICES
from app.signatures.actions import forget, forget_lookups, withdraw
from app.signatures.compose import finished_letter
from app.signatures.models import Letter, Signature, SignatureState
from app.signatures.notices import text_in
from app.signatures.queries import WITH_LETTERS, open_answers, seal_of
from app.signatures.rules import delete_on

_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class OwnLetter:
    """One letter as its writer may see it."""

    office: str
    language: str
    channel: str
    state: str
    handed_over_on: date | None
    text: str

    @property
    def has_left(self) -> bool:
        return self.handed_over_on is not None


@dataclass(frozen=True, slots=True)
class OwnConsent:
    """What its writer agreed to, and when."""

    purpose: str
    version: str
    language: str
    given_on: date
    withdrawn_on: date | None


@dataclass(frozen=True, slots=True)
class OwnData:
    """Everything that is kept about one signature, in clear, for its writer alone."""

    urgent_action: str
    state: str
    name: str
    email: str
    country: str
    sentence: str
    town: str
    about: str
    page_language: str
    keep_nothing: bool
    answers_to_me: bool
    consents: tuple[OwnConsent, ...]
    signed_on: date
    confirmed_on: date | None
    deleted_on: date
    letters: tuple[OwnLetter, ...]


def own_data(session: Session, keys: Keys, signature: Signature) -> OwnData:
    """Open what is kept about a signature; `KeyDestroyed` when nothing is."""
    if signature.sealed_email is None:
        raise KeyDestroyed
    answers = open_answers(seal_of(session, keys, signature), signature)
    campaign = signature.campaign
    letters = sorted(signature.letters, key=lambda letter: letter.target.position)
    return OwnData(
        urgent_action=text_in(campaign, signature.page_language).title,
        state=str(signature.state),
        name=answers.name,
        email=answers.email,
        country=signature.country,
        sentence=answers.sentence,
        town=answers.town,
        about=answers.about,
        page_language=signature.page_language,
        keep_nothing=signature.keep_nothing,
        answers_to_me=signature.answers_to_me,
        consents=tuple(
            OwnConsent(
                str(each.purpose), each.version, each.language, each.given_on, each.withdrawn_on
            )
            for each in signature.consents
        ),
        signed_on=signature.signed_on,
        confirmed_on=signature.confirmed_on,
        deleted_on=delete_on(campaign),
        letters=tuple(
            OwnLetter(
                office=office_in(letter.target.authority, signature.page_language).title,
                language=letter.language,
                channel=str(letter.channel),
                state=_state(letter),
                handed_over_on=_left_on(letter),
                text=finished_letter(campaign, signature, letter, answers).as_text(),
            )
            for letter in letters
        ),
    )


def list_of_address(session: Session, keys: Keys, address: str) -> list[Signature]:
    """Every signature from an address, in whichever campaigns still have their key."""
    found: list[Signature] = []
    living = select(Campaign.id, Campaign.key_id).join(DataKey, DataKey.id == Campaign.key_id)
    for campaign_id, key_id in session.execute(living).all():
        address_hash = get_seal(session, keys, key_id).lookup("mailbox", same_mailbox(address))
        wanted = select(Signature).where(
            Signature.campaign_id == campaign_id, Signature.address_hash == address_hash
        )
        found.extend(session.scalars(wanted.options(*WITH_LETTERS)))
    return found


def erase_address(
    session: Session, keys: Keys, address: str, *, now: datetime, beside: Path
) -> tuple[int, int]:
    """Erase everything from an address and never write to it again.

    Return how many signatures went and how many letters were stopped. What mail servers have taken
    is out of reach; only the counts tell of it here.
    """
    remember_erasure(session, keys, address, day_of(now), beside)
    found = list_of_address(session, keys, address)
    return len(found), sum(_erase(session, signature, now) for signature in found)


def erase_again(session: Session, keys: Keys, now: datetime) -> int:
    """Erase whom a restored backup has brought back; return how many signatures went."""
    erased, again, last = all_erased(session), 0, uuid.UUID(int=0)
    if not erased:
        return 0
    while batch := _some_after(session, last):
        for signature in batch:
            last = signature.id
            try:
                answers = open_answers(seal_of(session, keys, signature), signature)
            except KeyDestroyed:
                continue
            if erasure_hash(keys, answers.email) in erased:
                _erase(session, signature, now)
                again += 1
    return again


def _some_after(session: Session, last: uuid.UUID) -> Sequence[Signature]:
    """The next of all signatures that still have an address: not all of them in memory at once."""
    wanted = select(Signature).where(Signature.sealed_email.is_not(None), Signature.id > last)
    return session.scalars(
        wanted.options(*WITH_LETTERS).order_by(Signature.id).limit(_AT_ONCE)
    ).all()


def _erase(session: Session, signature: Signature, now: datetime) -> int:
    stopped = withdraw(session, signature, now)
    if signature.state is not SignatureState.WITHDRAWN:
        forget(signature, signature.state)
    dispatches = [letter.dispatch for letter in signature.letters if letter.dispatch is not None]
    notices = session.scalars(select(Dispatch).where(_about(signature))).all()
    delivery.cancel(session, notices, "withdrawn", now)
    ids = [dispatch.id for dispatch in (*dispatches, *notices)]
    session.execute(
        update(Dispatch)
        .where(
            Dispatch.id.in_(ids),
            Dispatch.state.not_in((DispatchState.QUEUED, DispatchState.SENDING)),
        )
        .values(payload=None)
    )
    # The look-up values go too: nobody can ask any more whether this address was here.
    forget_lookups(session, signature)
    signature.nonce = new_nonce()
    session.flush()
    return stopped


def _about(signature: Signature) -> ColumnElement[bool]:
    return or_(
        *(
            Dispatch.once_key.startswith(f"notice:{name}:{signature.id.hex}:", autoescape=True)
            for name in sorted(NOTICES)
        )
    )


def _state(letter: Letter) -> str:
    return str(letter.dispatch.state) if letter.dispatch else "to_print"


def _left_on(letter: Letter) -> date | None:
    dispatch = letter.dispatch
    if dispatch is None or dispatch.state not in (DispatchState.SENT, DispatchState.BOUNCED):
        return None
    return day_of(dispatch.finished_at) if dispatch.finished_at else None
