"""A house with two sections, and everybody who might try the other one's doors.

What an address may hold is described here by the name of the argument, and which objects it leads
to is read from the map of addresses. So a new address is tried without a word in any test, and one
that holds something new fails until it is described.
"""

from __future__ import annotations

import base64
import hashlib
import uuid
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import combinations
from pathlib import Path

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.routing import Rule

from app.accounts.models import RoleName
from app.authorities.models import Authority, ContactKind
from app.campaigns.document import CampaignDocument, load_demonstration, read_documents
from app.campaigns.models import Campaign, CampaignState
from app.campaigns.queries import get_campaign_by_id
from app.core.db import Base, Database, unit_of_work
from app.core.schema import upgrade
from app.core.sealing import require_own_key
from app.core.tokens import Keys, make_token, new_nonce
from app.followers.actions import ask as ask_to_follow
from app.followers.queries import find_follower
from app.followers.queries import token_key as follower_key
from app.followers.rules import Wish
from app.reminders.actions import ask
from app.reminders.models import ReminderRequest
from app.reminders.queries import token_key as reminder_key
from app.sections.actions import default_section
from app.sections.models import Section
from app.signatures.actions import confirm
from app.signatures.queries import CONFIRM, DATA, STATUS, token_key
from app.state import state_of
from app.web.audience import Audience
from config import Settings
from tests.apps import an_app
from tests.builders import LINKS, a_form, a_signature, an_account
from tests.cast import AMAL, KOFI, MAX, NOOR, OLENA, PASSWORD, SAM, Person

BASE = "https://act.outcry.test"
LOOKING = frozenset(("GET", "HEAD", "OPTIONS"))
STAFF = frozenset(
    (Audience.ORGANISER, Audience.COORDINATOR, Audience.ADMINISTRATOR, Audience.STAFF)
)
ADA = Person("Ada", "ada@example.org")  # administers
TARIQ = Person("Tariq", "tariq@elsewhere.example")  # coordinates elsewhere
UMA = Person("Uma", "uma@elsewhere.example")  # does everything elsewhere

# What an argument leads to, by its name. Those in front own those behind.
OBJECTS = ("ref", "group", "number", "key", "point", "token")
# Arguments that are nobody's: a language, a way to print, a file that everybody gets.
PLAIN: Mapping[str, str] = {
    "lang": "en",
    "language": "en",
    "step": "check",
    "kind": "envelope",
    "ending": "json",
    "part": "0",
}
# What the local mail viewer and the static files are asked for: whoever may come in may see all.
SHARED: Mapping[str, str] = {"assets.static_file": "outcry.css", "mail_viewer": "a.outcry"}
# Addresses that lead to no object of anybody.
WITHOUT_OBJECTS = frozenset(
    (
        *("probes.healthz", "probes.readyz", "neutral.home", "mail_viewer.index"),
        *("supporter.home", "supporter.campaigns", "supporter.privacy", "supporter.safety"),
        *("supporter.writing", "supporter.accessibility"),
        *("supporter.follow", "supporter.ask_to_follow"),
        *("account.sign_in", "account.start", "account.sign_out", "account.account"),
        *("account.save_language", "account.save_password"),
        *("organiser.desk", "organiser.campaigns", "organiser.new", "organiser.save_new"),
        *("organiser.paste", "organiser.read_document", "organiser.make_from_document"),
        *("organiser.reviews", "organiser.book", "organiser.new_authority", "organiser.add"),
        *("organiser.coming", "organiser.team", "coordinator.overview", "coordinator.export"),
        "coordinator.definitions",
    )
)
# Which purposes a link of ours may have; a page takes exactly one of them.
PURPOSES: Mapping[str, str] = {
    "supporter.data": DATA,
    "supporter.data_file": DATA,
    "supporter.erase_data": DATA,
    "supporter.correct_data": DATA,
    "supporter.take_back": DATA,
    "supporter.ask": CONFIRM,
    "supporter.confirm_letters": CONFIRM,
    "supporter.ask_to_confirm": "remind",
    "supporter.confirm_reminders": "remind",
    "supporter.ask_to_stop": "stop",
    "supporter.stop_reminders": "stop",
    "supporter.ask_if_done": "stop",
    "supporter.note_done": "stop",
    "supporter.ask_to_confirm_follow": "follow",
    "supporter.confirm_follow": "follow",
    "supporter.preferences": "preferences",
    "supporter.change_preferences": "preferences",
    "supporter.stay": "preferences",
    "supporter.choice": "preferences",
    "supporter.say_choice": "preferences",
    "supporter.ask_to_leave": "leave",
    "supporter.leave": "leave",
}
Values = dict[str, str]


