"""Every payload in every field that reaches a mail: the finished bytes never have a header more.

A payload is either refused or arrives as the words it is; `build` alone is asked, so the table
holds whoever writes the lines.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import compat32, default
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.delivery.headers import BadHeader
from app.delivery.message import EXTRA_HEADERS, Attachment, Message, build
from tests.delivery.outbox import a_message

ID = "<0123456789abcdef@act.example.org>"
NOON = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
EVIL = "x@evil.example"
NAMED = ("From", "To", "Subject", "Date", "Message-ID", "Content-Language", "MIME-Version")
PART = {"content-type", "content-transfer-encoding", "content-disposition", "mime-version"}

# What no line may hold; each is refused in each field.
BREAKING = {
    "CRLF": f"a\r\nBcc: {EVIL}",
    "LF": f"a\nBcc: {EVIL}",
    "CR": f"a\rBcc: {EVIL}",
    "CRLF at the end": "a\r\n",
    "LF at the beginning": f"\nBcc: {EVIL}",
    "continuation by a space": f"a\r\n Bcc: {EVIL}",
    "continuation by a tab": f"a\n\tBcc: {EVIL}",
    "end of the headers": "a\r\n\r\n<html>own body</html>",
    "end of the mail": f"a\r\n.\r\nMAIL FROM:<{EVIL}>",
    "doubled CR": f"a\r\r\nBcc: {EVIL}",
    "NUL": f"a\x00Bcc: {EVIL}",
    "vertical tab": f"a\x0bBcc: {EVIL}",
    "form feed": f"a\x0cBcc: {EVIL}",
    "file separator": f"a\x1cBcc: {EVIL}",
    "escape": f"a\x1b[2JBcc: {EVIL}",
    "delete": f"a\x7fBcc: {EVIL}",
    "next line": f"a\x85Bcc: {EVIL}",
    "line separator": f"a\u2028Bcc: {EVIL}",
    "paragraph separator": f"a\u2029Bcc: {EVIL}",
    "lone surrogate": f"a\ud800Bcc: {EVIL}",
    "encoded word, quoted": f"=?utf-8?q?a=0D=0ABcc:_{EVIL}?=",
    "encoded word, base64": "=?utf-8?b?YQ0KQmNjOiB4QGV2aWwuZXhhbXBsZQ==?=",
    "encoded word, upper case": "=?UTF-8?Q?a=0ABcc:x?=",
    "encoded word with a language": "=?iso-8859-1*en?q?a=0D=0ABcc:x?=",
    "encoded word in UTF-7": "=?utf-7?q?+AA0ACg-Bcc:x?=",
    "encoded word not closed": "before =?utf-8?q?=0ABcc:x",
    "encoded word among words": "Dear =?utf-8?q?=0ABcc:x?= friend",
    "two encoded words": "=?utf-8?q?a?= =?utf-8?q?=0D=0ABcc:x?=",
}
# What is only words, as long as nobody reads more into it.
WORDY = {
    "percent escapes": f"a%0d%0aBcc:%20{EVIL}",
    "backslashes": f"a\\r\\nBcc: {EVIL}",
    "HTML escapes": f"a&#13;&#10;Bcc: {EVIL}",
    "letters that end in CR and LF as bytes": f"a\u560d\u560aBcc: {EVIL}",
    "pictures of CR and LF": f"a\u240d\u240aBcc: {EVIL}",
    "header in one line": f"Bcc: {EVIL}",
    "second address": f"a, {EVIL}",
    "address in brackets": f"a <{EVIL}>",
    "quotes that close": f'a" <{EVIL}>, "b',
    "group": f"all: {EVIL};",
    "comment": f"a ({EVIL})",
    "backslash at the end": "a\\",
    "parameter of a type": '"; boundary="x',
    "very long": "Bcc: x " * 200,
    "very long word": "x" * 2000,
    "very long beyond ASCII": "ж" * 900 + f" Bcc: {EVIL}",
    "boundary": "--=_",
}
ADDRESS = ("sender_address", "to_address", "reply_to")
FIELDS: dict[str, Callable[[str], Message]] = {
    field: lambda text, field=field: a_message(**{field: text})  # type: ignore[misc]
    for field in ("sender_name", "to_name", "subject", "language", *ADDRESS)
}
FIELDS |= {
    name: lambda text, name=name: a_message(headers=((name, text),))  # type: ignore[misc]
    for name in sorted(EXTRA_HEADERS)
}
FIELDS |= {
    "name of a header": lambda text: a_message(headers=((text, "x"),)),
    "file name": lambda text: a_message(attachments=(Attachment(text, "text/plain", b"x"),)),
    "type of a file": lambda text: a_message(attachments=(Attachment("a.txt", text, b"x"),)),
}
BODIES: dict[str, Callable[[str], Message]] = {
    "text": lambda text: a_message(text=text),
    "text beside HTML": lambda text: a_message(text=text, html="<p>x</p>"),
    "HTML": lambda text: a_message(html=text),
    "file": lambda text: a_message(
        attachments=(Attachment("a", "text/plain", text.encode(errors="surrogatepass")),)
    ),
}


def headers_are_only_those_of(message: Message) -> None:
    """Build, read with two parsers, compare; a refusal is as good."""
    try:
        raw = build(message, message_id=ID, date=NOON)
    except BadHeader:
        return
    extra = [name for name, _ in message.headers]
    wanted = Counter(name.lower() for name in (*NAMED, "Content-Type", *extra))
    wanted["reply-to"] += bool(message.reply_to)
    head, _, _ = raw.partition(b"\r\n\r\n")
    # By hand first: parsers forgive what another one would not.
    seen = Counter(
        line.partition(b":")[0].decode().lower()
        for line in head.split(b"\r\n")
        if line[:1] not in (b" ", b"\t")
    )
    seen.pop("content-transfer-encoding", None)
    assert +seen == +wanted
    assert raw.isascii()
    assert b"\n" not in raw.replace(b"\r\n", b"")
    for policy in (compat32, default):
        mail: Any = message_from_bytes(raw, policy=policy)
        found = Counter(name.lower() for name in mail)
        found.pop("content-transfer-encoding", None)
        assert +found == +wanted
        assert mail["Bcc"] is None
        for part in list(mail.walk())[1:]:
            assert {name.lower() for name in part} <= PART
    addressed = message_from_bytes(raw, policy=default)
    given_as = {
        "From": message.sender_address,
        "To": message.to_address,
        "Reply-To": message.reply_to,
    }
    for name, address in given_as.items():
        if address:
            assert [one.addr_spec for one in addressed[name].addresses] == [address]


@pytest.mark.parametrize("payload", BREAKING.values(), ids=BREAKING)
@pytest.mark.parametrize("put", FIELDS.values(), ids=FIELDS)
def test_what_breaks_a_line_is_refused(put: Callable[[str], Message], payload: str) -> None:
    with pytest.raises(BadHeader):
        build(put(payload), message_id=ID, date=NOON)


@pytest.mark.parametrize("payload", BREAKING.values(), ids=BREAKING)
def test_what_breaks_a_line_is_no_id(payload: str) -> None:
    with pytest.raises(BadHeader):
        build(a_message(), message_id=payload, date=NOON)


@pytest.mark.parametrize("payload", WORDY.values(), ids=WORDY)
@pytest.mark.parametrize("put", FIELDS.values(), ids=FIELDS)
def test_words_add_no_header(put: Callable[[str], Message], payload: str) -> None:
    headers_are_only_those_of(put(payload))


@pytest.mark.parametrize("payload", WORDY.values(), ids=WORDY)
@pytest.mark.parametrize("field", ADDRESS)
def test_words_are_no_address(field: str, payload: str) -> None:
    with pytest.raises(BadHeader):
        build(a_message(**{field: payload}), message_id=ID, date=NOON)


BODY_PAYLOADS = {name: text for name, text in (BREAKING | WORDY).items() if "\ud800" not in text}


@pytest.mark.parametrize("payload", BODY_PAYLOADS.values(), ids=BODY_PAYLOADS)
@pytest.mark.parametrize("put", BODIES.values(), ids=BODIES)
def test_a_body_stays_a_body(put: Callable[[str], Message], payload: str) -> None:
    headers_are_only_those_of(put(payload))


SCRAPS = st.lists(
    st.sampled_from(
        [
            *("\r\n", "\n", "\r", "\x85", "\u2028", " ", "\t", ":", ",", ";", '"', "\\", "<", ">"),
            *(
                "=?",
                "?=",
                "utf-8",
                "?q?",
                "?b?",
                "=0D=0A",
                "Bcc",
                EVIL,
                "(",
                ")",
                "@",
                "ж",
                "🕊",
                "a",
            ),
        ]
    ),
    max_size=14,
).map("".join)


@settings(max_examples=400, deadline=None)
@given(field=st.sampled_from(sorted(FIELDS)), text=SCRAPS | st.text(max_size=60))
def test_nothing_that_can_be_typed_adds_a_header(field: str, text: str) -> None:
    headers_are_only_those_of(FIELDS[field](text))
