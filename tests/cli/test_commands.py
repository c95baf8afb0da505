"""What an operator types: settings that stop the start by name, commands that can be scripted."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import func, select, update

from app import create_app
from app.accounts.models import Account
from app.campaigns.models import Campaign, CampaignState, ClosedReason
from app.core.clocks import zones_as_of
from app.core.db import Base, unit_of_work
from app.core.sealing import require_own_key
from app.delivery.models import Dispatch, DispatchState, Lane
from app.signatures.actions import confirm
from app.state import state_of
from config import BadSetting, Settings, read_settings
from tests.builders import LINKS, a_campaign, a_form, a_signature, an_account
from tests.cast import AMAL, MAX, NOOR, PASSWORD
from tests.conftest import ROOT

Command = Callable[..., Result]


def invoke(app: Flask, *words: str) -> Result:
    """What `flask WORDS` does once it has loaded the application."""
    with app.app_context():
        result: Result = app.test_cli_runner().invoke(args=list(words))
    return result


@pytest.fixture
def flask(app: Flask) -> Command:
    """Run one command and expect it to be done."""

    def run(*words: str, code: int = 0) -> Result:
        result = invoke(app, *words)
        assert result.exit_code == code, (words, result.output, result.exception)
        return result

    return run


@pytest.fixture
def campaign(app: Flask) -> Campaign:
    """An open campaign with one letter in the outbox."""
    state = state_of(app)
    now = datetime.now(UTC)
    with unit_of_work(state.database.writing) as session:
        made = a_campaign(session, state.keys, now=now)
        confirm(
            session,
            state.keys,
            a_signature(session, state.keys, made, now=now),
            links=LINKS,
            now=now,
        )
        return made


def stored(app: Flask) -> dict[str, int]:
    with state_of(app).database.reading() as session:
        return {
            name: session.scalar(select(func.count()).select_from(table)) or 0
            for name, table in Base.metadata.tables.items()
        }


# 30 values that cannot be used, each with the setting it belongs to.
BROKEN = [
    ("OUTCRY_PORT", "0"),
    ("OUTCRY_PORT", "65536"),
    ("OUTCRY_PORT", "eighty"),
    ("OUTCRY_PORT", ""),
    ("PORT", "-1"),
    ("PORT", "8000.5"),
    ("OUTCRY_DATABASE_URL", "mysql://user:secret@localhost/outcry"),
    ("OUTCRY_DATABASE_URL", "outcry.db"),
    ("OUTCRY_DATABASE_URL", "postgres"),
    ("OUTCRY_MAIL_URL", "mail.example.org"),
    ("OUTCRY_MAIL_URL", "http://mail.example.org"),
    ("OUTCRY_MAIL_URL", "smtp://"),
    ("OUTCRY_MAIL_URL", "smtp:mail.example.org"),
    ("OUTCRY_BASE_URL", "act.example.org"),
    ("OUTCRY_BASE_URL", "ftp://act.example.org"),
    ("OUTCRY_BASE_URL", "https://"),
    ("OUTCRY_PROXY_HOPS", "-1"),
    ("OUTCRY_PROXY_HOPS", "6"),
    ("OUTCRY_PROXY_HOPS", "one"),
    ("OUTCRY_DEMO", "perhaps"),
    ("OUTCRY_LOG_FORMAT", "xml"),
    ("OUTCRY_WEB_PROCESSES", "0"),
    ("OUTCRY_WEB_THREADS", "0"),
    ("OUTCRY_WEB_THREADS", "1000"),
    ("OUTCRY_WORKERS", "0"),
    ("OUTCRY_WORKERS", "many"),
    ("OUTCRY_LEASE_SECONDS", "0"),
    ("OUTCRY_LEASE_SECONDS", "soon"),
    ("OUTCRY_POLL_SECONDS", "0"),
    ("OUTCRY_SMTP_TIMEOUT", "-5"),
    ("OUTCRY_SMTP_TIMEOUT", "nan"),
    ("OUTCRY_MAIL_URL", "smtp://mail.example.org:notaport"),
    ("OUTCRY_MAIL_URL", "smtp://mail.example.org:99999"),
    ("OUTCRY_BASE_URL", "https://act.example.org:notaport"),
    ("OUTCRY_DATABASE_URL", "postgresql://localhost:notaport/outcry"),
]


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    for name in [name for name in os.environ if name.upper().startswith("OUTCRY_")]:
        monkeypatch.delenv(name)
    monkeypatch.delenv("PORT", raising=False)
    monkeypatch.setenv("OUTCRY_VAR", str(tmp_path))
    return monkeypatch


@pytest.mark.parametrize(("name", "value"), BROKEN)
def test_a_value_that_cannot_be_used_stops_the_start_by_its_name(
    environment: pytest.MonkeyPatch, name: str, value: str
) -> None:
    environment.setenv(name, value)
    with pytest.raises(BadSetting) as caught:
        read_settings()
    said = str(caught.value)
    assert name in said
    assert "secret" not in said, "a password is not printed"
    assert "\n" not in said


@pytest.mark.parametrize(
    "name", ["OUTCRY_PROT", "OUTCRY_", "OUTCRY_MAILURL", "outcry_colour", "OUTCRY_SECRET_KEY"]
)
def test_an_unknown_setting_stops_the_start_by_its_name(
    environment: pytest.MonkeyPatch, name: str
) -> None:
    environment.setenv(name, "x")
    with pytest.raises(BadSetting, match=name):
        read_settings()


def test_settings_of_others_do_not_concern_us(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("DATABASE_URL", "mysql://x")
    environment.setenv("VAR", "/nowhere")
    environment.setenv("MAIL_URL", "x")
    assert read_settings().is_local_only


def test_settings_do_not_change_after_the_start(environment: pytest.MonkeyPatch) -> None:
    settings = read_settings()
    with pytest.raises(ValueError, match="frozen"):
        settings.port = 1


def test_what_follows_from_other_settings(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    environment.setenv("PORT", "8124")
    settings = read_settings()
    assert settings.database_url == f"sqlite:///{tmp_path}/outcry.db"
    assert settings.base_url == "http://127.0.0.1:8124"
    assert settings.is_local_only


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("OUTCRY_MAIL_URL", "smtp://mail.example.org"),
        ("OUTCRY_PROXY_HOPS", "1"),
        ("OUTCRY_HOST", "0.0.0.0"),
    ],
)
def test_what_can_be_reached_from_outside_is_not_local(
    environment: pytest.MonkeyPatch, name: str, value: str
) -> None:
    environment.setenv(name, value)
    assert not read_settings().is_local_only


def test_a_wrong_setting_ends_the_process_with_one_line(tmp_path: Path) -> None:
    """As an operator sees it: no traceback, an exit code that is not 0, nothing begun."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("OUTCRY_")}
    said = subprocess.run(
        [sys.executable, "-m", "flask", "--app", "wsgi", "config", "check"],
        cwd=ROOT,
        env={**own, "OUTCRY_VAR": str(tmp_path / "var"), "OUTCRY_WORKERS": "none"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert said.returncode != 0
    assert "OUTCRY_WORKERS" in said.stderr
    assert "Traceback" not in said.stderr
    assert not (tmp_path / "var").exists()


def test_config_show_masks_passwords(tmp_path: Path) -> None:
    url = "postgresql://outcry:s3cret@db.example.org/outcry"
    mail = "smtp://outcry:s3cret%21@mail.example.org:587"
    made = create_app(Settings(var=tmp_path, database_url=url, mail_url=mail))
    for words in (["config", "show"], ["config", "show", "--json"]):
        shown = invoke(made, *words)
        assert shown.exit_code == 0
        assert "s3cret" not in shown.output
        assert "postgresql://outcry:…@db.example.org/outcry" in shown.output
        assert "smtp://outcry:…@mail.example.org:587" in shown.output
    state_of(made).database.dispose()


def test_config_show_names_every_setting(flask: Command) -> None:
    shown = {
        row["name"]: row["value"] for row in json.loads(flask("config", "show", "--json").output)
    }
    settings = {f"OUTCRY_{name}".upper() for name in Settings.model_fields}
    assert set(shown) == settings | {"tzdata"}
    assert shown["tzdata"] == zones_as_of()
    assert shown["OUTCRY_LOG_FORMAT"] == "text"
    lines = flask("config", "show").output.splitlines()
    assert "OUTCRY_WEB_THREADS=4" in lines


def test_config_check_says_yes(flask: Command) -> None:
    assert "can be used" in flask("config", "check").output


def test_config_check_says_what_is_missing(tmp_path: Path) -> None:
    made = create_app(Settings(var=tmp_path))
    said = invoke(made, "config", "check")
    assert said.exit_code == 1
    assert "schema_is_not_at_head" in said.output
    state_of(made).database.dispose()


@pytest.mark.parametrize(
    "words", [["config", "check"], ["worker", "--drain"], ["scheduler", "--once"]]
)
def test_a_wrong_master_key_refuses_to_work(
    app: Flask, flask: Command, tmp_path: Path, words: list[str]
) -> None:
    flask("config", "check")
    key = tmp_path / "var" / "keys" / "master.key"
    key.unlink()
    other = create_app(Settings(var=tmp_path / "var"))
    said = invoke(other, *words)
    assert said.exit_code == 1
    assert "not the key" in said.output
    state_of(other).database.dispose()


@pytest.mark.parametrize("content", [b"", b"too short", b"\x00\xff" * 40])
def test_a_broken_key_file_stops_the_start(tmp_path: Path, content: bytes) -> None:
    key = tmp_path / "keys" / "master.key"
    key.parent.mkdir()
    key.write_bytes(content)
    with pytest.raises(Exception, match=r"master\.key"):
        create_app(Settings(var=tmp_path))
    assert key.read_bytes() == content, "what may still be saved is not written over"


def test_the_key_file_is_readable_by_nobody_else(app: Flask, tmp_path: Path) -> None:
    key = tmp_path / "var" / "keys" / "master.key"
    assert key.stat().st_mode & 0o777 == 0o600
    assert key.parent.stat().st_mode & 0o777 == 0o700


def test_db_check_tells_whether_the_tables_are_those_of_the_models(
    app: Flask, flask: Command
) -> None:
    flask("db", "check")
    with state_of(app).database.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE tick ADD COLUMN extra TEXT")
    assert "tick" in flask("db", "check", code=1).output


def test_db_upgrade_and_downgrade(flask: Command) -> None:
    flask("db", "downgrade", "base")
    assert "head" in flask("config", "check", code=1).output
    flask("db", "upgrade")
    flask("db", "upgrade")
    flask("config", "check")


def test_the_demonstration_twice_is_harmless(app: Flask, flask: Command, tmp_path: Path) -> None:
    first = flask("demo").output
    assert len(re.findall(r"campaign [a-z0-9]{5} \(", first)) == 2
    accounts = tmp_path / "var" / "demo-accounts.txt"
    kept, before = accounts.read_text(), stored(app)
    assert accounts.stat().st_mode & 0o777 == 0o600
    assert len(kept.splitlines()) == 3

    assert flask("demo").output == ""

    assert (accounts.read_text(), stored(app)) == (kept, before)


def test_an_account_is_made_and_its_password_printed_once(app: Flask, flask: Command) -> None:
    words = ("user", "create", "--email", "New@Example.org", "--role", "organiser")
    said = flask(*words, "--role", "coordinator", "--name", "Nadia").output
    assert re.search(r"^Password: (\w{5}-){3}\w{5}$", said, re.MULTILINE)
    with state_of(app).database.reading() as session:
        made = session.scalars(select(Account)).one()
    assert (made.email, made.name) == ("new@example.org", "Nadia")
    assert {role.name for role in made.roles} == {"organiser", "coordinator"}
    assert "Password" not in flask(*words, code=1).output


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("user", "create", "--email", "nobody", "--role", "organiser"), 1),
        (("user", "create", "--email", "a@example.org", "--role", "king"), 2),
        (("user", "create", "--email", "a@example.org"), 2),
        (("user", "create", "--role", "organiser"), 2),
    ],
)
def test_no_account_is_made_of_what_is_wrong(
    app: Flask, flask: Command, words: tuple[str, ...], code: int
) -> None:
    flask(*words, code=code)
    assert stored(app)["account"] == 0


