"""Empties the outbox: claim, commit, hand over, mark. The one room file that commits itself.

No transaction is open while a relay is spoken to. A claim is a lease with a number, the fence: a
worker that was stopped past its lease finds another number on the row and can neither write nor
begin to send. Leases are renewed by a thread while the worker waits, because RFC 5321 asks for ten
minutes of patience after the final dot, and a lease of that length would keep the work of a killed
worker waiting as long.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from email.errors import MessageError
from typing import Final

import structlog
from sqlalchemy.exc import OperationalError

from app.core.db import Database, unit_of_work
from app.core.errors import Refused
from app.core.sealing import KeyDestroyed
from app.core.tokens import Keys, keyed_hash
from app.delivery.channels.base import (
    Envelope,
    NeverWill,
    NobodyThere,
    Outlet,
    Steps,
    TryLater,
    Unknown,
    Withheld,
)
from app.delivery.claims import (
    Claim,
    Outcome,
    claim_due,
    pass_dot,
    recover_abandoned,
    renew,
    settle,
)
from app.delivery.message import Message
from app.delivery.models import DispatchState
from app.delivery.outgoing import Outgoing
from app.delivery.queries import get_standing
from app.delivery.rules import RELAY_REST, Ruling, Verdict, may_leave

log = structlog.get_logger()

# Small, so that a confirmation waits behind few letters, and a killed worker holds few.
BATCH: Final = 20

# A database that restarts is back within seconds. What was handed over must be marked, or it will
# leave again, so the mark is worth the wait.
_MARK_PAUSES: Final = (0.1, 0.3, 1.0, 2.0, 4.0)

# A payload of another release, or words that make no sound mail: that one fails, the others flow.
_CANNOT_BE_BUILT: Final = (
    Refused,
    MessageError,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
)


class _NotNow(Withheld):
    """A last look said no."""

    def __init__(self, ruling: Ruling) -> None:
        super().__init__(ruling.reason)
        self.ruling = ruling


class _Lost(Withheld):
    """Somebody else holds the dispatch now, or it was taken back."""


def _unwatched(_step: str) -> None:
    """Nobody watches the steps outside of tests."""


def _no_more_work() -> None:
    """The door has nothing to add."""


class Worker:
    """Sends what is due, one dispatch after the other, and leaves nothing undecided."""

    def __init__(
        self,
        database: Database,
        keys: Keys,
        *,
        local: Outlet,
        relay: Outlet | None,
        name: str,
        lease: timedelta,
        clock: Callable[[], datetime],
        at: Callable[[str], None] = _unwatched,
        outgoing: Outgoing | None = None,
    ) -> None:
        self._database = database
        self._keys = keys
        self._id_key = keys.derive("message-id")
        self._local = local
        self._relay = relay
        self._lease = lease
        self._clock = clock
        self._at = at
        self._outgoing = outgoing or Outgoing()
        self._log = log.bind(worker=name)
        self._stop = threading.Event()
        self._held: dict[uuid.UUID, Claim] = {}
        self._rests_until: datetime | None = None

    def run(
        self, stop: threading.Event, poll: float, between: Callable[[], object] = _no_more_work
    ) -> None:
        """Work until told to stop; `between` is called after every round."""
        self._stop = stop
        while not stop.is_set():
            try:
                handled = self.run_once()
                between()
            except OperationalError:
                # What was claimed comes back when its lease has run out.
                self._log.exception("database does not answer")
                handled = 0
            if not handled:
                stop.wait(poll)
        self.close()

    def drain(self) -> int:
        """Work until nothing is due; return how many dispatches were dealt with."""
        total = 0
        while handled := self.run_once():
            total += handled
        return total

    def close(self) -> None:
        """Hang up."""
        self._local.close()
        if self._relay is not None:
            self._relay.close()

    def run_once(self, limit: int = BATCH) -> int:
        """Deal with one batch of what is due; return how many dispatches were dealt with."""
        now = self._clock()
        with unit_of_work(self._database.writing) as session:
            recovered = recover_abandoned(session, self._keys, limit, now, has=self._has)
            claims, settled = claim_due(
                session, self._keys, limit, self._lease, now, only_local=self._relay_rests(now)
            )
        if claims:
            self._at("claimed")
            with self._leased(claims):
                for claim in claims:
                    self._deal_with(claim)
        return recovered + settled + len(claims)

    def _deal_with(self, claim: Claim) -> None:
        rests = self._outlet(claim) is self._relay and self._relay_rests(self._clock())
        # What is not tried goes back to its old place.
        untried = Outcome(DispatchState.QUEUED, "given_back", due_at=claim.due_at, is_void=True)
        outcome = untried if rests or self._stop.is_set() else self._attempt(claim)
        if outcome is None or not self._mark(claim, outcome):
            self._log.warning("dispatch is no longer ours", dispatch=str(claim.id))
        del self._held[claim.id]
        self._at("marked")

    def _attempt(self, claim: Claim) -> Outcome | None:
        """Try to hand over; None if the dispatch has passed to somebody else meanwhile."""
        try:
            message = claim.open()
            message_id = self._message_id(claim, message)
            envelope, content = self._outgoing.finish(
                message, dispatch=claim.id, message_id=message_id, date=self._clock()
            )
        except KeyDestroyed:
            return Outcome(DispatchState.FAILED, "key_destroyed")
        except _CANNOT_BE_BUILT as error:
            # The kind only: the text of the error may quote what somebody wrote.
            kind = type(error).__name__
            self._log.warning("cannot be built", dispatch=str(claim.id), kind=kind)
            return Outcome(DispatchState.FAILED, "cannot_be_built")
        return self._hand_over(claim, envelope, content, message_id)

    def _hand_over(
        self, claim: Claim, envelope: Envelope, content: bytes, message_id: str
    ) -> Outcome | None:
        outlet = self._outlet(claim)
        try:
            receipt = outlet.send(
                envelope, content, message_id=message_id, steps=self._steps(claim)
            )
        except NobodyThere as error:
            self._log.warning("relay cannot be used", reason=error.reason)
            self._rests_until = due = self._clock() + RELAY_REST
            outcome = Outcome(DispatchState.QUEUED, error.reason, due_at=due, is_void=True)
        except TryLater as error:
            outcome = Outcome.of_deferral(claim, self._clock(), error.reason, error.code)
        except NeverWill as error:
            outcome = Outcome(DispatchState.FAILED, error.reason, reply_code=error.code)
        except Unknown:
            found = outlet.has(message_id)
            outcome = Outcome.of_unknown(claim, self._clock(), found=found)
        except _NotNow as error:
            outcome = Outcome.of_ruling(error.ruling, claim.due_at)
        except _Lost:
            return None
        else:
            code, queue_id = receipt.reply_code, receipt.queue_id
            outcome = Outcome(DispatchState.SENT, reply_code=code, queue_id=queue_id)
        return outcome

    def _steps(self, claim: Claim) -> Steps:
        return Steps(
            connected=lambda: self._at("connected"),
            before_data=lambda: self._last_look(claim),
            before_body=lambda: self._flag(claim),
            after_body=lambda: self._at("dot_sent"),
            answered=lambda: self._at("answered"),
        )

    def _last_look(self, claim: Claim) -> None:
        self._at("before_data")
        self._look_again(claim)

    def _look_again(self, claim: Claim) -> None:
        """Refuse to go on if anything has changed since the claim."""
        with self._database.reading() as session:
            standing = get_standing(session, claim.id)
        dispatch = standing.dispatch
        if dispatch.state is not DispatchState.SENDING or dispatch.fence != claim.fence:
            raise _Lost
        ruling = may_leave(dispatch, standing.gate, standing.mailbox, self._clock())
        if ruling.verdict is not Verdict.GO:
            raise _NotNow(ruling)

    def _flag(self, claim: Claim) -> None:
        """Commit that the body leaves now; whoever finds the row later knows it may have."""
        with unit_of_work(self._database.writing) as session:
            is_flagged = pass_dot(session, claim, self._lease, self._clock())
        if not is_flagged:
            self._look_again(claim)
            raise _Lost
        self._at("dot_flag")

    def _mark(self, claim: Claim, outcome: Outcome) -> bool:
        for pause in _MARK_PAUSES:
            try:
                return self._mark_once(claim, outcome)
            except OperationalError:
                self._log.warning("cannot mark yet", dispatch=str(claim.id))
                time.sleep(pause)
        return self._mark_once(claim, outcome)

    def _mark_once(self, claim: Claim, outcome: Outcome) -> bool:
        with unit_of_work(self._database.writing) as session:
            return settle(session, claim, outcome, self._clock())

    @contextmanager
    def _leased(self, claims: Sequence[Claim]) -> Iterator[None]:
        """Renew the leases of what is still in hand until the block ends."""
        self._held = {claim.id: claim for claim in claims}
        done = threading.Event()
        renewal = threading.Thread(target=self._renew_until, args=(done,), daemon=True)
        renewal.start()
        try:
            yield
        finally:
            done.set()
            renewal.join()
            self._held = {}

    def _renew_until(self, done: threading.Event) -> None:
        while not done.wait(self._lease.total_seconds() / 3):
            try:
                with unit_of_work(self._database.writing) as session:
                    renew(session, tuple(self._held.values()), self._lease)
            except OperationalError:
                self._log.warning("cannot renew leases")

    def _has(self, claim: Claim) -> bool | None:
        """Whether the channel knows an abandoned dispatch."""
        try:
            message_id = self._message_id(claim, claim.open())
        except (KeyDestroyed, *_CANNOT_BE_BUILT):
            return None
        return self._outlet(claim).has(message_id)

    def _outlet(self, claim: Claim) -> Outlet:
        return self._local if claim.keep_local or self._relay is None else self._relay

    def _relay_rests(self, now: datetime) -> bool:
        if self._relay is None or self._rests_until is None:
            return False
        # A clock that was set back must not make the rest longer.
        return timedelta() < self._rests_until - now <= RELAY_REST

    def _message_id(self, claim: Claim, message: Message) -> str:
        """The same on every attempt, so that whoever gets two copies can tell."""
        domain = message.sender_address.rpartition("@")[2]
        return f"<{keyed_hash(self._id_key, str(claim.id)).hex()[:32]}@{domain}>"
