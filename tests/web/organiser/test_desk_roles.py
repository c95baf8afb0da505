"""Who gets in where: read from the map of addresses, so that a new one cannot be forgotten."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask import Flask
from werkzeug.routing import Rule

from app.authorities.models import ContactKind
from app.core.db import unit_of_work
from app.delivery.actions import mute
from app.state import state_of
from app.web.audience import Audience
from config import Settings
from tests.apps import an_app
from tests.cast import AMAL, KOFI, MAX, OLENA
from tests.web.organiser.conftest import ADA, Office

STAFF = ("organiser", "coordinator", "account")


def staff_rules(app: Flask) -> Iterator[tuple[Rule, str, Audience]]:
    for rule in app.url_map.iter_rules():
        door = rule.endpoint.split(".")[0]
        if door in STAFF:
            audience = app.view_functions[rule.endpoint].open_to  # type: ignore[attr-defined]
            for method in sorted((rule.methods or set()) & {"GET", "POST"}):
                yield rule, method, audience


def address(office: Office, rule: Rule, ref: str) -> str:
    key = "president-kz"
    points = (
        point
        for target in office.campaign(office.open_ref).targets
        if target.authority.key == key
        for point in target.authority.contact_points
    )
    mail = next((str(point.id) for point in points if point.kind is ContactKind.EMAIL), "")
    values = {"ref": ref, "language": "en", "group": "authorities", "key": key, "point": mail}
    path = rule.rule
    for name in rule.arguments:
        path = path.replace(
            next(p for p in path.split("/") if p.endswith(f"{name}>")),
            (values | {"number": "3"})[name],
        )
    return path


def test_every_view_says_whom_it_is_open_to(office: Office) -> None:
    unmarked = [
        name for name, view in office.app.view_functions.items() if not hasattr(view, "open_to")
    ]
    assert unmarked == []


def test_the_signing_in_page_alone_is_open_to_everybody(office: Office) -> None:
    public = {r.endpoint for r, _, audience in staff_rules(office.app) if audience == "public"}
    assert public == {"account.sign_in", "account.start"}


def test_nobody_gets_in_without_signing_in(office: Office) -> None:
    stranger = office.anybody()
    for rule, method, audience in staff_rules(office.app):
        if audience == "public":
            continue
        for ref in (office.draft_ref, office.open_ref):
            path = address(office, rule, ref)
            answer = stranger.client.open(path, method=method, data={"title": "words"})
            if method == "GET":
                assert answer.status_code == 302, path
                assert answer.headers["Location"].startswith("/sign-in?next="), path
            else:
                assert answer.status_code in (302, 401), path
            assert "Set-Cookie" not in answer.headers, path
    assert office.campaign().revision == 1


@pytest.mark.parametrize("who", [KOFI, ADA])
def test_coordinators_and_administrators_know_of_no_desk(office: Office, who: object) -> None:
    person = office.at_the_desk(KOFI if who is KOFI else ADA)
    token = person.open("/account").form().get("csrf_token")
    for rule, method, audience in staff_rules(office.app):
        if audience != Audience.ORGANISER:
            continue
        path = address(office, rule, office.draft_ref)
        answer = person.client.open(path, method=method, data={"csrf_token": token})
        assert answer.status_code == 404, path


def test_an_organiser_of_another_section_finds_none_of_its_campaigns(office: Office) -> None:
    stranger = office.at_the_desk(MAX)
    token = stranger.open("/account").form().get("csrf_token")
    for rule, method, audience in staff_rules(office.app):
        if audience != Audience.ORGANISER or not rule.arguments:
            continue
        for ref in (office.draft_ref, office.open_ref):
            path = address(office, rule, ref)
            data = {"csrf_token": token, "to": "hidden", "reason": "stopped", "note": "x"}
            answer = stranger.client.open(path, method=method, data=data)
            assert answer.status_code == 404, path
    assert office.campaign().revision == 1
    assert not office.campaign(office.open_ref).hidden
    assert "Dosmagambetov" not in stranger.open("/desk").text
    assert "Nazarbayev" not in stranger.open("/desk/address-book").text


def test_organisers_open_every_page_of_their_section(office: Office) -> None:
    olena = office.at_the_desk(OLENA)
    for rule, method, audience in staff_rules(office.app):
        if method == "GET" and audience != Audience.ADMINISTRATOR:
            # There are no numbers of a draft.
            with_numbers = rule.endpoint.startswith("coordinator.")
            for ref in (office.open_ref, *([] if with_numbers else [office.draft_ref])):
                page = olena.open(address(office, rule, ref))
                assert page.status == 200, (rule.rule, ref)
                assert page.answer.headers["Cache-Control"] == "no-store", rule.rule


@pytest.mark.parametrize("language", ["fr", "ru"])
def test_the_desk_speaks_the_language_of_the_account(office: Office, language: str) -> None:
    olena = office.at_the_desk(OLENA)
    form = olena.open("/account").form("/account/language")
    form.put("language", language)
    assert f'<html lang="{language}"' in olena.press(form).text
    for rule, method, audience in staff_rules(office.app):
        if method == "GET" and audience == Audience.ORGANISER:
            assert olena.open(address(office, rule, office.draft_ref)).status == 200, rule.rule


def test_the_team_page_is_for_administrators(office: Office) -> None:
    page = office.at_the_desk(ADA).open("/desk/team")
    assert page.status == 200
    assert AMAL.email in page.text
    assert office.at_the_desk(OLENA).open("/desk/team").status == 404


def test_coordinators_are_led_to_the_numbers(office: Office) -> None:
    kofi = office.at_the_desk(KOFI)
    assert kofi.open("/sign-in").path == "/stats"
    assert kofi.open("/stats").status == 200


def test_every_form_needs_its_token(office: Office) -> None:
    olena = office.at_the_desk(OLENA)
    for rule, method, audience in staff_rules(office.app):
        if method == "POST" and audience != "public":
            answer = olena.client.post(
                address(office, rule, office.draft_ref), data={"title": "kept words"}
            )
            assert answer.status_code == 400, rule.rule
            assert "kept words" in answer.text, rule.rule
    assert office.campaign().revision == 1


def test_whoever_works_at_the_desk_knows_when_mail_reaches_nobody(office: Office) -> None:
    olena = office.at_the_desk(OLENA)
    assert "All mail of this installation is stopped" not in olena.open("/desk").text
    with unit_of_work(office.database.writing) as session:
        mute(session, "by_hand")
    assert "All mail of this installation is stopped" in olena.open("/desk").text
    assert "is stopped" not in office.anybody().open("/sign-in").text


def test_a_trial_installation_says_where_its_mail_goes(office: Office) -> None:
    var = state_of(office.app).settings.var
    trial = replace(office, app=an_app(Settings(var=var, mail_only_to="trial@example.org")))
    words = "all mail goes to trial@example.org, and no authority gets a letter"
    assert words in trial.at_the_desk(OLENA).open("/desk").text
    assert words not in trial.anybody().open("/sign-in").text
