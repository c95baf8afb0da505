"""What comes back is read for one word: every class of report, answer and attack."""

from __future__ import annotations

import time
import tracemalloc

import pytest

from app.delivery.reports import AT_MOST, Report, Sort, TooMuch, read

ASKER = "minister@ministry.example.org"


def dsn(action: str = "failed", status: str = "5.1.1", *, more: str = "") -> bytes:
    return (
        "From: MAILER-DAEMON@mx.example.org\r\nTo: bounces\r\nSubject: Undelivered\r\n"
        "Auto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nIt did not work.\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\n"
        "Reporting-MTA: dns; mx.example.org\r\n\r\n"
        f"Final-Recipient: rfc822; office@ministry.example.org\r\nAction: {action}\r\n"
        f"Status: {status}\r\n{more}\r\n"
        "--b\r\nContent-Type: text/rfc822-headers\r\n\r\nSubject: The case\r\n--b--\r\n"
    ).encode()


def note(*headers: str, body: str = "Dear Sam,\r\nthank you.\r\n") -> bytes:
    head = "".join(f"{header}\r\n" for header in ("From: a@b.example", *headers))
    return f"{head}Subject: Re: The case\r\n\r\n{body}".encode()


@pytest.mark.parametrize(
    ("status", "is_hard"),
    [
        ("5.1.1", True),
        ("5.1.2", True),
        ("5.1.10", True),
        ("5.2.1", True),
        ("5.2.2", False),
        ("5.7.1", False),
        ("5.0.0", False),
        ("4.4.7", False),
        ("4.1.1", False),
        ("5.4.1", False),
    ],
)
def test_hard_is_what_says_that_the_address_is_gone(status: str, *, is_hard: bool) -> None:
    report = read(dsn(status=status), sender="")
    assert (report, report.is_hard) == (Report(Sort.BOUNCED, status), is_hard)


def test_delayed_is_not_bounced_and_delivered_is_nothing() -> None:
    assert read(dsn("delayed", "4.4.1"), sender="").sort is Sort.DELAYED
    for action in ("delivered", "relayed", "expanded", "nonsense"):
        assert read(dsn(action, "2.0.0"), sender="").sort is Sort.NOISE
    later = "\r\nFinal-Recipient: rfc822; x\r\nAction: failed\r\nStatus: 5.1.1 (gone)\r\n"
    assert read(dsn("delayed", "4.4.1", more=later), sender="") == Report(Sort.BOUNCED, "5.1.1")
    assert read(dsn(status="nonsense"), sender="") == Report(Sort.BOUNCED, "5.0.0")
    assert read(dsn("FAILED", "  5.1.1"), sender="") == Report(Sort.BOUNCED, "5.1.1")


def test_a_report_in_prose_is_read_too() -> None:
    qmail = (
        b"From: MAILER-DAEMON@mx.example.org\nSubject: failure notice\n\n"
        b"Hi. This is the qmail-send program at mx.example.org.\n"
        b"I'm afraid I wasn't able to deliver your message to the following addresses.\n"
        b"This is a permanent error; I've given up. Sorry it didn't work out.\n\n"
        b"<office@ministry.example.org>:\nSorry, no mailbox here by that name.\n\n"
        b"--- Below this line is a copy of the message.\n\nSubject: x\n"
    )
    assert read(qmail, sender="") == Report(Sort.BOUNCED, "5.0.0")


@pytest.mark.parametrize(
    ("header", "sender"),
    [
        ("Auto-Submitted: auto-replied (vacation)", ASKER),
        ("Auto-Submitted: auto-generated", ASKER),
        ("Precedence: bulk", ASKER),
        ("Precedence: auto_reply", ASKER),
        ("X-Autoreply: yes", ASKER),
        ("X-Autorespond: Out of office", ASKER),
        ("X-Any: plain", ""),
        ("X-Any: plain", "<>"),
        ("X-Any: plain", "MAILER-DAEMON@x.example"),
    ],
)
def test_a_machine_is_known_by_its_marks(header: str, sender: str) -> None:
    assert read(note(header), sender=sender).sort is Sort.AUTOMATIC


def test_an_answer_is_what_a_person_wrote() -> None:
    assert read(note(), sender=ASKER).sort is Sort.ANSWER
    assert read(note("Auto-Submitted: no"), sender=ASKER).sort is Sort.ANSWER
    quoting = note(body="Your mail said: Action: failed\r\nStatus: 5.1.1\r\n")
    assert read(quoting, sender=ASKER).sort is Sort.ANSWER


def nested(levels: int, kind: str = "multipart/mixed") -> bytes:
    parts = [
        f'Content-Type: {kind}; boundary="b{n}"\r\n\r\n--b{n}\r\n'.encode() for n in range(levels)
    ]
    return b"From: a@b.example\r\n" + b"".join(parts)


BOMBS = {
    "large": note() + b"x" * AT_MOST,
    "deep": nested(3000),
    "deep messages": b"From: a@b.example\r\n" + b"Content-Type: message/rfc822\r\n\r\n" * 5000,
    "many parts": nested(1) + b"--b0\r\nContent-Type: text/plain\r\n\r\nx\r\n" * 10_000,
    "many headers": b"X-A: b\r\n" * 50_000 + b"\r\nText\r\n",
    "a circle": b"Received: from a by b\r\n" * 60 + note(),
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_in_little_time_and_memory(name: str) -> None:
    tracemalloc.start()
    begun = time.monotonic()
    with pytest.raises(TooMuch):
        read(BOMBS[name], sender=ASKER)
    assert time.monotonic() - begun < 2
    assert tracemalloc.get_traced_memory()[1] < 8 * AT_MOST
    tracemalloc.stop()


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\x00" * 1000,
        b"\xff\xfe" * 500,
        b"no header at all",
        b"Content-Type: multipart/report\r\n\r\n",
        b"Content-Type: multipart/report; boundary=\r\n\r\n--\r\n",
        dsn().replace(b"multipart/report", b"multipart/mixed"),
        dsn().replace(b"message/delivery-status", b"text/plain"),
        dsn()[:300],
        dsn().replace(b"Status: 5.1.1", b"Status: =?utf-8?q?5=2E1?="),
        dsn().replace(b"\r\n", b"\n").replace(b"boundary", b"BOUNDARY"),
        b"From: \xe9\r\nAuto-Submitted: \xe9\r\nSubject: \xff\r\n\r\n\xe9",
        b"a" * (AT_MOST - 10),
        b"From: a@b.example\r\n\r\n" + b"\r\n".join([b"a@b.example"] * 50_000),
    ],
)
def test_whatever_comes_is_read_without_harm(raw: bytes) -> None:
    begun = time.monotonic()
    assert read(raw, sender=ASKER).sort in Sort
    assert time.monotonic() - begun < 5
