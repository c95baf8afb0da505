"""The relay over real SMTP on the loopback: what it answers decides what becomes of a letter."""

from __future__ import annotations

import email
import socket
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from email.policy import default
from pathlib import Path

import pytest
from aiosmtpd.smtp import AuthResult, LoginPassword

from app.core.db import Database, unit_of_work
from app.core.tokens import Keys
from app.delivery.actions import close_gate
from app.delivery.channels.base import (
    Envelope,
    NeverWill,
    NobodyThere,
    Steps,
    TryLater,
    Unknown,
    Withheld,
)
from app.delivery.channels.smtp import REPLY_AT_MOST, Relay, RelayAddress
from app.delivery.headers import BadHeader
from app.delivery.models import DispatchState, Gate
from tests.delivery.outbox import (
    NOON,
    Killed,
    Outbox,
    Sink,
    a_listener,
    a_message,
    a_sink,
    free_port,
    killing,
)

FROM_TO = Envelope("a@act.example.org", "b@ministry.example.org")
MAIL = b"Subject: x\r\n\r\nText\r\n"


@pytest.fixture
def outbox(database: Database, keys: Keys, tmp_path: Path) -> Iterator[Outbox]:
    opened = Outbox.on(database, keys, tmp_path / "mail")
    yield opened
    opened.hang_up()


@pytest.fixture
def sink() -> Iterator[Sink]:
    with a_sink() as opened:
        yield opened


_opened: list[Relay] = []


@pytest.fixture(autouse=True)
def _hang_up() -> Iterator[None]:
    yield
    while _opened:
        _opened.pop().close()


def relay_at(where: int | str | RelayAddress, **options: object) -> Relay:
    """A relay on the loopback, closed when the test is over."""
    if isinstance(where, int):
        where = f"smtp://127.0.0.1:{where}"
    address = RelayAddress.from_url(where) if isinstance(where, str) else where
    _opened.append(Relay(address, **{"timeout": 2.0, **options}))
    return _opened[-1]


def send(relay: Relay, content: bytes = MAIL, steps: Steps | None = None) -> object:
    return relay.send(FROM_TO, content, message_id="<a@b>", steps=steps or Steps())


def test_a_letter_arrives_as_it_was_built(outbox: Outbox, sink: Sink) -> None:
    outbox.put(message=a_message(to_name="Міністр"))

    outbox.worker(sink.port).drain()

    sent = outbox.get()
    assert (sent.state, sent.reply_code, sent.queue_id) == (DispatchState.SENT, 250, "4ABC-1")
    (raw,) = sink.accepted
    mail = email.message_from_bytes(raw, policy=default)
    assert mail["To"].addresses[0].display_name == "Міністр"
    text = mail.get_content()  # type: ignore[attr-defined]
    assert text.splitlines() == ["Dear Minister,", ".", "please act."]


def test_one_line_carries_many_letters(outbox: Outbox, sink: Sink) -> None:
    for number in range(30):
        outbox.put(f"letter:{number}")
    outbox.widen()

    outbox.worker(sink.port).drain()

    assert (len(sink.accepted), sink.connections) == (30, 1)


def test_deferred_then_taken_makes_one_copy(outbox: Outbox, sink: Sink) -> None:
    sink.at_dot = ["451 4.7.1 try again"]
    sink.at_rcpt = ["450 4.2.0 greylisted"]
    outbox.put()
    worker = outbox.worker(sink.port)

    worker.drain()
    assert (outbox.state(), outbox.get().reason) == (DispatchState.QUEUED, "smtp_450")
    outbox.clock.pass_by(timedelta(minutes=1))
    worker.drain()
    assert outbox.get().reason == "smtp_451"
    outbox.clock.pass_by(timedelta(minutes=1))
    worker.drain()
    assert outbox.state() is DispatchState.QUEUED, "the second pause is longer"
    outbox.clock.pass_by(timedelta(minutes=1))
    worker.drain()

    assert outbox.state() is DispatchState.SENT
    assert (len(sink.accepted), sink.connections) == (1, 1)


