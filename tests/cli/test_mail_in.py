"""Mail that comes in by pipe and by LMTP, and the records and keys an operator publishes."""

from __future__ import annotations

import base64
import logging
import os
import re
import shutil
import smtplib
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest
from click.testing import Result
from cryptography.hazmat.primitives.serialization import load_der_public_key
from flask import Flask
from sqlalchemy import select, update

from app import create_app
from app.core.db import unit_of_work
from app.delivery.channels.maildir import Maildir
from app.delivery.models import Dispatch, DispatchState, Lane
from app.delivery.reports import AT_MOST
from app.delivery.returns import Purpose, Returns
from app.delivery.worker import Worker
from app.sections.models import Section
from app.signatures.actions import confirm
from app.signatures.models import Signature
from app.state import state_of
from config import BadSetting, Settings, read_settings
from tests.builders import LINKS, NOON, a_campaign, a_signature
from tests.cast import SAM
from tests.conftest import ROOT
from tests.delivery.outbox import a_sink, free_port
from tests.delivery.test_reports import dsn, note

DOMAIN = "back.act.example.org"
CANARY = "zq7canary"


@pytest.fixture
def app(tmp_path: Path, sqlite_template: Path) -> Iterator[Flask]:
    made = create_app(
        Settings(var=tmp_path / "var", bounce_domain=DOMAIN, dkim_keys=tmp_path / "dkim")
    )
    shutil.copy(sqlite_template, tmp_path / "var" / "outcry.db")
    yield made
    state_of(made).database.dispose()


@pytest.fixture
def letter(app: Flask) -> Dispatch:
    """A letter of a real signature, handed over."""
    state = state_of(app)
    with unit_of_work(state.database.writing) as session:
        session.execute(update(Section).values(relay_answers=True, reply_to="answers@s.example"))
        campaign = a_campaign(session, state.keys)
        signature = a_signature(session, state.keys, campaign)
        confirm(session, state.keys, signature, links=LINKS, now=NOON)
        session.execute(update(Section).values(relay_answers=True, reply_to="answers@s.example"))
    worker = Worker(
        state.database,
        state.keys,
        local=Maildir(state.settings.maildir),
        relay=None,
        name="test",
        lease=timedelta(seconds=30),
        clock=lambda: NOON,
    )
    worker.drain()
    with state.database.reading() as session:
        found = session.scalars(select(Dispatch).where(Dispatch.lane == Lane.LETTER)).first()
    assert found is not None
    assert found.state is DispatchState.SENT
    return found


def receive(app: Flask, raw: bytes, to: str, sender: str = "") -> Result:
    with app.app_context():
        result: Result = app.test_cli_runner().invoke(
            args=["mail", "receive", "--recipient", to, "--sender", sender], input=raw
        )
    return result


def address(app: Flask, letter: Dispatch, purpose: Purpose = Purpose.BOUNCES) -> str:
    return Returns(state_of(app).keys, DOMAIN).address(purpose, letter.id)


def state_now(app: Flask, letter: Dispatch) -> DispatchState:
    with state_of(app).database.reading() as session:
        return session.get_one(Dispatch, letter.id).state


def test_a_report_by_pipe_is_taken(app: Flask, letter: Dispatch) -> None:
    assert receive(app, dsn(), address(app, letter)).exit_code == os.EX_OK
    assert state_now(app, letter) is DispatchState.BOUNCED


def test_each_end_has_the_exit_code_a_mail_server_understands(app: Flask, letter: Dispatch) -> None:
    good = address(app, letter)
    forged = good.replace("bounces+", "bounces+a")
    assert receive(app, dsn(), forged).exit_code == os.EX_OK, "nobody is told, nothing happens"
    assert receive(app, dsn(), f"other@{DOMAIN}").exit_code == os.EX_NOUSER
    assert receive(app, dsn() + b"x" * AT_MOST, good).exit_code == os.EX_DATAERR
    assert receive(app, b"Received: x\r\n" * 80 + dsn(), good).exit_code == os.EX_DATAERR
    assert state_now(app, letter) is DispatchState.SENT
    with unit_of_work(state_of(app).database.writing) as session:
        session.execute(update(Dispatch).values(state="sending", lease_until=NOON, payload=b"x"))
    assert receive(app, dsn(), good).exit_code == os.EX_TEMPFAIL
    with unit_of_work(state_of(app).database.writing) as session:
        session.connection().exec_driver_sql("ALTER TABLE dispatch RENAME TO gone")
    failed = receive(app, dsn(), good)
    assert (failed.exit_code, failed.output) == (os.EX_TEMPFAIL, "")


def test_without_a_domain_nothing_comes_in(tmp_path: Path) -> None:
    bare = create_app(Settings(var=tmp_path / "var"))
    refused = receive(bare, dsn(), f"bounces+a@{DOMAIN}")
    assert refused.exit_code == 1
    assert "OUTCRY_BOUNCE_DOMAIN" in refused.output


