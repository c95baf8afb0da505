"""A supporter's own data by link: see it, correct it, take it along, erase it. No cookie."""

from __future__ import annotations

from dataclasses import asdict

from flask import abort, json, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from app.core.db import tidy, unit_of_work
from app.core.i18n import current_language
from app.core.sealing import KeyDestroyed
from app.followers.erasing import erase_followers
from app.reminders.actions import erase_requests
from app.signatures.actions import stop_answers, withdraw
from app.signatures.correcting import HasLeft, check_correction, correct, may_correct
from app.signatures.models import ConsentPurpose, Signature
from app.signatures.own_data import OwnData, erase_address, own_data
from app.signatures.queries import DATA, STATUS, get_by_token, token_of
from app.signatures.rules import NO_COUNTRY, FormErrors
from app.web.audience import Audience, open_to
from app.web.state import beside, database, keys, now, reading
from app.web.supporter import shown
from app.web.supporter.words import words_for


@open_to(Audience.SUPPORTER)
def data(token: str) -> ResponseReturnValue:
    signature, found = _found(reading(), token)
    return _page(signature, found, token)


@open_to(Audience.SUPPORTER)
def correct_data(token: str) -> ResponseReturnValue:
    typed = {name: request.form.get(name, "") for name in ("name", "country", "sentence", "town")}
    errors: dict[str, str] = {}
    try:
        said = check_correction(typed)
        with unit_of_work(database().writing) as session:
            signature, _before = _found(session, token, lock=True)
            correct(session, keys(), signature, said, now())
    except FormErrors as refusal:
        errors = words_for(refusal.errors)
    except HasLeft:
        pass  # the page shows what is kept, and why it cannot be changed
    if not errors:
        return redirect(url_for("supporter.data", token=token), 303)
    signature, found = _found(reading(), token)
    return _page(signature, found, token, typed=typed, errors=errors), 422


@open_to(Audience.SUPPORTER)
def data_file(token: str, ending: str) -> ResponseReturnValue:
    _signature, found = _found(reading(), token)
    if ending == "json":
        content = json.dumps(asdict(found), ensure_ascii=False, indent=2, sort_keys=False)
        answer = make_response(content)
        answer.mimetype = "application/json"
    else:
        answer = make_response(render_template("supporter/data.txt", found=found))
        answer.mimetype = "text/plain"
    answer.headers["Content-Disposition"] = f'attachment; filename="my-data.{ending}"'
    return answer


@open_to(Audience.SUPPORTER)
def erase_data(token: str) -> ResponseReturnValue:
    with unit_of_work(database().writing) as session:
        signature = get_by_token(session, keys(), token, DATA, lock=True)
        page = shown.shown_campaign(signature.campaign, current_language(), now())
        try:
            found = own_data(session, keys(), signature)
        except KeyDestroyed:
            abort(404)
        erase_address(session, keys(), found.email, now=now(), beside=beside().erased)
        erase_requests(session, keys(), found.email, now())
        erase_followers(session, keys(), found.email, now(), beside())
    tidy(database())
    left = [letter for letter in found.letters if letter.has_left]
    return render_template("supporter/erased.html", page=page, left=left)


@open_to(Audience.SUPPORTER)
def take_back(token: str) -> ResponseReturnValue:
    """Take an agreement back: one press, as giving it was. Other letters of theirs stay."""
    if request.form.get("purpose") == ConsentPurpose.ANSWERS:
        with unit_of_work(database().writing) as session:
            stop_answers(get_by_token(session, keys(), token, DATA, lock=True), now())
        return redirect(url_for("supporter.data", token=token), 303)
    with unit_of_work(database().writing) as session:
        signature = get_by_token(session, keys(), token, DATA, lock=True)
        withdraw(session, signature, now())
        page = shown.shown_campaign(signature.campaign, current_language(), now())
    return render_template("supporter/taken_back.html", page=page)


def _page(
    signature: Signature,
    found: OwnData,
    token: str,
    *,
    typed: dict[str, str] | None = None,
    errors: dict[str, str] | None = None,
) -> str:
    return render_template(
        "supporter/data.html",
        page=shown.shown_campaign(signature.campaign, current_language(), now()),
        found=found,
        token=token,
        status_token=token_of(keys(), signature, STATUS),
        may_correct=may_correct(signature),
        waiting=[letter for letter in found.letters if not letter.has_left],
        typed=typed or asdict(found),
        errors=errors or {},
        countries=shown.country_choices(current_language()),
        no_country=NO_COUNTRY,
    )


def _found(session: Session, token: str, *, lock: bool = False) -> tuple[Signature, OwnData]:
    # Open while the campaign is hidden too: what is kept about somebody is theirs to see.
    signature = get_by_token(session, keys(), token, DATA, lock=lock)
    try:
        return signature, own_data(session, keys(), signature)
    except KeyDestroyed:
        abort(404)
