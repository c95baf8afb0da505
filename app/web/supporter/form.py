"""The form of the campaign page: what was typed, and the signed note that the form carries.

Nothing is stored before "send": the check page carries all of it hidden, and gives it back.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Self

from flask import request

from app.campaigns.models import Campaign
from app.core.addresses import same_mailbox
from app.core.errors import Refused
from app.core.i18n import current_language
from app.core.networks import network_of
from app.core.tokens import Keys, open_form, seal_form
from app.signatures.rules import SignForm, check_form
from app.signatures.watch import Arrival
from app.web.state import keys, now

PURPOSE = "sign-form"
# A page that was left open for longer may show facts or a deadline that have changed since.
FRESH_FOR = timedelta(days=2)
FIELDS = ("name", "email", "country", "sentence", "letter_language", "town", "about")
# Boxes of the check page; what is not ticked is not sent.
WISHES = ("keep_nothing", "answers_to_me", "tell_me")
# What the buttons of the check page choose; the form of the campaign page only carries it along.
CHOSEN = ("writer_form", "turn", "appearance", "alias", "risk", *WISHES)
# No person sees this field; a program that fills in whatever it finds does.
TRAP = "homepage"
# In front of a recipient's number: the letter to that one as its writer edited it.
BODY = "body-"


class FormStale(Refused):
    """The form was opened long ago, or its note is not one of ours."""

    code = "form_stale"


@dataclass(frozen=True, slots=True)
class Typed:
    """What stands in the fields, exactly as it was typed."""

    name: str = ""
    email: str = ""
    country: str = ""
    sentence: str = ""
    letter_language: str = ""
    town: str = ""
    about: str = ""
    writer_form: str = ""
    turn: str = ""
    appearance: str = ""
    alias: str = ""
    keep_nothing: str = ""
    answers_to_me: str = ""
    tell_me: str = ""
    # The country whose risk has been thought of.
    risk: str = ""
    targets: tuple[str, ...] = ()
    note: str = ""
    bodies: tuple[tuple[str, str], ...] = ()
    # Ticked on the check page. Only the page that proves a person carries it on: it is asked for
    # anew whenever the letter is shown again.
    consent: bool = False
    trap: str = ""

    @classmethod
    def from_request(cls) -> Self:
        sent = request.form
        values = {field: sent.get(field, "") for field in (*FIELDS, *CHOSEN)}
        # What a button says goes before what the page carried along.
        chosen = {name: sent[f"choose_{name}"] for name in CHOSEN if f"choose_{name}" in sent}
        bodies = tuple(
            (name.removeprefix(BODY), text)
            for name, text in sent.items()
            if name.startswith(BODY) and _is_edited(name, text)
        )
        if sent.get("edited_in", values["letter_language"]) != values["letter_language"]:
            # A body in Russian is no body for a letter that was changed to English.
            bodies = ()
        return cls(
            **{**values, **chosen},
            targets=tuple(sent.getlist("targets")),
            note=sent.get("form", ""),
            bodies=bodies,
            consent="consent" in sent,
            trap=sent.get(TRAP, ""),
        )

    def renewed(self, campaign: Campaign) -> Self:
        """The same words under a new note, so that they can be sent as a new act."""
        return replace(self, note=new_note(campaign))

    def as_fields(self) -> dict[str, str | tuple[str, ...]]:
        """Every field once more, for a form that carries them hidden."""
        return {**self.as_written(), **self.as_chosen()}

    def as_written(self) -> dict[str, str | tuple[str, ...]]:
        """The fields of the campaign page."""
        words = {field: getattr(self, field) for field in FIELDS}
        fields = {**words, "targets": self.targets, "form": self.note}
        return fields | ({TRAP: self.trap} if self.trap else {})

    def as_hidden(self) -> dict[str, str | tuple[str, ...]]:
        """What the check page carries without showing it; the town has a field of its own there."""
        return {name: value for name, value in self.as_written().items() if name != "town"}

    def as_chosen(self) -> dict[str, str | tuple[str, ...]]:
        """What was chosen and edited on the check page."""
        said = {field: getattr(self, field) for field in CHOSEN}
        said |= {f"{BODY}{number}": text for number, text in self.bodies}
        said["edited_in"] = self.letter_language if self.bodies else ""
        return {name: text for name, text in said.items() if text}

    def body(self, number: int) -> str:
        return dict(self.bodies).get(str(number), "")

    def without(self, fields: Collection[str]) -> Self:
        """The same without what is wrong in these fields of the check page."""
        return replace(
            self,
            bodies=tuple(pair for pair in self.bodies if f"{BODY}{pair[0]}" not in fields),
            town="" if "town" in fields else self.town,
            appearance="" if "alias" in fields else self.appearance,
        )


@dataclass(frozen=True, slots=True)
class Notes:
    """What makes the signed notes of forms; the key is derived once."""

    key: bytes

    @classmethod
    def of(cls, made_with: Keys) -> Self:
        return cls(made_with.derive(PURPOSE))

    def fresh(self, reference: str, at: datetime) -> str:
        """For which campaign, since when, and a key that makes two presses one act."""
        content = {
            "campaign": reference,
            "since": at.date().isoformat(),
            # To the second, and only in the page: how long it was open says who filled it in.
            "at": int(at.timestamp()),
            "key": secrets.token_urlsafe(16),
        }
        return seal_form(self.key, PURPOSE, content)


def new_note(campaign: Campaign) -> str:
    """A signed note for a form of this campaign that is opened now."""
    return Notes.of(keys()).fresh(campaign.reference, now())


def read_form(campaign: Campaign, languages: list[str], typed: Typed) -> SignForm:
    """The form as something that can be signed; refuses what is wrong in it, or its note."""
    words = {field: getattr(typed, field) for field in (*FIELDS, *CHOSEN)}
    form = check_form(
        campaign,
        languages,
        words,
        typed.targets,
        page_language=current_language(),
        form_key="",
        bodies=dict(typed.bodies),
    )
    return replace(form, form_key=_key_in(typed.note, campaign), agreed=typed.consent)


def arrival_of(campaign: Campaign, form: SignForm, typed: Typed) -> Arrival:
    """What can be told of a form without its words. The address it came from goes no further."""
    opened = open_form(_key(), PURPOSE, typed.note).get("at", 0)
    return Arrival(
        campaign=campaign.reference,
        network=network_of(request.remote_addr or ""),
        domain=same_mailbox(form.email).rpartition("@")[2],
        seconds=now().timestamp() - opened,
        trap=bool(typed.trap),
    )


def mark_of_body(text: str) -> str:
    """A mark of a body as it was given to edit, to tell by whether it comes back untouched."""
    lines = "\n".join(line.strip() for line in text.strip().splitlines())
    return hashlib.sha256(lines.encode(errors="surrogatepass")).hexdigest()[:16]


def _is_edited(name: str, text: str) -> bool:
    # The button "take the campaign's text again" names the letter that it is about.
    sent = request.form
    untouched = mark_of_body(text) == sent.get(f"model-{name}")
    return bool(text.strip()) and name != sent.get("again") and not untouched


def _key_in(note: str, campaign: Campaign) -> str:
    content = open_form(_key(), PURPOSE, note)
    since = date.fromisoformat(content["since"])
    if content["campaign"] != campaign.reference or now().date() - since > FRESH_FOR:
        raise FormStale
    return str(content["key"])


def _key() -> bytes:
    return keys().derive(PURPOSE)
