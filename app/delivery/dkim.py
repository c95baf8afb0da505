"""Signing mail (RFC 6376, RFC 8463): twice, by RSA-2048 for everybody and by Ed25519 for the new.

We sign before the relay sees the mail, so the keys are never on a relay, and whatever it changes
shows. Headers and body are signed in their relaxed form, whole (no `l=`), and headers that would
change what a reader sees are signed once more than they stand there, so that none can be added.
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key

RSA_BITS: Final = 2048

# Signed once more than they stand in the mail: one that is added breaks the signature.
_OVERSIGNED: Final = (
    b"from",
    b"to",
    b"subject",
    b"date",
    b"message-id",
    b"reply-to",
    b"mime-version",
    b"content-type",
    b"content-transfer-encoding",
)
# Signed where they stand.
_SIGNED: Final = (
    b"content-language",
    b"auto-submitted",
    b"precedence",
    b"feedback-id",
    b"list-help",
    b"list-id",
    b"list-unsubscribe",
    b"list-unsubscribe-post",
)
_SELECTOR = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,50}[a-z0-9])?")
_BLANKS = re.compile(rb"[ \t]+")
_FOLD = re.compile(rb"\r\n(?=[ \t])")
_HASHED_AT_MOST = 76


class NoSigningKey(Exception):
    """A key for signing is missing, of another kind, or open to everybody."""


@dataclass(frozen=True, slots=True, repr=False)
class Signer:
    """One key under one selector. No `repr`: a traceback must not show a key."""

    domain: str
    selector: str
    key: RSAPrivateKey | Ed25519PrivateKey

    @property
    def algorithm(self) -> str:
        return "rsa-sha256" if isinstance(self.key, RSAPrivateKey) else "ed25519-sha256"

    @property
    def dns_name(self) -> str:
        return f"{self.selector}._domainkey.{self.domain}"

    @property
    def dns_value(self) -> str:
        """What to publish at `dns_name`, so that others can check."""
        public = self.key.public_key()
        raw = serialization.Encoding.Raw, serialization.PublicFormat.Raw
        info = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        is_rsa = isinstance(self.key, RSAPrivateKey)
        octets = public.public_bytes(*(info if is_rsa else raw))
        kind = "rsa" if is_rsa else "ed25519"
        return f"v=DKIM1; k={kind}; p={base64.b64encode(octets).decode()}"

    def sign(self, digest_of: bytes) -> bytes:
        if isinstance(self.key, RSAPrivateKey):
            return self.key.sign(digest_of, padding.PKCS1v15(), hashes.SHA256())
        # RFC 8463: Ed25519 signs the SHA-256 of what is signed, not the thing itself.
        return self.key.sign(hashlib.sha256(digest_of).digest())


def signed(raw: bytes, signers: Sequence[Signer]) -> bytes:
    """The mail with one signature of each signer before it; canonical forms are made once."""
    if not signers:
        return raw
    head, _, body = raw.partition(b"\r\n\r\n")
    names: list[bytes] = []
    lines: dict[bytes, bytes] = {}
    for header in _FOLD.sub(b"", head).split(b"\r\n"):
        name, _, value = header.partition(b":")
        name = name.lower()
        names.append(name)
        # Each header of ours stands once, which the guard on the finished bytes has seen to.
        lines[name] = name + b":" + _BLANKS.sub(b" ", value).strip(b" ") + b"\r\n"
    chosen = [name for name in names if name in _OVERSIGNED or name in _SIGNED]
    hashed = base64.b64encode(hashlib.sha256(_relaxed_body(body)).digest()).decode()
    content = b"".join(lines[name] for name in chosen)
    listed = ":".join(name.decode() for name in (*chosen, *_OVERSIGNED))
    return b"".join((*(_signature(s, content, listed, hashed) for s in signers), raw))


def relevant(signers: Sequence[Signer], address: str) -> list[Signer]:
    """The signers that speak for an address: its own domain or one above, as DMARC wants."""
    domain = "." + address.rpartition("@")[2].lower()
    return [signer for signer in signers if domain.endswith("." + signer.domain)]


def require_selector(selector: str) -> None:
    """Refuse what cannot stand in the name of a DNS record."""
    if not _SELECTOR.fullmatch(selector):
        raise NoSigningKey(f"{selector!r} cannot be a selector: small letters, digits and hyphens")


def files_of(folder: Path, selector: str) -> tuple[Path, Path]:
    """Where the two keys of a selector are."""
    return folder / f"{selector}.rsa.pem", folder / f"{selector}.ed25519.pem"


def make_keys(folder: Path, selector: str) -> tuple[Path, Path]:
    """Two new keys, readable by their owner alone; a key that is there is never replaced."""
    require_selector(selector)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    paths = files_of(folder, selector)
    if any(path.exists() for path in paths):
        raise NoSigningKey(f"{selector} has keys already; choose another selector")
    made: tuple[RSAPrivateKey | Ed25519PrivateKey, ...] = (
        generate_private_key(public_exponent=65537, key_size=RSA_BITS),
        Ed25519PrivateKey.generate(),
    )
    for path, key in zip(paths, made, strict=True):
        text = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as target:
            target.write(text)
    return paths


def read_signers(folder: Path, selector: str, domain: str) -> tuple[Signer, Signer]:
    """Both keys of a selector, RSA first: who reads only the first signature reads that one."""
    require_selector(selector)
    rsa_file, ed25519_file = files_of(folder, selector)
    rsa, ed25519 = _read(rsa_file), _read(ed25519_file)
    if not isinstance(rsa, RSAPrivateKey) or rsa.key_size < RSA_BITS:
        raise NoSigningKey(f"{rsa_file} holds no RSA key of {RSA_BITS} bits")
    if not isinstance(ed25519, Ed25519PrivateKey):
        raise NoSigningKey(f"{ed25519_file} holds no Ed25519 key")
    # A record of DNS holds one key, so each has a name of its own.
    return Signer(domain, f"{selector}-rsa", rsa), Signer(domain, f"{selector}-ed25519", ed25519)


def _read(path: Path) -> object:
    try:
        if path.stat().st_mode & (stat.S_IRWXO):
            raise NoSigningKey(f"{path} can be read by everybody; chmod 600 it")
        return serialization.load_pem_private_key(path.read_bytes(), None)
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as error:
        # The kind only: the text of the error may quote the file.
        raise NoSigningKey(f"{path} cannot be read ({type(error).__name__})") from None


def _signature(signer: Signer, content: bytes, listed: str, hashed: str) -> bytes:
    fields = (
        "v=1",
        f"a={signer.algorithm}",
        "c=relaxed/relaxed",
        f"d={signer.domain}",
        f"s={signer.selector}",
        f"h={listed}",
        f"bh={hashed}",
        "b=",
    )
    value = _folded(fields)
    relaxed = b"dkim-signature:" + _BLANKS.sub(b" ", _FOLD.sub(b"", value)).strip(b" ")
    tag = base64.b64encode(signer.sign(content + relaxed)).decode()
    lines = [tag[at : at + 72] for at in range(0, len(tag), 72)]
    return (
        b"DKIM-Signature: " + value + "".join(f"\r\n {line}" for line in lines).encode() + b"\r\n"
    )


def _folded(fields: Sequence[str]) -> bytes:
    """One field after the other, a new line where the next would not fit, long lists at colons."""
    done: list[str] = []
    line = ""
    for piece in re.split(r"(?<=[:])|(?<=; )", "; ".join(fields)):
        if line and len(line) + len(piece) > _HASHED_AT_MOST - 16:
            done.append(line.rstrip(" "))
            line = " "
        line += piece
    return "\r\n".join([*done, line]).encode()


def _relaxed_body(body: bytes) -> bytes:
    body = _BLANKS.sub(b" ", body).replace(b" \r\n", b"\r\n").rstrip(b"\r\n")
    return body + b"\r\n" if body else b""
