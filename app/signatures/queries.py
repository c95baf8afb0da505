"""Questions about signatures, and what is sealed in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session, aliased, joinedload, selectinload

from app.authorities.models import Authority
from app.authorities.queries import find_embassy
from app.campaigns.models import Campaign, CampaignState, LetterTemplate, Target
from app.campaigns.queries import get_campaign_by_id
from app.core.errors import NotFound
from app.core.sealing import Seal, get_seal
from app.core.tokens import Keys, check_token, make_token, row_of
from app.delivery.models import Dispatch, DispatchState
from app.signatures.models import Letter, Signature, SignatureState

# What a link may be for; a token made for one opens nothing of the other.
CONFIRM = "confirm"
STATUS = "status"
DATA = "data"

WITH_LETTERS = (
    selectinload(Signature.letters).joinedload(Letter.dispatch),
    selectinload(Signature.letters).joinedload(Letter.template),
    selectinload(Signature.letters)
    .joinedload(Letter.target)
    .joinedload(Target.authority)
    .options(selectinload(Authority.offices), selectinload(Authority.contact_points)),
)


@dataclass(frozen=True, slots=True)
class OpenedAnswers:
    """What a supporter gave, in clear, for as long as one piece of work needs it."""

    name: str
    email: str
    sentence: str
    town: str
    about: str
    # The bodies that the writer edited, by letter.
    bodies: Mapping[UUID, str]


def token_key(keys: Keys) -> bytes:
    return keys.derive("signature-token")


def token_of(keys: Keys, signature: Signature, purpose: str) -> str:
    """The token of this signature's link for one purpose."""
    return make_token(token_key(keys), purpose, signature.id, signature.nonce)


def get_by_token(
    session: Session, keys: Keys, token: str, purpose: str, *, lock: bool = False
) -> Signature:
    """The signature behind a link made for this purpose; refuses every other link."""
    wanted = select(Signature).where(Signature.id == row_of(token)).options(*WITH_LETTERS)
    signature = session.scalars(
        wanted.with_for_update(of=Signature) if lock else wanted
    ).one_or_none()
    if signature is None:
        raise NotFound
    check_token(token_key(keys), purpose, token, signature.nonce)
    get_campaign_by_id(session, signature.campaign_id)  # whole, so that no page loads it in pieces
    return signature


def find_by_form(session: Session, form_hash: bytes) -> Signature | None:
    return session.scalars(select(Signature).where(Signature.form_hash == form_hash)).one_or_none()


def targets_written_to(session: Session, campaign_id: UUID, person_hash: bytes) -> set[UUID]:
    """The targets this person already has a confirmed letter to."""
    written = (
        select(Letter.target_id)
        .join(Signature)
        .where(
            Signature.campaign_id == campaign_id,
            Signature.person_hash == person_hash,
            Signature.state == SignatureState.CONFIRMED,
        )
    )
    return set(session.scalars(written))


def find_embassy_for(session: Session, letter: Letter) -> Authority | None:
    """The embassy, in the writer's country, of the country that the letter is written to."""
    signature, authority = letter.signature, letter.target.authority
    if authority.embassy_in:
        return None  # it is one
    return find_embassy(
        session,
        signature.campaign.section_id,
        of_country=authority.country,
        in_country=signature.country,
    )


def find_confirmed(session: Session, campaign_id: UUID, person_hash: bytes) -> Signature | None:
    """The first confirmed signature of a person in a campaign."""
    return _first_confirmed(session, campaign_id, Signature.person_hash == person_hash)


def find_confirmed_from(
    session: Session, campaign_id: UUID, address_hash: bytes
) -> Signature | None:
    """The first confirmed signature from an address in a campaign."""
    return _first_confirmed(session, campaign_id, Signature.address_hash == address_hash)


def _first_confirmed(
    session: Session, campaign_id: UUID, whose: ColumnElement[bool]
) -> Signature | None:
    first = (
        select(Signature)
        .where(
            Signature.campaign_id == campaign_id,
            whose,
            Signature.state == SignatureState.CONFIRMED,
        )
        .options(*WITH_LETTERS)
        .order_by(Signature.signed_on, Signature.id)
        .limit(1)
    )
    return session.scalars(first).one_or_none()


def count_other_names(
    session: Session, campaign_id: UUID, address_hash: bytes, person_hash: bytes
) -> int:
    """How many other people have confirmed from this address."""
    others = select(func.count(func.distinct(Signature.person_hash))).where(
        Signature.campaign_id == campaign_id,
        Signature.address_hash == address_hash,
        Signature.person_hash != person_hash,
        Signature.state == SignatureState.CONFIRMED,
    )
    return session.scalar(others) or 0


