"""How fast mail is written and signed, against the library and against dkimpy.

    ./run python -m bench.mail

Every ratio is the median of rounds in which all sides take turns.
"""

from __future__ import annotations

import base64
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

import dkim
from cryptography.hazmat.primitives import serialization

from app.delivery.dkim import Signer, make_keys, read_signers, signed
from app.delivery.message import Message, build
from tests.delivery.by_library import build_by_library

ROUNDS = 5
DATE = datetime(2026, 5, 12, 12, 34, tzinfo=UTC)
DOMAIN = "act.example.org"
TEXT = "Уважаемый господин министр! Я прошу Вас освободить заключённого.\n" * 12
PLAIN = "Dear Minister, I ask you to release the prisoner at once and safely.\n" * 30


def main() -> int:
    """Run everything; 1 when a goal is missed."""
    with tempfile.TemporaryDirectory() as folder:
        make_keys(Path(folder), "bench")
        rsa, ed25519 = read_signers(Path(folder), "bench", DOMAIN)
    contents = [_by(build, number) for number in range(40)]
    sides: dict[str, tuple[Callable[[int], object], int]] = {
        "EmailMessage": (lambda n: _by(build_by_library, n), 120),
        "frame": (lambda n: _by(build, n), 1200),
        "dkimpy RSA": (lambda n: _dkimpy(contents[n % 40], rsa), 12),
        "own RSA": (lambda n: signed(contents[n % 40], [rsa]), 240),
        "dkimpy Ed25519": (lambda n: _dkimpy(contents[n % 40], ed25519), 120),
        "own Ed25519": (lambda n: signed(contents[n % 40], [ed25519]), 600),
        "frame and both signatures": (
            lambda n: signed(_by(build, n), [rsa, ed25519]),
            240,
        ),
        "bare RSA": (lambda _: rsa.sign(b"x" * 800), 240),
    }
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(ROUNDS):
        for name, (work, times) in sides.items():
            begun = time.perf_counter()
            for number in range(times):
                work(number)
            seconds[name].append((time.perf_counter() - begun) / times)
    for name, taken in seconds.items():
        noise = max(taken) / min(taken)
        print(f"{name:<28} {1 / median(taken):>9,.0f} mails/s   noise {noise:.2f}")
    missed = 0
    for ours, theirs, goal in (
        ("frame", "EmailMessage", 5.0),
        ("own RSA", "dkimpy RSA", 10.0),
        ("own RSA", "bare RSA", 0.6),
        ("own Ed25519", "dkimpy Ed25519", 1.5),
        ("frame and both signatures", "EmailMessage", 0.9),
    ):
        pairs = zip(seconds[ours], seconds[theirs], strict=True)
        ratio = median(other / mine for mine, other in pairs)
        missed += ratio < goal
        verdict = "met" if ratio >= goal else "MISSED"
        print(f"{ours} against {theirs}: {ratio:.2f} (goal {goal}) {verdict}")
    return int(missed > 0)


def _message(number: int) -> Message:
    return Message(
        sender_name=f"Олена {number}" if number % 2 else f"Sam Supporter {number}",
        sender_address=f"letters@{DOMAIN}",
        reply_to=f"answers@{DOMAIN}",
        to_address="office@ministry.example.org",
        subject="Дело Макса Бокаева" if number % 2 else "The case of Max Bokayev",
        text=f"{TEXT if number % 2 else PLAIN}{number}\n",
        language="ru" if number % 2 else "en",
    )


def _id(number: int) -> str:
    return f"<{number:032x}@{DOMAIN}>"


def _by(write: Callable[..., bytes], number: int) -> bytes:
    return write(_message(number), message_id=_id(number), date=DATE)


def _dkimpy(raw: bytes, signer: Signer) -> bytes:
    is_rsa = signer.algorithm.startswith("rsa")
    if is_rsa:
        key = signer.key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.TraditionalOpenSSL,
            serialization.NoEncryption(),
        )
    else:
        key = _raw_key(signer)
    return dkim.sign(
        raw,
        signer.selector.encode(),
        DOMAIN.encode(),
        key,
        canonicalize=(b"relaxed", b"relaxed"),
        signature_algorithm=signer.algorithm.encode(),
    )


def _raw_key(signer: Signer) -> bytes:
    return base64.b64encode(
        signer.key.private_bytes(
            serialization.Encoding.Raw,
            serialization.PrivateFormat.Raw,
            serialization.NoEncryption(),
        )
    )


if __name__ == "__main__":
    sys.exit(main())
