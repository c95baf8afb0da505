"""The form of the campaign page: what was typed, and the signed note that the form carries.

Nothing is stored before "send": the check page carries all of it hidden, and gives it back.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Self

from flask import request

from app.campaigns.models import Campaign
from app.core.errors import Refused
from app.core.i18n import current_language
from app.core.tokens import open_form, seal_form
from app.signatures.rules import SignForm, check_form
from app.web.state import keys, now

PURPOSE = "sign-form"
# A page that was left open for longer may show facts or a deadline that have changed since.
FRESH_FOR = timedelta(days=2)
FIELDS = ("name", "email", "country", "sentence", "letter_language")


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
    targets: tuple[str, ...] = ()
    note: str = ""

    @classmethod
    def from_request(cls) -> Self:
        sent = request.form
        values = {field: sent.get(field, "") for field in FIELDS}
        return cls(**values, targets=tuple(sent.getlist("targets")), note=sent.get("form", ""))

    def renewed(self, campaign: Campaign) -> Self:
        """The same words under a new note, so that they can be sent as a new act."""
        return replace(self, note=new_note(campaign))

    def as_fields(self) -> dict[str, str | tuple[str, ...]]:
        """Every field once more, for a form that carries them hidden."""
        words = {field: getattr(self, field) for field in FIELDS}
        return {**words, "targets": self.targets, "form": self.note}


def new_note(campaign: Campaign) -> str:
    """A signed note: for which campaign, since when, and a key that makes two presses one act."""
    content = {
        "campaign": campaign.reference,
        "since": now().date().isoformat(),
        "key": secrets.token_urlsafe(16),
    }
    return seal_form(_key(), PURPOSE, content)


def read_form(campaign: Campaign, languages: list[str], typed: Typed) -> SignForm:
    """The form as something that can be signed; refuses what is wrong in it, or its note."""
    words = {field: getattr(typed, field) for field in FIELDS}
    form = check_form(
        campaign,
        languages,
        words,
        typed.targets,
        page_language=current_language(),
        form_key="",
    )
    return replace(form, form_key=_key_in(typed.note, campaign))


def _key_in(note: str, campaign: Campaign) -> str:
    content = open_form(_key(), PURPOSE, note)
    since = date.fromisoformat(content["since"])
    if content["campaign"] != campaign.reference or now().date() - since > FRESH_FOR:
        raise FormStale
    return str(content["key"])


def _key() -> bytes:
    return keys().derive(PURPOSE)