@dataclass(frozen=True, slots=True)
class Belongings:
    """What one side has, by the name of the argument that leads to it."""

    draft: str
    published: str
    slug: str
    group: str
    number: str
    key: str
    point: str
    # One link a purpose, all of the same person.
    tokens: Mapping[str, str] = field(default_factory=dict)

    def value(self, name: str, rule: Rule, *, public: bool) -> str:
        if name == "ref":
            return self.published if public else self.draft
        if name == "token":
            return self.tokens[PURPOSES.get(rule.endpoint, STATUS)]
        value: str = getattr(self, name)
        return value


@dataclass(frozen=True, slots=True)
class House:
    """The application with two sections behind it."""

    app: Flask
    database: Database
    keys: Keys
    ours: Belongings
    theirs: Belongings
    # Links that look right and are not.
    forged: Mapping[str, tuple[str, ...]]

    def rules(self) -> list[Rule]:
        return list(self.app.url_map.iter_rules())

    def audience(self, rule: Rule) -> Audience:
        found: Audience = self.app.view_functions[rule.endpoint].open_to  # type: ignore[attr-defined]
        return found

    def fingerprint(self) -> str:
        """Everything that is stored, as one value."""
        stored = hashlib.sha256()
        with self.database.reading() as session:
            for table in Base.metadata.sorted_tables:
                rows = sorted(repr(tuple(row)) for row in session.execute(select(table)))
                stored.update(f"{table.name}{rows}".encode())
        return stored.hexdigest()

    def authority_id(self, key: str) -> str:
        with self.database.reading() as session:
            return str(session.scalars(select(Authority.id).where(Authority.key == key)).one())

    def browser(self, who: Person | None = None) -> FlaskClient:
        client = self.app.test_client()
        if who is not None:
            data = {"email": who.email, "password": PASSWORD}
            answer = client.post("/sign-in", data=data, base_url=BASE)
            assert answer.status_code == 303, who
        return client

    def own_address(self, rule: Rule) -> str:
        """Where the house's own people find something."""
        public = self.audience(rule) not in STAFF - {Audience.COORDINATOR}
        values = {
            name: self.ours.value(name, rule, public=public)
            for name in rule.arguments & set(OBJECTS)
        }
        return built(rule, values | {"slug": self.ours.slug})

    def foreign_addresses(self, rule: Rule) -> Iterator[tuple[str, str]]:
        """Each way to reach for something of the other side, and the same for nothing at all.

        What stands behind its owner is tried under the caller's own one too: an own campaign with
        somebody else's group, an own office with somebody else's mailbox.
        """
        asked = [name for name in OBJECTS if name in rule.arguments]
        public = self.audience(rule) not in STAFF
        for foreign in (
            chosen for n in range(1, len(asked) + 1) for chosen in combinations(asked, n)
        ):
            if "ref" in foreign and "number" in asked and "number" not in foreign:
                continue  # a number means nothing without its campaign
            for token in self.forged_for(rule) if "token" in foreign else ("",):
                tried, absent = {}, {}
                for name in asked:
                    # The caller is of the other side: what is ours is foreign to them.
                    own = self.theirs.value(name, rule, public=public)
                    tried[name] = absent[name] = own
                    if name not in foreign:
                        continue
                    tried[name] = token if name == "token" else self._foreign(name)
                    absent[name] = NOTHING[name]
                slug = {"slug": self.theirs.slug}
                yield built(rule, tried | slug), built(rule, absent | slug)

    def forged_for(self, rule: Rule) -> tuple[str, ...]:
        purpose = PURPOSES.get(rule.endpoint, STATUS)
        others = (link for other, link in self.ours.tokens.items() if other != purpose)
        return (*self.forged[purpose], *others)

    def _foreign(self, name: str) -> str:
        # A published campaign is everybody's; a draft is its section's alone.
        return self.ours.draft if name == "ref" else str(getattr(self.ours, name))


