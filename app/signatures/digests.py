"""Which letters leave together, and the mail they leave in.

The outbox says where a queue would miss its deadline, and carries what is opened here. The mail is
written when a worker has claimed it, outside of any transaction that writes, from the letters that
ride in it at that moment: whoever has taken theirs back is not in it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload

from app.campaigns.models import Campaign, Target
from app.campaigns.queries import get_campaign_by_id
from app.campaigns.sources import recipient_of
from app.core.errors import Refused
from app.core.sealing import KeyDestroyed, Seal, WrongKey, get_seal
from app.core.tokens import Keys
from app.delivery import digests
from app.delivery.digests import Crowd, Writer, Written
from app.delivery.message import Attachment, Message
from app.delivery.models import Dispatch, DispatchState
from app.letters.digest import FILE_AT_MOST, covering, gather
from app.letters.paper import paper_in
from app.letters.render import FinishedLetter
from app.signatures.actions import local_day
from app.signatures.compose import finished_letter
from app.signatures.handing import answers_in, cover_in
from app.signatures.models import Letter

_GROUP = 50
_FILE = "letters.pdf"
# A letter whose words cannot be opened or set: the others leave without it.
_CANNOT_BE_WRITTEN = (Refused, KeyDestroyed, WrongKey, LookupError, ValueError, TypeError)


def decide(session: Session, keys: Keys, now: datetime) -> int:
    """Open the digests that deadlines need and dissolve those they do not; return how many.

    Safe to run twice: what rides in a digest is no longer in the queue that is looked at.
    """
    changed = digests.dissolve_needless(session, now)
    for crowd in digests.list_crowds(session, now):
        # Those before it may have made room enough.
        if digests.is_crowded(session, crowd, now):
            changed += _open(session, keys, crowd, now)
    return changed


def digest_writer(keys: Keys, at_most: int = FILE_AT_MOST) -> Writer:
    """What a worker asks to write the mail of a digest; its file is never larger than `at_most`."""

    def write(session: Session, digest: UUID, frame: Message) -> Written:
        return _written(session, keys, digest, frame, at_most)

    return write


def _open(session: Session, keys: Keys, crowd: Crowd, now: datetime) -> bool:
    campaign = session.scalars(
        select(Campaign)
        .where(Campaign.gate_id == crowd.gate.id)
        .options(joinedload(Campaign.section))
    ).one_or_none()
    if campaign is None:
        return False
    try:
        seal = get_seal(session, keys, campaign.key_id)
        frame = _frame(session, seal, crowd, campaign)
    except (KeyDestroyed, WrongKey):
        return False
    opened = frame and digests.open_digest(
        session, seal, frame, gate_id=crowd.gate.id, mailbox_id=crowd.mailbox.id, now=now
    )
    return bool(opened)


def _frame(session: Session, seal: Seal, crowd: Crowd, campaign: Campaign) -> Message | None:
    """The mail without words: from the organisation, to the very address that the letters have."""
    one = session.scalars(
        select(Dispatch)
        .where(
            Dispatch.gate_id == crowd.gate.id,
            Dispatch.mailbox_id == crowd.mailbox.id,
            Dispatch.state == DispatchState.QUEUED,
            Dispatch.carried_by.is_(None),
            Dispatch.opened_at.is_(None),
            Dispatch.key_id == seal.id,
        )
        .limit(1)
    ).one_or_none()
    if one is None or one.payload is None:
        return None
    opened = seal.open_bytes(one.payload, table="dispatch", column="payload", row=one.id)
    letter = Message.from_bytes(opened)
    return replace(
        letter,
        sender_name=campaign.section.sender_name,
        to_name="",
        subject="",
        text="",
        html="",
        attachments=(),
    )


def _written(session: Session, keys: Keys, digest: UUID, frame: Message, at_most: int) -> Written:
    found = session.execute(
        select(Dispatch.gate_id, Dispatch.opened_at).where(Dispatch.id == digest)
    ).one()
    campaign_id = session.scalars(
        select(Campaign.id).where(Campaign.gate_id == found.gate_id)
    ).one()
    campaign = get_campaign_by_id(session, campaign_id)
    seal = get_seal(session, keys, campaign.key_id)
    target, language, letters = _usual(session, digest)
    if target is None:
        return Written(frame, frozenset())
    # By the day it was decided upon: every attempt has the same bytes.
    cover = cover_in(campaign, target, language, letters, local_day(campaign, found.opened_at))
    places: list[UUID] = []
    broken: set[UUID] = set()
    finished = _finished(session, seal, campaign, digest, places, broken)
    gathered = gather(cover, finished, paper=paper_in(target.authority.country), at_most=at_most)
    office = recipient_of(target, language)
    said = covering(cover, gathered.names, salutation=office.salutation, closing=office.closing)
    broken |= {places[place] for place in gathered.broken}
    message = replace(
        frame,
        subject=said.subject,
        text=said.text,
        language=language,
        attachments=(Attachment(_FILE, "application/pdf", gathered.content),),
    )
    letters_in = frozenset(places[place] for place in gathered.letters)
    return Written(message, letters_in, frozenset(broken))


def _usual(session: Session, digest: UUID) -> tuple[Target | None, str, int]:
    """The target and the language that most of its letters have, and how many they are."""
    rows = session.execute(
        select(Letter.target_id, Letter.language, func.count().label("letters"))
        .join(Dispatch, Dispatch.id == Letter.dispatch_id)
        .where(Dispatch.carried_by == digest, Dispatch.state == DispatchState.QUEUED)
        .group_by(Letter.target_id, Letter.language)
        .order_by(Letter.target_id, Letter.language)
    ).all()
    if not rows:
        return None, "", 0
    targets, languages = Counter[UUID](), Counter[str]()
    for row in rows:
        targets[row.target_id] += row.letters
        languages[row.language] += row.letters
    target = session.get_one(Target, targets.most_common(1)[0][0])
    return target, languages.most_common(1)[0][0], sum(targets.values())


def _finished(
    session: Session,
    seal: Seal,
    campaign: Campaign,
    digest: UUID,
    places: list[UUID],
    broken: set[UUID],
) -> Iterator[FinishedLetter]:
    """Every letter of the digest, opened one by one; `places` says whose the n-th one is."""
    last: UUID | None = None
    while group := _group(session, digest, last):
        for letter in group:
            row = letter.dispatch_id
            assert row is not None  # it is what they are found by
            try:
                one = finished_letter(campaign, letter.signature, letter, answers_in(seal, letter))
            except _CANNOT_BE_WRITTEN:
                broken.add(row)
                continue
            places.append(row)
            yield one
        last = group[-1].id
        for letter in group:
            session.expunge(letter.signature)  # nothing that was opened stays
            if letter in session:
                session.expunge(letter)


def _group(session: Session, digest: UUID, last: UUID | None) -> Sequence[Letter]:
    # Ids are random, so their order is not that of signing.
    wanted = (
        select(Letter)
        .join(Dispatch, Dispatch.id == Letter.dispatch_id)
        .where(Dispatch.carried_by == digest, Dispatch.state == DispatchState.QUEUED)
        .options(
            joinedload(Letter.signature), joinedload(Letter.template), joinedload(Letter.target)
        )
    )
    if last is not None:
        wanted = wanted.where(Letter.id > last)
    return session.scalars(wanted.order_by(Letter.id).limit(_GROUP)).all()
