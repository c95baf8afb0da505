"""Taking out of the count what turned out to be made by a machine: chosen, looked at, then done.

Whoever was taken out by mistake can write again: nothing of the old form stands in the way.
"""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.campaigns.models import Campaign
from app.core.addresses import same_mailbox
from app.core.db import day_of
from app.core.sealing import get_seal
from app.core.tokens import Keys
from app.delivery import actions as delivery
from app.delivery.models import Dispatch, DispatchState
from app.signatures.actions import forget, labels_of
from app.signatures.models import Signature, SignatureState
from app.signatures.queries import WITH_LETTERS, open_answers
from app.signatures.watch import Mark, is_disposable, written
from app.tally.actions import count
from app.tally.models import Figure

HASH_BYTES = 32
_CHUNK = 500
_STANDING = (SignatureState.PENDING, SignatureState.CONFIRMED)


@dataclass(frozen=True, slots=True)
class Suspects:
    """Which signatures of a campaign: every condition that is given has to hold."""

    marks: frozenset[Mark] = frozenset()
    domains: frozenset[str] = frozenset()
    disposable: bool = False
    first_day: date | None = None
    last_day: date | None = None
    country: str = ""

    @property
    def is_everything(self) -> bool:
        return self == Suspects()


@dataclass(frozen=True, slots=True)
class Invalidation:
    """What would be taken out, or was: numbers alone."""

    pending: int
    confirmed: int
    stopped: int
    # What mail servers have taken is out of reach.
    handed_over: int
    by_mark: Mapping[str, int]


def preview(session: Session, keys: Keys, campaign: Campaign, suspects: Suspects) -> Invalidation:
    """Count what a choice would take out. Changes nothing and names nobody."""
    found = list(_chosen(session, keys, campaign, suspects))
    return _report(found, sum(_waiting(signature) for signature in found))


def invalidate(
    session: Session, keys: Keys, campaign: Campaign, suspects: Suspects, now: datetime
) -> Invalidation:
    """Take signatures out of the count, stop what has not left, and forget who they named."""
    found = list(_chosen(session, keys, campaign, suspects))
    report, stopped = _report(found, 0), 0
    for signature in found:
        stopped += _take_out(session, signature, now)
    return Invalidation(
        report.pending, report.confirmed, stopped, report.handed_over, report.by_mark
    )


def _chosen(
    session: Session, keys: Keys, campaign: Campaign, suspects: Suspects
) -> Iterator[Signature]:
    wanted = select(Signature).where(
        Signature.campaign_id == campaign.id, Signature.state.in_(_STANDING)
    )
    if suspects.first_day is not None:
        wanted = wanted.where(Signature.signed_on >= suspects.first_day)
    if suspects.last_day is not None:
        wanted = wanted.where(Signature.signed_on <= suspects.last_day)
    if suspects.country:
        wanted = wanted.where(Signature.country == suspects.country)
    if suspects.marks:
        wanted = wanted.where(Signature.marks != "")
    seal = get_seal(session, keys, campaign.key_id)
    rows = session.scalars(
        wanted.options(*WITH_LETTERS).order_by(Signature.id).execution_options(yield_per=_CHUNK)
    )
    for signature in rows:
        if not suspects.marks <= set(signature.marks.split()):
            continue
        if suspects.domains or suspects.disposable:
            domain = same_mailbox(open_answers(seal, signature).email).rpartition("@")[2]
            if suspects.domains and domain not in suspects.domains:
                continue
            if suspects.disposable and not is_disposable(domain):
                continue
        yield signature


def _report(found: list[Signature], stopped: int) -> Invalidation:
    states = Counter(signature.state for signature in found)
    return Invalidation(
        pending=states[SignatureState.PENDING],
        confirmed=states[SignatureState.CONFIRMED],
        stopped=stopped,
        handed_over=sum(
            dispatch.state is DispatchState.SENT
            for signature in found
            for dispatch in _dispatches(signature)
        ),
        by_mark=dict(sorted(Counter(mark for one in found for mark in one.marks.split()).items())),
    )


def _take_out(session: Session, signature: Signature, now: datetime) -> int:
    dispatches = _dispatches(signature)
    stopped = delivery.cancel(session, dispatches, "invalidated", now)
    if signature.state is SignatureState.CONFIRMED:
        # The public number is of people who wrote.
        count(session, Figure.CONFIRMED, labels_of(signature), day_of(now), times=-1)
    forget(signature, SignatureState.WITHDRAWN)
    signature.marks = written({*signature.marks.split(), Mark.INVALIDATED})
    for letter in signature.letters:
        letter.settled = True
    for dispatch in dispatches:
        dispatch.once_key = f"invalidated:{dispatch.id.hex}"
    signature.person_hash = secrets.token_bytes(HASH_BYTES)
    signature.address_hash = secrets.token_bytes(HASH_BYTES)
    session.flush()
    return stopped


def _waiting(signature: Signature) -> int:
    return sum(dispatch.state is DispatchState.QUEUED for dispatch in _dispatches(signature))


def _dispatches(signature: Signature) -> list[Dispatch]:
    return [letter.dispatch for letter in signature.letters if letter.dispatch is not None]
