"""What follows when an office's address changes or fails: only the letters concerned move.

Down the ladder first by what leaves by itself, the next e-mail address and then fax; and where that
is at its end by the writer's own hand: web form, fax, post, phone, the embassy where they live.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Select, exists, func, or_, select, update
from sqlalchemy.orm import Session, aliased, joinedload

from app.authorities.models import Authority, ContactKind, ContactPoint, ContactState
from app.authorities.offices import point_of, usable_points
from app.campaigns.models import Target
from app.campaigns.rules import page_state
from app.core.addresses import same_mailbox
from app.core.db import day_of
from app.core.numbers import BadNumber, e164
from app.core.sealing import KeyDestroyed, Seal
from app.core.tokens import Keys
from app.delivery.digests import dissolve_to
from app.delivery.models import FAX_LINE, Dispatch, DispatchState, Mailbox
from app.delivery.queries import find_dispatch
from app.delivery.rules import FIGURES, coarse
from app.signatures.actions import enqueue_letter, labels_of, letter_key
from app.signatures.compose import finished_letter
from app.signatures.models import Letter, LetterChannel, Signature, SignatureState
from app.signatures.queries import (
    WITH_LETTERS,
    OpenedAnswers,
    find_embassy_for,
    open_answers,
    seal_of,
)
from app.signatures.rules import LADDER
from app.tally.actions import Labels, count
from app.tally.models import Figure

_CAME_BACK = (DispatchState.FAILED, DispatchState.BOUNCED)
# SMTP and enhanced status of "there is no such mailbox" and its kin (RFC 5321 4.2.3): the address
# is at fault. 552 and 554 speak of the message or of space, and of them no address is doubted.
_NO_SUCH_MAILBOX = (550, 551, 553)
# Faults of ours, or of what was written; another address would not help.
_NOT_THE_ADDRESS = ("cannot_be_built", "key_destroyed")
# `letter_key`: two ids, and a hash of 32 bytes between them.
_KEY_LENGTH = len("letter:") + 32 + 1 + 64 + 1 + 32
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
        point = point_of(authority, ContactKind.EMAIL)
        address = point.value if point else ""
        _send_on(session, seal, letter, answers, now, by=LetterChannel.EMAIL, to=address)
        sent += 1
    return sent


def next_step(session: Session, seal: Seal, letter: Letter, now: datetime, *, fax: bool) -> bool:
    """Let a letter that came back take its next way; False where that is its writer's to go.

    `fax`: this installation sends faxes by itself. No address is tried twice for one letter, and
    after the end of the campaign nothing moves.
    """
    signature, dispatch = letter.signature, letter.dispatch
    if (
        dispatch is None
        or signature.state is not SignatureState.CONFIRMED
        or signature.sealed_name is None
        or not page_state(signature.campaign, now).takes_letters
    ):
        return False
    if dispatch.reason not in _NOT_THE_ADDRESS:
        for channel, to in _leaving_by_itself(letter, fax=fax):
            if not _is_tried(session, letter, to):
                answers = open_answers(seal, signature)
                _send_on(session, seal, letter, answers, now, by=channel, to=to)
                return True
    hand = by_hand(letter.target.authority)
    if hand is None and find_embassy_for(session, letter) is not None:
        hand = LetterChannel.POST
    if hand is not None:
        letter.channel = hand
        count(session, Figure.TO_PRINT, labels_of(signature, letter), day_of(now))
    return False


def by_hand(authority: Authority) -> LetterChannel | None:
    """The first way that a writer can go without us."""
    usable = {point.kind for point in usable_points(authority)}
    ways = (channel for kind, channel in LADDER if kind in usable)
    return next((way for way in ways if way is not LetterChannel.EMAIL), None)


def note_came_back(session: Session, dispatch_id: UUID) -> None:
    """A letter bounced after all: whoever wrote it is told, though they were thanked already."""
    session.execute(
        update(Letter)
        .where(
            Letter.dispatch_id == dispatch_id,
            Letter.dispatch_id.in_(
                select(Dispatch.id).where(Dispatch.state == DispatchState.BOUNCED)
            ),
        )
        .values(settled=False)
        .execution_options(synchronize_session=False)
    )


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


def doubt_address(session: Session, letter: Letter, now: datetime) -> bool:
    """Note that an office's address was refused as such; True if that is news.

    It is never switched off by itself: a person looks, for it may be a ministry's only one.
    """
    dispatch = letter.dispatch
    point = point_of(letter.target.authority, ContactKind.EMAIL)
    if dispatch is None or dispatch.mailbox_id is None:
        return False
    is_hard = dispatch.state is DispatchState.BOUNCED and dispatch.reason.startswith("hard_")
    if not is_hard and dispatch.reply_code not in _NO_SUCH_MAILBOX:
        return False  # a full box, or a word it did not like: that is no reason to doubt it
    failed = session.get_one(Mailbox, dispatch.mailbox_id).address
    doubted = False
    for point in usable_points(letter.target.authority):
        is_it = point.kind is ContactKind.EMAIL and same_mailbox(point.value) == failed
        # Where none is it, the address has been corrected meanwhile.
        if is_it and point.state is ContactState.OK:
            point.state, point.doubted_on = ContactState.DOUBTFUL, day_of(now)
            doubted = True
    return doubted


def _leaving_by_itself(letter: Letter, *, fax: bool) -> Iterator[tuple[LetterChannel, str]]:
    authority = letter.target.authority
    points = usable_points(authority)
    # An address that is in doubt may have been doubted a minute ago, for the same reason.
    for point in sorted(points, key=lambda point: point.state is ContactState.DOUBTFUL):
        if point.kind is ContactKind.EMAIL:
            yield LetterChannel.EMAIL, point.value
    for point in points:
        if fax and point.kind is ContactKind.FAX:
            with suppress(BadNumber):
                yield LetterChannel.FAX, e164(point.value, authority.country)


def _is_tried(session: Session, letter: Letter, to: str) -> bool:
    key, normal = letter_key(letter), _normal(to)
    if find_dispatch(session, f"{key}:{normal}") is not None:
        return True
    first = find_dispatch(session, key)
    if first is None or first.mailbox_id is None:
        return False
    return session.get_one(Mailbox, first.mailbox_id).address == normal


def _send_on(
    session: Session,
    seal: Seal,
    letter: Letter,
    answers: OpenedAnswers,
    now: datetime,
    *,
    by: LetterChannel,
    to: str,
) -> None:
    """Put a letter that came back into the outbox again, by another way."""
    signature, old = letter.signature, letter.dispatch
    before = labels_of(signature, letter)
    if letter.settled and letter.channel is not LetterChannel.EMAIL:
        # It was its writer's to take; now it leaves by itself again.
        count(session, Figure.TO_PRINT, before, day_of(now), times=-1)
    letter.channel = by
    finished = finished_letter(signature.campaign, signature, letter, answers)
    is_fax = by is LetterChannel.FAX
    letter.dispatch = enqueue_letter(
        session,
        seal,
        letter,
        finished,
        answers,
        now,
        again=f":{_normal(to)}",
        address="" if is_fax else to,
        fax=to if is_fax else "",
    )
    # The new row is a second one for the same letter: the old one ends as taken back. One that was
    # handed over and bounced stays what it was.
    if old is not None and old.state is DispatchState.FAILED:
        labels = Labels.from_json(old.counted_as) if old.counted_as else before
        count(session, FIGURES[old.state], labels, day_of(now), times=-1)
        count(session, Figure.CANCELLED, labels, day_of(now))
        old.state, old.reason, old.payload = DispatchState.CANCELLED, "readdressed", None
        old.finished_at = coarse(now)
    letter.settled = False


def _normal(to: str) -> str:
    """The mailbox behind an address, or behind the number of a fax."""
    return same_mailbox(to) if "@" in to else FAX_LINE + to


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
            # Its writer has taken it there.
            Letter.reported_done_on.is_(None),
            ~_went_there(normal),
        )
    )


def _went_there(normal: str) -> ColumnElement[bool]:
    """Whether the letter was tried at this address before: from there it came back, too."""
    earlier, mailbox = aliased(Dispatch), aliased(Mailbox)
    key = func.substr(Dispatch.once_key, 1, _KEY_LENGTH)
    again = exists().where(earlier.once_key == key.concat(f":{normal}"))
    first = (
        exists()
        .where(earlier.once_key == key, mailbox.id == earlier.mailbox_id)
        .where(mailbox.address == normal)
    )
    return or_(again, first)


def _locked(session: Session, wanted: Select[UUID]) -> Sequence[Letter]:
    found = (
        select(Letter)
        .where(Letter.id.in_(wanted.order_by(Letter.id).limit(AT_ONCE)))
        .options(joinedload(Letter.signature).options(*WITH_LETTERS))
        .order_by(Letter.id)
        .with_for_update(of=Letter, skip_locked=True)
    )
    return session.scalars(found).unique().all()
