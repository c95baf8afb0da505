"""Passwords as Argon2id hashes (RFC 9106), at a cost that no thief and no flood can ignore."""

from __future__ import annotations

import secrets
import threading
from typing import Final

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

# RFC 9106 section 4, second recommendation: 64 MiB, three passes. About a tenth of a second.
_HASHER: Final = PasswordHasher(
    time_cost=3, memory_cost=64 * 1024, parallelism=4, hash_len=32, salt_len=16, type=Type.ID
)
# Each hash holds 64 MiB: a flood of sign-ins must queue here, not take the machine's memory.
_AT_ONCE: Final = threading.BoundedSemaphore(2)
# Of a password that nobody has. An unknown account takes as long to refuse as a known one.
NOBODY: Final = (
    "$argon2id$v=19$m=65536,t=3,p=4$sYV+4G5HH2LuYNkcpPR7hw"
    "$aqFQmpLNCyWe3jASHMm0w4Y/N+ZqI7tOjTWJkSkSpQw"
)
# Read aloud and typed by people: no letter here looks like another.
_LETTERS: Final = "abcdefghijkmnpqrstuvwxyz23456789"
_GROUPS, _GROUP = 4, 5


def hashed(password: str) -> str:
    with _AT_ONCE:
        return _HASHER.hash(password)


def matches(kept: str, typed: str) -> bool:
    with _AT_ONCE:
        try:
            return _HASHER.verify(kept, typed)
        except (VerificationError, InvalidHashError):
            return False


def make_password() -> str:
    """A password of 100 random bits, in groups that a person can copy."""
    groups = ("".join(secrets.choice(_LETTERS) for _ in range(_GROUP)) for _ in range(_GROUPS))
    return "-".join(groups)
