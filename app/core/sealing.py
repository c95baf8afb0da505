"""Fields that only the holder of the master key can read.

Each owner (a campaign) has a data key of its own, wrapped by the master key, which lives outside
the database. AES-256-GCM (NIST SP 800-38D) with a random nonce; the additional data names table,
column and row, so that a sealed value cannot be moved to another place.
"""

from __future__ import annotations

import hmac
import os
import secrets
import uuid
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.models import DataKey, Installation
from app.core.tokens import Keys, derive, keyed_hash

NONCE: Final = 12
KEY: Final = 32


class WrongKey(Exception):
    """The master key does not belong to this database."""


class KeyDestroyed(Exception):
    """The data key is gone, and with it what it sealed."""


class Seal:
    """One opened data key. Lives in memory for one piece of work.

    While the key is being made anew there is one before it, which opens and never closes.
    """

    __slots__ = ("_aead", "_before", "_lookup", "id")

    def __init__(
        self, key_id: uuid.UUID, key: bytes, lookup: bytes = b"", before: bytes = b""
    ) -> None:
        self.id = key_id
        self._aead = AESGCM(key)
        self._before = AESGCM(before) if before else None
        self._lookup = lookup or keyed_hash(key, "lookup")

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
        place = _place(table, column, row)
        try:
            return self._aead.decrypt(sealed[:NONCE], sealed[NONCE:], place)
        except InvalidTag as error:
            if self._before is None:
                raise WrongKey from error
        try:
            return self._before.decrypt(sealed[:NONCE], sealed[NONCE:], place)
        except InvalidTag as error:
            raise WrongKey from error

    def renewed(self, sealed: bytes, *, table: str, column: str, row: uuid.UUID) -> bytes | None:
        """The same words under the present key; None where they are under it already."""
        try:
            self._aead.decrypt(sealed[:NONCE], sealed[NONCE:], _place(table, column, row))
        except InvalidTag:
            content = self.open_bytes(sealed, table=table, column=column, row=row)
            return self.close_bytes(content, table=table, column=column, row=row)
        return None

    def lookup(self, *parts: str) -> bytes:
        """A hash to find equal values by, under this key only: two owners cannot be joined."""
        return keyed_hash(self._lookup, *parts)


def new_seal(session: Session, keys: Keys) -> Seal:
    """Make a data key, keep it wrapped, and return it opened."""
    key_id, key = uuid.uuid4(), secrets.token_bytes(KEY)
    session.add(DataKey(id=key_id, wrapped=_wrap(present_master(session, keys), key_id, key)))
    session.flush()  # the row that points at it may be written by a statement of its own
    return Seal(key_id, key)


def get_seal(session: Session, keys: Keys, key_id: uuid.UUID) -> Seal:
    """Open a data key; `KeyDestroyed` when it is no more."""
    wanted = select(DataKey.wrapped, DataKey.wrapped_before).where(DataKey.id == key_id)
    if session.get_bind().get_execution_options().get("outcry_writes"):
        # Who may seal with this key holds it until the commit: a new key waits for that, and so
        # nothing is sealed with the old one after the last look for such values.
        wanted = wanted.with_for_update(read=True)
    found = session.execute(wanted).one_or_none()
    if found is None:
        raise KeyDestroyed
    content = _unwrap_known(keys, key_id, found.wrapped)
    before = _unwrap_known(keys, key_id, found.wrapped_before) if found.wrapped_before else b""
    return Seal(key_id, content[:KEY], content[KEY:], before[:KEY])


def require_own_key(session: Session, keys: Keys) -> None:
    """Refuse to work on a database that another master key has sealed; mark a new one as ours."""
    known = session.get(Installation, 1)
    if known is None:
        check = _check(keys, keys.masters.known[0])
        session.add(Installation(id=1, instance=uuid.uuid4(), key_check=check))
        session.flush()
    else:
        present_master(session, keys)