def test_campaigns_are_listed_for_people_and_for_programs(
    flask: Command, campaign: Campaign
) -> None:
    assert campaign.reference in flask("campaign", "list").output
    (row,) = json.loads(flask("campaign", "list", "--json").output)
    assert (row["reference"], row["state"]) == (campaign.reference, "open")
    assert datetime.fromisoformat(row["closes_at"]) == campaign.closes_at


def test_a_campaign_is_shown_with_its_targets_and_counts(
    flask: Command, campaign: Campaign
) -> None:
    assert campaign.reference in flask("campaign", "show", campaign.reference).output
    row = json.loads(flask("campaign", "show", campaign.reference, "--json").output)
    assert row["page"] == "open"
    assert set(row["languages"]) == {"en", "fr", "ru"}
    assert row["targets"][0]["position"] == 1
    assert (row["counts"]["confirmed"], row["counts"]["queued"]) == (1, 1)


def test_a_campaign_is_closed_from_the_shell(
    app: Flask, flask: Command, campaign: Campaign
) -> None:
    said = flask("campaign", "close", campaign.reference, "--note", "She is free.").output
    assert "1 messages cancelled" in said
    with state_of(app).database.reading() as session:
        closed = session.get_one(Campaign, campaign.id)
        assert (closed.state, closed.closed_reason) == (CampaignState.CLOSED, ClosedReason.STOPPED)
    assert "wrong_move" in flask("campaign", "close", campaign.reference, code=1).output


