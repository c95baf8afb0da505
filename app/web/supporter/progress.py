"""What became of each letter of one signature, and what its writer can still do for it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from sqlalchemy.orm import Session

from app.authorities.models import ContactKind, ContactPoint, Office
from app.authorities.offices import address_of, office_in, usable_points
from app.core.i18n import current_language
from app.core.sealing import KeyDestroyed
from app.core.tokens import Keys
from app.delivery.models import DispatchState, GateState
from app.delivery.queries import find_dispatch_by_id
from app.letters.render import FinishedLetter
from app.letters.spoken import phone_script
from app.signatures.actions import local_day
from app.signatures.compose import finished_letter
from app.signatures.models import Letter, LetterChannel, Signature, SignatureState
from app.signatures.outdated import asks_writer, new_letter
from app.signatures.queries import OpenedAnswers, find_embassy_for, open_answers, seal_of
from app.signatures.rules import delete_on
from app.web.supporter.shown import Recipient, recipient_of


class Stage(StrEnum):
    """Where one letter stands, as its writer is told."""

    UNCONFIRMED = "unconfirmed"
    QUEUED = "queued"
    PAUSED = "paused"
    HANDED_OVER = "handed_over"
    REFUSED = "refused"
    CHECKED = "checked"
    # The facts have changed since; its writer says how it goes on.
    ASKED = "asked"
    STOPPED = "stopped"
    YOURS = "yours"
    DONE = "done"


_STAGES = {
    DispatchState.QUEUED: Stage.QUEUED,
    DispatchState.SENDING: Stage.QUEUED,
    DispatchState.SENT: Stage.HANDED_OVER,
    DispatchState.BOUNCED: Stage.REFUSED,
    DispatchState.FAILED: Stage.REFUSED,
    DispatchState.HELD: Stage.CHECKED,
    DispatchState.CANCELLED: Stage.STOPPED,
}


# "Within a minute" needs no clock time.
_SOON = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class OpenedSignature:
    """A signature with its answers in clear, for the one page that its writer looks at."""

    signature: Signature
    answers: OpenedAnswers | None
    delete_on: date

    @property
    def is_withdrawn(self) -> bool:
        return self.signature.state is SignatureState.WITHDRAWN


@dataclass(frozen=True, slots=True)
class Embassy:
    """Where a letter can be left for an office that nothing else reaches."""

    office: Office
    address: tuple[str, ...]
    points: tuple[ContactPoint, ...]


@dataclass(frozen=True, slots=True)
class Standing:
    """One letter: to whom, by which way, how far, and its text as long as it is kept."""

    number: int
    recipient: Recipient
    channel: LetterChannel
    stage: Stage
    language: str
    letter: FinishedLetter | None
    handed_over_on: date | None
    done_on: date | None
    phone_script: str
    # Its turn, where that is not now: the office's mailbox takes so many and no more.
    leaves_at: datetime | None = None
    # It leaves, or has left, in one mail with the letters of others.
    in_digest: bool = False
    # What the campaign would send now instead.
    newer: FinishedLetter | None = None
    # In the writer's own country, where the address book has one.
    embassy: Embassy | None = None

    @property
    def is_by_fax(self) -> bool:
        """It leaves, or has left, by a fax of ours."""
        return self.channel is LetterChannel.FAX and self.stage in (
            Stage.QUEUED,
            Stage.PAUSED,
            Stage.HANDED_OVER,
            Stage.CHECKED,
        )

    @property
    def is_moving(self) -> bool:
        return self.stage is Stage.QUEUED

    @property
    def is_over(self) -> bool:
        """Nothing is left to do or to wait for: it can stand below what is."""
        return self.stage in (Stage.HANDED_OVER, Stage.DONE, Stage.STOPPED)


def opened_signature(session: Session, keys: Keys, signature: Signature) -> OpenedSignature:
    """Open what is sealed, or do without it where it is gone."""
    try:
        answers = open_answers(seal_of(session, keys, signature), signature)
    except KeyDestroyed:
        answers = None
    if signature.sealed_name is None:
        answers = None
    return OpenedSignature(signature, answers, delete_on(signature.campaign))


def standings(session: Session, found: OpenedSignature, now: datetime) -> list[Standing]:
    """Every letter, in the order of the campaign page."""
    letters = sorted(found.signature.letters, key=lambda letter: letter.target.position)
    return [_standing(session, found, letter, now) for letter in letters]


def embassy_of(session: Session, letter: Letter) -> Embassy | None:
    """The embassy in the writer's country, as its envelope and its numbers say it."""
    authority = find_embassy_for(session, letter)
    if authority is None:
        return None
    office = office_in(authority, letter.language)
    named = (office.institution or office.role, *address_of(authority))
    points = tuple(p for p in usable_points(authority) if p.kind is not ContactKind.POST)
    return Embassy(office_in(authority, current_language()), named, points)


def _standing(session: Session, found: OpenedSignature, letter: Letter, now: datetime) -> Standing:
    signature, campaign = found.signature, found.signature.campaign
    finished = (
        finished_letter(campaign, signature, letter, found.answers) if found.answers else None
    )
    ended = letter.dispatch.finished_at if letter.dispatch else None
    stage = _stage(signature, letter)
    needs_hand = stage in (Stage.YOURS, Stage.REFUSED, Stage.DONE)
    return Standing(
        number=letter.target.position,
        recipient=recipient_of(campaign, letter.target, current_language()),
        channel=letter.channel,
        stage=stage,
        language=letter.language,
        letter=finished,
        handed_over_on=local_day(campaign, ended) if ended else None,
        done_on=letter.reported_done_on,
        phone_script=phone_script(finished) if finished else "",
        leaves_at=_leaves_at(session, letter, now),
        in_digest=letter.dispatch is not None and letter.dispatch.carried_by is not None,
        newer=(
            new_letter(session, letter, found.answers)
            if found.answers and stage is Stage.ASKED
            else None
        ),
        embassy=embassy_of(session, letter) if needs_hand else None,
    )


def _leaves_at(session: Session, letter: Letter, now: datetime) -> datetime | None:
    dispatch = letter.dispatch
    if dispatch is not None and dispatch.carried_by is not None:
        dispatch = find_dispatch_by_id(session, dispatch.carried_by)
    if dispatch is None or dispatch.state is not DispatchState.QUEUED:
        return None
    return dispatch.due_at if dispatch.due_at > now + _SOON else None


def _stage(signature: Signature, letter: Letter) -> Stage:
    if signature.state is SignatureState.PENDING:
        return Stage.UNCONFIRMED
    if letter.reported_done_on:
        return Stage.DONE
    if letter.dispatch is None:
        return Stage.YOURS
    if asks_writer(letter):
        return Stage.ASKED
    stage = _STAGES[letter.dispatch.state]
    if stage is Stage.QUEUED and signature.campaign.gate.state is GateState.PAUSED:
        return Stage.PAUSED
    return stage
