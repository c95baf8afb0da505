"""Writing the log: each entry's digest covers the one before, so that a changed row shows."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.audit.models import AuditEntry
from app.core.leases import lock_for_transaction

START = b"\x00" * 32


def note(
    session: Session,
    actor: str,
    action: str,
    *,
    about: tuple[str, str],
    now: datetime,
    **detail: Any,
) -> AuditEntry:
    """Append one act: who (an account's id, or the name of a job), what, about which object."""
    # Two writers must not both follow the same entry.
    lock_for_transaction(session, "audit")
    newest = select(AuditEntry.digest).order_by(AuditEntry.id.desc()).limit(1)
    previous = session.scalar(newest) or START
    kind, object_id = about
    entry = AuditEntry(
        at=now.astimezone(UTC).replace(microsecond=0),
        actor=actor,
        action=action,
        object_kind=kind,
        object_id=object_id,
        detail=detail,
        previous=previous,
        digest=b"",
    )
    entry.digest = digest_of(entry)
    session.add(entry)
    session.flush()  # the next entry of this transaction follows this one
    return entry


def digest_of(entry: AuditEntry) -> bytes:
    """SHA-256 over the entry before and every field of this one."""
    content = [
        entry.at.astimezone(UTC).isoformat(),
        entry.actor,
        entry.action,
        entry.object_kind,
        entry.object_id,
        entry.detail,
    ]
    written = json.dumps(content, sort_keys=True, ensure_ascii=False).encode()
    return hashlib.sha256(entry.previous + written).digest()


def first_broken(session: Session) -> int | None:
    """The id of the first entry that is not as it was written, or None when the chain holds."""
    previous = START
    for entry in session.scalars(select(AuditEntry).order_by(AuditEntry.id)):
        if entry.previous != previous or entry.digest != digest_of(entry):
            return entry.id
        previous = entry.digest
    return None