@pytest.mark.parametrize("verb", ["show", "close"])
def test_a_campaign_that_does_not_exist(flask: Command, verb: str) -> None:
    assert "zzzzz" in flask("campaign", verb, "zzzzz", code=1).output
    flask("campaign", verb, code=2)


def test_the_outbox_lane_by_lane(flask: Command, campaign: Campaign) -> None:
    rows = {
        row["lane"]: row for row in json.loads(flask("mail", "status", "--json").output)["lanes"]
    }
    assert set(rows) == {"notice", "letter"}
    assert rows["letter"]["states"]["queued"] == rows["letter"]["total"] == 1
    assert sum(rows["notice"]["states"].values()) == rows["notice"]["total"] == 1
    assert "letter: 1 in all" in flask("mail", "status").output


def test_what_is_not_over_can_be_asked_for_alone(flask: Command, campaign: Campaign) -> None:
    lanes = json.loads(flask("mail", "status", "--waiting", "--json").output)["lanes"]
    assert {row["lane"]: row["total"] for row in lanes} == {"notice": 1, "letter": 1}
    assert all("sent" not in row["states"] for row in lanes)


def test_a_muted_installation_says_so_and_sends_nothing(
    app: Flask, flask: Command, campaign: Campaign
) -> None:
    with unit_of_work(state_of(app).database.writing) as session:
        require_own_key(session, state_of(app).keys)
    with unit_of_work(state_of(app).database.writing) as session:
        an_account(session, AMAL)
    with app.app_context():
        muted = app.test_cli_runner().invoke(
            args=["mail", "mute", "--second", AMAL.email], input=f"{PASSWORD}\n"
        )
    assert "Nothing is sent" in muted.output
    assert json.loads(flask("mail", "status", "--json").output)["muted"] == "by_hand"
    assert "MUTED (by_hand)" in flask("mail", "status").output
    flask("worker", "--drain")
    assert not list(state_of(app).settings.maildir.glob("new/*"))

    assert "Mail flows" in flask("mail", "unmute").output
    assert json.loads(flask("mail", "status", "--json").output)["muted"] == ""
    flask("worker", "--drain")
    assert list(state_of(app).settings.maildir.glob("new/*"))


