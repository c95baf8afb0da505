"""Keys and keyed tokens: nothing secret is stored, nothing personal stands in a link.

Every key of the installation is derived from one master key by HKDF (RFC 5869), one a purpose.
A token is the row's id and an HMAC (RFC 2104) over the purpose, the id and the row's own nonce, so
that a mail can be sent again and a link can be revoked by changing the nonce.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from app.core.errors import Refused

TAG_BYTES = 16
NONCE_BYTES = 16


class BadToken(Refused):
    """A link or form token that was not made here, or not for this."""

    code = "bad_token"


class Masters:
    """The master keys that may wrap data keys: one, or two while it is being rotated.

    `reread` looks into the key files again: a process that was started before a rotation meets
    the new key when it first needs it.
    """

    __slots__ = ("_reread", "known")

    def __init__(
        self, known: tuple[bytes, ...], reread: Callable[[], tuple[bytes, ...]] | None = None
    ) -> None:
        self.known = known
        self._reread = reread

    def look_again(self) -> bool:
        """Take the keys that the files hold now; False where there is nothing new."""
        found = self._reread() if self._reread else self.known
        if found == self.known:
            return False
        self.known = found
        return True


@dataclass(frozen=True, slots=True)
class Keys:
    """The installation's keys, each derived for one purpose.

    Two keys are at the bottom. The *master* wraps the data keys and can be rotated. The *root*
    makes links and look-up values, and stays: mails that are out must keep working.
    """

    root: bytes
    masters: Masters

    @classmethod
    def of(cls, master: bytes) -> Self:
        """Root and master in one, as the first key files had it."""
        return cls(master, Masters((master,)))

    def derive(self, purpose: str) -> bytes:
        """32 bytes that nothing else uses."""
        return derive(self.root, purpose)

    def __repr__(self) -> str:
        return "Keys(…)"


def derive(key: bytes, purpose: str) -> bytes:
    """A key of its own for one purpose (HKDF, RFC 5869)."""
    return HKDF(algorithm=hashes.SHA256(), length=32, salt=b"outcry", info=purpose.encode()).derive(
        key
    )


def new_nonce() -> bytes:
    return secrets.token_bytes(NONCE_BYTES)


def make_token(key: bytes, purpose: str, row: uuid.UUID, nonce: bytes) -> str:
    """A token for addresses: 43 characters, URL-safe."""
    return _text(row.bytes + _tag(key, purpose, row, nonce))


def row_of(token: str) -> uuid.UUID:
    """The id inside a token; says nothing yet about whether the token is true."""
    raw = _raw(token)
    if len(raw) != 16 + TAG_BYTES:
        raise BadToken
    return uuid.UUID(bytes=raw[:16])


def check_token(key: bytes, purpose: str, token: str, nonce: bytes) -> None:
    """Refuse a token that does not belong to this purpose and this row."""
    raw = _raw(token)
    row = row_of(token)
    if not hmac.compare_digest(raw[16:], _tag(key, purpose, row, nonce)):
        raise BadToken


def seal_form(key: bytes, purpose: str, content: dict[str, Any]) -> str:
    """A signed note that a form carries through the browser; readable, not changeable."""
    body = json.dumps(content, separators=(",", ":"), sort_keys=True).encode()
    return _text(_mac(key, purpose, body) + body)


def open_form(key: bytes, purpose: str, token: str) -> dict[str, Any]:
    raw = _raw(token)
    tag, body = raw[:TAG_BYTES], raw[TAG_BYTES:]
    if not hmac.compare_digest(tag, _mac(key, purpose, body)):
        raise BadToken
    content: dict[str, Any] = json.loads(body)
    return content


def keyed_hash(key: bytes, *parts: str) -> bytes:
    """A look-up value that says nothing without the key."""
    return hmac.digest(key, "\x1f".join(parts).encode(), hashlib.sha256)


def _tag(key: bytes, purpose: str, row: uuid.UUID, nonce: bytes) -> bytes:
    return _mac(key, purpose, row.bytes + nonce)


def _mac(key: bytes, purpose: str, content: bytes) -> bytes:
    return hmac.digest(key, purpose.encode() + b"\x00" + content, hashlib.sha256)[:TAG_BYTES]


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _raw(token: str) -> bytes:
    try:
        return base64.b64decode(
            token.encode("ascii") + b"=" * (-len(token) % 4), altchars=b"-_", validate=True
        )
    except ValueError as error:
        raise BadToken from error
