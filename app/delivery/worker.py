"""Empties the outbox: claim, commit, hand over, mark. The one room file that commits itself.

No transaction is open while a relay is spoken to. A claim is a lease with a number, the fence: a
worker that was stopped past its lease finds another number on the row and can neither write nor
begin to send. Leases are renewed by a thread while the worker waits, because RFC 5321 asks for ten
minutes of patience after the final dot, and a lease of that length would keep the work of a killed
worker waiting as long.

Where the channel can be asked afterwards what it took (a Maildir; a relay whose log is read), up to
`GUARD` dispatches are flagged in one commit and marked in one: what a crash leaves open is asked.
Where nobody can be asked, each body has a commit before it and one right after its answer.
"""

from __future__ import annotations

import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from email.errors import MessageError
from typing import Final, TypeVar

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from app.core.db import Database, unit_of_work
from app.core.errors import Refused
from app.core.sealing import KeyDestroyed
from app.core.tokens import Keys, keyed_hash
from app.delivery.channels.base import (
    Envelope,
    HandOver,
    NeverWill,
    NobodyThere,
    Outlet,
    Receipt,
    Steps,
    TryLater,
    Unknown,
    Withheld,
)
from app.delivery.claims import (
    Claim,
    Holder,
    Orphan,
    Outcome,
    adopt_abandoned,
    claim_due,
    holds,
    pass_dot,
    renew,
    settle,
    settle_sent,
)
from app.delivery.digests import Writer, Written, is_whole, keep
from app.delivery.message import Message
from app.delivery.models import Channel, DispatchState, Lane
from app.delivery.outgoing import Outgoing
from app.delivery.queries import has_work, look_at
from app.delivery.rules import RELAY_REST, Ruling, Verdict, may_leave

log = structlog.get_logger()

_Written = TypeVar("_Written")

# Claiming a hundred at once costs little more than claiming one; waiting for one slow relay, a
# worker that holds a hundred keeps them from the others. So it begins small, and takes more while
# its rounds are short.
BATCH: Final = 100
BATCH_AT_FIRST: Final = 10
_SHORT_ROUND: Final = 2.0
_LONG_ROUND: Final = 10.0

# How many dispatches may be open at once after a crash; each of them is asked about.
GUARD: Final = 50

# Marks may wait this long for others where the channel can be asked, in seconds.
_MARKS_WAIT: Final = 1.0

# Every moment at which a worker may die differently, in order; tests end it at each of them.
STEPS: Final = (
    "claimed",
    "guarded",
    "connected",
    "before_data",
    "dot_flag",
    "dot_sent",
    "answered",
    "marked",
)

# Where digests have one more, between "guarded" and "connected".
DIGEST_WRITTEN: Final = "written"

# Counts on while the machine sleeps: a lease does not wait for it.
_SINCE_BOOT: Final = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)

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


