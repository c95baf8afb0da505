"""What follows when an office's address changes or fails: only the letters concerned move."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session, joinedload

from app.authorities.models import Authority, ContactKind, ContactPoint, ContactState
from app.authorities.offices import point_of
from app.campaigns.models import Target
from app.campaigns.rules import page_state
from app.core.addresses import same_mailbox
from app.core.db import day_of
from app.core.sealing import KeyDestroyed
from app.core.tokens import Keys
from app.delivery.digests import dissolve_to
from app.delivery.models import Dispatch, DispatchState, Mailbox
from app.delivery.rules import FIGURES, coarse
from app.signatures.actions import enqueue_letter, labels_of
from app.signatures.compose import finished_letter
from app.signatures.models import Letter, Signature, SignatureState
from app.signatures.queries import WITH_LETTERS, open_answers, seal_of
from app.tally.actions import count
from app.tally.models import Figure

_CAME_BACK = (DispatchState.FAILED, DispatchState.BOUNCED)
# SMTP and enhanced status of "there is no such mailbox" and its kin (RFC 5321 4.2.3): the address
# is at fault. 552 and 554 speak of the message or of space, and of them no address is doubted.
_NO_SUCH_MAILBOX = (550, 551, 553)
# Each is written anew and sealed; more in one press would keep somebody waiting before a page.
AT_ONCE = 200


def count_came_back(session: Session, authority: Authority) -> int:
    """How many letters another address would send on their way again."""
    normal = _mailbox_now(authority)
    if normal is None:
        return 0
    return (
        session.scalar(select(func.count()).select_from(_came_back(authority, normal).subquery()))
        or 0
    )


def send_again(session: Session, keys: Keys, authority: Authority, now: datetime) -> int:
    """Send to the corrected address what came back from the old one, and nothing else.

    Letters that the old address took are not sent twice, and what its campaign no longer lets out
    stays where it is. Twice is harmless: a letter that is on its way has not come back.
    """
    normal = _mailbox_now(authority)
    if normal is None:
        return 0
    sent = 0
    for letter in _locked(session, _came_back(authority, normal)):
        signature = letter.signature
        try:
            seal = seal_of(session, keys, signature)
        except KeyDestroyed:
            continue
        if not page_state(signature.campaign, now).takes_letters:
            continue
        answers = open_answers(seal, signature)
        finished = finished_letter(signature.campaign, signature, letter, answers)
        old = letter.dispatch
        letter.dispatch = enqueue_letter(
            session, seal, letter, finished, answers, now, again=f":{normal}"
        )
        # The new row is a second one for the same letter: the old one ends as taken back.
        if old is not None:
            count(session, FIGURES[old.state], labels_of(signature, letter), day_of(now), times=-1)
            count(session, Figure.CANCELLED, labels_of(signature, letter), day_of(now))
            old.state, old.reason, old.payload = DispatchState.CANCELLED, "readdressed", None
            old.finished_at = coarse(now)
        letter.settled = False
        sent += 1
    return sent


def step_down(session: Session, keys: Keys, authority: Authority, now: datetime) -> int:
    """Move what waits for an address that the office no longer wants; return how many letters.

    To its next e-mail address where it has one; else the letter ends as refused, and its writer is
    told, once, with the other ways. What has begun to leave is left alone.
    """
    refused = {
        same_mailbox(point.value)
        for point in authority.contact_points
        if point.kind is ContactKind.EMAIL and point.state is ContactState.REFUSED
    }
    normal = _mailbox_now(authority)
    waiting = (
        select(Letter.id)
        .join(Target, Target.id == Letter.target_id)
        .join(Dispatch, Dispatch.id == Letter.dispatch_id)
        .join(Mailbox, Mailbox.id == Dispatch.mailbox_id)
        .where(
            Target.authority_id == authority.id,
            Dispatch.state == DispatchState.QUEUED,
            Mailbox.address.in_(refused - {normal}),
        )
    )
    # What was to leave together leaves by other ways, each letter for itself.
    dissolve_to(session, refused - {normal}, now)
    letters = _locked(session, waiting)
    dispatches = [letter.dispatch_id for letter in letters]
    # Those that a worker takes at this moment are no longer queued once it lets go of them.
    still = set(
        session.scalars(
            select(Dispatch.id)
            .where(
                Dispatch.id.in_(dispatches),
                Dispatch.state == DispatchState.QUEUED,
                Dispatch.carried_by.is_(None),
            )
            .with_for_update(skip_locked=True)
        )
    )
    for letter in letters:
        old = letter.dispatch
        if old is None or old.id not in still:
            continue
        old.state, old.reason = DispatchState.FAILED, "not_wanted"
        old.due_at = old.finished_at = coarse(now)
        count(session, Figure.FAILED, labels_of(letter.signature, letter), day_of(now))
    session.flush()  # the next step looks at rows
    if normal is not None:
        send_again(session, keys, authority, now)
    return len(still)


def doubt_address(session: Session, letter: Letter) -> bool:
    """Note that an office's address was refused as such; True if that is news.

    It is never switched off by itself: a person looks, for it may be a ministry's only one.
    """
    dispatch = letter.dispatch
    point = point_of(letter.target.authority, ContactKind.EMAIL)
    if dispatch is None or point is None or dispatch.reply_code not in _NO_SUCH_MAILBOX:
        return False
    if point.state is not ContactState.OK or dispatch.mailbox_id is None:
        return False
    if session.get_one(Mailbox, dispatch.mailbox_id).address != same_mailbox(point.value):
        return False  # it has been corrected meanwhile
    point.state = ContactState.DOUBTFUL
    return True


def _mailbox_now(authority: Authority) -> str | None:
    point: ContactPoint | None = point_of(authority, ContactKind.EMAIL)
    return same_mailbox(point.value) if point else None


def _came_back(authority: Authority, normal: str) -> Select[UUID]:
    return (
        select(Letter.id)
        .join(Target, Target.id == Letter.target_id)
        .join(Signature, Signature.id == Letter.signature_id)
        .join(Dispatch, Dispatch.id == Letter.dispatch_id)
        .join(Mailbox, Mailbox.id == Dispatch.mailbox_id)
        .where(
            Target.authority_id == authority.id,
            Signature.state == SignatureState.CONFIRMED,
            Signature.sealed_name.is_not(None),
            Dispatch.state.in_(_CAME_BACK),
            Mailbox.address != normal,
        )
    )


def _locked(session: Session, wanted: Select[UUID]) -> Sequence[Letter]:
    found = (
        select(Letter)
        .where(Letter.id.in_(wanted.order_by(Letter.id).limit(AT_ONCE)))
        .options(joinedload(Letter.signature).options(*WITH_LETTERS))
        .order_by(Letter.id)
        .with_for_update(of=Letter, skip_locked=True)
    )
    return session.scalars(found).unique().all()
