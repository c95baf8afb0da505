"""Fields that only the holder of the master key can read.

Each owner (a campaign) has a data key of its own, wrapped by the master key, which lives outside
the database. AES-256-GCM (NIST SP 800-38D) with a random nonce; the additional data names table,
column and row, so that a sealed value cannot be moved to another place.
"""

from __future__ import annotations

import os
import secrets
import uuid
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.models import DataKey, Installation
from app.core.tokens import Keys, keyed_hash

NONCE: Final = 12


class WrongKey(Exception):
    """The master key does not belong to this database."""


class KeyDestroyed(Exception):
    """The data key is gone, and with it what it sealed."""


class Seal:
    """One opened data key. Lives in memory for one piece of work."""

    __slots__ = ("_aead", "_lookup", "id")

    def __init__(self, key_id: uuid.UUID, key: bytes) -> None:
        self.id = key_id
        self._aead = AESGCM(key)
        self._lookup = keyed_hash(key, "lookup")

    def close(self, text: str, *, table: str, column: str, row: uuid.UUID) -> bytes:
        """Seal `text` for exactly this place."""
        return self.close_bytes(text.encode(), table=table, column=column, row=row)

    def close_bytes(self, content: bytes, *, table: str, column: str, row: uuid.UUID) -> bytes:
        nonce = os.urandom(NONCE)
        return nonce + self._aead.encrypt(nonce, content, _place(table, column, row))

    def open(self, sealed: bytes, *, table: str, column: str, row: uuid.UUID) -> str:
        """What was sealed for exactly this place; `WrongKey` if it was not."""
        return self.open_bytes(sealed, table=table, column=column, row=row).decode()

    def open_bytes(self, sealed: bytes, *, table: str, column: str, row: uuid.UUID) -> bytes:
        try:
            return self._aead.decrypt(sealed[:NONCE], sealed[NONCE:], _place(table, column, row))
        except InvalidTag as error:
            raise WrongKey from error

    def lookup(self, *parts: str) -> bytes:
        """A hash to find equal values by, under this key only: two owners cannot be joined."""
        return keyed_hash(self._lookup, *parts)


def new_seal(session: Session, keys: Keys) -> Seal:
    """Make a data key, keep it wrapped, and return it opened."""
    key_id, key = uuid.uuid4(), secrets.token_bytes(32)
    nonce = os.urandom(NONCE)
    wrapped = nonce + _wrapper(keys).encrypt(nonce, key, key_id.bytes)
    session.add(DataKey(id=key_id, wrapped=wrapped))
    session.flush()  # the row that points at it may be written by a statement of its own
    return Seal(key_id, key)


def get_seal(session: Session, keys: Keys, key_id: uuid.UUID) -> Seal:
    """Open a data key; `KeyDestroyed` when it is no more."""
    wrapped = session.scalar(select(DataKey.wrapped).where(DataKey.id == key_id))
    if wrapped is None:
        raise KeyDestroyed
    try:
        key = _wrapper(keys).decrypt(wrapped[:NONCE], wrapped[NONCE:], key_id.bytes)
    except InvalidTag as error:
        raise WrongKey from error
    return Seal(key_id, key)


def require_own_key(session: Session, keys: Keys) -> None:
    """Refuse to work on a database that another master key has sealed; mark a new one as ours."""
    check = keyed_hash(keys.derive("key-check"), "outcry")
    known = session.get(Installation, 1)
    if known is None:
        session.add(Installation(id=1, instance=uuid.uuid4(), key_check=check))
    elif known.key_check != check:
        raise WrongKey


def _wrapper(keys: Keys) -> AESGCM:
    return AESGCM(keys.derive("wrap"))


def _place(table: str, column: str, row: uuid.UUID) -> bytes:
    return f"{table}.{column}.".encode() + row.bytes