def list_unreminded(
    session: Session, ends_before: datetime, now: datetime, limit: int
) -> Sequence[Signature]:
    """Who has not pressed the button yet, where pressing it would still send a letter."""
    waiting = (
        select(Signature)
        .join(Campaign, Campaign.id == Signature.campaign_id)
        .where(
            Campaign.state == CampaignState.OPEN,
            Campaign.hidden.is_(False),
            Campaign.closes_at > now,
            Signature.state == SignatureState.PENDING,
            Signature.reminded.is_(False),
            Signature.link_ends_at <= ends_before,
            Signature.link_ends_at > now,
        )
        .options(*WITH_LETTERS)
        .order_by(Signature.link_ends_at, Signature.id)
        .limit(limit)
    )
    return session.scalars(waiting).all()


def list_unsettled(session: Session, limit: int) -> Sequence[Signature]:
    """Signatures with letters whose end can be told: one was refused, or none is under way."""
    sibling = aliased(Letter)
    under_way = (
        select(sibling.id)
        .join(Dispatch, Dispatch.id == sibling.dispatch_id)
        .where(
            sibling.signature_id == Letter.signature_id,
            Dispatch.state.in_((DispatchState.QUEUED, DispatchState.SENDING)),
        )
        .exists()
    )
    refused = Dispatch.state.in_((DispatchState.FAILED, DispatchState.BOUNCED))
    ended = Dispatch.state.in_((DispatchState.SENT, DispatchState.CANCELLED))
    tellable = (
        select(Letter.signature_id)
        .join(Dispatch, Dispatch.id == Letter.dispatch_id)
        .where(Letter.settled.is_(False), refused | (ended & ~under_way))
        .distinct()
        .limit(limit)
    )
    found = (
        select(Signature)
        .where(Signature.id.in_(tellable))
        .options(joinedload(Signature.campaign), *WITH_LETTERS)
    )
    return session.scalars(found).all()


def list_held_untold(session: Session, limit: int = 200) -> Sequence[Letter]:
    """Letters that have come to wait for a person, and nobody has been told."""
    held = (
        select(Letter)
        .join(Dispatch, Dispatch.id == Letter.dispatch_id)
        .where(Dispatch.state == DispatchState.HELD, Letter.held_told.is_(False))
        .options(joinedload(Letter.signature).options(*WITH_LETTERS))
        .order_by(Letter.id)
        .limit(limit)
    )
    return session.scalars(held).unique().all()


def list_fingerprints(
    session: Session,
    campaign_id: UUID,
    language: str,
    audience_id: UUID | None = None,
    limit: int = 300,
) -> Sequence[bytes]:
    """What is kept of the newest letters of a campaign in a language, to all or to one audience.

    The newest tell how it goes now, and comparing them takes a blink.
    """
    newest = (
        select(Letter.fingerprint)
        .join(Signature, Signature.id == Letter.signature_id)
        .where(
            Signature.campaign_id == campaign_id,
            Signature.confirmed_on.is_not(None),
            Letter.language == language,
            Letter.fingerprint.is_not(None),
        )
        .order_by(Signature.confirmed_on.desc())
        .limit(limit)
    )
    if audience_id is not None:
        newest = newest.join(LetterTemplate, LetterTemplate.id == Letter.template_id).where(
            LetterTemplate.audience_id == audience_id
        )
    return [kept for kept in session.scalars(newest) if kept is not None]


def likeness_key(seal: Seal) -> bytes:
    """The campaign's own key for fingerprints: those of two campaigns cannot be compared."""
    return seal.lookup("likeness")


def seal_of(session: Session, keys: Keys, signature: Signature) -> Seal:
    return get_seal(session, keys, signature.campaign.key_id)


def open_answers(seal: Seal, signature: Signature) -> OpenedAnswers:
    """The supporter's name, address and sentence. Whoever calls this writes to that supporter."""

    def opened(sealed: bytes | None, column: str) -> str:
        if sealed is None:
            return ""
        return seal.open(sealed, table="signature", column=column, row=signature.id)

    return OpenedAnswers(
        opened(signature.sealed_name, "name"),
        opened(signature.sealed_email, "email"),
        opened(signature.sealed_sentence, "sentence"),
        opened(signature.sealed_town, "town"),
        opened(signature.sealed_about, "about"),
        {
            letter.id: seal.open(letter.sealed_body, table="letter", column="body", row=letter.id)
            for letter in signature.letters
            if letter.sealed_body is not None
        },
    )