# An object of each kind that does not exist.
NOTHING: Mapping[str, str] = {
    "ref": "zzzzz",
    "group": "no-such-group",
    "number": "98",
    "key": "no-such-office",
    "point": str(uuid.UUID(int=7)),
    "token": "A" * 43,
}


def _typed(name: str, text: str) -> object:
    return {"number": int, "part": int, "point": uuid.UUID}.get(name, str)(text)


def built(rule: Rule, values: Mapping[str, str]) -> str:
    whole = {**PLAIN, **values}
    if "name" in rule.arguments:
        whole["name"] = next(v for k, v in SHARED.items() if rule.endpoint.startswith(k))
    made = rule.build({name: _typed(name, whole[name]) for name in rule.arguments})
    assert made is not None, rule
    return made[1]


def build_house(var: Path) -> House:
    """Two sections that know nothing of each other, a draft and an open campaign in each."""
    # A proxy in front: the viewer of local mail is for this machine alone and must not be there.
    app = an_app(Settings(var=var, base_url=BASE, proxy_hops=1))
    state = state_of(app)
    upgrade(state.settings.database_url)
    now = datetime.now(UTC)
    with unit_of_work(state.database.writing) as session:
        require_own_key(session, state.keys)
        here = default_section(session)
        an_account(session, OLENA, (RoleName.ORGANISER,), now)
        an_account(session, AMAL, (RoleName.ORGANISER,), now)
        an_account(session, KOFI, (RoleName.COORDINATOR,), now)
        an_account(session, ADA, (RoleName.ADMINISTRATOR,), now)
        elsewhere = _another_section(session)
        for who, roles in (
            (MAX, (RoleName.ORGANISER,)),
            (TARIQ, (RoleName.COORDINATOR,)),
            (UMA, tuple(RoleName)),
        ):
            an_account(session, who, roles, now).section_id = elsewhere.id
        ours, signed = _side(session, state.keys, here, "dosmagambetov", (SAM, NOOR), now)
        theirs, other = _side(session, state.keys, elsewhere, "mamai", (MAX, UMA), now)
        forged = {
            purpose: _forged(state.keys, signed[purpose], other[purpose]) for purpose in signed
        }
    return House(app, state.database, state.keys, ours, theirs, forged)


# A row that a link leads to, and under which key and purpose the link is made.
Linked = tuple[bytes, str, uuid.UUID, bytes]


