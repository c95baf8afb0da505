"""Addresses that must never be written to again: a keyed hash each, in the database and beside it.

The file beside the database outlives a restored backup, which does not know of later erasures.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.addresses import same_mailbox
from app.core.beside import append_lines, read_lines
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
    append_lines(beside, [f"{known.hex()} {day.isoformat()}"])


def reload_erasures(session: Session, beside: Path) -> int:
    """Take into the database what only the file knows; return how many were new."""
    known = set(session.scalars(select(Erasure.address_hash)))
    added = [
        Erasure(address_hash=bytes.fromhex(name), erased_on=date.fromisoformat(day))
        for name, day in read_lines(beside).items()
        if bytes.fromhex(name) not in known
    ]
    session.add_all(added)
    session.flush()
    return len(added)


def extend_erasures(session: Session, beside: Path) -> int:
    """Write into the file what only the database knows: another machine has erased it."""
    listed = read_lines(beside)
    missing = [
        f"{row.address_hash.hex()} {row.erased_on.isoformat()}"
        for row in session.scalars(select(Erasure))
        if row.address_hash.hex() not in listed
    ]
    if missing:
        append_lines(beside, missing)
    return len(missing)


def all_erased(session: Session) -> frozenset[bytes]:
    """Every hash at once, for who has many addresses to compare."""
    return frozenset(session.scalars(select(Erasure.address_hash)))
