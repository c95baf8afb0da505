"""Faxes: a mail to a gateway, or HylaFAX's own command; each once, and no machine left dialling."""

from __future__ import annotations

import email
import os
import stat
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from email.policy import default
from pathlib import Path

import pytest

from app.core.db import Database
from app.core.numbers import BadNumber, e164
from app.core.tokens import Keys
from app.delivery.channels.base import (
    Envelope,
    HandOver,
    NeverWill,
    Receipt,
    Steps,
    TryLater,
    Unknown,
    Withheld,
)
from app.delivery.channels.fax import SendFax
from app.delivery.message import Attachment, Message
from app.delivery.models import Channel, DispatchState
from app.delivery.outgoing import Outgoing
from config import Settings
from tests.delivery.outbox import NOON, Killed, Outbox, a_message, a_sink, killing

PDF = b"%PDF-1.7\nAda\n" + bytes(range(256)) * 400
NUMBER = "+77172745631"
TO = Envelope("", NUMBER)
QUEUED = 'echo "request id is 41 (group id 41) for host localhost (1 file)"\n'


@pytest.fixture
def outbox(database: Database, keys: Keys, tmp_path: Path) -> Iterator[Outbox]:
    opened = Outbox.on(database, keys, tmp_path / "mail")
    yield opened
    opened.hang_up()