def _side(
    session: Session,
    keys: Keys,
    section: Section,
    name: str,
    people: tuple[Person, Person],
    now: datetime,
) -> tuple[Belongings, dict[str, Linked]]:
    published = _campaign(session, keys, section, name, "published", now)
    draft = _campaign(session, keys, section, name, "draft", now)
    draft.state, draft.opened_at = CampaignState.DRAFT, None
    target = max(published.targets, key=lambda one: one.position)
    writer, waiting = people
    chosen = (1, target.position)
    done = a_signature(
        session, keys, published, a_form(published, who=writer, targets=chosen), now=now
    )
    confirm(session, keys, done, links=LINKS, now=now)
    pending = a_signature(session, keys, published, a_form(published, who=waiting), now=now)
    ask(session, keys, published, writer.email, "en", links=LINKS, now=now)
    session.flush()
    wanted = select(ReminderRequest).where(ReminderRequest.campaign_id == published.id)
    wish = session.scalars(wanted).one()
    news = Wish(("en",), new_actions=True, campaign=str(published.id))
    ask_to_follow(session, keys, section, writer.email, news, links=LINKS, now=now)
    follower = find_follower(session, keys, section.id, writer.email)
    assert follower is not None
    linked: dict[str, Linked] = {
        CONFIRM: (token_key(keys), CONFIRM, pending.id, pending.nonce),
        **{p: (token_key(keys), p, done.id, done.nonce) for p in (STATUS, DATA)},
        "remind": (reminder_key(keys), "confirm", wish.id, wish.nonce),
        "stop": (reminder_key(keys), "stop", wish.id, wish.nonce),
        "follow": (follower_key(keys), "confirm", follower.id, follower.nonce),
        "preferences": (follower_key(keys), "preferences", follower.id, follower.nonce),
        "leave": (follower_key(keys), "leave", follower.id, follower.nonce),
    }
    first = min(published.targets, key=lambda one: one.position)
    reached = next(
        one for one in published.targets if _mailboxes(one.authority) and one.position >= 1
    )
    return (
        Belongings(
            draft=draft.reference,
            published=published.reference,
            slug=published.slug,
            group=first.audience.key,
            number=str(target.position),
            key=reached.authority.key,
            point=_mailboxes(reached.authority)[0],
            tokens={purpose: make_token(*of_row) for purpose, of_row in linked.items()},
        ),
        linked,
    )


def _mailboxes(authority: Authority) -> list[str]:
    return [str(one.id) for one in authority.contact_points if one.kind is ContactKind.EMAIL]


def _campaign(
    session: Session, keys: Keys, section: Section, name: str, copy: str, now: datetime
) -> Campaign:
    """A campaign of a section's own: its offices stand in no other book."""
    found = next(one for one in read_documents() if one.name == name)
    content = deepcopy(found.content)
    for entry in content["authorities"]:
        entry["key"] = f"{section.key}-{entry['key']}"
    for entry in content["targets"]:
        entry["authority"] = f"{section.key}-{entry['authority']}"
    document = CampaignDocument(f"{section.key}-{copy}", content)
    campaign = load_demonstration(session, keys, section, document, now)
    assert campaign is not None
    campaign.demonstration = None
    session.flush()
    return get_campaign_by_id(session, campaign.id)


def _another_section(session: Session) -> Section:
    section = Section(
        key="elsewhere",
        name="Elsewhere",
        languages=["en"],
        time_zone="Europe/Oslo",
        sender_name="Elsewhere",
        sender_address="letters@elsewhere.example",
        reply_to="replies@elsewhere.example",
        postal_address="1 Other Street",
    )
    session.add(section)
    session.flush()
    return section


def _forged(keys: Keys, mine: Linked, theirs: Linked) -> tuple[str, ...]:
    """Links that lead to a row, and that we never made."""
    key, purpose, row, nonce = mine
    true, other = make_token(*mine), make_token(*theirs)
    raw, tag = _raw(true), _raw(other)
    return (
        # Somebody's id with the tag of one's own link, and one's own id with theirs.
        _text(raw[:16] + tag[16:]),
        _text(tag[:16] + raw[16:]),
        # Made elsewhere, revoked since, for no purpose, cut, and one bit beside.
        make_token(Keys.of(b"another installation" * 2).derive("signature-token"), *mine[1:]),
        make_token(key, purpose, row, new_nonce()),
        make_token(key, "", row, nonce),
        _text(raw[:16] + bytes(16)),
        _text(raw[:-1] + bytes([raw[-1] ^ 1])),
    )


def _raw(token: str) -> bytes:
    return base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
