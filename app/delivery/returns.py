"""Addresses that mail comes back to: they name the dispatch, and nobody else can make one.

`bounces+…` is the return path of everything that leaves (VERP), `answers+…` the address for
answers where a section wants them counted. Small letters and digits only: on their way, many mail
servers change the case of an address. No address expires, because a report may be days late.
"""

from __future__ import annotations

import base64
import hmac
import uuid
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from app.core.tokens import Keys, keyed_hash

_ROW: Final = 16
# 16 + 14 bytes are 48 letters without padding: with "bounces+" short of the 64 that fit (RFC 5321).
_TAG: Final = 14


class Purpose(StrEnum):
    """What an address is for; a token of one says nothing for the other."""

    BOUNCES = "bounces"
    ANSWERS = "answers"


class NotOurs(Exception):
    """An address that no mail of ours ever named: nobody lives there."""


class Forged(Exception):
    """It looks like an address of ours and was not made here."""


@dataclass(frozen=True, slots=True)
class ReturnAddress:
    """What an address says, once it has been checked."""

    purpose: Purpose
    dispatch: uuid.UUID


class Returns:
    """Makes and reads the addresses of one installation."""

    def __init__(self, keys: Keys, domain: str) -> None:
        self._key = keys.derive("return-address")
        self.domain = domain

    def address(self, purpose: Purpose, dispatch: uuid.UUID) -> str:
        token = base64.b32encode(dispatch.bytes + self._tag(purpose, dispatch)).decode().lower()
        return f"{purpose}+{token}@{self.domain}"

    def read(self, address: str) -> ReturnAddress:
        """What the address says; `NotOurs` or `Forged` if it is not one that we have made."""
        local, _, domain = address.strip("<>").lower().rpartition("@")
        kind, plus, token = local.partition("+")
        if domain != self.domain or not plus or kind not in tuple(Purpose):
            raise NotOurs
        purpose = Purpose(kind)
        try:
            raw = base64.b32decode(token.upper().encode("ascii"))
        except ValueError:
            raise Forged from None
        if len(raw) != _ROW + _TAG:
            raise Forged
        dispatch = uuid.UUID(bytes=raw[:_ROW])
        if not hmac.compare_digest(raw[_ROW:], self._tag(purpose, dispatch)):
            raise Forged
        return ReturnAddress(purpose, dispatch)

    def _tag(self, purpose: Purpose, dispatch: uuid.UUID) -> bytes:
        return keyed_hash(self._key, purpose, dispatch.hex)[:_TAG]
