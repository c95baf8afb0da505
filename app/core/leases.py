"""One holder at a time, over the database's clock, with a number that fences late writers."""

from __future__ import annotations

import socket
from datetime import UTC, datetime, timedelta

from sqlalchemy import DateTime, delete, func, insert, literal_column, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.core.errors import Refused
from app.core.models import Lease, Tick


class LostLease(Refused):
    """Somebody else holds the lease now; what was planned under the old one must not be written."""

    code = "lost_lease"


def database_now(session: Session) -> datetime:
    """The database's own clock, in UTC: leases of several machines must agree on one."""
    if session.get_bind().dialect.name == "sqlite":
        seconds = session.scalar(select(literal_column("(julianday('now') - 2440587.5) * 86400.0")))
        return datetime.fromtimestamp(float(seconds or 0), UTC)
    moment: datetime | None = session.scalar(select(func.clock_timestamp(type_=DateTime(True))))
    if moment is None:
        raise RuntimeError("the database told no time")
    return moment.astimezone(UTC)


def take(session: Session, name: str, holder: str, ttl: timedelta) -> int | None:
    """Take or renew the lease; return its fence, or None while somebody else holds it."""
    now = database_now(session)
    kind = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    session.execute(
        kind(Lease)
        .values(name=name, holder="", host="", fence=0, until=datetime(1970, 1, 1, tzinfo=UTC))
        .on_conflict_do_nothing()
    )
    renewed = session.execute(
        update(Lease)
        .where(Lease.name == name, Lease.holder == holder, Lease.until >= now)
        .values(until=now + ttl)
        .returning(Lease.fence)
    ).scalar_one_or_none()
    if renewed is not None:
        return renewed
    return session.execute(
        update(Lease)
        .where(Lease.name == name, Lease.until < now)
        .values(holder=holder, host=socket.gethostname(), fence=Lease.fence + 1, until=now + ttl)
        .returning(Lease.fence)
    ).scalar_one_or_none()


def holder_of(session: Session, name: str) -> Lease | None:
    """Who holds the lease at this moment, if anybody."""
    held = select(Lease).where(Lease.name == name, Lease.until >= database_now(session))
    return session.scalars(held).one_or_none()


def give_back(session: Session, name: str, holder: str) -> None:
    """Let go of the lease, so that the next one need not wait for its end."""
    session.execute(
        update(Lease)
        .where(Lease.name == name, Lease.holder == holder)
        .values(until=datetime(1970, 1, 1, tzinfo=UTC))
    )


def require_held(session: Session, name: str, fence: int) -> None:
    """Refuse to go on under a lease that has passed to somebody else meanwhile."""
    held = session.scalar(select(Lease.fence).where(Lease.name == name).with_for_update())
    if held != fence:
        raise LostLease


def first_time(session: Session, job: str, due: datetime, fence: int) -> bool:
    """Note that this due moment of the job is being done; False if it was done before."""
    known = session.scalar(select(Tick.fence).where(Tick.job == job, Tick.due == due))
    if known is not None:
        return False
    session.execute(insert(Tick).values(job=job, due=due, fence=fence))
    return True


def forget_ticks(session: Session, before: datetime) -> None:
    session.execute(delete(Tick).where(Tick.due < before))


def lock_for_transaction(session: Session, name: str) -> None:
    """Let one transaction at a time go on from here. SQLite's writers already are one at a time."""
    if session.get_bind().dialect.name != "sqlite":
        session.execute(select(func.pg_advisory_xact_lock(func.hashtext(name))))
