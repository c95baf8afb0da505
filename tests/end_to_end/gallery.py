"""Every page in every state, in the database of a running service: what the tests of pages look at.

A page is an address, or a form that was sent; a few need somebody who is signed in.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.models import Account
from app.authorities.models import ContactKind
from app.campaigns import life
from app.campaigns.actions import ask_for_review
from app.campaigns.document import CampaignDocument, load_demonstration, read_documents
from app.campaigns.models import Campaign, CampaignState, ClosedReason
from app.core.db import connect, unit_of_work
from app.core.keys import read_or_make_keys
from app.core.sealing import get_seal
from app.core.tokens import Keys, keyed_hash, make_token, seal_form
from app.followers import queries
from app.followers.actions import ask as ask_to_follow
from app.followers.actions import follow_with_letter
from app.followers.rules import Wish
from app.intake.checks import keep_document
from app.intake.plan import Finding
from app.notices.links import Links
from app.reminders.actions import ask, confirm_request
from app.reminders.queries import find_request
from app.reminders.queries import token_key as reminder_key
from app.sections.actions import default_section
from app.signatures.actions import confirm, sign, withdraw
from app.signatures.models import Signature
from app.signatures.queries import CONFIRM, STATUS, find_by_form, token_of
from app.signatures.rules import SignForm, addressed
from app.web.supporter.form import PURPOSE
from tests.builders import a_document_with_choices
from tests.end_to_end.plain import Answer, Fields, Reader
from tests.end_to_end.running import Running
from tests.intake.files import ACTION, STATEMENT

OLENA, KOFI = "olena@example.org", "kofi@example.org"
PEOPLE = (OLENA, KOFI)
# Who acted in the states that a campaign can be in, and when it was made.
NOW = datetime.now(UTC).replace(microsecond=0)
A_MONTH_AGO = NOW - timedelta(days=32)
ALMOST_A_MONTH_AGO = NOW - timedelta(days=29)


@dataclass(frozen=True, slots=True)
class Shown:
    """One page: where it is, what is sent there, what it answers with, who must be signed in."""

    name: str
    path: str
    status: int = 200
    fields: Fields | None = None
    on: str = ""
    who: str = ""


@dataclass(slots=True)
class Gallery:
    """All pages of a service, as plain answers and as things that a browser can open."""

    service: Running
    pages: dict[str, Shown] = field(default_factory=dict)
    readers: dict[str, Reader] = field(default_factory=dict)

    def answer(self, page: Shown) -> Answer:
        """The page as it comes over the line."""
        reader = self.readers[page.who]
        address = self.service.base + page.path
        if page.fields is None:
            return reader.get(address, **{"Accept-Language": "en"})
        return reader.post(address, self.fields_of(page, reader), Origin=self.service.base)

    def fields_of(self, page: Shown, reader: Reader) -> Fields:
        assert page.fields is not None
        if not page.who:
            return page.fields
        opened = reader.get(self.service.base + (page.on or page.path))
        hidden = {
            name: value
            for form in opened.forms
            for name, value in form.fields.items()
            if name in ("csrf_token", "opened")
        }
        return {**hidden, **page.fields}


# The names are known before a service runs, so that each page is a test of its own.
SUPPORTER_PAGES = (
    "home",
    "home-fr",
    "list",
    "campaign",
    "campaign-fr",
    "campaign-ru",
    "campaign-ten",
    "campaign-foreign-letter",
    "campaign-closing-soon",
    "campaign-past-date",
    "campaign-paused",
    "campaign-closed",
    "campaign-hidden",
    "campaign-choices",
    "campaign-spoken",
    "form-errors",
    "form-errors-ru",
    "form-change",
    "check",
    "check-ten",
    "check-at-risk",
    "check-stale",
    "check-choices",
    "check-choices-fr",
    "check-edited",
    "check-edited-wrong",
    "one-more-step",
    "one-more-tap",
    "too-late",
    "paused-meanwhile",
    "confirm",
    "confirm-ten",
    "confirm-too-late",
    "status",
    "status-ten",
    "status-withdrawn",
    "print",
    "letter",
    "letter-by-post",
    "remind-asked",
    "remind-error",
    "remind-confirm",
    "remind-confirmed",
    "remind-stop",
    "remind-stopped",
    "remind-done",
    "follow",
    "follow-about",
    "follow-error",
    "follow-asked",
    "follow-confirm",
    "follow-confirmed",
    "preferences",
    "follow-choice",
    "leave",
    "left",
    "privacy",
    "safety",
    "writing",
    "accessibility",
    "not-found",
    "not-found-ru",
    "wrong-method",
    "local-mail",
    "local-message",
)
STAFF_PAGES = (
    "sign-in",
    "sign-in-errors",
    "desk",
    "desk-campaigns",
    "desk-new",
    "desk-new-errors",
    "desk-paste",
    "desk-paste-errors",
    "desk-paste-no-action",
    "desk-reading",
    "desk-reading-errors",
    "desk-found",
    "desk-campaign",
    "desk-facts",
    "desk-facts-open",
    "desk-texts",
    "desk-texts-errors",
    "desk-texts-conflict",
    "desk-people",
    "desk-groups",
    "desk-demands",
    "desk-targets",
    "desk-letters",
    "desk-letter",
    "desk-letter-errors",
    "desk-timing",
    "desk-timing-errors",
    "desk-preview",
    "desk-review",
    "desk-extend",
    "desk-pause",
    "desk-resume",
    "desk-close",
    "desk-hide",
    "desk-change",
    "desk-outcome",
    "desk-next",
    "desk-reviews",
    "desk-coming",
    "desk-book",
    "desk-budget",
    "desk-office",
    "desk-office-new",
    "account",
    "account-errors",
    "stats",
    "stats-campaign",
    "stats-definitions",
)


def hang(service: Running) -> Gallery:
    """Make what has to be there, and list every page of it."""
    gallery = Gallery(service)
    gallery.readers = {"": Reader(), **{who: signed_in(service, who) for who in PEOPLE}}
    database = connect(service.database_url)
    try:
        with unit_of_work(database.writing) as session:
            keys = read_or_make_keys(service.var / "keys" / "master.key")
            rooms = _Rooms(session, keys, Links(service.base))
            shown = [*_campaigns(rooms), *_letters(rooms), *_desk(rooms), *_reminders(rooms)]
            shown += _following(rooms)
    finally:
        database.dispose()
    shown += _forms(gallery, rooms)
    shown += _plain_pages(gallery)
    gallery.pages = {page.name: page for page in shown}
    assert set(gallery.pages) == {*SUPPORTER_PAGES, *STAFF_PAGES}
    return gallery


def signed_in(service: Running, email: str) -> Reader:
    reader = Reader(cookies=True)
    page = reader.get(f"{service.base}/sign-in")
    password = service.password_of(email)
    answer = reader.submit(page, "/sign-in", email=email, password=password)
    assert answer.status == 200
    assert "Sign out" in answer.words
    return reader


class _Rooms:
    """A writing session and what stands in it: the demonstrations and copies in other states."""

    def __init__(self, session: Session, keys: Keys, links: Links) -> None:
        self.session, self.keys, self.links = session, keys, links
        self.section = default_section(session)
        self.documents = {document.name: document for document in read_documents()}
        self.contents = {"choices": a_document_with_choices().content}
        self.mamai = self._there("mamai")
        self.ten = self._there("dosmagambetov")
        self.olena = session.scalars(select(Account).where(Account.email == OLENA)).one()
        self.paths: dict[str, str] = {
            "mamai": self.path(self.mamai),
            "ten": self.path(self.ten),
        }

    def copy(
        self, name: str, when: datetime = NOW, act: Callable[[Campaign], object] | None = None
    ) -> Campaign:
        """One more Mamaï campaign, in another state."""
        mamai = self.documents["mamai"].content
        document = CampaignDocument(f"gallery-{name}", self.contents.get(name) or mamai)
        made = load_demonstration(self.session, self.keys, self.section, document, when)
        assert made is not None
        self.session.flush()
        if act is not None:
            act(made)
            self.session.flush()
        self.paths[name] = self.path(made)
        return made

    def path(self, campaign: Campaign, language: str = "en") -> str:
        return f"/{language}/campaigns/{campaign.reference}/{campaign.slug}"

    def signature(
        self,
        campaign: Campaign,
        when: datetime = NOW,
        act: Callable[[Signature], object] | None = None,
    ) -> Signature:
        targets = tuple(target.id for target in addressed(campaign))
        form = SignForm(
            "Šárka مريم",
            f"{uuid.uuid4().hex[:8]}@example.org",
            "SE",
            "I read. Я читаю.",
            targets,
            "ru",
            "en",
            uuid.uuid4().hex,
            agreed=True,
        )
        sign(self.session, self.keys, campaign, form, links=self.links, now=when)
        self.session.flush()
        form_hash = keyed_hash(self.keys.derive("form-key"), campaign.reference, form.form_key)
        found = find_by_form(self.session, form_hash)
        assert found is not None
        if act is not None:
            act(found)
            self.session.flush()
        return found

    def confirmed(self, signature: Signature) -> None:
        confirm(self.session, self.keys, signature, links=self.links, now=NOW)

    def note(self, name: str) -> str:
        """The hidden note of a form that was opened while the campaign still took letters."""
        reference = self.paths[name].split("/")[3]
        content = {
            "campaign": reference,
            "since": NOW.date().isoformat(),
            "key": uuid.uuid4().hex,
        }
        return seal_form(self.keys.derive(PURPOSE), PURPOSE, content)

    def wish(self, purpose: str) -> str:
        """The token of a new wish to be reminded of the Mamaï campaign."""
        email = f"{uuid.uuid4().hex[:8]}@example.org"
        ask(self.session, self.keys, self.mamai, email, "en", links=self.links, now=NOW)
        self.session.flush()
        mailbox = get_seal(self.session, self.keys, self.mamai.key_id).lookup("reminder", email)
        wish = find_request(self.session, self.mamai.id, mailbox)
        assert wish is not None
        if purpose == "stop":
            confirm_request(wish, NOW)
            self.session.flush()
        return make_token(reminder_key(self.keys), purpose, wish.id, wish.nonce)

    def follower(self, purpose: str) -> str:
        """The token of somebody new who follows the Mamaï campaign, or has asked to."""
        email = f"{uuid.uuid4().hex[:8]}@example.org"
        section = self.mamai.section
        if purpose == "confirm":
            wish = Wish(("en",), new_actions=True, campaign=str(self.mamai.id))
            ask_to_follow(self.session, self.keys, section, email, wish, links=self.links, now=NOW)
        else:
            follow_with_letter(self.session, self.keys, self.mamai, email, "en", NOW)
        found = queries.find_follower(self.session, self.keys, section.id, email)
        assert found is not None
        return queries.token_of(self.keys, found, purpose)

    def token(self, signature: Signature, purpose: str) -> str:
        return token_of(self.keys, signature, purpose)

    def _there(self, name: str) -> Campaign:
        wanted = select(Campaign).where(Campaign.demonstration == name)
        return self.session.scalars(wanted).one()


def _campaigns(rooms: _Rooms) -> Iterator[Shown]:
    by, note = rooms.olena, "We heard that the court sits again on Friday."
    rooms.copy("closing-soon", ALMOST_A_MONTH_AGO)
    rooms.copy("past-date", A_MONTH_AGO)
    rooms.copy("paused", act=lambda c: life.pause(rooms.session, c, by, note, NOW))
    rooms.copy("closed", act=lambda c: _closed(rooms, c, note))
    rooms.copy("hidden", act=lambda c: life.hide(rooms.session, c, by, NOW))
    for language in ("", "-fr", "-ru"):
        path = rooms.path(rooms.mamai, language.removeprefix("-") or "en")
        yield Shown(f"campaign{language}", path)
    yield Shown("campaign-ten", rooms.paths["ten"])
    yield Shown("campaign-foreign-letter", f"{rooms.paths['mamai']}?letter=ru")
    for name in ("closing-soon", "past-date", "paused", "closed"):
        yield Shown(f"campaign-{name}", rooms.paths[name])
    yield Shown("campaign-hidden", rooms.paths["hidden"], 410)
    rooms.copy("spoken")
    yield Shown("campaign-spoken", rooms.paths["spoken"])
    rooms.copy("choices")
    yield Shown("campaign-choices", rooms.paths["choices"])
    yield Shown("letter", f"{rooms.paths['mamai']}/letter/1?letter=ru")
    yield Shown("letter-by-post", f"{rooms.paths['ten']}/letter/3")
    yield Shown("stats-campaign", f"/stats/campaigns/{rooms.ten.reference}", who=KOFI)


def _closed(rooms: _Rooms, campaign: Campaign, note: str) -> None:
    life.close(
        rooms.session, campaign, rooms.olena, reason=ClosedReason.OUTCOME, note=note, now=NOW
    )


def _letters(rooms: _Rooms) -> Iterator[Shown]:
    waiting, many = rooms.signature(rooms.mamai), rooms.signature(rooms.ten)
    sent = rooms.signature(rooms.mamai, act=rooms.confirmed)
    late = rooms.copy("late-letter", A_MONTH_AGO)
    too_late = rooms.signature(late, A_MONTH_AGO)
    ten = rooms.signature(rooms.ten, act=rooms.confirmed)
    back = rooms.signature(rooms.mamai, act=rooms.confirmed)
    withdraw(rooms.session, back, NOW)
    for name, one in (("confirm", waiting), ("confirm-ten", many)):
        yield Shown(name, f"/en/letters/{rooms.token(one, CONFIRM)}/confirm")
    yield Shown("confirm-too-late", f"/en/letters/{rooms.token(too_late, CONFIRM)}/confirm", 409)
    for name, one in (("status", sent), ("status-ten", ten), ("status-withdrawn", back)):
        # With so many looks the page no longer asks to be loaded again by itself.
        yield Shown(name, f"/en/letters/{rooms.token(one, STATUS)}?look=15")
    yield Shown("print", f"/en/letters/{rooms.token(ten, STATUS)}/print")


def _desk(rooms: _Rooms) -> Iterator[Shown]:
    draft = rooms.copy("draft", act=lambda c: _drafted(rooms, c))
    reviewed = rooms.copy("in-review", act=lambda c: _drafted(rooms, c))
    ask_for_review(rooms.session, reviewed, rooms.olena, NOW)
    one, live = f"/desk/campaigns/{draft.reference}", f"/desk/campaigns/{rooms.mamai.reference}"
    held = rooms.copy("held", act=lambda c: life.pause(rooms.session, c, rooms.olena, "Wait.", NOW))
    group = draft.audiences[0].key
    office = draft.targets[0].authority.key
    for name in ("facts", "people", "groups", "demands", "targets", "letters", "timing"):
        yield Shown(f"desk-{name}", f"{one}/{name}", who=OLENA)
    yield Shown("desk-texts", f"{one}/texts/ru", who=OLENA)
    yield Shown("desk-letter", f"{one}/letters/{group}/ru", who=OLENA)
    yield Shown("desk-preview", f"{one}/preview/fr", who=OLENA)
    yield Shown("desk-campaign", live, who=OLENA)
    yield Shown("desk-facts-open", f"{live}/facts", who=OLENA)
    yield Shown("desk-review", f"/desk/campaigns/{reviewed.reference}/review", who=OLENA)
    for name in ("extend", "pause", "close", "hide", "outcome", "next", "change"):
        yield Shown(f"desk-{name}", f"{live}/{name}", who=OLENA)
    yield Shown("desk-resume", f"/desk/campaigns/{held.reference}/resume", who=OLENA)
    yield Shown("desk-office", f"/desk/address-book/{office}", who=OLENA)
    point = next(
        one.id for one in draft.targets[0].authority.contact_points if one.kind is ContactKind.EMAIL
    )
    yield Shown("desk-budget", f"/desk/address-book/{office}/budget/{point}", who=OLENA)
    yield from _intake(rooms, draft)
    meanwhile = {
        "opened": "",
        "title": "Mine",
        "standfirst": "Mine.",
        "we_ask": "",
        "background": "",
    }
    yield Shown("desk-texts-conflict", f"{one}/texts/en", 409, meanwhile, who=OLENA)
    for name, path, fields in (
        ("desk-texts-errors", f"{one}/texts/en", {"title": "", "standfirst": "word " * 60}),
        ("desk-timing-errors", f"{one}/timing", {"last_day": "2001-01-01", "last_time": ""}),
        (
            "desk-letter-errors",
            f"{one}/letters/{group}/en",
            {"subject": "", "body": "{{ nobody }} writes"},
        ),
        ("desk-new-errors", "/desk/campaigns/new", {"title": "", "language": "en"}),
    ):
        yield Shown(name, path, 422, fields, who=OLENA)


def _intake(rooms: _Rooms, draft: Campaign) -> Iterator[Shown]:
    """A document: pasted, refused, read, sent back, and kept beside its draft."""
    paste, make = "/desk/documents", "/desk/documents/draft"
    checks = [
        Finding("deadline", "2031-05-12", False, 307, 318, "two_dates"),
        Finding("closing", "Yours", False, 0, 0, "misspelt_closing", "Yours"),
    ]
    keep_document(rooms.session, rooms.keys, draft, ACTION, checks, NOW)
    yield Shown("desk-paste", paste, who=OLENA)
    for name, status, text in (
        ("desk-paste-errors", 422, " "),
        ("desk-paste-no-action", 422, STATEMENT),
        ("desk-reading", 200, ACTION),
    ):
        yield Shown(name, paste, status, {"document": text}, on=paste, who=OLENA)
    wrong = {"document": ACTION, "title": "", "target-1-role": "A minister"}
    yield Shown("desk-reading-errors", make, 422, wrong, on=paste, who=OLENA)
    yield Shown("desk-found", f"/desk/campaigns/{draft.reference}/found", who=OLENA)


def _drafted(rooms: _Rooms, campaign: Campaign) -> None:
    """Back to what it was before it was published."""
    campaign.state = CampaignState.DRAFT
    campaign.demonstration = None
    campaign.written_by_id = rooms.olena.id


def _forms(gallery: Gallery, rooms: _Rooms) -> Iterator[Shown]:
    """Pages that answer a form: sent once by hand, to be sent again by a browser."""
    reader = gallery.readers[""]
    base = gallery.service.base

    def filled(path: str, **changed: str | list[str]) -> dict[str, str | list[str]]:
        page = reader.get(base + path)
        typed: dict[str, str | list[str]] = {
            "name": "Šárka مريم",
            "email": f"{uuid.uuid4().hex[:8]}@example.org",
            "country": "SE",
            "sentence": "I read <b>books</b> & more.",
            "consent": "1",
        }
        return {**page.form("/check").fields, **typed, **changed}

    paths = rooms.paths
    mamai, ten = paths["mamai"], paths["ten"]
    everybody = [str(number) for number in range(1, 11)]
    wrong: dict[str, str | list[str]] = {
        "name": "",
        "email": "no",
        "country": "",
        "sentence": "x" * 400,
        "targets": [],
    }
    yield Shown("form-errors", f"{mamai}/check", 422, filled(mamai, **wrong), on=mamai)
    russian = mamai.replace("/en/", "/ru/")
    yield Shown("form-errors-ru", f"{russian}/check", 422, filled(russian, **wrong), on=russian)
    yield Shown("form-change", f"{mamai}/change", 200, filled(mamai), on=mamai)
    in_russian = filled(mamai, letter_language="ru")
    yield Shown("check", f"{mamai}/check", 200, in_russian, on=mamai)
    yield Shown("check-ten", f"{ten}/check", 200, filled(ten, targets=everybody), on=ten)
    yield Shown("check-at-risk", f"{mamai}/check", 200, filled(mamai, country="KZ"), on=mamai)
    yield Shown("check-stale", f"{mamai}/send", 409, filled(mamai, form="old"), on=mamai)
    yield from _choices(paths["choices"], filled)
    # What a program fills in that fills in everything.
    trapped = filled(mamai, homepage="https://example.org")
    yield Shown("one-more-step", f"{mamai}/send", 200, trapped, on=mamai)
    yield Shown("one-more-tap", f"{mamai}/send", 200, filled(mamai), on=mamai)
    for name, state in (("too-late", "past-date"), ("paused-meanwhile", "paused")):
        typed = filled(mamai, form=rooms.note(state))
        yield Shown(name, f"{paths[state]}/send", 409, typed, on=mamai)
    yield Shown("remind-error", f"{mamai}/remind", 422, {"email": "no"}, on=mamai)
    yield Shown("wrong-method", "/en/privacy", 405, {}, on=mamai)


def _choices(path: str, filled: Callable[..., dict[str, str | list[str]]]) -> Iterator[Shown]:
    """The check page of letters with forms and variants: as they come, and edited."""
    french = path.replace("/en/", "/fr/")
    known = {"about": "I am a teacher in Uppsala.", "town": "Uppsala"}
    for name, page, language in (("", path, "ar"), ("-fr", french, "fr")):
        typed = filled(page, letter_language=language, **known)
        yield Shown(f"check-choices{name}", f"{page}/check", 200, typed, on=page)
    mine = "PLEASE LISTEN!!\n\nI have read about this case, see https://example.org/case."
    edited = filled(path, letter_language="en", **{"body-1": mine})
    yield Shown("check-edited", f"{path}/check", 200, edited, on=path)
    wrong = filled(path, letter_language="ar", **{"body-1": "\u202ex"})
    yield Shown("check-edited-wrong", f"{path}/check", 422, wrong, on=path)


def _reminders(rooms: _Rooms) -> Iterator[Shown]:
    """Wishes to be reminded, each of another address and so with links of its own."""
    path = rooms.paths["mamai"]
    yield Shown("remind-asked", f"{path}/remind", 200, {"email": "asks@example.org"}, on=path)
    for name, purpose in (("confirm", "confirm"), ("confirmed", "confirm"), ("stop", "stop")):
        address = f"/en/reminders/{rooms.wish(purpose)}/{purpose}"
        fields = {} if name == "confirmed" else None
        yield Shown(f"remind-{name}", address, 200, fields, on=path)
    stopped = f"/en/reminders/{rooms.wish('stop')}/stop"
    yield Shown("remind-stopped", stopped, 200, {}, on=path)


def _following(rooms: _Rooms) -> Iterator[Shown]:
    """Wishes to hear what comes of it, each of another address and so with links of its own."""
    path, reference = rooms.paths["mamai"], rooms.mamai.reference
    done = f"/en/reminders/{rooms.wish('stop')}/done"
    yield Shown("remind-done", done, on=path)
    yield Shown("follow", "/en/follow")
    yield Shown("follow-about", f"/en/follow?about={reference}")
    everything = {"email": "follows@example.org", "new_actions": "1"}
    yield Shown("follow-error", "/en/follow", 422, {**everything, "email": "no"}, on="/en/follow")
    yield Shown("follow-asked", "/en/follow", 200, everything, on="/en/follow")
    for name in ("confirm", "confirmed"):
        address = f"/en/follow/{rooms.follower('confirm')}/confirm"
        yield Shown(f"follow-{name}", address, 200, {} if name == "confirmed" else None, on=path)
    token = rooms.follower("preferences")
    yield Shown("preferences", f"/en/preferences/{token}", on=path)
    yield Shown("follow-choice", f"/en/preferences/{token}/{reference}", on=path)
    yield Shown("leave", f"/en/unsubscribe/{rooms.follower('leave')}", on=path)
    yield Shown("left", f"/en/unsubscribe/{rooms.follower('leave')}", 200, {}, on=path)


def _plain_pages(gallery: Gallery) -> Iterator[Shown]:
    for name, path in (
        ("home", "/en/"),
        ("home-fr", "/fr/"),
        ("list", "/en/campaigns"),
        ("privacy", "/en/privacy"),
        ("safety", "/en/help/safety"),
        ("writing", "/en/help/writing"),
        ("accessibility", "/en/accessibility"),
        ("sign-in", "/sign-in"),
        ("local-mail", "/dev/mail"),
    ):
        yield Shown(name, path)
    mail = gallery.readers[""].get(f"{gallery.service.base}/dev/mail")
    yield Shown("local-message", urlsplit(mail.link("/dev/mail/")).path)
    yield Shown("not-found", "/en/campaigns/zzzzz/nothing", 404)
    yield Shown("not-found-ru", "/ru/nothing", 404)
    yield Shown("sign-in-errors", "/sign-in", 422, {"email": "", "password": ""}, who=OLENA)
    for name, path in (
        ("desk", "/desk"),
        ("desk-campaigns", "/desk/campaigns"),
        ("desk-new", "/desk/campaigns/new"),
        ("desk-reviews", "/desk/reviews"),
        ("desk-coming", "/desk/coming?days=90"),
        ("desk-book", "/desk/address-book"),
        ("desk-office-new", "/desk/address-book/new"),
        ("account", "/account"),
    ):
        yield Shown(name, path, who=OLENA)
    yield Shown(
        "account-errors",
        "/account/password",
        422,
        {"present": "x", "password": "y"},
        on="/account",
        who=OLENA,
    )
    yield Shown("stats", "/stats", who=KOFI)
    yield Shown("stats-definitions", "/stats/definitions", who=KOFI)
