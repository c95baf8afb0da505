"""Every way in says whom it is open to and answers to our mails; looking changes nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from flask import Flask, url_for
from flask.testing import FlaskClient
from sqlalchemy import Connection, event, select
from sqlalchemy.orm import Session
from werkzeug.routing import Rule

from app.accounts.models import RoleName
from app.authorities.models import ContactKind
from app.campaigns.actions import ask_for_review
from app.campaigns.models import CampaignState
from app.core.db import Base, Database, unit_of_work
from app.core.schema import upgrade
from app.core.sealing import require_own_key
from app.core.tokens import Keys, make_token
from app.followers.actions import ask as ask_to_follow
from app.followers.models import Follower
from app.followers.queries import CONFIRM as CONFIRM_FOLLOW
from app.followers.queries import LEAVE, PREFERENCES
from app.followers.queries import token_of as follow_token
from app.followers.rules import Wish
from app.notices.links import Links
from app.reminders.actions import ask
from app.reminders.models import ReminderRequest
from app.reminders.queries import token_key as reminder_key
from app.signatures.actions import confirm
from app.signatures.queries import CONFIRM, DATA, STATUS, token_of
from app.state import state_of
from app.web.audience import Audience
from config import Settings
from tests.apps import an_app
from tests.architecture.strangers import PURPOSES
from tests.builders import LINKS, a_campaign, a_form, a_signature, an_account, the_demonstration
from tests.cast import AMAL, KOFI, NOOR, OLENA, PASSWORD, Person

LOOKING = {"GET", "HEAD", "OPTIONS"}
BASE = "http://outcry.test"
STAFF = {Audience.ORGANISER, Audience.COORDINATOR, Audience.ADMINISTRATOR, Audience.STAFF}
# What an address may hold, by its name in the rule.
Values = dict[str, str]


@dataclass(frozen=True, slots=True)
class Doors:
    """The application with something behind every door."""

    app: Flask
    database: Database
    values: Values

    def fingerprint(self) -> str:
        stored = hashlib.sha256()
        with self.database.reading() as session:
            for table in Base.metadata.sorted_tables:
                rows = sorted(repr(tuple(row)) for row in session.execute(select(table)))
                stored.update(f"{table.name}{rows}".encode())
        return stored.hexdigest()

    def rules(self) -> list[Rule]:
        return list(self.app.url_map.iter_rules())

    def looked_at(self) -> list[tuple[str, Rule]]:
        """Every address that can be opened, with values that lead to something."""
        return [(self.address(rule), rule) for rule in self.rules() if "GET" in rule.methods]

    def address(self, rule: Rule) -> str:
        values = {**self.values, "token": self.values[PURPOSES.get(rule.endpoint, "status")]}
        if rule.endpoint == "assets.static_file":
            values["name"] = "outcry.css"
        built = rule.build({name: values[name] for name in rule.arguments})
        assert built is not None, rule
        return built[1]

    def signed_in(self, who: Person) -> FlaskClient:
        client = self.app.test_client()
        answer = client.post("/sign-in", data={"email": who.email, "password": PASSWORD})
        assert answer.status_code == 303
        return client

    @contextmanager
    def watched(self) -> Iterator[list[str]]:
        """Collects the writing transactions that begin meanwhile."""
        begun: list[str] = []

        def begins(connection: Connection) -> None:
            if connection.get_execution_options().get("outcry_writes"):
                begun.append("a writing transaction")

        event.listen(self.database.engine, "begin", begins)
        try:
            yield begun
        finally:
            event.remove(self.database.engine, "begin", begins)

    def audience(self, rule: Rule) -> object:
        return getattr(self.app.view_functions[rule.endpoint], "open_to", None)


@pytest.fixture(scope="module")
def doors(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Doors]:
    var = tmp_path_factory.mktemp("doors")
    app = an_app(Settings(var=var, base_url=BASE))
    state = state_of(app)
    upgrade(state.settings.database_url)
    now = datetime.now(UTC)
    with unit_of_work(state.database.writing) as session:
        values = fill(session, state.keys, now)
    fill_maildir(state.settings.maildir)
    yield Doors(app, state.database, values)
    state.database.dispose()


def fill(session: Session, keys: Keys, now: datetime) -> Values:
    require_own_key(session, keys)
    everything = tuple(RoleName)
    olena = an_account(session, OLENA, everything, now)
    an_account(session, KOFI, (RoleName.COORDINATOR,), now)
    an_account(session, AMAL, (RoleName.ADMINISTRATOR,), now)
    waiting = the_demonstration(session, keys, "dosmagambetov", now)
    waiting.state = CampaignState.DRAFT
    session.flush()
    ask_for_review(session, waiting, olena, now)
    campaign = a_campaign(session, keys, now=now)
    done = a_signature(session, keys, campaign, now=now)
    confirm(session, keys, done, links=LINKS, now=now)
    pending = a_signature(session, keys, campaign, a_form(campaign, who=NOOR), now=now)
    ask(session, keys, campaign, NOOR.email, "en", links=LINKS, now=now)
    wanted = Wish(("en",), new_actions=True, campaign=str(campaign.id))
    ask_to_follow(session, keys, campaign.section, NOOR.email, wanted, links=LINKS, now=now)
    session.flush()
    follower = session.scalars(select(Follower)).one()
    wish = session.scalars(select(ReminderRequest)).one()
    return {
        "lang": "en",
        "language": "en",
        "ref": campaign.reference,
        "slug": campaign.slug,
        "number": "1",
        "part": "0",
        "kind": "envelope",
        "step": "check",
        "ending": "json",
        "group": campaign.audiences[0].key,
        "key": campaign.targets[0].authority.key,
        "point": next(
            str(point.id)
            for point in campaign.targets[0].authority.contact_points
            if point.kind is ContactKind.EMAIL
        ),
        "name": "a.outcry",
        "filename": "outcry.css",
        "confirm": token_of(keys, pending, CONFIRM),
        "status": token_of(keys, done, STATUS),
        "data": token_of(keys, done, DATA),
        "remind": make_token(reminder_key(keys), "confirm", wish.id, wish.nonce),
        "stop": make_token(reminder_key(keys), "stop", wish.id, wish.nonce),
        "follow": follow_token(keys, follower, CONFIRM_FOLLOW),
        "preferences": follow_token(keys, follower, PREFERENCES),
        "leave": follow_token(keys, follower, LEAVE),
    }


def fill_maildir(folder: Path) -> None:
    (folder / "new").mkdir(parents=True)
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = NOOR.email, OLENA.email, "A letter"
    mail.set_content("Words.")
    mail.add_attachment(b"%PDF-1.7", maintype="application", subtype="pdf", filename="letter.pdf")
    (folder / "new" / "a.outcry").write_bytes(mail.as_bytes())


def test_every_view_says_whom_it_is_open_to(doors: Doors) -> None:
    without = [
        str(rule) for rule in doors.rules() if not isinstance(doors.audience(rule), Audience)
    ]
    assert without == []


def test_what_acts_is_never_open_to_everybody(doors: Doors) -> None:
    """A form of a supporter or of staff; the one to sign in is the exception."""
    acting = {
        rule.endpoint
        for rule in doors.rules()
        if not rule.methods <= LOOKING and doors.audience(rule) is Audience.PUBLIC
    }
    assert acting == {"account.start"}


def test_no_view_both_shows_and_acts(doors: Doors) -> None:
    for rule in doors.rules():
        assert rule.methods <= LOOKING or not rule.methods & {"GET"}, rule


def test_addresses_of_supporters_start_with_a_language_and_those_of_staff_do_not(
    doors: Doors,
) -> None:
    for rule in doors.rules():
        is_staff = doors.audience(rule) in STAFF
        assert rule.rule.startswith(("/desk", "/stats", "/account", "/sign")) or not is_staff, rule
        if rule.endpoint.startswith("supporter."):
            assert rule.rule.startswith("/<language:lang>/")


def test_the_links_in_our_mails_are_the_addresses_of_our_doors(doors: Doors) -> None:
    links = Links(BASE)
    ref, slug = doors.values["ref"], doors.values["slug"]
    with doors.app.test_request_context(base_url=BASE):
        for lang in ("en", "fr", "ru"):

            def to(endpoint: str, lang: str = lang, **values: object) -> str:
                return url_for(endpoint, _external=True, lang=lang, **values)

            assert links.campaign(lang, ref, slug) == to("supporter.campaign", ref=ref, slug=slug)
            assert links.confirm(lang, "T") == to("supporter.ask", token="T")
            assert links.confirm(lang, "T") == to("supporter.confirm_letters", token="T")
            assert links.status(lang, "T") == to("supporter.status", token="T")
            assert links.confirm_reminders(lang, "T") == to("supporter.ask_to_confirm", token="T")
            assert links.stop_reminders(lang, "T") == to("supporter.ask_to_stop", token="T")
            assert links.stop_reminders(lang, "T") == to("supporter.stop_reminders", token="T")
            assert links.done_reminders(lang, "T") == to("supporter.ask_if_done", token="T")
            assert links.done_reminders(lang, "T") == to("supporter.note_done", token="T")
            assert links.confirm_follow(lang, "T") == to("supporter.confirm_follow", token="T")
            assert links.preferences(lang, "T") == to("supporter.preferences", token="T")
            assert links.follow_choice(lang, "T", ref) == to("supporter.choice", token="T", ref=ref)
            assert links.unsubscribe(lang, "T") == to("supporter.ask_to_leave", token="T")
            assert links.unsubscribe(lang, "T") == to("supporter.leave", token="T")
        for screen in ("review", "extend", "close"):
            wanted = url_for(f"organiser.{screen}", _external=True, ref=ref)
            assert links.desk(ref, screen) == wanted
        assert links.desk(ref) == url_for("organiser.campaign", _external=True, ref=ref)
        assert links.office("k") == url_for("organiser.authority", _external=True, key="k")


def test_every_link_leads_somewhere(doors: Doors) -> None:
    links, values = Links(BASE), doors.values
    visitor, olena = doors.app.test_client(), doors.signed_in(OLENA)
    for link in (
        links.campaign("en", values["ref"], values["slug"]),
        links.confirm("en", values["confirm"]),
        links.status("en", values["status"]),
        links.confirm_reminders("en", values["remind"]),
        links.stop_reminders("en", values["stop"]),
        links.done_reminders("en", values["stop"]),
        links.confirm_follow("en", values["follow"]),
        links.preferences("en", values["preferences"]),
        links.follow_choice("en", values["preferences"], values["ref"]),
        links.unsubscribe("en", values["leave"]),
        # A language of our mails whose pages are not there yet leads to one that is.
        links.preferences("ar", values["preferences"]),
    ):
        assert visitor.get(urlsplit(link).path).status_code == 200, link
    for screen in ("", "review", "extend", "close"):
        assert olena.get(urlsplit(links.desk(values["ref"], screen)).path).status_code == 200


def test_looking_at_every_page_changes_nothing(doors: Doors) -> None:
    """Mail scanners and browsers that load ahead open every link they see."""
    visitor = doors.app.test_client()
    before = doors.fingerprint()
    with doors.watched() as begun:
        for address, rule in doors.looked_at():
            for method in ("GET", "HEAD"):
                with visitor.open(address, method=method) as answer:
                    status = answer.status_code
                wanted = {302} if doors.audience(rule) in STAFF else {200, 301, 302, 303}
                assert status in wanted, f"{method} {address}: {status}"
    assert begun == []
    assert doors.fingerprint() == before


def test_staff_who_look_change_nothing_either(doors: Doors) -> None:
    olena = doors.signed_in(OLENA)
    before = doors.fingerprint()
    with doors.watched() as begun:
        for address, rule in doors.looked_at():
            if doors.audience(rule) in STAFF:
                answer = olena.get(address)
                assert answer.status_code in (200, 302, 303), f"{address}: {answer.status_code}"
                assert "/sign-in" not in answer.headers.get("Location", "")
    assert begun == []
    assert doors.fingerprint() == before


@pytest.mark.parametrize(
    ("who", "may"),
    [
        (KOFI, {Audience.COORDINATOR, Audience.STAFF}),
        (AMAL, {Audience.ADMINISTRATOR, Audience.STAFF}),
    ],
    ids=["coordinator", "administrator"],
)
def test_who_may_not_enter_learns_no_more_than_a_stranger(
    doors: Doors, who: Person, may: set[Audience]
) -> None:
    client = doors.signed_in(who)
    for address, rule in doors.looked_at():
        audience = doors.audience(rule)
        if audience in STAFF:
            status = client.get(address).status_code
            assert (status == 404) is (audience not in may), f"{address}: {status}"


def test_a_press_of_a_stranger_at_the_desk_does_nothing(doors: Doors) -> None:
    visitor = doors.app.test_client()
    before = doors.fingerprint()
    for rule in doors.rules():
        if "POST" in rule.methods and doors.audience(rule) in STAFF:
            status = visitor.post(doors.address(rule), data={"note": "x"}).status_code
            assert 300 <= status < 500, f"{rule}: {status}"
    assert doors.fingerprint() == before
