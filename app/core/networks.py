"""Networks and other crowds, counted without knowing anybody.

A key is hashed under a salt that is made in memory and thrown away each day, so that nothing of it
can be stored, joined with anything or asked about later. Each process counts for itself.
"""

from __future__ import annotations

import hashlib
import ipaddress
import secrets
import threading
from dataclasses import dataclass
from datetime import date, datetime, timedelta

# What one household, office or village of a network operator gets (RFC 6177 for IPv6).
_IPV4_BITS = 24
_IPV6_BITS = 48
# Some ten megabytes. An attack from more networks than this is met by the other limits.
KEYS_AT_MOST = 50_000


def network_of(address: str) -> str:
    """The network that an address belongs to: its /24 or /48; nothing where it says nothing.

    Loopback stands for whatever is behind a proxy or an onion service: all the world.
    """
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return ""
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    if found.is_loopback:
        return ""
    bits = _IPV4_BITS if found.version == 4 else _IPV6_BITS
    return str(ipaddress.ip_network((found, bits), strict=False))


@dataclass(slots=True)
class _Window:
    index: int
    here: int = 0
    before: int = 0


class Meter:
    """How often each key came by within the last while: a window that slides."""

    def __init__(self, window: timedelta, at_most: int = KEYS_AT_MOST) -> None:
        self._seconds = window.total_seconds()
        self._at_most = at_most
        self._lock = threading.Lock()
        self._day: date | None = None
        self._salt = b""
        self._windows: dict[bytes, _Window] = {}

    def hit(self, key: str, now: datetime) -> float:
        """Count one more and return how many there are within the window."""
        return self._turn(key, now, 1)

    def look(self, key: str, now: datetime) -> float:
        return self._turn(key, now, 0)

    def __len__(self) -> int:
        return len(self._windows)

    def _turn(self, key: str, now: datetime, times: int) -> float:
        index, passed = divmod(now.timestamp(), self._seconds)
        with self._lock:
            hashed = self._hashed(key, now.date())
            window = self._windows.get(hashed)
            if window is None:
                if not times:
                    return 0
                self._make_room(int(index))
                window = self._windows[hashed] = _Window(int(index))
            if window.index != index:
                follows = window.index + 1 == index
                window.before, window.here = (window.here if follows else 0), 0
                window.index = int(index)
            window.here += times
            # The part of the window before that lies within the last while, taken as even.
            return window.here + window.before * (1 - passed / self._seconds)

    def _hashed(self, key: str, day: date) -> bytes:
        if day != self._day:
            # Yesterday's keys say nothing any more, not even to this process.
            self._day, self._salt = day, secrets.token_bytes(32)
            self._windows.clear()
        return hashlib.blake2b(key.encode(), key=self._salt, digest_size=16).digest()

    def _make_room(self, index: int) -> None:
        if len(self._windows) < self._at_most:
            return
        over = [key for key, window in self._windows.items() if window.index < index - 1]
        # Where an attack fills the table within one window, the oldest half goes.
        for key in over or list(self._windows)[: self._at_most // 2]:
            del self._windows[key]
