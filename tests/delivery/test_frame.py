"""Frames: the bytes the library would have written, and a guard no weaker than parsing them."""

from __future__ import annotations

import email
import os
from datetime import UTC, datetime
from email.policy import compat32
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from app.delivery.frame import Kind, encoded, encoding, frame_of, seed_of
from app.delivery.headers import BadHeader, require_sound
from app.delivery.message import Attachment, Message, build, named_headers
from tests.conftest import ROOT
from tests.delivery.by_library import build_by_library
from tests.delivery.outbox import a_message
from tests.delivery.test_message import BREAKS, ID, NOW, PAYLOADS

GOLDEN = ROOT / "tests" / "snapshots" / "mail"

# Letters of every script that letters are written in, and what mail is afraid of.
LETTERS = st.text(
    alphabet=st.one_of(
        st.sampled_from("az.=-_ \t\r\n\x0b\x0c\x85\u2028éßїҚжλשלוםاسلام中文हिन्दी한🕊️\u200f"),
        st.characters(codec="utf-8"),
    ),
    max_size=400,
)
NAMES = st.text(
    alphabet=st.one_of(
        st.sampled_from('Aé Қж=?"\\<>,;:@()ا中🕊'),
        st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp"]),
    ),
    max_size=130,
)
FILES = st.builds(
    Attachment,
    st.one_of(st.sampled_from(["a.pdf", "лист до міністра.pdf", "x" * 90 + ".pdf"]), NAMES),
    st.sampled_from(["application/pdf", "text/plain", "message/x", "image/png"]),
    st.binary(max_size=300),
)
MESSAGES = st.builds(
    a_message,
    sender_name=NAMES,
    to_name=NAMES,
    subject=NAMES,
    text=LETTERS,
    html=st.one_of(st.just(""), LETTERS),
    reply_to=st.sampled_from(["", "answers@section.example.org"]),
    language=st.sampled_from(["en", "ru", "fa", "pt-BR"]),
    headers=st.sampled_from([(), (("Auto-Submitted", "auto-generated"), ("List-Id", "<a.b>"))]),
    attachments=st.lists(FILES, max_size=2).map(tuple),
)


def outcome(make: object, message: Message) -> bytes | str:
    try:
        return make(message, message_id=ID, date=NOW)  # type: ignore[operator]
    except (BadHeader, ValueError):
        return "refused"


def by_hand(message: Message) -> bytes:
    return build(message, message_id=ID, date=NOW)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(MESSAGES)
@example(a_message(text=""))
@example(a_message(text="", html=" "))
@example(a_message(text="x" * 76 + "\n" + "x" * 77 + " \n" + "é" * 40 + "\t"))
@example(a_message(attachments=(Attachment("a.txt", "text/plain", b""),)))
def test_a_filled_frame_is_what_the_library_writes(message: Message) -> None:
    filled = outcome(build, message)
    wanted = outcome(build_by_library, message)
    if "refused" not in (filled, wanted):
        assert filled == wanted
    elif wanted == "refused":
        assert filled == "refused", "the frame lets through what parsing refuses"
    else:
        # Stricter than the library in one thing: a file of a kind or name we never send.
        assert any(
            not each.filename or each.content_type.startswith("message/")
            for each in message.attachments
        )


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"html": "<p>Dear =3D Minister</p>"},
        {"text": "Уважаемый министр!\n" * 9, "html": "<p>ж</p>", "reply_to": "a@b.example"},
        {"attachments": (Attachment("лист.pdf", "application/pdf", b"%PDF" * 60),)},
    ],
)
def test_the_cheap_guard_refuses_whatever_parsing_refuses(fields: dict[str, object]) -> None:
    message = a_message(**fields)
    raw = by_hand(message)
    named = [name for name, _ in named_headers(message, ID, NOW)]
    names = [name for name, _ in email.message_from_bytes(raw, policy=compat32).items()]
    files = tuple((each.filename, each.content_type) for each in message.attachments)
    html = encoding(message.html) if message.html else ""
    frame = frame_of(Kind(message.language, encoding(message.text), html, files))
    put_in = [
        *(f"{line_end}Bcc: x@evil.example".encode(errors="replace") for line_end in BREAKS),
        *(
            b"\r\n",
            b"\r\n\r\n",
            b"\r\n.\r\n",
            b"\x00",
            "é".encode(),
            b"\r\n--=_",
            b"--",
            b"x" * 999,
        ),
        *(b"\r\n \r\n", b"\r\nTo: y@evil.example\r\n", b":", b" ", b"=", b"\r\n\tx"),
    ]

    frame.require(raw, named, ID)
    let_through = 0
    for at in range(0, len(raw), 7):
        for piece in put_in:
            for cut in (0, 2):
                changed = raw[:at] + piece + raw[at + cut :]
                try:
                    frame.require(changed, named, ID)
                except BadHeader:
                    continue
                require_sound(changed, names)  # no weaker: parsing agrees
                let_through += 1
    assert let_through, "a space inside a body or a value is nobody's harm"


