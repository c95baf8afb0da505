"""The standing cast: who plays in the tests. Addresses end in example.org (RFC 2606)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody in a test."""

    name: str
    email: str


OLENA = Person("Olena", "olena@example.org")  # organises this campaign
AMAL = Person("Amal", "amal@example.org")  # the second organiser: reviews
KOFI = Person("Kofi", "kofi@example.org")  # coordinates
SAM = Person("Sam Åström", "sam@example.org")  # supports
NOOR = Person("Noor", "noor@example.org")  # supports too
MAX = Person("Max", "max@example.org")  # a stranger
PASSWORD = "a long enough phrase of Olena's"
