"""Signing in, signing out, and one's own account."""

from __future__ import annotations

from flask import make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.accounts.actions import (
    count_try,
    note_sign_in,
    set_language,
    set_password,
)
from app.accounts.actions import sign_out as end_all_sessions
from app.accounts.models import Account, RoleName
from app.accounts.passwords import matches
from app.accounts.queries import find_by_password
from app.accounts.rules import (
    PASSWORD_AT_LEAST,
    PasswordTooLong,
    PasswordTooShort,
    require_password,
)
from app.core.db import unit_of_work
from app.core.forms import Flaw
from app.core.i18n import catalogues
from app.web.audience import Audience, open_to
from app.web.organiser.door import here, kept_fields, kept_page, me
from app.web.organiser.security import current_account, end_session, is_staff_path, start_session
from app.web.organiser.words import explain_all
from app.web.state import database, keys, now, reading


@open_to(Audience.PUBLIC)
def sign_in() -> ResponseReturnValue:
    account = current_account()
    if account is not None:
        return redirect(_first_page(account))
    return _sign_in_page({})


@open_to(Audience.PUBLIC)
def start() -> ResponseReturnValue:
    """Check the password outside any transaction: hashing would keep every other writer waiting."""
    email, password = request.form.get("email", ""), request.form.get("password", "")
    missing = {
        name: Flaw("missing")
        for name, text in (("email", email), ("password", password))
        if not text
    }
    if missing:
        return _sign_in_page(missing), 422
    with unit_of_work(database().writing) as session:
        may_try = count_try(session, keys(), email, now())
    if not may_try:
        return _sign_in_page({"email": Flaw("too_many_tries")}), 429
    account = find_by_password(reading(), email, password)
    if account is None:
        return _sign_in_page({"email": Flaw("wrong_sign_in")}), 422
    with unit_of_work(database().writing) as session:
        note_sign_in(session, account, now())
    start_session(account)
    if kept_fields():
        return kept_page(_next() or _first_page(account), kept_fields(), 200)
    return redirect(_next() or _first_page(account), 303)


@open_to(Audience.STAFF)
def sign_out() -> ResponseReturnValue:
    with unit_of_work(database().writing) as session:
        end_all_sessions(session, me(session), now())
    end_session()
    answer = make_response(redirect(url_for("account.sign_in", bye=1), 303))
    # The next person at this machine must not find pages of the desk by pressing "back".
    answer.headers["Clear-Site-Data"] = '"cache"'
    return answer


@open_to(Audience.STAFF)
def account() -> ResponseReturnValue:
    return _account_page({})


@open_to(Audience.STAFF)
def save_language() -> ResponseReturnValue:
    wanted = request.form.get("language", "")
    if wanted not in catalogues.of_desk:
        return _account_page({"language": Flaw("missing")}), 422
    with unit_of_work(database().writing) as session:
        set_language(me(session), wanted)
    return redirect(url_for("account.account", saved=1), 303)


@open_to(Audience.STAFF)
def save_password() -> ResponseReturnValue:
    """Another password ends every session, this one's browser gets a new one at once."""
    present, wanted = request.form.get("present", ""), request.form.get("password", "")
    with unit_of_work(database().writing) as session:
        may_try = count_try(session, keys(), here().email, now())
    if not may_try:
        return _account_page({"present": Flaw("too_many_tries")}), 429
    if not matches(here().password or "", present):
        return _account_page({"present": Flaw("wrong_password")}), 422
    try:
        require_password(wanted)
    except (PasswordTooShort, PasswordTooLong) as refusal:
        return _account_page({"password": Flaw(refusal.code)}), 422
    with unit_of_work(database().writing) as session:
        changed = me(session)
        set_password(session, changed, wanted, now())
    start_session(changed)
    return redirect(url_for("account.account", saved=1), 303)


def _sign_in_page(errors: dict[str, Flaw]) -> str:
    return render_template(
        "organiser/sign_in.html",
        errors=explain_all(errors),
        email=request.form.get("email", ""),
        next=_next(),
        kept=kept_fields(),
    )


def _account_page(errors: dict[str, Flaw]) -> str:
    return render_template(
        "organiser/account.html",
        errors=explain_all(errors),
        languages=catalogues.of_desk,
        at_least=PASSWORD_AT_LEAST,
    )


def _next() -> str:
    """Where somebody was going, if that is one of our own staff pages."""
    wanted = request.values.get("next", "")
    is_ours = wanted.startswith("/") and not wanted.startswith("//") and "\\" not in wanted
    return wanted if is_ours and is_staff_path(wanted) and wanted != "/sign-in" else ""


def _first_page(account: Account) -> str:
    if account.may_be(RoleName.ORGANISER):
        return url_for("organiser.desk")
    if account.may_be(RoleName.COORDINATOR):
        return url_for("coordinator.overview")
    return url_for("organiser.team")
