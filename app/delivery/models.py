"""The outbox: gates that hold or let go, mailboxes with their state, dispatches."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import CheckConstraint, ColumnElement, ForeignKey, Index, false, literal, text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, pk

# Stands before the number of a fax where the mailbox of an e-mail address would stand.
FAX_LINE: Final = "fax:"


class GateState(StrEnum):
    """Whether what waits behind a gate may leave."""

    OPEN = "open"
    PAUSED = "paused"
    CLOSED = "closed"


class Lane(StrEnum):
    """Notices never wait behind letters."""

    NOTICE = "notice"
    LETTER = "letter"


class Channel(StrEnum):
    """How the outbox hands a message over."""

    EMAIL = "email"
    FAX = "fax"


class DispatchState(StrEnum):
    """Where one message of the outbox stands."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    BOUNCED = "bounced"
    FAILED = "failed"
    HELD = "held"
    CANCELLED = "cancelled"


class Mixing(StrEnum):
    """Whether a letter's turn is drawn, so that its order tells nothing about who wrote when."""

    NONE = "none"
    # It waits for a moment that was drawn when it was written.
    DRAWN = "drawn"
    # Its mailbox was full: it has a turn in the plan, dealt anew whenever others join.
    DEALT = "dealt"


class Gate(Base):
    """What a dispatch must pass to leave. Whoever owns the gate moves it; delivery only looks."""

    __tablename__ = "gate"

    id: Mapped[pk]
    state: Mapped[GateState] = mapped_column(default=GateState.CLOSED)
    open_until: Mapped[datetime | None]
    epoch: Mapped[int] = mapped_column(default=1)


class Mailbox(Base):
    """One address or fax number of an office behind any number of contact points.

    Never a supporter's.
    """

    __tablename__ = "mailbox"
    __table_args__ = (
        CheckConstraint(
            "opens >= 0 AND opens < closes AND closes <= 1440", name="opens_and_closes"
        ),
        CheckConstraint("open_days != ''", name="opens_some_day"),
    )

    id: Mapped[pk]
    address: Mapped[str] = mapped_column(unique=True)
    suppressed: Mapped[bool] = mapped_column(default=False)
    # What its budget says instead of the default (rules of `budgets.py`); empty means the default.
    per_minute: Mapped[int | None]
    per_hour: Mapped[int | None]
    per_day: Mapped[int | None]
    at_most: Mapped[int | None]
    # Office hours in minutes of the local day, on the days of the week (1 is Monday).
    time_zone: Mapped[str] = mapped_column(default="UTC")
    open_days: Mapped[str] = mapped_column(default="1234567")
    opens: Mapped[int] = mapped_column(default=0)
    closes: Mapped[int] = mapped_column(default=24 * 60)
    # How often the pace was halved, and when for the last time.
    slow_steps: Mapped[int] = mapped_column(default=0)
    slowed_at: Mapped[datetime | None]
    # What waits has been given its turn up to here; whoever comes later stands behind it.
    planned_until: Mapped[datetime | None]


class Span(StrEnum):
    """For how long a ceiling of a mailbox holds."""

    MINUTE = "minute"
    HOUR = "hour"
    DAY = "day"
    EVER = "ever"


class MailboxUse(Base):
    """How many letters were booked for a mailbox in one window. Never counted, always added to."""

    __tablename__ = "mailbox_use"
    __table_args__ = (
        CheckConstraint("used >= 0", name="never_below_nothing"),
        Index("ix_mailbox_use_starts", "span", "starts"),
    )

    mailbox_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("mailbox.id", ondelete="CASCADE"), primary_key=True
    )
    span: Mapped[Span] = mapped_column(primary_key=True)
    starts: Mapped[datetime] = mapped_column(primary_key=True)
    used: Mapped[int] = mapped_column(default=0)


