"""The address book: offices, how they are addressed, and every way to reach them."""

from __future__ import annotations

from typing import cast

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.audit.actions import note as audit
from app.authorities.actions import (
    NEW,
    AuthorityForm,
    ContactRow,
    OfficeRow,
    add_authority,
    read_authority,
    save_authority,
)
from app.authorities.models import Authority, ContactKind, ContactPoint, ContactState
from app.authorities.queries import get_authority, list_book
from app.authorities.rules import doubts_about, is_stale
from app.core.db import day_of, unit_of_work
from app.core.forms import EditedMeanwhile, FieldErrors, mark_of
from app.core.i18n import countries, current_language
from app.signatures.ladder import count_came_back, send_again, step_down
from app.web.audience import Audience, open_to
from app.web.organiser import screens
from app.web.organiser.choices import language_choices, zone_choices
from app.web.organiser.door import here, me
from app.web.organiser.screens import Fields, Screen
from app.web.organiser.targets import office_of
from app.web.organiser.words import explain_all
from app.web.state import database, keys, now, reading

OFFICE = ("role", "name", "institution", "salutation", "closing")
READS_AT_MOST = 4


@open_to(Audience.ORGANISER)
def book() -> ResponseReturnValue:
    found = list_book(reading(), here().section_id)
    return render_template(
        "organiser/book.html",
        book=found,
        office_of=office_of,
        stale={one.id for one in found if any(_is_stale(point) for point in one.contact_points)},
        doubtful={one.id for one in found if any(map(_is_doubtful, one.contact_points))},
    )


@open_to(Audience.ORGANISER)
def new_authority() -> ResponseReturnValue:
    return _draw(None, Screen({"time_zone": here().section.time_zone}, ""))


@open_to(Audience.ORGANISER)
def add() -> ResponseReturnValue:
    try:
        with unit_of_work(database().writing) as session:
            by = me(session)
            key = add_authority(session, by.section, _form(), by=by.id, now=now()).key
    except FieldErrors as refusal:
        return _draw(None, Screen(screens.typed(), "", explain_all(refusal.errors))), 422
    return redirect(url_for("organiser.authority", key=key, saved=1), 303)


@open_to(Audience.ORGANISER)
def authority(key: str) -> ResponseReturnValue:
    found = get_authority(reading(), here().section_id, key)
    stored = read_authority(found)
    return _draw(found, Screen(_fields(stored), mark_of(stored)))


@open_to(Audience.ORGANISER)
def save(key: str) -> ResponseReturnValue:
    opened = request.form.get("opened", "")
    try:
        with unit_of_work(database().writing) as session:
            found = get_authority(session, here().section_id, key)
            save_authority(session, found, _form(), by=me(session).id, opened=opened, now=now())
            session.flush()  # letters that wait look at the addresses as they are now
            step_down(session, keys(), found, now())
    except FieldErrors as refusal:
        screen, status = Screen(screens.typed(), opened, explain_all(refusal.errors)), 422
    except EditedMeanwhile as meanwhile:
        stored = cast(AuthorityForm, meanwhile.stored)
        screen, status = screens.conflict(stored, _fields(stored)), 409
    else:
        return redirect(url_for("organiser.authority", key=key, saved=1), 303)
    return _draw(get_authority(reading(), here().section_id, key), screen), status


@open_to(Audience.ORGANISER)
def send_again_to(key: str) -> ResponseReturnValue:
    with unit_of_work(database().writing) as session:
        by = me(session)
        found = get_authority(session, here().section_id, key)
        sent = send_again(session, keys(), found, now())
        audit(
            session,
            str(by.id),
            "authority.sent_again",
            about=("authority", str(found.id)),
            now=now(),
        )
    return redirect(url_for("organiser.authority", key=key, again=sent), 303)


def _draw(found: Authority | None, screen: Screen) -> str:
    points = list(found.contact_points) if found else []
    languages = list(
        dict.fromkeys(
            [
                *here().section.languages,
                *(office.language for office in (found.offices if found else [])),
                *screen.many("office"),
                *screen.many("languages"),
            ]
        )
    )
    return render_template(
        "organiser/authority.html",
        authority=found,
        came_back=count_came_back(reading(), found) if found else 0,
        sent_again=request.args.get("again", type=int),
        office=office_of(found) if found else None,
        screen=screen,
        rows=screens.rows_shown([str(point.id) for point in points], screen),
        email_rows={str(point.id) for point in points if point.kind is ContactKind.EMAIL},
        doubts={str(point.id): _doubts(point) for point in points},
        stale={str(point.id) for point in points if _is_stale(point)},
        languages=[language for language in languages if language],
        all_languages=language_choices(languages),
        countries=countries(current_language()),
        zones=zone_choices(current_language()),
        kinds=[kind.value for kind in ContactKind],
        states=[state.value for state in ContactState],
        reads=READS_AT_MOST,
    )


def _doubts(point: ContactPoint) -> list[str]:
    return [doubt.value for doubt in doubts_about(point.kind, point.value)]


def _is_doubtful(point: ContactPoint) -> bool:
    return bool(_doubts(point)) or point.state is ContactState.DOUBTFUL


def _is_stale(point: ContactPoint) -> bool:
    return is_stale(point.last_verified, day_of(now()))


def _fields(form: AuthorityForm) -> Fields:
    fields: Fields = {
        "country": form.country,
        "time_zone": form.time_zone,
        "embassy_in": form.embassy_in,
        "languages": form.languages,
        "row": tuple(row.row for row in form.contacts),
        "office": tuple(row.language for row in form.offices),
    }
    for office in form.offices:
        fields |= {f"{name}-{office.language}": getattr(office, name) for name in OFFICE}
    for row in form.contacts:
        fields |= {
            f"kind-{row.row}": row.kind,
            f"value-{row.row}": row.value,
            f"remark-{row.row}": row.remark,
            f"check_note-{row.row}": row.check_note,
            f"state-{row.row}": row.state,
            f"last_verified-{row.row}": row.last_verified,
        }
    return fields


def _form() -> AuthorityForm:
    typed = request.form
    return AuthorityForm(
        typed.get("country", ""),
        typed.get("time_zone", ""),
        tuple(typed.getlist("languages")),
        tuple(
            OfficeRow(language, *(typed.get(f"{name}-{language}", "") for name in OFFICE))
            for language in dict.fromkeys(typed.getlist("office"))
        ),
        tuple(
            ContactRow(
                at,
                typed.get(f"kind-{at}", ""),
                typed.get(f"value-{at}", ""),
                typed.get(f"remark-{at}", ""),
                typed.get(f"check_note-{at}", ""),
                typed.get(f"state-{at}", ContactState.OK.value),
                typed.get(f"last_verified-{at}", ""),
                f"remove-{at}" in typed,
            )
            for at in screens.rows_in(typed) or [NEW]
        ),
        typed.get("embassy_in", ""),
    )