def present_master(session: Session, keys: Keys) -> bytes:
    """The master key that wraps new data keys; `WrongKey` where the files do not hold it."""
    # Read with a lock: a rotation that begins now waits for what is wrapped with the old key.
    wanted = select(Installation.key_check).where(Installation.id == 1).with_for_update(read=True)
    check = session.scalar(wanted)
    if check is None:
        return keys.masters.known[0]
    for _look in range(2):
        for master in keys.masters.known:
            if hmac.compare_digest(_check(keys, master), check):
                return master
        if not keys.masters.look_again():
            break
    raise WrongKey


def owns(keys: Keys, key_check: bytes) -> bool:
    """Whether these are the keys of the database that this stands in."""
    return any(hmac.compare_digest(_check(keys, each), key_check) for each in keys.masters.known)


def opens(keys: Keys, key_id: uuid.UUID, wrapped: bytes) -> bool:
    """Whether these keys open a wrapped data key."""
    return any(_unwrap(master, key_id, wrapped) is not None for master in keys.masters.known)


def take_master(session: Session, keys: Keys, master: bytes) -> None:
    """From now on `master` wraps; what another one has wrapped is still opened."""
    session.get_one(Installation, 1, with_for_update=True).key_check = _check(keys, master)


def rewrap(row: DataKey, keys: Keys, master: bytes) -> bool:
    """Wrap a data key with `master`; False if it is already."""
    wrapped = _rewrapped(row.id, row.wrapped, keys, master)
    before = row.wrapped_before and _rewrapped(row.id, row.wrapped_before, keys, master)
    if wrapped is None and before is None:
        return False
    row.wrapped = wrapped or row.wrapped
    row.wrapped_before = before or row.wrapped_before
    return True


def wraps(row: DataKey, master: bytes) -> bool:
    """Whether this master key opens all of a data key's row."""
    values = [row.wrapped] + ([row.wrapped_before] if row.wrapped_before else [])
    return all(_unwrap(master, row.id, value) is not None for value in values)


def renew(row: DataKey, keys: Keys, master: bytes) -> None:
    """Make the data key anew, the one before still opening. The look-up key stays.

    Look-up values stand in keys of the outbox too, which say that a letter has been sent; they
    could not be made again for somebody who is forgotten.
    """
    content = _unwrap_known(keys, row.id, row.wrapped)
    lookup = content[KEY:] or keyed_hash(content[:KEY], "lookup")
    row.wrapped_before = row.wrapped
    row.wrapped = _wrap(master, row.id, secrets.token_bytes(KEY) + lookup)


def _rewrapped(key_id: uuid.UUID, wrapped: bytes, keys: Keys, master: bytes) -> bytes | None:
    if _unwrap(master, key_id, wrapped) is not None:
        return None
    return _wrap(master, key_id, _unwrap_known(keys, key_id, wrapped))


def _unwrap_known(keys: Keys, key_id: uuid.UUID, wrapped: bytes) -> bytes:
    for _look in range(2):
        for master in keys.masters.known:
            content = _unwrap(master, key_id, wrapped)
            if content is not None:
                return content
        if not keys.masters.look_again():
            break
    raise WrongKey


def _unwrap(master: bytes, key_id: uuid.UUID, wrapped: bytes) -> bytes | None:
    try:
        return _wrapper(master).decrypt(wrapped[:NONCE], wrapped[NONCE:], key_id.bytes)
    except InvalidTag:
        return None


def _wrap(master: bytes, key_id: uuid.UUID, content: bytes) -> bytes:
    nonce = os.urandom(NONCE)
    return nonce + _wrapper(master).encrypt(nonce, content, key_id.bytes)


def _wrapper(master: bytes) -> AESGCM:
    return AESGCM(derive(master, "wrap"))


def _check(keys: Keys, master: bytes) -> bytes:
    """Says which keys a database belongs to, and nothing about them."""
    if master == keys.root:
        return keyed_hash(derive(master, "key-check"), "outcry")
    return keyed_hash(derive(master, "key-check"), "outcry", keys.derive("key-check").hex())


def _place(table: str, column: str, row: uuid.UUID) -> bytes:
    return f"{table}.{column}.".encode() + row.bytes