class Dispatch(Base):
    """One message to hand over: queued, sending, then one of the ends.

    The words and addresses are sealed in `payload` and go once the message is handed over.
    """

    __tablename__ = "dispatch"
    __table_args__ = (
        CheckConstraint("state != 'sending' OR lease_until IS NOT NULL", name="sending_is_leased"),
        CheckConstraint("state != 'sent' OR payload IS NULL", name="sent_keeps_no_words"),
        CheckConstraint("state != 'queued' OR payload IS NOT NULL", name="queued_has_words"),
        Index(
            "ix_dispatch_due",
            "lane",
            "due_at",
            sqlite_where=text("state = 'queued'"),
            postgresql_where=text("state = 'queued'"),
        ),
        Index(
            "ix_dispatch_leased",
            "lease_until",
            sqlite_where=text("state = 'sending'"),
            postgresql_where=text("state = 'sending'"),
        ),
        # What waits for a person is little beside what was sent; listing it must not read that.
        Index(
            "ix_dispatch_stopped",
            "state",
            "finished_at",
            sqlite_where=text("state IN ('held', 'failed')"),
            postgresql_where=text("state IN ('held', 'failed')"),
        ),
        Index("ix_dispatch_gate", "gate_id", "state"),
        Index(
            "ix_dispatch_mailbox",
            "mailbox_id",
            "due_at",
            sqlite_where=text("state = 'queued'"),
            postgresql_where=text("state = 'queued'"),
        ),
        Index(
            "ix_dispatch_carried",
            "carried_by",
            sqlite_where=text("carried_by IS NOT NULL"),
            postgresql_where=text("carried_by IS NOT NULL"),
        ),
        Index(
            "ix_dispatch_digests",
            "mailbox_id",
            "opened_at",
            sqlite_where=text("opened_at IS NOT NULL"),
            postgresql_where=text("opened_at IS NOT NULL"),
        ),
    )

    id: Mapped[pk]
    once_key: Mapped[str] = mapped_column(unique=True)
    lane: Mapped[Lane]
    channel: Mapped[Channel] = mapped_column(default=Channel.EMAIL)
    state: Mapped[DispatchState] = mapped_column(default=DispatchState.QUEUED)
    gate_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("gate.id"))
    gate_epoch: Mapped[int | None]
    mailbox_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("mailbox.id"))
    # A demonstration's mail stays on this machine, whatever relay is configured.
    keep_local: Mapped[bool] = mapped_column(default=False)
    # No foreign key: the data key may be destroyed while the counts of the outbox stay.
    key_id: Mapped[uuid.UUID]
    payload: Mapped[bytes | None]
    counted_as: Mapped[dict[str, Any] | None]
    due_at: Mapped[datetime]
    mixing: Mapped[Mixing] = mapped_column(default=Mixing.NONE, server_default=Mixing.NONE.value)
    expires_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)
    unknowns: Mapped[int] = mapped_column(default=0)
    fence: Mapped[int] = mapped_column(default=0)
    lease_until: Mapped[datetime | None]
    # The machine whose worker holds it: only there can a relay's log be asked.
    holder: Mapped[str] = mapped_column(default="")
    # The minute in whose windows of its mailbox it is booked, for as long as it may come back.
    booked_at: Mapped[datetime | None]
    past_dot: Mapped[bool] = mapped_column(default=False)
    # From when on the body may have left. A relay's log must reach back to it to prove a "no".
    flagged_at: Mapped[datetime | None]
    # Taken back while perhaps on its way: whoever holds it sends nothing more of it.
    recalled: Mapped[str] = mapped_column(default="")
    reply_code: Mapped[int | None]
    queue_id: Mapped[str] = mapped_column(default="")
    reason: Mapped[str] = mapped_column(default="")
    finished_at: Mapped[datetime | None]
    # By the day: when somebody answered. What they wrote is passed on and never kept.
    answered_on: Mapped[date | None]
    auto_answered: Mapped[bool] = mapped_column(default=False, server_default=false())
    # The digest that a letter leaves in; its own row waits, and ends as the digest does. No foreign
    # key: SQLite would have to copy the whole outbox to get one.
    carried_by: Mapped[uuid.UUID | None]
    # When a digest was decided upon. Only digests have it; their payload is a mail without words.
    opened_at: Mapped[datetime | None]

    @property
    def is_digest(self) -> bool:
        return self.opened_at is not None


def stands(*states: DispatchState) -> ColumnElement[bool]:
    """Whether a dispatch is in one of these states, named in the statement itself.

    So a partial index fits it however a database treats parameters: SQLite would plan anew for
    each value, PostgreSQL could keep a plan that fits all states and no partial index.
    """
    return Dispatch.state.in_(
        [literal(state, Dispatch.state.type, literal_execute=True) for state in states]
    )


class RelayHealth(Base):
    """A relay that has failed many times in a row, as operators see it. One row a relay."""

    __tablename__ = "relay_health"

    name: Mapped[str] = mapped_column(primary_key=True)
    failures: Mapped[int]
    reason: Mapped[str]
    paused_until: Mapped[datetime | None]
