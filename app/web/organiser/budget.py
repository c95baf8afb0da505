"""What one mailbox of an office may get: ceilings and hours, for letters of every campaign."""

from __future__ import annotations

from uuid import UUID

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from app.audit.actions import note as audit
from app.authorities.models import Authority, ContactKind, ContactPoint
from app.authorities.queries import get_authority
from app.core.db import unit_of_work
from app.core.errors import NotFound
from app.core.forms import Check, FieldErrors
from app.delivery.actions import mailbox_for
from app.delivery.booking import set_budget
from app.delivery.budgets import (
    AT_MOST,
    PER_DAY,
    PER_HOUR,
    PER_MINUTE,
    BadBudget,
    Hours,
    ceiling_of,
    read_hours,
    say_hours,
)
from app.delivery.models import Mailbox, Span
from app.delivery.queries import find_mailbox
from app.web.audience import Audience, open_to
from app.web.organiser import screens
from app.web.organiser.door import here, me
from app.web.organiser.screens import Fields, Screen
from app.web.organiser.targets import office_of
from app.web.organiser.words import explain_all
from app.web.state import database, now, reading

_FIGURES_AT_MOST = 6
_DEFAULTS = {
    Span.MINUTE: PER_MINUTE,
    Span.HOUR: PER_HOUR,
    Span.DAY: PER_DAY,
    Span.EVER: AT_MOST,
}


@open_to(Audience.ORGANISER)
def budget(key: str, point: UUID) -> ResponseReturnValue:
    authority, found = _find(reading(), key, point)
    mailbox = find_mailbox(reading(), found.value)
    return _draw(authority, found, Screen(_fields(authority, mailbox), ""))


@open_to(Audience.ORGANISER)
def save_budget(key: str, point: UUID) -> ResponseReturnValue:
    try:
        with unit_of_work(database().writing) as session:
            by = me(session)
            authority, found = _find(session, key, point)
            mailbox = mailbox_for(session, found.value, authority.time_zone)
            ceilings, hours = _typed(authority)
            set_budget(session, mailbox, ceilings=ceilings, hours=hours, now=now())
            about = ("authority", str(authority.id))
            audit(session, str(by.id), "mailbox.budget", about=about, now=now())
    except FieldErrors as refusal:
        screen = Screen(screens.typed(), "", explain_all(refusal.errors))
        return _draw(*_find(reading(), key, point), screen), 422
    return redirect(url_for("organiser.budget", key=key, point=point, saved=1), 303)


def _find(session: Session, key: str, point: UUID) -> tuple[Authority, ContactPoint]:
    authority = get_authority(session, here().section_id, key)
    for found in authority.contact_points:
        if found.id == point and found.kind is ContactKind.EMAIL:
            return authority, found
    raise NotFound


def _draw(authority: Authority, found: ContactPoint, screen: Screen) -> str:
    return render_template(
        "organiser/budget.html",
        authority=authority,
        office=office_of(authority),
        address=found.value,
        screen=screen,
        defaults={str(span): default for span, default in _DEFAULTS.items()},
    )


def _fields(authority: Authority, mailbox: Mailbox | None) -> Fields:
    hours = Hours(authority.time_zone)
    fields: Fields = {}
    if mailbox is not None:
        hours = Hours(mailbox.time_zone, mailbox.open_days, mailbox.opens, mailbox.closes)
        fields = {str(span): str(ceiling_of(mailbox, span) or "") for span in Span}
    return fields | {"days": tuple(hours.days), "hours": say_hours(hours)}


def _typed(authority: Authority) -> tuple[dict[Span, int | None], Hours]:
    check = Check()
    ceilings: dict[Span, int | None] = {}
    for span in Span:
        typed = request.form.get(str(span), "").strip()
        is_figure = typed.isascii() and typed.isdigit() and len(typed) <= _FIGURES_AT_MOST
        if typed and not (is_figure and int(typed)):
            check.refuse(str(span), "no_ceiling")
        ceilings[span] = int(typed) if is_figure else None
    days = "".join(day for day in request.form.getlist("days") if day in set("1234567"))
    check.needs("days", days)
    opens, closes = 0, 24 * 60
    try:
        opens, closes = read_hours(request.form.get("hours", ""))
    except BadBudget:
        check.refuse("hours", "no_hours")
    check.done()
    return ceilings, Hours(authority.time_zone, days, opens, closes)
