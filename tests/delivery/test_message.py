"""Building mail: nothing can be smuggled into a header, and nothing is lost on the way."""

from __future__ import annotations

import email
import re
from datetime import UTC, datetime
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.policy import compat32, default
from email.utils import parseaddr

import pytest

from app.delivery.headers import MAIL, BadHeader, require_sound
from app.delivery.message import Attachment, Message, build
from tests.delivery.outbox import a_message

ID = "<0123456789abcdef@act.example.org>"
NOW = datetime(2026, 5, 12, 12, 34, 56, tzinfo=UTC)
PLAIN = {
    "from",
    "to",
    "subject",
    "date",
    "message-id",
    "content-language",
    "mime-version",
    "content-type",
    "content-transfer-encoding",
}

BREAKS = (
    "\r\n",
    "\n",
    "\r",
    "\x00",
    "\x0b",
    "\x0c",
    "\x1c",
    "\x85",
    "\u2028",
    "\u2029",
    "\x7f",
    "\ud800",
    "\r\n ",
    "\n\t",
    "\r\n\r\n",
)
PAYLOADS = [f"a{line_end}Bcc: x@evil.example" for line_end in BREAKS] + [
    "=?utf-8?q?a=0D=0ABcc=3A_x=40evil=2Eexample?=",
    "=?utf-8?b?YQ0KQmNjOiB4QGV2aWwuZXhhbXBsZQ==?=",
    "=?UTF-8?Q?a=0ABcc:x?=",
    "=?iso-8859-1*en?q?a=0D=0ABcc:x?=",
    "before =?utf-8?q?=0ABcc:x",
    "\r\nBcc: x@evil.example\r\n\r\n<html>",
]
FIELDS = (
    "sender_name",
    "sender_address",
    "to_name",
    "to_address",
    "reply_to",
    "subject",
    "language",
)


def parse(message: Message) -> EmailMessage:
    parsed = email.message_from_bytes(built(message), policy=default)
    assert isinstance(parsed, EmailMessage)
    return parsed


def plain(header: str) -> str:
    """What a reader sees of a header with encoded words in it."""
    return str(make_header(decode_header(re.sub(r"\r\n(?=[ \t])", "", header))))


def built(message: Message) -> bytes:
    return build(message, message_id=ID, date=NOW)


@pytest.mark.parametrize("payload", PAYLOADS)
@pytest.mark.parametrize("field", FIELDS)
def test_nothing_is_smuggled_into_a_header(field: str, payload: str) -> None:
    with pytest.raises(BadHeader):
        built(a_message(**{field: payload}))


@pytest.mark.parametrize("payload", PAYLOADS)
def test_nothing_is_smuggled_in_by_file_names_and_extra_headers(payload: str) -> None:
    for bad in (
        {"attachments": (Attachment(payload, "text/plain", b"x"),)},
        {"attachments": (Attachment("a.txt", payload, b"x"),)},
        {"headers": (("List-Id", payload),)},
        {"headers": ((payload, "x"),)},
    ):
        with pytest.raises(BadHeader):
            built(a_message(**bad))
    with pytest.raises(BadHeader):
        build(a_message(), message_id=payload, date=NOW)


@pytest.mark.parametrize(
    "name", ["Bcc", "To", "From", "Content-Type", "Received", "X-Any", "Subject"]
)
def test_only_headers_on_the_list_can_be_added(name: str) -> None:
    with pytest.raises(BadHeader):
        built(a_message(headers=((name, "x"),)))


@pytest.mark.parametrize(
    "address",
    [
        "a@b>",
        "<a@b>",
        "a b@c",
        "a@b c",
        "a,b@c",
        "a@b,c@d",
        "a",
        "@b",
        "a@",
        "ä@b.example",
        "a@ä.example",
    ],
)
def test_an_address_is_bare_and_ascii(address: str) -> None:
    for field in ("sender_address", "to_address"):
        with pytest.raises(BadHeader):
            built(a_message(**{field: address}))


SOUND = (
    b"From: a@b.example\r\nTo: c@d.example\r\nMIME-Version: 1.0\r\n"
    b"Content-Type: text/plain\r\n\r\nText\r\n"
)
EXPECTED = ["From", "To", "MIME-Version", "Content-Type"]


@pytest.mark.parametrize(
    ("found", "put"),
    [
        (b"To:", b"Bcc: x@evil.example\r\nTo:"),
        (b"To:", b"To: x@evil.example\r\nTo:"),
        (b"To: c@d.example\r\n", b""),
        (b"c@d.example\r\n", b"c@d.example\r\n\r\n"),
        (b"c@d", b"c\n@d"),
        (b"Text", b"Te\rxt"),
        (b"Text", b"Te\nxt"),
        (b"Text", b"Te\x00xt"),
        (b"Text", b"x" * 999),
        (b"Text", "Täxt".encode()),
    ],
)
def test_the_finished_bytes_are_checked_by_themselves(found: bytes, put: bytes) -> None:
    require_sound(SOUND, EXPECTED)
    with pytest.raises(BadHeader):
        require_sound(SOUND.replace(found, put, 1), EXPECTED)


def test_what_the_first_guard_lets_through_the_second_refuses() -> None:
    endless_tag = "en" + "-abcdefgh" * 200
    with pytest.raises(BadHeader):
        built(a_message(language=endless_tag))


def test_a_part_cannot_grow_headers() -> None:
    mail = email.message_from_bytes(
        built(a_message(attachments=(Attachment("a.txt", "text/plain", b"x"),))), policy=MAIL
    )
    names = [*mail.keys()]
    require_sound(mail.as_bytes(), names)
    part = mail.get_payload()[1]  # type: ignore[index]
    part["Bcc"] = "x@evil.example"  # type: ignore[index]
    with pytest.raises(BadHeader):
        require_sound(mail.as_bytes(), names)


