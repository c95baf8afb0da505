"""Many letters through a relay that misbehaves in a fixed mix, until nothing is under way."""

from __future__ import annotations

import email
import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from app.core.db import unit_of_work
from app.delivery.actions import enqueue, open_gate
from app.delivery.channels.relay_log import RelayLog
from app.delivery.channels.smtp import Relay, RelayAddress
from app.delivery.models import DispatchState, Gate, Lane
from app.delivery.queries import count_by_state
from tests.delivery.outbox import LABELS, Outbox, a_message
from tests.faults.relay import RudeRelay, a_rude_relay

# One in five is deferred, one in fifty refused, one in twenty dropped before the dot and as many
# answered late, one in fifty dropped after the dot: half of those taken, half lost.
AT_RCPT = (("defers", 0.20), ("refuses", 0.02), ("drops before the dot", 0.05))
AT_DOT = (("drops after the dot", 0.01), ("loses", 0.01), ("stalls", 0.05))
OFFICES = 20
GRACE = timedelta(seconds=0.3)
ROUNDS_AT_MOST = 200


@dataclass(frozen=True, slots=True)
class MixReport:
    """What became of them."""

    letters: int
    states: dict[str, int]
    arrived: int
    extra_copies: int
    moods: dict[str, int]
    seconds: float

    def __str__(self) -> str:
        return "\n".join(
            f"  {name.replace('_', ' '):14} {getattr(self, name)}" for name in self.__slots__
        )


def run_mix(
    outbox: Outbox, letters: int, seed: int, say: Callable[[str], None] = lambda _: None
) -> MixReport:
    """Send them all; raise where one was lost, failed wrongly, or came twice."""
    began = time.monotonic()
    log = outbox.folder.parent / "relay.log"
    # What is handed over must lie within what the log covers, or nothing is proven by it.
    outbox.clock.now = datetime.now(UTC)
    earlier = datetime.now(UTC) - timedelta(minutes=5)
    log.write_text(f"{earlier.isoformat()} relay postfix/postfix-script[1]: starting\n")
    _put_all(outbox, letters)
    temper = {"at_rcpt": AT_RCPT, "at_dot": AT_DOT, "stalls_for": 0.05, "answers_after": 0.0}
    with a_rude_relay(log, random.Random(seed), **temper) as relay:
        book = RelayLog(log, grace=GRACE, queue=["true"], clock=lambda: datetime.now(UTC))
        address = RelayAddress.from_url(f"smtp://127.0.0.1:{relay.port}")
        worker = outbox.worker(relay=Relay(address, timeout=20, book=book))
        for _ in range(ROUNDS_AT_MOST):
            worker.drain()
            states = _states(outbox)
            say(f"  {states}")
            if not states[DispatchState.QUEUED] + states[DispatchState.SENDING]:
                break
            # What was deferred waits an hour at most; an unknown is asked about after the grace.
            outbox.clock.pass_by(timedelta(hours=1))
            time.sleep(GRACE.total_seconds() + 0.1)
        worker.close()
        book.close()
        return _judge(letters, states, relay, time.monotonic() - began)


def _put_all(outbox: Outbox, letters: int) -> None:
    with unit_of_work(outbox.database.writing) as session:
        gate = session.get_one(Gate, outbox.gate.id)
        # This is about the relay; neither the deadline nor an office's pace may end it.
        open_gate(session, gate, outbox.clock.now + timedelta(days=300))
    for office in range(OFFICES):
        outbox.widen(f"office{office}@ministry.example.org", 1_000_000)
    for first in range(0, letters, 500):
        with unit_of_work(outbox.database.writing) as session:
            gate = session.get_one(Gate, outbox.gate.id)
            for number in range(first, min(first + 500, letters)):
                enqueue(
                    session,
                    outbox.seal,
                    replace(
                        a_message(), to_address=f"office{number % OFFICES}@ministry.example.org"
                    ),
                    once_key=f"letter:{number}",
                    lane=Lane.LETTER,
                    now=outbox.clock.now,
                    gate=gate,
                    counted_as=LABELS,
                )


def _states(outbox: Outbox) -> dict[DispatchState, int]:
    with outbox.database.reading() as session:
        return count_by_state(session)


def _judge(
    letters: int, states: dict[DispatchState, int], relay: RudeRelay, seconds: float
) -> MixReport:
    ids = (email.message_from_bytes(content)["Message-ID"] for _, content in relay.accepted)
    copies = Counter(str(message_id) for message_id in ids)
    refused = relay.moods["refuses"]
    report = MixReport(
        letters,
        {str(state): times for state, times in states.items() if times},
        len(copies),
        sum(copies.values()) - len(copies),
        dict(relay.moods),
        round(seconds, 1),
    )
    assert states[DispatchState.FAILED] == refused, report
    assert states[DispatchState.SENT] == letters - refused == len(copies), report
    assert report.extra_copies == 0, report
    return report