@pytest.mark.parametrize("where", ["at_dot", "at_rcpt"])
def test_refused_for_good_fails_and_the_next_one_leaves(
    outbox: Outbox, sink: Sink, where: str
) -> None:
    setattr(sink, where, ["550 5.1.1 no such user canary@example.org"])
    outbox.put("bad")
    outbox.clock.pass_by(timedelta(seconds=1))
    outbox.put("good")

    outbox.worker(sink.port).drain()

    failed = outbox.get("bad")
    assert (failed.state, failed.reason, failed.reply_code) == (
        DispatchState.FAILED,
        "smtp_550",
        550,
    )
    assert failed.payload is not None, "a person may try again"
    assert outbox.state("good") is DispatchState.SENT
    assert len(sink.accepted) == 1


def test_a_line_lost_after_the_dot_is_tried_once_more_and_then_held(
    outbox: Outbox, sink: Sink
) -> None:
    sink.at_dot = ["drop", "drop", "drop"]
    outbox.put()
    worker = outbox.worker(sink.port)

    for _ in range(4):
        worker.drain()
        outbox.clock.pass_by(timedelta(hours=2))

    assert (outbox.state(), outbox.get().unknowns) == (DispatchState.HELD, 2)
    first, second = (email.message_from_bytes(raw) for raw in sink.seen)
    assert first["Message-ID"] == second["Message-ID"]


def test_a_line_lost_after_the_dot_and_then_an_answer(outbox: Outbox, sink: Sink) -> None:
    sink.at_dot = ["lose"]
    outbox.put()
    worker = outbox.worker(sink.port)

    worker.drain()
    outbox.clock.pass_by(timedelta(minutes=1))
    worker.drain()

    assert outbox.state() is DispatchState.SENT
    assert len(sink.accepted) == 1


def test_a_line_lost_before_the_dot_loses_nothing(outbox: Outbox, sink: Sink) -> None:
    sink.at_rcpt = ["drop"]
    outbox.put()
    worker = outbox.worker(sink.port)

    worker.drain()
    assert (outbox.state(), outbox.get().reason) == (DispatchState.QUEUED, "line_dropped")
    outbox.clock.pass_by(timedelta(minutes=1))
    worker.drain()

    assert len(sink.accepted) == 1


def test_with_nobody_at_the_relay_letters_wait_and_local_mail_flows(outbox: Outbox) -> None:
    port = free_port()
    outbox.put("letter")
    outbox.put("local", keep_local=True)
    worker = outbox.worker(port)

    worker.drain()
    assert outbox.state("local") is DispatchState.SENT
    waiting = outbox.get("letter")
    assert (waiting.state, waiting.attempts) == (DispatchState.QUEUED, 0)
    outbox.put("later", keep_local=True)
    assert worker.drain() == 1, "while the relay rests, it keeps nobody busy"

    with a_sink() as sink:
        outbox.clock.pass_by(timedelta(seconds=20))
        outbox.worker(sink.port).drain()
        assert len(sink.accepted) == 1


def test_a_line_closed_while_idle_is_opened_again(outbox: Outbox, sink: Sink) -> None:
    worker = outbox.worker(sink.port)
    outbox.put("a")
    worker.drain()
    worker._relay._line.sock.shutdown(socket.SHUT_RDWR)  # type: ignore[union-attr]
    outbox.put("b")
    worker.drain()

    assert (len(sink.accepted), sink.connections) == (2, 2)
    assert outbox.get("b").attempts == 1


def test_closed_while_the_relay_waits_for_the_body(outbox: Outbox, sink: Sink) -> None:
    outbox.put()
    outbox.put("other", keep_local=False)

    def closing(step: str) -> None:
        if step == "before_data":
            with unit_of_work(outbox.database.writing) as session:
                close_gate(session, session.get_one(Gate, outbox.gate.id), "stopped", NOON)

    outbox.worker(sink.port, at=closing).drain()

    assert sink.seen == []
    assert outbox.state() is DispatchState.CANCELLED
    assert outbox.state("other") is DispatchState.CANCELLED


