"""What a mail that came back changes: a state and a count. Its words are read and let go."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy.orm import Session

from app.delivery.actions import note_answer, note_bounce
from app.delivery.models import DispatchState
from app.delivery.queries import find_dispatch_by_id
from app.delivery.reports import Sort, read
from app.delivery.returns import Forged, Purpose, Returns


class Came(StrEnum):
    """What became of a mail that came in."""

    NOTED = "noted"
    KNOWN = "known"
    IGNORED = "ignored"
    FORGED = "forged"
    TOO_EARLY = "too_early"
    ANSWER = "answer"


@dataclass(frozen=True, slots=True)
class Arrival:
    """What became of it, and of which dispatch it spoke."""

    came: Came
    sort: Sort | None = None
    dispatch: uuid.UUID | None = None


def take_in(
    session: Session, returns: Returns, raw: bytes, *, recipient: str, sender: str, now: datetime
) -> Arrival:
    """Note what a mail says of a dispatch of ours. `NotOurs` and `TooMuch` pass through.

    Only the address counts: what a mail says about itself can be written by anybody.
    """
    try:
        address = returns.read(recipient)
    except Forged:
        return Arrival(Came.FORGED)
    dispatch = find_dispatch_by_id(session, address.dispatch)
    if dispatch is None:
        return Arrival(Came.IGNORED)
    report = read(raw, sender=sender)
    if dispatch.state is DispatchState.SENDING:
        # The report was faster than the worker that has yet to write down the hand-over.
        return Arrival(Came.TOO_EARLY, report.sort, dispatch.id)
    if report.sort is Sort.BOUNCED:
        is_new = note_bounce(session, dispatch.id, report.status, is_hard=report.is_hard, now=now)
    elif report.sort is Sort.AUTOMATIC:
        is_new = note_answer(session, dispatch.id, now, is_automatic=True)
    elif report.sort is Sort.ANSWER and address.purpose is Purpose.ANSWERS:
        note_answer(session, dispatch.id, now, is_automatic=False)
        return Arrival(Came.ANSWER, report.sort, dispatch.id)
    else:
        return Arrival(Came.IGNORED, report.sort, dispatch.id)
    return Arrival(Came.NOTED if is_new else Came.KNOWN, report.sort, dispatch.id)