@pytest.mark.parametrize(
    "name",
    [
        "Olena",
        "Dr. Olena Q. Public, PhD",
        'Olena "Lena" P',
        "back\\slash",
        "Олена Петренко",
        "Салтанат Қайратқызы Әбдікәрімова-Тұрсынбекова, министр",
        "الوزير محمد عبد الله بن عبد الرحمن",
        "שלום, עולם",
        "Nguyễn Thị Minh Khai <script>",
        "नरेंद्र",
        "🕊️ Peace",
        "two  spaces",
        "x" * 200,
        "ж" * 200,
        "a@b.example",
        "(comment)",
    ],
)
def test_every_name_arrives_as_it_was(name: str) -> None:
    raw = built(a_message(sender_name=name, to_name=name, subject=name))

    # Not with the newer parser, which leaves a space between two encoded words of a name.
    mail = email.message_from_bytes(raw, policy=compat32)
    read = {header: parseaddr(mail[header]) for header in ("From", "To")}
    assert {plain(shown) for shown, _ in read.values()} == {name}
    assert read["From"][1] == "letters@act.example.org"
    assert read["To"][1] == "office@ministry.example.org"
    assert plain(mail["Subject"]) == name
    assert len(email.message_from_bytes(raw, policy=default)["To"].addresses) == 1


@pytest.mark.parametrize(
    "text",
    [
        "Dear Minister,\n\n.\n.hidden\nFrom me\n",
        "long " * 500 + "\n",
        "x" * 5000 + "\n",
        "Уважаемый господин министр!\n" * 40,
        "ж" * 5000 + "\n",
        "mostly ascii with ü\n",
        "trailing space \nand tab\t\n",
        "= equals =3D signs ==\n",
        "السيد الوزير المحترم،\n",
        "\n",
    ],
)
def test_every_text_arrives_as_it_was_and_no_line_is_broken(text: str) -> None:
    for fields in ({}, {"html": "<p>ж</p>"}):
        raw = built(a_message(text=text, **fields))
        mail = email.message_from_bytes(raw, policy=default)
        part = mail.get_body(("plain",))  # type: ignore[attr-defined]
        assert part.get_content().replace("\r\n", "\n") == text
        assert part["Content-Transfer-Encoding"] in ("quoted-printable", "base64")
        assert max(map(len, raw.split(b"\r\n"))) <= 78
        assert not re.search(rb"\r(?!\n)|(?<!\r)\n", raw)


def test_a_plain_message_has_exactly_its_headers() -> None:
    mail = parse(a_message())

    assert sorted(name.lower() for name in mail) == sorted(PLAIN)
    assert mail["Message-ID"] == ID
    assert mail["Content-Language"] == "en"
    assert mail["Date"] == "Tue, 12 May 2026 12:34:00 +0000", "coarse, to the minute"


def test_text_comes_first_then_html_then_files() -> None:
    mail = parse(
        a_message(
            html="<p>Dear</p>",
            reply_to="section@example.org",
            attachments=(Attachment("лист.pdf", "application/pdf", b"%PDF-1\x00\xff"),),
        )
    )

    assert [part.get_content_type() for part in mail.walk()] == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "text/html",
        "application/pdf",
    ]
    (file,) = mail.iter_attachments()
    assert file.get_filename() == "лист.pdf"
    assert file.get_content() == b"%PDF-1\x00\xff"
    assert mail["Reply-To"] == "section@example.org"


def test_an_unsubscribe_address_is_never_encoded() -> None:
    link = f"<https://act.example.org/en/stop/{'t' * 120}>, <mailto:stop@act.example.org>"
    raw = built(
        a_message(
            headers=(
                ("List-Unsubscribe", link),
                ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
                ("Auto-Submitted", "auto-generated"),
            )
        )
    )

    assert link.partition(", ")[0].encode() in raw
    mail = email.message_from_bytes(raw, policy=default)
    assert mail["List-Unsubscribe"] == link
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_the_same_message_makes_the_same_bytes() -> None:
    message = a_message(html="<p>x</p>", attachments=(Attachment("a", "text/plain", b"x"),))
    assert built(message) == built(message)


def test_a_message_comes_out_of_its_payload_as_it_went_in() -> None:
    message = a_message(
        text="ж\n",
        headers=(("List-Id", "<a.b>"),),
        attachments=(Attachment("a.pdf", "application/pdf", bytes(range(256))),),
    )
    assert Message.from_bytes(message.to_bytes()) == message


def test_the_golden_mail() -> None:
    raw = built(a_message(sender_name="Олена", to_name="Minister, Office of the"))
    assert raw == (
        b"From: =?utf-8?b?0J7Qu9C10L3QsA==?= <letters@act.example.org>\r\n"
        b'To: "Minister, Office of the" <office@ministry.example.org>\r\n'
        b"Subject: =?utf-8?b?VGhlIGNhc2Ugb2YgTWFtYcOv?=\r\n"
        b"Date: Tue, 12 May 2026 12:34:00 +0000\r\n"
        b"Message-ID: <0123456789abcdef@act.example.org>\r\n"
        b'Content-Type: text/plain; charset="utf-8"\r\n'
        b"Content-Transfer-Encoding: quoted-printable\r\n"
        b"MIME-Version: 1.0\r\n"
        b"Content-Language: en\r\n"
        b"\r\n"
        b"Dear Minister,\r\n.\r\nplease act.\r\n"
    )