@pytest.mark.parametrize("name", ["To", "Bcc", "Reply-To", "X-Any", "MIME-Version"])
def test_a_header_more_less_or_moved_is_refused(name: str) -> None:
    message = a_message()
    raw = by_hand(message)
    frame = frame_of(Kind("en", encoding(message.text)))
    named = ["From", "To", "Subject", "Date", "Message-ID"]
    frame.require(raw, named, ID)
    lines = raw.split(b"\r\n")
    for changed in (
        b"\r\n".join([f"{name}: x".encode(), *lines]),
        b"\r\n".join([lines[1], lines[0], *lines[2:]]),
        b"\r\n".join(lines[1:]),
        b"\r\n".join([*lines[:5], f"{name}: x".encode(), *lines[5:]]),
        b" x\r\n" + raw,
        raw + b"x\x00",
        raw[:-2] + b"=\r\n--=_x\r\n",
    ):
        with pytest.raises(BadHeader):
            frame.require(changed, named, ID)


def test_a_file_named_after_our_marks_gets_no_frame() -> None:
    for name in ("mark0of7c1e9f20", 'mark1of7c1e9f20"; x="y'):
        raw = outcome(build, a_message(text="A", attachments=(Attachment(name, "a/b", b"x"),)))
        assert raw == "refused"


@pytest.mark.parametrize("payload", PAYLOADS)
@pytest.mark.parametrize("field", ["sender_name", "to_name", "subject", "reply_to", "language"])
def test_no_payload_adds_a_header_to_finished_bytes(field: str, payload: str) -> None:
    for wrapped in (payload, f"Olena {payload}", f'"{payload}"', f"é{payload}é"):
        raw = outcome(build, a_message(**{field: wrapped}))
        assert raw == "refused" or b"\r\nBcc" not in raw


GOLDEN_MAILS = {
    "plain": a_message(sender_name="Sam O'Neill", to_name="Minister, Office of the"),
    "cyrillic": a_message(
        sender_name="Салтанат Қайратқызы Әбдікәрімова-Тұрсынбекова",
        to_name="Министр внутренних дел Республики Казахстан",
        subject="Дело Макса Бокаева: просьба о немедленном и безусловном освобождении",
        text="Уважаемый господин министр!\n\nЯ обеспокоен.\n",
        language="ru",
        reply_to="answers@section.example.org",
    ),
    "right-to-left": a_message(
        sender_name="محمد رضا",
        subject="درخواست آزادی فوری",
        text="جناب آقای وزیر،\n\nبا احترام\n",
        html='<p dir="rtl">جناب آقای وزیر،</p>\n',
        language="fa",
    ),
    "notice": a_message(
        html="<p>Please confirm = yes.</p>\n",
        headers=(
            ("Auto-Submitted", "auto-generated"),
            ("List-Unsubscribe", f"<https://act.example.org/en/stop/{'t' * 90}>"),
            ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
        ),
        reply_to="section@example.org",
    ),
    "digest": a_message(
        text="Dear Minister,\n" + "a long line " * 20 + "\n.\nFrom 12 people \n",
        attachments=(
            Attachment("letters.pdf", "application/pdf", bytes(range(256))),
            Attachment("лист до міністра внутрішніх справ.pdf", "application/pdf", b"%PDF-1.7"),
        ),
    ),
}


@pytest.mark.parametrize("name", GOLDEN_MAILS)
def test_the_bytes_of_a_mail_are_the_same_on_every_python(name: str) -> None:
    kept = GOLDEN / f"{name}.eml"
    raw = by_hand(GOLDEN_MAILS[name])
    if os.environ.get("WRITE_SNAPSHOTS"):
        Path(kept).write_bytes(raw)
    assert raw == kept.read_bytes()


def test_the_minute_of_a_mail_is_coarse_and_its_zone_is_utc() -> None:
    late = datetime(2026, 5, 12, 23, 59, 59, tzinfo=UTC)
    assert b"Date: Tue, 12 May 2026 23:59:00 +0000\r\n" in build(
        a_message(), message_id=ID, date=late
    )


@pytest.mark.parametrize("text", ["plain text", "Уважаемый министр"])
def test_a_body_cannot_end_its_part(text: str) -> None:
    message = a_message(text=text, html="<p>ж</p>")
    raw = by_hand(message)
    named = [name for name, _ in named_headers(message, ID, NOW)]
    frame = frame_of(Kind("en", encoding(text), encoding(message.html)))
    frame.require(raw, named, ID)
    boundary = b"--=_" + seed_of(ID) + b"_0"
    at = raw.index(encoded(text, encoding(text)))
    for piece in (
        boundary + b"\r\nContent-Type: text/html\r\n\r\nPay here\r\n",
        b"\r\n" + boundary + b"--\r\n",
        b"x" + boundary + b"\r\n",
        b"=" + boundary[2:],
        b"--=_",
    ):
        with pytest.raises(BadHeader):
            frame.require(raw[:at] + piece + raw[at:], named, ID)