@pytest.fixture
def hylafax(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> HylaFax:
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    return HylaFax(tmp_path)


class HylaFax:
    """A `sendfax` on the path: writes down what it was given, then does what the test says."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.does(QUEUED)

    def does(self, then: str) -> None:
        command = self.folder / "bin" / "sendfax"
        command.write_text(
            f'#!/bin/sh\nprintf "%s\\n" "$@" >> "{self.folder}/words"\n'
            f'cat > "{self.folder}/document"\necho $$ > "{self.folder}/pid"\n{then}'
        )
        command.chmod(command.stat().st_mode | stat.S_IXUSR)

    @property
    def words(self) -> list[str]:
        written = self.folder / "words"
        return written.read_text().split() if written.exists() else []

    @property
    def times(self) -> int:
        return self.words.count("-d")

    @property
    def document(self) -> bytes:
        return (self.folder / "document").read_bytes()

    def is_running(self) -> bool:
        try:
            os.kill(int((self.folder / "pid").read_text()), 0)
        except ProcessLookupError:
            return False
        return True

    def wait_until_running(self) -> None:
        until = time.monotonic() + 10
        while not (self.folder / "pid").exists() and time.monotonic() < until:
            time.sleep(0.02)


def a_fax() -> Message:
    sheet = Attachment("letter.pdf", "application/pdf", PDF)
    return a_message(to_address="", to_fax=NUMBER, attachments=(sheet,))


def fax(timeout: float = 10, **options: Steps) -> Receipt:
    return SendFax(timeout=timeout).send(
        TO, PDF, message_id="<abc123@act.example.org>", steps=options.get("steps", Steps())
    )


@pytest.mark.parametrize(
    ("written", "country", "number"),
    [
        ("+7 7172 74 56 31", "KZ", NUMBER),
        ("+7 (7172) 74-56-31 (press office)", "kz", NUMBER),
        ("8 (7172) 74 56 31", "KZ", NUMBER),
        ("00 33 1 42 92 81 00", "BE", "+33142928100"),
        ("+46 8 405 10 00, +46 8 405 11 00", "SE", "+4684051000"),
    ],
)
def test_a_printed_number_becomes_one_that_can_be_dialled(
    written: str, country: str, number: str
) -> None:
    assert e164(written, country) == number


@pytest.mark.parametrize(
    "written", ["", "see above", "12", "+7 7172 74", "+999 123 456 789", "+46 8 405 10 00 ext. 12"]
)
def test_what_cannot_be_dialled_is_refused(written: str) -> None:
    with pytest.raises(BadNumber):
        e164(written, "KZ")


@pytest.mark.parametrize(
    ("setting", "command"),
    [("sendfax:", "sendfax"), ("sendfax:/opt/fax/bin/sendfax", "/opt/fax/bin/sendfax")],
)
def test_the_setting_names_the_command(setting: str, command: str) -> None:
    assert Settings(fax=setting).fax_command == command


@pytest.mark.parametrize(
    "setting",
    [
        "fax",
        "a@fax.example.org",
        "{number}@",
        "{number}{number}@f.example.org",
        "sendfax:x; rm -r /",
    ],
)
def test_a_setting_that_is_no_way_out_is_refused(setting: str) -> None:
    with pytest.raises(ValueError, match="must look like"):
        Settings(fax=setting)
    assert Settings(fax="{number}@fax.example.org").fax_command == ""


def test_a_gateway_gets_a_mail_with_the_sheet_at_the_address_of_the_number(
    outbox: Outbox, hylafax: HylaFax
) -> None:
    outgoing = Outgoing(fax_gateway="pin7.{number}@fax.example.org")
    with a_sink() as sink:
        outbox.put(message=a_fax())
        assert outbox.get().channel is Channel.FAX
        outbox.worker(sink.port, outgoing=outgoing).drain()
    assert outbox.state() is DispatchState.SENT
    (raw,) = sink.accepted
    mail = email.message_from_bytes(raw, policy=default)
    assert mail["To"] == "pin7.77172745631@fax.example.org"
    (sheet,) = mail.iter_attachments()
    assert sheet.get_content_type() == "application/pdf"
    assert sheet.get_content() == PDF
    assert hylafax.times == 0


def test_sendfax_gets_number_tag_and_document_and_no_shell(
    outbox: Outbox, hylafax: HylaFax
) -> None:
    outbox.put(message=a_fax())
    outbox.worker(fax=SendFax(timeout=10)).drain()
    row = outbox.get()
    assert row.state is DispatchState.SENT
    assert (row.queue_id, row.payload) == ("41", None)
    no_cover, tag_next, tag, number_next, number = hylafax.words
    assert (no_cover, tag_next, number_next, number) == ("-n", "-i", "-d", NUMBER)
    assert len(tag) == 32
    assert tag.isalnum()
    assert hylafax.document == PDF
    assert outbox.in_maildir() == []


def test_the_tag_is_the_same_on_every_attempt(outbox: Outbox, hylafax: HylaFax) -> None:
    hylafax.does("exit 1\n")
    outbox.put(message=a_fax())
    worker = outbox.worker(fax=SendFax(timeout=10))
    worker.drain()
    assert outbox.state() is DispatchState.QUEUED
    hylafax.does(QUEUED)
    outbox.clock.pass_by(timedelta(minutes=2))
    worker.drain()
    assert outbox.state() is DispatchState.SENT
    tags = [hylafax.words[place + 1] for place, w in enumerate(hylafax.words) if w == "-i"]
    assert len(tags) == 2
    assert len(set(tags)) == 1


def test_a_machine_that_never_answers_is_ended_and_nobody_knows(hylafax: HylaFax) -> None:
    hylafax.does("sleep 60 & wait\n")
    with pytest.raises(Unknown):
        fax(timeout=0.5)
    assert not hylafax.is_running()


def test_one_that_never_stops_speaking_fills_no_memory(hylafax: HylaFax) -> None:
    hylafax.does("exec yes\n")
    with pytest.raises(Unknown):
        fax(timeout=1)
    assert not hylafax.is_running()


def test_one_that_is_killed_leaves_an_unknown(hylafax: HylaFax) -> None:
    hylafax.does("kill -9 $$\n")
    with pytest.raises(Unknown):
        fax()


def test_a_failure_after_it_was_queued_is_no_reason_to_fax_again(hylafax: HylaFax) -> None:
    hylafax.does(QUEUED + "exit 1\n")
    with pytest.raises(Unknown):
        fax()


def test_failing_is_for_later_and_a_number_of_no_use_is_for_good(hylafax: HylaFax) -> None:
    hylafax.does("exit 1\n")
    with pytest.raises(TryLater) as later:
        fax()
    assert later.value.reason == "sendfax_failed"
    hylafax.does(f"exit {os.EX_DATAERR}\n")
    with pytest.raises(NeverWill) as never:
        fax()
    assert never.value.reason == "sendfax_refused"


def test_without_the_command_a_fax_waits(outbox: Outbox) -> None:
    outbox.put(message=a_fax())
    outbox.worker(fax=SendFax(("/nowhere/sendfax",), timeout=5)).drain()
    row = outbox.get()
    assert (row.state, row.reason) == (DispatchState.QUEUED, "no_sendfax")


@pytest.mark.parametrize("number", ["-h", "+1", "+7717274563x", "0717274563", "+7717\n274563"])
def test_what_is_no_number_is_never_an_argument(hylafax: HylaFax, number: str) -> None:
    with pytest.raises(NeverWill):
        SendFax(timeout=5).send(Envelope("", number), PDF, message_id="<a@b>", steps=Steps())
    assert hylafax.words == []


def test_a_fax_taken_back_at_the_last_look_is_not_dialled(hylafax: HylaFax) -> None:
    def no() -> None:
        raise Withheld

    with pytest.raises(Withheld):
        fax(steps=Steps(before_data=no))
    assert hylafax.words == []


def test_nobody_can_ask_it_afterwards() -> None:
    outlet = SendFax(timeout=1)
    assert outlet.has("<a@b>", HandOver(NOON, NOON)) is None
    assert not outlet.can_tell
    assert outlet.patience == timedelta()


def test_hanging_up_ends_what_is_under_way_and_begins_nothing_new(hylafax: HylaFax) -> None:
    hylafax.does("sleep 60\n")
    outlet = SendFax(timeout=30)
    ended: list[BaseException] = []

    def send() -> None:
        try:
            outlet.send(TO, PDF, message_id="<a@b>", steps=Steps())
        except Unknown as error:
            ended.append(error)

    sending = threading.Thread(target=send)
    sending.start()
    hylafax.wait_until_running()
    outlet.hang_up()
    sending.join(10)
    assert not sending.is_alive()
    assert len(ended) == 1
    with pytest.raises(TryLater):
        outlet.send(TO, PDF, message_id="<a@b>", steps=Steps())
    assert hylafax.times == 1


def test_a_worker_that_dies_before_the_number_loses_nothing(
    outbox: Outbox, hylafax: HylaFax
) -> None:
    outbox.put(message=a_fax())
    with pytest.raises(Killed):
        outbox.worker(fax=SendFax(timeout=10), at=killing("before_data")).drain()
    assert hylafax.times == 0
    outbox.run_out()
    outbox.worker(fax=SendFax(timeout=10)).drain()
    assert outbox.state() is DispatchState.SENT
    assert hylafax.times == 1


@pytest.mark.parametrize("step", ["dot_flag", "dot_sent"])
def test_a_worker_that_dies_faxes_twice_at_most_and_then_a_person_decides(
    outbox: Outbox, hylafax: HylaFax, step: str
) -> None:
    outbox.put(message=a_fax())
    for _ in range(2):
        with pytest.raises(Killed):
            outbox.worker(fax=SendFax(timeout=10), at=killing(step)).drain()
        outbox.run_out()
        # Takes over what the dead one left; its next turn is later.
        outbox.worker(fax=SendFax(timeout=10)).run_once()
        outbox.clock.pass_by(timedelta(hours=1))
    assert outbox.state() is DispatchState.HELD
    assert hylafax.times <= 2


def test_in_staging_no_number_is_dialled(outbox: Outbox, hylafax: HylaFax) -> None:
    with a_sink() as sink:
        outbox.put(message=a_fax())
        outbox.worker(sink.port, fax=SendFax(timeout=5), only_to="staging@example.org").drain()
    assert outbox.state() is DispatchState.SENT
    assert len(sink.accepted) == 1
    assert hylafax.words == []


def test_the_demonstration_faxes_nobody(outbox: Outbox, hylafax: HylaFax) -> None:
    outbox.put(message=a_fax(), keep_local=True)
    outbox.worker(fax=SendFax(timeout=5)).drain()
    assert outbox.state() is DispatchState.SENT
    assert len(outbox.in_maildir()) == 1
    assert hylafax.words == []


def test_a_fax_machine_gets_one_letter_a_minute(outbox: Outbox, hylafax: HylaFax) -> None:
    for number in range(3):
        outbox.put(f"letter:{number}", message=a_fax())
    worker = outbox.worker(fax=SendFax(timeout=10))
    worker.drain()
    assert hylafax.times == 1
    outbox.clock.pass_by(timedelta(minutes=1))
    worker.drain()
    assert hylafax.times == 2
