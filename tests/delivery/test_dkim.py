"""Signatures: two verifiers that we did not write accept them, and refuse every alteration."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path

import dkim
import pytest
from hypothesis import HealthCheck, given, settings

from app.delivery.dkim import (
    NoSigningKey,
    Signer,
    files_of,
    make_keys,
    read_signers,
    relevant,
    signed,
)
from app.delivery.message import Message, build
from tests.delivery.outbox import a_message
from tests.delivery.test_frame import GOLDEN_MAILS, MESSAGES, outcome
from tests.delivery.test_message import ID, NOW

DOMAIN = "act.example.org"
LISTED = a_message(
    html="<p>x  y</p>\n",
    reply_to="section@example.org",
    text="Dear  Minister, \n\n act.\t\n\n\n",
    headers=(
        ("List-Unsubscribe", f"<https://act.example.org/en/stop/{'t' * 90}>"),
        ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
        ("Auto-Submitted", "auto-generated"),
    ),
)


@pytest.fixture(scope="session")
def signers(tmp_path_factory: pytest.TempPathFactory) -> tuple[Signer, Signer]:
    folder = tmp_path_factory.mktemp("dkim")
    make_keys(folder, "s2026")
    return read_signers(folder, "s2026", DOMAIN)


def mail(signers: tuple[Signer, Signer], message: Message = LISTED) -> bytes:
    return signed(build(message, message_id=ID, date=NOW), signers)


def dkimpy_accepts(raw: bytes, signers: tuple[Signer, Signer]) -> list[bool]:
    """What dkimpy says of each signature in turn."""
    records = {f"{each.dns_name}.".encode(): each.dns_value.encode() for each in signers}

    def ask(name: bytes, timeout: int = 5) -> bytes | None:
        return records.get(name)

    verifier = dkim.DKIM(raw)
    said = []
    for place in range(len(signers)):
        try:
            said.append(verifier.verify(idx=place, dnsfunc=ask))
        except (dkim.DKIMException, IndexError):
            said.append(False)
    return said


def opendkim_accepts(raw: bytes, signers: tuple[Signer, Signer], folder: Path) -> bool:
    program = shutil.which("opendkim", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if program is None:
        if os.environ.get("CI"):
            pytest.fail("opendkim is not installed")
        pytest.skip("opendkim is not installed")
    (folder / "keys").write_text("".join(f"{s.dns_name} {s.dns_value}\n" for s in signers))
    (folder / "conf").write_text(
        f"Mode v\nTestPublicKeys {folder / 'keys'}\nOn-BadSignature reject\n"
        "On-NoSignature reject\nOn-KeyNotFound reject\nOn-SignatureError reject\n"
    )
    (folder / "mail").write_bytes(raw)
    said = subprocess.run(
        [program, "-t", str(folder / "mail"), "-x", str(folder / "conf"), "-v", "-v"],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    return said.returncode == 0 and "dkim=pass" in said.stdout and "dkim=fail" not in said.stdout


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(message=MESSAGES)
def test_dkimpy_accepts_every_mail(signers: tuple[Signer, Signer], message: Message) -> None:
    raw = outcome(build, message)
    if isinstance(raw, bytes):
        assert dkimpy_accepts(signed(raw, signers), signers) == [True, True]


@pytest.mark.parametrize("name", [*GOLDEN_MAILS, "listed"])
def test_both_verifiers_accept(name: str, signers: tuple[Signer, Signer], tmp_path: Path) -> None:
    raw = mail(signers, GOLDEN_MAILS.get(name, LISTED))

    assert dkimpy_accepts(raw, signers) == [True, True]
    assert max(map(len, raw.partition(b"From:")[0].split(b"\r\n"))) <= 78
    for one in signers:
        alone = signed(build(LISTED, message_id=ID, date=NOW), [one])
        if one.algorithm == "rsa-sha256":
            assert opendkim_accepts(alone, (one, one), tmp_path)
    assert opendkim_accepts(raw, signers, tmp_path)


ALTERATIONS: dict[str, Callable[[bytes], bytes]] = {
    "another name in From": lambda raw: raw.replace(b"From: Olena", b"From: Elena", 1),
    "a second From": lambda raw: b"From: evil@evil.example\r\n" + raw,
    "another To": lambda raw: raw.replace(b"To: office@", b"To: press@", 1),
    "a second Subject": lambda raw: b"Subject: Win\r\n" + raw,
    "another Date": lambda raw: raw.replace(b"12:34:00", b"12:35:00", 1),
    "another Message-ID": lambda raw: raw.replace(b"<0123456789", b"<0123456780", 1),
    "another Reply-To": lambda raw: raw.replace(b"Reply-To: section@", b"Reply-To: evil@", 1),
    "another List-Unsubscribe": lambda raw: raw.replace(b"/en/stop/t", b"/en/stop/u", 1),
    "a second Content-Type": lambda raw: b"Content-Type: text/html\r\n" + raw,
    "a word in the body": lambda raw: raw.replace(b"Minister", b"minister", 1),
    "a line behind the body": lambda raw: raw + b"Pay here\r\n",
    "a header less": lambda raw: raw.replace(b"Reply-To: section@example.org\r\n", b"", 1),
}


@pytest.mark.parametrize("name", ALTERATIONS)
def test_both_verifiers_refuse_an_alteration(
    name: str, signers: tuple[Signer, Signer], tmp_path: Path
) -> None:
    raw = mail(signers)
    altered = ALTERATIONS[name](raw)

    assert altered != raw
    assert dkimpy_accepts(altered, signers) == [False, False]
    assert not opendkim_accepts(altered, signers, tmp_path)


def test_a_reply_to_cannot_be_added_where_there_was_none(signers: tuple[Signer, Signer]) -> None:
    raw = mail(signers, a_message())
    assert dkimpy_accepts(raw, signers) == [True, True]
    assert dkimpy_accepts(b"Reply-To: evil@evil.example\r\n" + raw, signers) == [False, False]


def test_a_signature_has_no_length_and_no_moment(signers: tuple[Signer, Signer]) -> None:
    raw = mail(signers)
    assert raw == mail(signers), "the same mail is signed the same way, on every attempt"
    tags = raw[: raw.index(b"From:")].replace(b"\r\n", b"").replace(b" ", b"")
    assert not any(tag in tags for tag in (b";l=", b";t=", b";x=", b";i="))


def test_keys_are_for_their_owner_alone_and_never_replaced(tmp_path: Path) -> None:
    for path in make_keys(tmp_path / "keys", "s1"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o700
    with pytest.raises(NoSigningKey):
        make_keys(tmp_path / "keys", "s1")


@pytest.mark.parametrize("selector", ["", "-a", "a.b", "A", "a b", "../x", "a" * 60, "а"])
def test_a_selector_can_stand_in_a_name(selector: str, tmp_path: Path) -> None:
    with pytest.raises(NoSigningKey):
        make_keys(tmp_path, selector)


def test_a_key_that_is_open_missing_or_of_another_kind_is_refused(tmp_path: Path) -> None:
    make_keys(tmp_path, "s1")
    rsa, ed25519 = files_of(tmp_path, "s1")
    kept = rsa.read_bytes()
    rsa.chmod(0o644)
    with pytest.raises(NoSigningKey):
        read_signers(tmp_path, "s1", DOMAIN)
    rsa.chmod(0o600)
    read_signers(tmp_path, "s1", DOMAIN)
    for bad in (ed25519.read_bytes(), b"nonsense", b""):
        rsa.write_bytes(bad)
        with pytest.raises(NoSigningKey):
            read_signers(tmp_path, "s1", DOMAIN)
    rsa.write_bytes(kept)
    ed25519.unlink()
    with pytest.raises(NoSigningKey):
        read_signers(tmp_path, "s1", DOMAIN)


@pytest.mark.parametrize(
    ("address", "signs"),
    [
        ("letters@act.example.org", True),
        ("letters@mail.act.example.org", True),
        ("letters@ACT.example.org", True),
        ("letters@example.org", False),
        ("letters@react.example.org", False),
        ("letters@evil.example", False),
    ],
)
def test_a_key_speaks_for_its_domain(
    address: str, *, signs: bool, signers: tuple[Signer, Signer]
) -> None:
    assert bool(relevant(signers, address)) is signs