def _cannot_write(_session: Session, _digest: uuid.UUID, _frame: Message) -> Written:
    """Nobody has said how digests are written."""
    raise LookupError


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
        lanes: tuple[Lane, ...] = tuple(Lane),
        host: str = "",
        only_to: str = "",
        outgoing: Outgoing | None = None,
        write_digest: Writer | None = None,
        fax: Outlet | None = None,
    ) -> None:
        self._database = database
        self._keys = keys
        self._id_key = keys.derive("message-id")
        self._local = local
        self._relay = relay
        # Dials by itself; without it a fax is a mail to its gateway.
        self._fax = fax
        self._lease = lease
        self._holder = Holder(
            host or socket.gethostname(), lanes, lease, relay.patience if relay else timedelta()
        )
        self._only_to = only_to
        self._clock = clock
        self._at = at
        self._outgoing = outgoing or Outgoing()
        self._write_digest = write_digest or _cannot_write
        self._log = log.bind(worker=name)
        self._stop = threading.Event()
        self._held: dict[uuid.UUID, Claim] = {}
        self._lease_ends = 0.0
        self._glance: Connection | None = None
        self._flagged: set[uuid.UUID] = set()
        self._digested: dict[uuid.UUID, int] = {}
        self._taken: list[tuple[Claim, Receipt]] = []
        self._taken_since = 0.0
        self._batch = BATCH_AT_FIRST
        self._rests_until: datetime | None = None

    def run(
        self,
        stop: threading.Event,
        poll: float,
        between: Callable[[], object] = _no_more_work,
        wake: threading.Event | None = None,
    ) -> None:
        """Work until told to stop; `between` is called after every round.

        `wake` ends the pause of an idle worker early. It only wakes: what is due says the table.
        """
        self._stop = stop
        wake = wake or stop
        while not stop.is_set():
            try:
                handled = self.run_once()
                between()
            except OperationalError:
                # What was claimed comes back when its lease has run out.
                self._log.exception("database does not answer")
                handled = 0
            if not handled:
                wake.wait(poll)
                if wake is not stop:
                    wake.clear()
        self.close()

    def drain(self) -> int:
        """Work until nothing is due; return how many dispatches were dealt with."""
        total = 0
        while handled := self.run_once():
            total += handled
        return total

    def hang_up(self) -> None:
        """Break off what is under way, from another thread, and settle it as a line that broke."""
        for outlet in (self._relay, self._fax):
            if outlet is not None:
                outlet.hang_up()

    def close(self) -> None:
        """Hang up."""
        for outlet in (self._local, self._relay, self._fax):
            if outlet is not None:
                outlet.close()

    def run_once(self, limit: int | None = None) -> int:
        """Deal with one batch of what is due; return how many dispatches were dealt with."""
        now = self._clock()
        only_local = self._relay_rests(now)
        if not self._has_work(now, only_local=only_local):
            return 0
        limit = limit or self._batch
        begun = _since_boot()
        with unit_of_work(self._database.writing) as session:
            orphans, settled = adopt_abandoned(session, self._keys, limit, self._holder, now)
            claims, refused = claim_due(
                session, self._keys, limit, self._holder, now, only_local=only_local
            )
        self._lease_ends = begun + self._lease.total_seconds()
        for orphan in orphans:
            self._ask_about(orphan)
        if claims:
            self._at("claimed")
            with self._leased(claims), self._glancing():
                for first in range(0, len(claims), GUARD):
                    self._deal_with_all(claims[first : first + GUARD])
            self._learn(len(claims), _since_boot() - begun)
        return len(orphans) + settled + refused + len(claims)

    def _has_work(self, now: datetime, *, only_local: bool) -> bool:
        with self._database.reading() as session:
            return has_work(
                session,
                now,
                lanes=self._holder.lanes,
                host=self._holder.host,
                patience=self._holder.patience,
                only_local=only_local,
            )

    def _learn(self, dealt_with: int, seconds: float) -> None:
        if seconds < _SHORT_ROUND and dealt_with >= self._batch:
            self._batch = min(self._batch * 2, BATCH)
        elif seconds > _LONG_ROUND:
            self._batch = BATCH_AT_FIRST

    def _deal_with_all(self, claims: Sequence[Claim]) -> None:
        # A digest is flagged for itself: until it is written, letters may be taken out of it.
        self._guard([c for c in claims if self._outlet(c).can_tell and not c.is_digest])
        try:
            for claim in claims:
                self._deal_with(claim)
                if self._taken and _since_boot() - self._taken_since > _MARKS_WAIT:
                    self._mark_taken()
        finally:
            self._flagged = set()
            self._mark_taken()

    def _guard(self, claims: Sequence[Claim]) -> None:
        """Flag what can be asked about in one commit; the gate is looked at again before each."""
        if len(claims) > 1 and not self._stop.is_set():
            with unit_of_work(self._database.writing) as session:
                self._flagged = pass_dot(session, claims, self._lease, self._clock())
            self._at("guarded")

    def _deal_with(self, claim: Claim) -> None:
        rests = self._outlet(claim) is self._relay and self._relay_rests(self._clock())
        # What is not tried goes back to its old place.
        untried = Outcome(DispatchState.QUEUED, "given_back", due_at=claim.due_at, is_void=True)
        outcome = untried if rests or self._stop.is_set() else self._attempt(claim)
        if isinstance(outcome, Receipt):
            self._taken_since = self._taken_since if self._taken else _since_boot()
            self._taken.append((claim, outcome))
            return
        if outcome is None or not self._mark(claim, outcome):
            self._log.warning("dispatch is no longer ours", dispatch=str(claim.id))
        del self._held[claim.id]
        self._at("marked")

    def _attempt(self, claim: Claim) -> Outcome | Receipt | None:
        """Try to hand over; None if the dispatch has passed to somebody else meanwhile.

        A receipt means that it was taken and that the mark may wait for others.
        """
        try:
            message = claim.open()
            message_id = self._message_id(claim, message)
            if claim.is_digest:
                written = self._written(claim, message)
                if not written.letters:
                    return Outcome(DispatchState.CANCELLED, "empty")
                message = written.message
            if self._outlet(claim) is self._fax:
                envelope = Envelope("", message.to_fax)
                content = message.attachments[0].content
            else:
                envelope, content = self._outgoing.finish(
                    message, dispatch=claim.id, message_id=message_id, date=self._clock()
                )
        except KeyDestroyed:
            return Outcome(DispatchState.FAILED, "key_destroyed")
        except _Lost:
            return None
        except _CANNOT_BE_BUILT as error:
            # The kind only: the text of the error may quote what somebody wrote.
            kind = type(error).__name__
            self._log.warning("cannot be built", dispatch=str(claim.id), kind=kind)
            return Outcome(DispatchState.FAILED, "cannot_be_built")
        if self._only_to:
            envelope = replace(envelope, recipient=self._only_to)
        return self._hand_over(claim, envelope, content, message_id)

    def _written(self, claim: Claim, frame: Message) -> Written:
        """The digest as it leaves, with every letter that rides in it and fits."""
        with self._database.reading() as session:
            written = self._write_digest(session, claim.id, frame)
        self._at(DIGEST_WRITTEN)
        with unit_of_work(self._database.writing) as session:
            is_ours = holds(session, claim)
            if not is_ours or not keep(session, claim.seal, claim.id, written, self._clock()):
                # Taken from us because a letter was taken back: whoever claims it writes it anew.
                raise _Lost
        self._digested[claim.id] = len(written.letters)
        return written

    def _hand_over(
        self, claim: Claim, envelope: Envelope, content: bytes, message_id: str
    ) -> Outcome | Receipt | None:
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
            now = self._clock()
            found = outlet.has(message_id, HandOver(now, now))
            if found is None and outlet.patience:
                self._ask_later(claim)
                return None
            outcome = Outcome.of_unknown(claim, now, found=found)
        except _NotNow as error:
            outcome = Outcome.of_ruling(error.ruling, claim.due_at)
        except _Lost:
            return None
        else:
            if claim.id in self._flagged:
                return receipt
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
        found = look_at(self._line(), claim.id)
        if found.state is not DispatchState.SENDING or found.fence != claim.fence:
            raise _Lost
        if found.recalled:
            raise _NotNow(Ruling(Verdict.CANCEL, found.recalled))
        if found.is_muted:
            raise _NotNow(Ruling(Verdict.WAIT, "muted"))
        ruling = may_leave(found.terms, self._clock())
        if ruling.verdict is not Verdict.GO:
            raise _NotNow(ruling)

    @contextmanager
    def _glancing(self) -> Iterator[None]:
        """Keep one line for the looks of a batch; opened where a look is needed."""
        try:
            yield
        finally:
            glance, self._glance = self._glance, None
            if glance is not None:
                glance.close()

    def _line(self) -> Connection:
        if self._glance is None or self._glance.invalidated:
            self._glance = self._database.glancing.connect()
        return self._glance

    def _flag(self, claim: Claim) -> None:
        """Commit that the body leaves now; whoever finds the row later knows it may have."""
        lease_ends = self._lease_ends
        if claim.id not in self._flagged:
            lease_ends = _since_boot() + self._lease.total_seconds()
            with unit_of_work(self._database.writing) as session:
                is_flagged = bool(pass_dot(session, [claim], self._lease, self._clock()))
                letters = self._digested.pop(claim.id, 0)
                if is_flagged and letters and not is_whole(session, claim.id, letters):
                    raise _NotNow(Ruling(Verdict.WAIT, "changed"))
            if not is_flagged:
                self._look_again(claim)
                raise _Lost
        if _since_boot() > lease_ends:
            # This process was stopped for longer than its lease: another one decides by now.
            raise _Lost
        self._at("dot_flag")

    def _ask_about(self, orphan: Orphan) -> None:
        """Settle what a dead worker left open, with what the channel knows."""
        claim = orphan.claim
        found = None if orphan.is_foreign else self._has(orphan)
        if self._mark(claim, Outcome.of_unknown(claim, self._clock(), found=found)):
            self._log.info("abandoned dispatch settled", dispatch=str(claim.id), result=found)

    def _ask_later(self, claim: Claim) -> None:
        """Let go of it: whoever takes it over asks when the channel must have learned of it."""
        with unit_of_work(self._database.writing) as session:
            renew(session, [claim], timedelta())

    def _mark_taken(self) -> None:
        taken, self._taken = self._taken, []
        if taken:
            ours = self._persist(lambda session: settle_sent(session, taken, self._clock()))
            for claim, _ in taken:
                if claim.id not in ours:
                    self._log.warning("dispatch is no longer ours", dispatch=str(claim.id))
                self._held.pop(claim.id, None)
            self._at("marked")

    def _mark(self, claim: Claim, outcome: Outcome) -> bool:
        return self._persist(lambda session: settle(session, claim, outcome, self._clock()))

    def _persist(self, write: Callable[[Session], _Written]) -> _Written:
        for pause in _MARK_PAUSES:
            try:
                with unit_of_work(self._database.writing) as session:
                    return write(session)
            except OperationalError:
                self._log.warning("cannot mark yet")
                time.sleep(pause)
        with unit_of_work(self._database.writing) as session:
            return write(session)

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
            begun = _since_boot()
            try:
                with unit_of_work(self._database.writing) as session:
                    renew(session, tuple(self._held.values()), self._lease)
                self._lease_ends = begun + self._lease.total_seconds()
            except OperationalError:
                self._log.warning("cannot renew leases")

    def _has(self, orphan: Orphan) -> bool | None:
        """Whether the channel knows an abandoned dispatch."""
        claim = orphan.claim
        try:
            message_id = self._message_id(claim, claim.open())
        except (KeyDestroyed, *_CANNOT_BE_BUILT):
            return None
        return self._outlet(claim).has(message_id, orphan.hand_over)

    def _outlet(self, claim: Claim) -> Outlet:
        # In staging a fax goes where everything goes, and no number is dialled.
        dials = claim.channel is Channel.FAX and not claim.keep_local and not self._only_to
        if dials and self._fax is not None:
            return self._fax
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


def _since_boot() -> float:
    return time.clock_gettime(_SINCE_BOOT)