@pytest.mark.parametrize(
    "step", ["claimed", "connected", "before_data", "dot_flag", "dot_sent", "answered", "marked"]
)
def test_killed_anywhere_nothing_is_lost(outbox: Outbox, sink: Sink, step: str) -> None:
    for number in range(3):
        outbox.put(f"letter:{number}")
    with pytest.raises(Killed):
        outbox.worker(sink.port, at=killing(step)).run_once()

    second = outbox.worker(sink.port)
    for _ in range(3):
        outbox.run_out()
        second.drain()
        outbox.clock.pass_by(timedelta(minutes=5))

    states = [outbox.state(f"letter:{number}") for number in range(3)]
    assert states == [DispatchState.SENT] * 3
    ids = [email.message_from_bytes(raw)["Message-ID"] for raw in sink.accepted]
    assert len(set(ids)) == 3
    assert len(ids) <= (4 if step in ("dot_sent", "answered") else 3)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ("421 4.3.2 closing", TryLater),
        ("452 4.3.1 disk full", TryLater),
        ("554 5.7.1 spam", NeverWill),
        ("530 5.7.0 must log in", NobodyThere),
        ("garbage", Unknown),
        ("354 go on", Unknown),
        ("drop", Unknown),
    ],
)
def test_what_an_answer_after_the_dot_means(sink: Sink, answer: str, error: type) -> None:
    sink.at_dot = [answer]
    relay = relay_at(sink.port)
    with pytest.raises(error) as found:
        send(relay)
    assert found.type is error
    send(relay)
    assert len(sink.accepted) == (2 if answer == "drop" else 1)


def test_no_reply_text_is_kept(sink: Sink) -> None:
    sink.at_rcpt = ["550 5.1.1 <canary@example.org> unknown"]
    with pytest.raises(NeverWill) as found:
        send(relay_at(sink.port))
    assert "canary" not in repr(found.value) + str(found.value.__dict__)
    assert found.value.reply == "5.1.1"


def test_lines_that_begin_with_a_dot_stay(sink: Sink) -> None:
    content = b"Subject: x\r\n\r\n.\r\n..\r\n.x\r\nend\r\n"
    send(relay_at(sink.port), content)
    assert sink.accepted == [content]


def test_withheld_before_data_keeps_the_line(sink: Sink) -> None:
    def refuse() -> None:
        raise Withheld

    relay = relay_at(sink.port, timeout=10.0)
    with pytest.raises(Withheld):
        send(relay, steps=Steps(before_data=refuse))
    send(relay)
    assert sink.connections == 1
    with pytest.raises(Withheld):
        send(relay, steps=Steps(before_body=refuse))
    began = time.monotonic()
    send(relay)
    assert time.monotonic() - began < 8, "it hung up; it did not talk into the body"
    assert (len(sink.seen), sink.connections) == (2, 2)


@pytest.mark.parametrize("bad", ["b@c>\r\nRCPT TO:<x@evil.example", "b@c> SIZE=1", "", "b c@d"])
def test_an_address_cannot_carry_a_command(sink: Sink, bad: str) -> None:
    with pytest.raises(BadHeader):
        relay_at(sink.port).send(
            Envelope("a@b.example", bad), MAIL, message_id="<a@b>", steps=Steps()
        )
    with pytest.raises(BadHeader):
        relay_at(sink.port).send(
            Envelope(bad, "a@b.example"), MAIL, message_id="<a@b>", steps=Steps()
        )


def _endless(connection: socket.socket) -> None:
    connection.sendall(b"220 hello\r\n")
    connection.recv(100)
    while True:
        connection.sendall(b"250-x\r\n" * 1000)


def _long_line(connection: socket.socket) -> None:
    connection.sendall(b"220 " + b"x" * (REPLY_AT_MOST * 4) + b"\r\n")
    connection.recv(100)


def _dripping(connection: socket.socket) -> None:
    while True:
        connection.sendall(b"2")
        time.sleep(0.1)


def _silent(connection: socket.socket) -> None:
    time.sleep(3)


def _rubbish(connection: socket.socket) -> None:
    connection.sendall(b"\x00\xff\r\nHTTP/1.1 200 OK\r\n\r\n")
    connection.recv(100)


@pytest.mark.parametrize("script", [_endless, _long_line, _dripping, _silent, _rubbish])
def test_no_server_keeps_a_worker_or_fills_its_memory(
    script: Callable[[socket.socket], None],
) -> None:
    with a_listener(script) as port:
        began = time.monotonic()
        with pytest.raises(NobodyThere):
            send(relay_at(port, timeout=1.0))
        assert time.monotonic() - began < 2.5


@pytest.mark.parametrize("script", [_endless, _long_line])
def test_a_reply_without_end_is_cut_by_its_size(script: Callable[[socket.socket], None]) -> None:
    with a_listener(script) as port:
        began = time.monotonic()
        with pytest.raises(NobodyThere):
            send(relay_at(port, timeout=15.0))
        assert time.monotonic() - began < 10