def test_an_answer_goes_to_the_section_and_is_kept_nowhere(
    app: Flask, letter: Dispatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    answer = note(f"X-Canary: {CANARY}", body=f"Dear Sam {CANARY},\n.\n\r.\r\nno.\n")
    to = address(app, letter, Purpose.ANSWERS)
    with a_sink() as sink:
        sending = create_app(
            Settings(
                var=state_of(app).settings.var,
                bounce_domain=DOMAIN,
                mail_url=f"smtp://127.0.0.1:{sink.port}",
            )
        )
        result = receive(sending, answer, to, f"{CANARY}@ministry.example.org")
        assert result.exit_code == os.EX_OK
        state_of(sending).database.dispose()
        (passed_on,) = sink.accepted
    assert CANARY.encode() in passed_on
    assert (
        re.sub(rb"\r\n|\r|\n", b"\n", answer).rstrip()
        == re.sub(rb"\r\n", b"\n", passed_on).rstrip()
    )
    with state_of(app).database.reading() as session:
        assert session.get_one(Dispatch, letter.id).answered_on is not None
    # Nothing of it in the log, the answer to the mail server, or any file.
    assert CANARY not in caplog.text + result.output
    for path in state_of(app).settings.var.rglob("*"):
        if path.is_file():
            assert CANARY.encode() not in path.read_bytes(), path


@pytest.mark.parametrize("knows", [True, False])
def test_an_answer_goes_to_a_writer_who_asked_for_it(
    app: Flask, letter: Dispatch, *, knows: bool
) -> None:
    """By an address of ours, as a file in a mail of ours. Once forgotten: to the section."""
    answer = note(f"X-Canary: {CANARY}", body=f"Dear Sam {CANARY}")
    with unit_of_work(state_of(app).database.writing) as session:
        session.execute(
            update(Signature).values(answers_to_me=True)
            if knows
            else update(Signature).values(answers_to_me=True, sealed_email=None)
        )
    with a_sink() as sink:
        settings = state_of(app).settings.model_copy(
            update={"mail_url": f"smtp://127.0.0.1:{sink.port}"}
        )
        sending = create_app(settings)
        to = address(app, letter, Purpose.ANSWERS)
        assert receive(sending, answer, to, "min@ministry.example.org").exit_code == os.EX_OK
        state_of(sending).database.dispose()
        (passed_on,) = sink.accepted
    if not knows:
        assert CANARY.encode() in passed_on
        assert SAM.email.encode() not in passed_on
        return
    mail = message_from_bytes(passed_on, policy=default)
    assert mail["To"].addresses[0].addr_spec == SAM.email
    assert mail["Reply-To"].addresses[0].addr_spec == "answers@s.example"
    assert CANARY not in mail.get_body(("plain",)).get_content()
    (enclosed,) = mail.iter_attachments()
    assert CANARY.encode() in enclosed.get_content()
    assert enclosed.get_filename() == "answer.eml"


def test_an_answer_that_cannot_be_passed_on_stays_with_the_mail_server(
    app: Flask, letter: Dispatch
) -> None:
    away = create_app(
        Settings(
            var=state_of(app).settings.var,
            bounce_domain=DOMAIN,
            mail_url=f"smtp://127.0.0.1:{free_port()}",
        )
    )
    to = address(app, letter, Purpose.ANSWERS)
    assert receive(away, note(), to, "a@b.example").exit_code == os.EX_TEMPFAIL
    state_of(away).database.dispose()


@contextmanager
def listening(app: Flask, where: str) -> Iterator[subprocess.Popen[bytes]]:
    """The real process."""
    environment = {
        **{k: v for k, v in os.environ.items() if not k.startswith("OUTCRY_")},
        "OUTCRY_VAR": str(state_of(app).settings.var),
        "OUTCRY_BOUNCE_DOMAIN": DOMAIN,
    }
    words = [sys.executable, "-m", "flask", "--app", "wsgi", "mail", "listen", "--lmtp", where]
    with subprocess.Popen(words, cwd=ROOT, env=environment, stderr=subprocess.PIPE) as process:
        try:
            yield process
        finally:
            process.terminate()
            process.wait(20)


def lmtp_at(where: str) -> smtplib.LMTP:
    for _ in range(200):
        try:
            if where.startswith("unix:"):
                return smtplib.LMTP(where.removeprefix("unix:"), local_hostname="mx")
            host, port = where.split(":")
            return smtplib.LMTP(host, int(port), local_hostname="mx")
        except OSError:
            time.sleep(0.1)
    raise AssertionError("nobody listens")


@pytest.mark.parametrize("kind", ["port", "socket"])
def test_lmtp_takes_refuses_and_stops(
    app: Flask, letter: Dispatch, tmp_path: Path, kind: str
) -> None:
    where = f"127.0.0.1:{free_port()}" if kind == "port" else f"unix:{tmp_path / 'lmtp'}"
    with listening(app, where) as process:
        line = lmtp_at(where)
        for to in (f"other@{DOMAIN}", "a@evil.example"):
            with pytest.raises(smtplib.SMTPRecipientsRefused):
                line.sendmail(f"{CANARY}@x.example", to, note(f"X: {CANARY}"))
        good = address(app, letter)
        line.sendmail("", good.replace("bounces+", "bounces+a"), dsn())
        assert state_now(app, letter) is DispatchState.SENT
        with pytest.raises(smtplib.SMTPException):
            line.sendmail("", good, dsn() + b"x" * AT_MOST)
        line.sendmail("", good, dsn(more=f"X-C: {CANARY}\r\n"))
        line.close()
        assert state_now(app, letter) is DispatchState.BOUNCED
        process.terminate()
        assert process.wait(20) == 0
        assert process.stderr is not None
        assert CANARY.encode() not in process.stderr.read()


@pytest.mark.parametrize("where", ["0.0.0.0:24", "192.0.2.1:24", "127.0.0.1", "127.0.0.1:0", "x"])
def test_lmtp_stands_on_the_loopback_alone(app: Flask, where: str) -> None:
    with app.app_context():
        said = app.test_cli_runner().invoke(args=["mail", "listen", "--lmtp", where])
    assert said.exit_code == 1
    assert "loopback" in said.output


def test_answers_are_told_by_office(app: Flask, letter: Dispatch) -> None:
    receive(app, note("Precedence: bulk"), address(app, letter), "a@b.example")
    with app.app_context():
        said = app.test_cli_runner().invoke(args=["mail", "answers", "--json"])
    assert '"automatic": 1' in said.output
    assert '"answered": 0' in said.output


def test_keys_are_made_and_their_records_printed(app: Flask, tmp_path: Path) -> None:
    with app.app_context():
        run = app.test_cli_runner()
        made = run.invoke(args=["mail", "dkim-key", "s2026"])
        again = run.invoke(args=["mail", "dkim-key", "s2026"])
        other = run.invoke(args=["mail", "dkim-key", "s2027"])
    assert (made.exit_code, again.exit_code, other.exit_code) == (0, 1, 0)
    for path in made.output.split():
        assert stat.S_IMODE(Path(path).stat().st_mode) == 0o600
    with unit_of_work(state_of(app).database.writing) as session:
        a_campaign(session, state_of(app).keys)
        session.execute(update(Section).values(sender_address="letters@act.example.org"))
    signing = create_app(
        Settings(
            var=state_of(app).settings.var,
            dkim_keys=tmp_path / "dkim",
            dkim_domain="act.example.org",
            dkim_selector="s2026",
            dkim_other_selector="s2027",
            bounce_domain=DOMAIN,
        )
    )
    with signing.app_context():
        told = signing.test_cli_runner().invoke(args=["mail", "dns"])
    state_of(signing).database.dispose()

    assert told.exit_code == 0
    lines = told.output.splitlines()
    assert f'{DOMAIN}. IN TXT "v=spf1 a:YOUR-MAIL-SERVER -all"' in lines
    assert f"{DOMAIN}. IN MX 10 YOUR-MAIL-SERVER." in lines
    assert any(line.startswith('_dmarc.act.example.org. IN TXT "v=DMARC1;') for line in lines)
    for selector in ("s2026-rsa", "s2026-ed25519", "s2027-rsa", "s2027-ed25519"):
        (line,) = [each for each in lines if each.startswith(f"{selector}._domainkey.act.")]
        strings = re.findall(r'"([^"]*)"', line)
        assert max(map(len, strings)) <= 255
        public = base64.b64decode("".join(strings).partition("p=")[2])
        assert selector.endswith("ed25519") == (len(public) == 32)
        if selector.endswith("rsa"):
            assert load_der_public_key(public).key_size == 2048  # type: ignore[union-attr]


def test_a_worker_without_its_keys_does_not_start(app: Flask, tmp_path: Path) -> None:
    lost = create_app(
        Settings(
            var=state_of(app).settings.var, dkim_domain="act.example.org", dkim_selector="lost"
        )
    )
    with lost.app_context():
        said = lost.test_cli_runner().invoke(args=["worker", "--drain"])
    state_of(lost).database.dispose()
    assert said.exit_code == 1
    assert "dkim-key lost" in said.output


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("OUTCRY_BOUNCE_DOMAIN", "x y"),
        ("OUTCRY_BOUNCE_DOMAIN", "localhost"),
        ("OUTCRY_BOUNCE_DOMAIN", "ä.example"),
        ("OUTCRY_DKIM_DOMAIN", "a@b.example"),
        ("OUTCRY_DKIM_SELECTOR", "a.b"),
        ("OUTCRY_DKIM_OTHER_SELECTOR", "../x"),
    ],
)
def test_a_bad_name_stops_the_start(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, value: str
) -> None:
    monkeypatch.setenv("OUTCRY_VAR", str(tmp_path))
    monkeypatch.setenv(name, value)
    with pytest.raises(BadSetting, match=name):
        read_settings()


def test_a_selector_without_a_domain_stops_the_start(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("OUTCRY_VAR", str(tmp_path))
    monkeypatch.setenv("OUTCRY_DKIM_SELECTOR", "s2026")
    with pytest.raises(BadSetting):
        read_settings()