def test_a_test_message_goes_past_the_outbox_and_says_what_became_of_it(
    app: Flask, flask: Command, campaign: Campaign
) -> None:
    (row,) = json.loads(flask("mail", "test", "olena@example.org", "--json").output)
    assert row["outcome"] == "taken"
    (mail,) = state_of(app).settings.maildir.glob("new/*")
    assert "To: olena@example.org" in mail.read_text()
    lanes = json.loads(flask("mail", "status", "--json").output)["lanes"]
    assert sum(lane["total"] for lane in lanes) == 2, "nothing was put into the outbox"
    assert "no address" in flask("mail", "test", "not an address", code=1).output


def test_a_digest_says_how_many_letters_wait_for_the_decision(
    app: Flask, flask: Command, campaign: Campaign
) -> None:
    """One decision for all that ride in it."""
    state, now = state_of(app), datetime.now(UTC)
    with unit_of_work(state.database.writing) as session:
        for who in (NOOR, MAX):
            signature = a_signature(session, state.keys, campaign, a_form(campaign, who=who), now)
            confirm(session, state.keys, signature, links=LINKS, now=now)
    with unit_of_work(state.database.writing) as session:
        of_letters = select(Dispatch).where(Dispatch.lane == Lane.LETTER)
        digest, *others = session.scalars(of_letters).all()
        digest.opened_at = now
        for row in (digest, *others):
            row.state, row.reason = DispatchState.HELD, "no_answer"
        for row in others:
            row.carried_by = digest.id
    (row,) = json.loads(flask("mail", "held", "--json").output)
    assert row["letters"] == 2
    assert flask("mail", "held").output.endswith("letters: 2\n")