def _until_the_body(connection: socket.socket) -> None:
    stream = connection.makefile("rwb", buffering=0)
    stream.write(b"220 hello\r\n")
    for answer in (b"250 hi\r\n", b"250 ok\r\n", b"250 ok\r\n", b"354 go\r\n"):
        stream.readline()
        stream.write(answer)
    while stream.readline().strip() != b".":
        pass
    _dripping(connection)


def test_no_answer_after_the_body_is_unknown() -> None:
    with a_listener(_until_the_body) as port, pytest.raises(Unknown):
        send(relay_at(port, timeout=1.0))


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for the name localhost, signed by itself."""
    folder = tmp_path_factory.mktemp("tls")
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")),
            *("-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"),
        ],
        check=True,
        capture_output=True,
    )
    return folder


def _server_side(certificate: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate / "cert.pem", certificate / "key.pem")
    return context


def _trusting(certificate: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(certificate / "cert.pem"))


def test_encryption_is_checked(certificate: Path) -> None:
    with a_sink(tls_context=_server_side(certificate), require_starttls=True) as sink:
        right = RelayAddress("localhost", sink.port, wants_tls=True)
        send(relay_at(right, tls=_trusting(certificate)))
        with pytest.raises(NobodyThere) as unknown_signer:
            send(relay_at(right))
        wrong_name = RelayAddress("127.0.0.1", sink.port, wants_tls=True)
        with pytest.raises(NobodyThere) as other_name:
            send(relay_at(wrong_name, tls=_trusting(certificate)))
        assert len(sink.accepted) == 1
    assert unknown_signer.value.reason == other_name.value.reason == "tls_refused"


def test_a_relay_that_offers_no_encryption_gets_nothing(sink: Sink) -> None:
    with pytest.raises(NobodyThere) as stripped:
        send(relay_at(RelayAddress("127.0.0.1", sink.port)))
    assert stripped.value.reason == "tls_refused"
    assert sink.seen == []


def test_words_slipped_in_before_the_encryption_are_refused(certificate: Path) -> None:
    said: list[bytes] = []

    def script(connection: socket.socket) -> None:
        stream = connection.makefile("rwb", buffering=0)
        stream.write(b"220 hello\r\n")
        stream.readline()
        stream.write(b"250-hi\r\n250 STARTTLS\r\n")
        stream.readline()
        stream.write(b"220 go\r\n250 slipped in\r\n")
        with _server_side(certificate).wrap_socket(connection, server_side=True) as sealed:
            said.append(sealed.recv(100))

    with a_listener(script) as port:
        address = RelayAddress("localhost", port)
        with pytest.raises(NobodyThere):
            send(relay_at(address, tls=_trusting(certificate)))
        time.sleep(0.2)
    assert b"".join(said) == b"", "nothing is said to a server that has spoken out of turn"


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
def test_it_logs_in_and_a_wrong_password_fails_no_letter() -> None:
    def check(*asked: object) -> AuthResult:
        right = LoginPassword(b"olena", b"p@ss")
        return AuthResult(success=asked[-1] == right)

    options = {"authenticator": check, "auth_required": True, "auth_require_tls": False}
    with a_sink(**options) as sink:
        url = f"smtp://olena:p%40ss@127.0.0.1:{sink.port}"
        send(relay_at(url))
        with pytest.raises(NobodyThere) as refused:
            send(relay_at(url.replace("p%40ss", "wrong")))
        with pytest.raises(NobodyThere):
            send(relay_at(sink.port))
        assert len(sink.accepted) == 1
    assert refused.value.reason == "login_refused"


@pytest.mark.parametrize(
    ("url", "port", "wants_tls", "is_smtps"),
    [
        ("smtp://relay.example.org", 25, True, False),
        ("smtp://u:p@relay.example.org:587", 587, True, False),
        ("smtp://relay.example.org?tls=none", 25, False, False),
        ("smtp://relay.example.org?tls=maybe", 25, True, False),
        ("smtp://127.0.0.1:2525", 2525, False, False),
        ("smtp://[::1]:2525", 2525, False, False),
        ("smtps://relay.example.org", 465, False, True),
    ],
)
def test_the_address_of_a_relay(url: str, port: int, *, wants_tls: bool, is_smtps: bool) -> None:
    address = RelayAddress.from_url(url)
    assert (address.port, address.wants_tls, address.is_smtps) == (port, wants_tls, is_smtps)
    assert "p@" not in repr(address)
