"""Tables that belong to no room: the installation, its data keys, leases, ticks, counters."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from sqlalchemy import CheckConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, pk


class Installation(Base):
    """One row: who this database is, and which master key opens it."""

    __tablename__ = "installation"
    __table_args__ = (CheckConstraint("id = 1", name="only_one"),)

    id: Mapped[int] = mapped_column(primary_key=True, default=1)
    instance: Mapped[uuid.UUID]
    key_check: Mapped[bytes]
    # Why nothing leaves, as a code; empty while mail flows.
    muted: Mapped[str] = mapped_column(default="")
    # Grows while mail leaves. A machine that has seen a higher one looks at an older database.
    generation: Mapped[int] = mapped_column(default=0)


class DataKey(Base):
    """A key that seals the fields of one owner, itself wrapped by the master key.

    Deleting the row destroys what it sealed, in this database and in every backup made by
    `flask data backup`, which holds no keys. While the key is being made anew, `wrapped_before`
    still opens what has not been sealed again.
    """

    __tablename__ = "data_key"

    id: Mapped[pk]
    wrapped: Mapped[bytes]
    wrapped_before: Mapped[bytes | None]


class DestroyedKey(Base):
    """A data key that is gone for good, by its id: no backup may bring it back."""

    __tablename__ = "destroyed_key"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    destroyed_on: Mapped[date]


class Erasure(Base):
    """An address that must never be written to again, as a keyed hash and nothing else."""

    __tablename__ = "erasure"

    address_hash: Mapped[bytes] = mapped_column(primary_key=True)
    erased_on: Mapped[date]


class Lease(Base):
    """Who may do something alone, until when; `fence` grows with every change of holder."""

    __tablename__ = "lease"

    name: Mapped[str] = mapped_column(primary_key=True)
    holder: Mapped[str]
    host: Mapped[str]
    fence: Mapped[int]
    until: Mapped[datetime]


class Tick(Base):
    """One due moment of one job, written with what it caused, so that it happens once."""

    __tablename__ = "tick"
    __table_args__ = (Index("ix_tick_due", "due"),)

    job: Mapped[str] = mapped_column(primary_key=True)
    due: Mapped[datetime] = mapped_column(primary_key=True)
    fence: Mapped[int]


class ThrottleCount(Base):
    """How often a keyed hash has done something in a window. No address, no name."""

    __tablename__ = "throttle_count"
    __table_args__ = (Index("ix_throttle_count_ends", "ends"),)

    key: Mapped[bytes] = mapped_column(primary_key=True)
    ends: Mapped[datetime] = mapped_column(primary_key=True)
    times: Mapped[int]