def test_what_is_held_is_shown_and_sent_again(
    app: Flask, flask: Command, campaign: Campaign
) -> None:
    assert flask("mail", "held").output == ""
    with unit_of_work(state_of(app).database.writing) as session:
        held = update(Dispatch).where(Dispatch.lane == Lane.LETTER)
        session.execute(held.values(state=DispatchState.HELD, reason="no_answer"))
    (row,) = json.loads(flask("mail", "held", "--json").output)
    assert (row["lane"], row["reason"], row["letters"]) == ("letter", "no_answer", 1)
    assert row["id"] in flask("mail", "held").output

    flask("mail", "retry", row["id"])

    assert json.loads(flask("mail", "held", "--json").output) == []
    assert "cannot_retry" in flask("mail", "retry", row["id"], code=1).output
    assert "not_found" in flask("mail", "retry", str(uuid.uuid4()), code=1).output
    flask("mail", "retry", "not-an-id", code=2)


def test_draining_sends_what_is_due_and_tells_the_writers(
    app: Flask, flask: Command, campaign: Campaign, tmp_path: Path
) -> None:
    flask("worker", "--drain")
    rows = {
        row["lane"]: row for row in json.loads(flask("mail", "status", "--json").output)["lanes"]
    }
    assert rows["letter"]["states"]["sent"] == 1
    assert rows["notice"]["states"]["sent"] == 2, "the confirmation and the thank-you"
    assert len(list((tmp_path / "var" / "mail" / "new").iterdir())) == 3
    flask("worker", "--drain")
    assert len(list((tmp_path / "var" / "mail" / "new").iterdir())) == 3


def test_all_that_is_due_is_done_once_and_said(
    app: Flask, flask: Command, campaign: Campaign
) -> None:
    with unit_of_work(state_of(app).database.writing) as session:
        over = datetime.now(UTC) - timedelta(minutes=1)
        session.execute(update(Campaign).values(closes_at=over))
    said = flask("scheduler", "--once").output
    assert "close-expired-campaigns: 1" in said.splitlines()
    row = json.loads(flask("campaign", "show", campaign.reference, "--json").output)
    assert (row["state"], row["page"]) == ("closed", "past_date")


GROUPS = [
    "",
    "campaign",
    "campaign list",
    "campaign show",
    "campaign close",
    "campaign extend",
    "campaign pause",
    "campaign resume",
    "campaign reopen",
    "campaign stop",
    "config",
    "config check",
]
GROUPS += [
    "config show",
    "db",
    "db upgrade",
    "db check",
    "db downgrade",
    "db revision",
    "demo",
    "mail",
]
GROUPS += ["mail status", "mail held", "mail retry", "user", "user create", "web", "worker"]
GROUPS += ["scheduler", "all"]


@pytest.mark.parametrize("words", GROUPS)
def test_every_command_explains_itself(flask: Command, words: str) -> None:
    assert "Usage:" in flask(*words.split(), "--help").output


@pytest.mark.parametrize(
    "words", ["campaign nonsense", "nonsense", "mail retry", "worker --nonsense"]
)
def test_what_is_not_understood_is_2(flask: Command, words: str) -> None:
    flask(*words.split(), code=2)


def test_a_mailbox_s_budget_is_shown_and_changed_in_the_shell(flask: Command) -> None:
    address = "Office+tag@Ministry.example.org"
    before = json.loads(flask("mail", "budget", address, "--json").output)
    assert (before["address"], before["minute"]) == ("office@ministry.example.org", 10)

    flask("mail", "budget", address, "--hour", "30", "--hours", "9:00-17:30", "--days", "12345")
    flask("mail", "budget", address, "--zone", "Asia/Almaty", "--total", "500")

    after = json.loads(flask("mail", "budget", address, "--json").output)
    assert (after["minute"], after["hour"], after["ever"]) == (10, 30, 500)
    assert (after["days"], after["hours"]) == ("12345", "09:00-17:30")
    assert after["time_zone"] == "Asia/Almaty"
    assert "stays as it was" in flask("mail", "budget", address, "--days", "8", code=1).stderr

    flask("mail", "budget", address, "--default")
    assert json.loads(flask("mail", "budget", address, "--json").output)["hour"] == 120
