"""Who is at the desk: Flask-Security's sessions, our own pages, one cookie for staff alone."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import cast

from flask import Flask, Request, Response, request, session
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface, SessionMixin
from flask_login import current_user
from flask_security import Security
from flask_security.datastore import SQLAlchemySessionUserDatastore
from flask_security.utils import login_user, logout_user
from flask_wtf import CSRFProtect
from sqlalchemy.orm import Session, scoped_session
from werkzeug.local import LocalProxy

from app.accounts.models import Account, Role
from app.state import state_of
from app.web.state import now, reading

# Half an hour is long enough to think about a sentence. What was typed outlives it: see `door`.
IDLE = timedelta(minutes=30)
# A copied cookie could be kept alive by using it; after a working day it ends whatever happens.
SESSION_AT_MOST = timedelta(hours=12)
STAFF_PATHS = frozenset(("desk", "stats", "account", "sign-in", "sign-out"))

csrf = CSRFProtect()


class DeskSessions(SecureCookieSessionInterface):
    """The session of staff pages. On every other page the cookie is neither read nor written.

    Supporters must get no cookie, whatever an extension does to the session on their pages; and a
    cookie is there for somebody who has signed in, not for everybody who looked at a form.
    """

    digest_method = staticmethod(hashlib.sha256)

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        if not is_staff_path(request.path):
            return SecureCookieSession()
        return super().open_session(app, request)

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        if is_staff_path(request.path) and ("_user_id" in session or not session):
            super().save_session(app, session, response)


def init_security(app: Flask) -> None:
    """Wire Flask-Security to our tables. None of its own pages exist; unified sign-in is off."""
    is_https = state_of(app).settings.base_url.startswith("https://")
    app.session_interface = DeskSessions()
    app.config.update(
        # The prefix makes browsers refuse the cookie from anywhere but this host, on https only.
        SESSION_COOKIE_NAME="__Host-outcry" if is_https else "outcry",
        SESSION_COOKIE_SECURE=is_https,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_PATH="/",
        PERMANENT_SESSION_LIFETIME=IDLE,
        # Asked for by the staff blueprints alone; anywhere else the check would make a session.
        WTF_CSRF_CHECK_DEFAULT=False,
        # As long as the session: a form that was open over lunch is not lost.
        WTF_CSRF_TIME_LIMIT=None,
        # `origin` compares Origin and Sec-Fetch-Site; some staff browsers send no Referer at all.
        WTF_CSRF_SSL_STRICT=False,
        WTF_I18N_ENABLED=False,
        SECURITY_PASSWORD_HASH="argon2",  # noqa: S106 - the name of a method
        SECURITY_PASSWORD_SCHEMES=["argon2"],
        SECURITY_PASSWORD_SINGLE_HASH={"argon2"},
        SECURITY_UNIFIED_SIGNIN=False,
        SECURITY_JOIN_USER_ROLES=False,
        SECURITY_FLASH_MESSAGES=False,
        SECURITY_CLI_USERS_NAME="",
        SECURITY_CLI_ROLES_NAME="",
    )
    csrf.init_app(app)
    sessions = cast(scoped_session[Session], LocalProxy(reading))
    store = SQLAlchemySessionUserDatastore(sessions, Account, Role)
    security = Security(app, store, register_blueprint=False)
    # No tokens in addresses or headers: a session is the only way to be somebody here.
    security.login_manager.request_loader(lambda _request: None)


def is_staff_path(path: str) -> bool:
    return path.lstrip("/").split("/", 1)[0] in STAFF_PATHS


def current_account() -> Account | None:
    """Who has signed in and may still be here; None for everybody else."""
    if not is_staff_path(request.path):
        return None
    if not current_user.is_authenticated:
        return None
    if now().timestamp() - session.get("fs_paa", 0) > SESSION_AT_MOST.total_seconds():
        return None
    return cast(Account, current_user._get_current_object())  # noqa: SLF001 - no proxy leaves here


def start_session(account: Account) -> None:
    """Open a new session; nothing of the one before survives (session fixation)."""
    session.clear()
    session.permanent = True
    login_user(account, remember=False, authn_via=["password"])


def end_session() -> None:
    logout_user()
    session.clear()
