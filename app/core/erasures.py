"""Addresses that must never be written to again: a keyed hash each, in the database and beside it.

The file beside the database outlives a restored backup, which does not know of later erasures.
"""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

from sqlalchemy.orm import Session

from app.core.addresses import same_mailbox
from app.core.models import Erasure
from app.core.tokens import Keys, keyed_hash


def erasure_hash(keys: Keys, address: str) -> bytes:
    """What stays of an erased address: nothing without the installation's own key."""
    return keyed_hash(keys.derive("erasure"), same_mailbox(address))


def is_erased(session: Session, keys: Keys, address: str) -> bool:
    return session.get(Erasure, erasure_hash(keys, address)) is not None


def remember_erasure(session: Session, keys: Keys, address: str, day: date, beside: Path) -> None:
    """Note the hash here and in the file, which is on the disk before this returns."""
    known = erasure_hash(keys, address)
    if session.get(Erasure, known) is None:
        session.add(Erasure(address_hash=known, erased_on=day))
        session.flush()
    beside.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(descriptor, "w") as target:
        target.write(f"{known.hex()} {day.isoformat()}\n")
        target.flush()
        os.fsync(target.fileno())


def reload_erasures(session: Session, beside: Path) -> int:
    """Take into the database what only the file knows; return how many were new."""
    added = 0
    for line in beside.read_text().splitlines() if beside.exists() else ():
        known, _space, day = line.partition(" ")
        if session.get(Erasure, bytes.fromhex(known)) is None:
            session.add(
                Erasure(address_hash=bytes.fromhex(known), erased_on=date.fromisoformat(day))
            )
            session.flush()
            added += 1
    return added
