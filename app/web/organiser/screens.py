"""A form of the desk as it is shown: fresh, refused, or saved by somebody else meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from flask import redirect, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from app.accounts.models import Account
from app.campaigns.models import Campaign, CampaignState
from app.campaigns.rules import EDITABLE_STATES, WrongMove
from app.core.db import unit_of_work
from app.core.forms import EditedMeanwhile, FieldErrors, mark_of
from app.web.organiser.door import me, my_campaign
from app.web.organiser.words import explain_all
from app.web.state import database, reading

Fields = dict[str, str | tuple[str, ...]]
Act = Callable[[Session, Campaign, Account], object]


@dataclass(frozen=True, slots=True)
class Screen:
    """What a form shows, field by field, by the names of the fields."""

    values: Mapping[str, Any]
    opened: str
    errors: Mapping[str, str] = field(default_factory=dict)
    theirs: Mapping[str, Any] = field(default_factory=dict)
    is_conflict: bool = False
    is_too_late: bool = False
    is_locked: bool = False

    def value(self, name: str, otherwise: str = "") -> Any:
        return self.values.get(name, otherwise)

    def many(self, name: str) -> tuple[str, ...]:
        return _many(self.values, name)

    def ticked(self, name: str) -> bool:
        return bool(self.values.get(name))


def fresh(
    campaign: Campaign, form: object, fields: Fields, *, also_in: Collection[CampaignState] = ()
) -> Screen:
    """What is stored, ready to be changed, or only to be read once it is published."""
    is_locked = campaign.state not in (*EDITABLE_STATES, *also_in)
    return Screen(fields, mark_of(form), is_locked=is_locked)


def typed() -> Fields:
    """What was typed, as it was typed; a field with several values keeps them all."""
    many = {
        # Forms end lines with two characters, stored texts with one; they are the same words.
        name: tuple(text.replace("\r\n", "\n") for text in texts)
        for name, texts in request.form.lists()
    }
    return {name: texts[0] if len(texts) == 1 else texts for name, texts in many.items()}


def save(
    reference: str,
    act: Act,
    *,
    draw: Callable[[Campaign, Screen], str],
    fields_of: Callable[[Any], Fields],
    then: str,
) -> ResponseReturnValue:
    """Save a form of a campaign and go on; whatever stops it, the form comes back as typed."""
    opened = request.form.get("opened", "")
    try:
        with unit_of_work(database().writing) as session:
            act(session, my_campaign(session, reference), me(session))
    except FieldErrors as refusal:
        screen, status = Screen(typed(), opened, explain_all(refusal.errors)), 422
    except EditedMeanwhile as meanwhile:
        screen, status = conflict(meanwhile.stored, fields_of(meanwhile.stored)), 409
    except WrongMove:
        screen, status = Screen(typed(), opened, is_too_late=True), 409
    else:
        return redirect(then, 303)
    return draw(my_campaign(reading(), reference), screen), status


def conflict(stored: object, fields: Fields) -> Screen:
    """Both texts: what was typed in the fields, what somebody else saved below each."""
    mine = typed()
    rows = [*_many(fields, "row"), *_many(mine, "row")]
    # Rows that somebody else added are taken along; a form without them would not show them.
    added = set(rows) - set(_many(mine, "row"))
    values: Fields = dict(mine)
    for name, text in fields.items():
        if name != "row" and any(row in name for row in added):
            values[name] = text
    values["row"] = tuple(dict.fromkeys(rows))
    theirs = {
        name: text
        for name, text in fields.items()
        if name != "row" and values.get(name, "") != text
    }
    return Screen(values, mark_of(stored), theirs=theirs, is_conflict=True)


def _many(fields: Mapping[str, Any], name: str) -> tuple[str, ...]:
    found = fields.get(name, ())
    return (found,) if isinstance(found, str) else tuple(found)


def rows_in(form: MultiDict[str, str]) -> list[str]:
    """The ids of the rows of a form, in their order; the empty one comes last."""
    return list(dict.fromkeys(form.getlist("row")))


def rows_shown(stored: Iterable[str], screen: Screen) -> list[str]:
    """Which rows a form shows: what is stored, what was typed, and an empty one."""
    known = [*stored, *screen.many("row")]
    return [row for row in dict.fromkeys(known) if row != "new"] + ["new"]
