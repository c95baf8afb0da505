"""What every staff page goes through: the reader's language, the form's token, no lost words."""

from __future__ import annotations

from typing import cast

from flask import Blueprint, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError
from sqlalchemy.orm import Session

from app.accounts.models import Account
from app.accounts.queries import get_account
from app.accounts.rules import may_edit
from app.campaigns.models import Campaign
from app.campaigns.queries import get_campaign
from app.core.errors import NotFound
from app.core.i18n import SOURCE, catalogues
from app.delivery.claims import is_muted
from app.web.languages import best_language, speak
from app.web.organiser.security import csrf, current_account
from app.web.state import reading, settings

# Never carried through a page: passwords, and the token that has just been found wanting.
_NOT_KEPT = ("csrf_token", "password", "present", "again")
KEPT = "kept:"
# The text of a document: three bytes a letter, each of which a form may write as three characters.
_LARGEST_TEXT = 1536 * 1024
# A whole document may come by these: as a file, in a form, or through the page to sign in.
_WITH_DOCUMENTS = {
    "organiser.read_document": 6 * 1024 * 1024,
    "organiser.make_from_document": _LARGEST_TEXT,
    "account.start": _LARGEST_TEXT,
}


def watch(blueprint: Blueprint) -> None:
    """Make a blueprint a staff door."""
    blueprint.before_request(_enter)
    blueprint.register_error_handler(CSRFError, _token_refused)
    blueprint.context_processor(_frame)


def here() -> Account:
    """Who is at this page; the audience of the view has made sure that somebody is."""
    account = current_account()
    if account is None:
        raise NotFound
    return account


def me(session: Session) -> Account:
    """The same person as a row of this session."""
    return get_account(session, here().id)


def my_campaign(session: Session, reference: str) -> Campaign:
    """A campaign of the reader's own section; another section's is not known of."""
    campaign = get_campaign(session, reference)
    if not may_edit(here(), campaign.section_id):
        raise NotFound
    return campaign


def typed_fields() -> list[tuple[str, str]]:
    """What stood in the form that was sent, without its secrets."""
    return [
        (name, text)
        for name, text in request.form.items(multi=True)
        if not name.startswith(_NOT_KEPT)
    ]


def kept_fields() -> list[tuple[str, str]]:
    """What an earlier form carried, travelling through the sign-in page."""
    return [
        (name.removeprefix(KEPT), text)
        for name, text in request.form.items(multi=True)
        if name.startswith(KEPT)
    ]


def kept_page(path: str, fields: list[tuple[str, str]], status: int = 400) -> ResponseReturnValue:
    """Everything that was typed, with a button that sends it once more."""
    return render_template("organiser/kept.html", path=path, fields=fields), status


def _frame() -> dict[str, object]:
    """What every page of the desk knows besides its own matter."""
    account = current_account()
    return {
        "account": account,
        "is_muted": account is not None and is_muted(reading()),
        "mail_only_to": settings().mail_only_to if account else "",
    }


def _enter() -> ResponseReturnValue | None:
    if request.endpoint in _WITH_DOCUMENTS:
        request.max_content_length = _WITH_DOCUMENTS[request.endpoint]
        request.max_form_memory_size = _LARGEST_TEXT
    account = current_account()
    spoken = account.language if account else best_language(catalogues.of_desk)
    speak(spoken if spoken in catalogues.of_desk else SOURCE)
    # Signing in has no session to tie a token to; `origin` keeps other sites out of it.
    if request.method != "POST" or request.endpoint == "account.start":
        return None
    if account is None:
        return _signed_out()
    csrf.protect()
    return None


def _signed_out() -> ResponseReturnValue:
    """The half hour passed while somebody was writing: sign in, and it is saved after all."""
    if request.endpoint is None or request.endpoint.endswith(".sign_out"):
        return redirect(url_for("account.sign_in"))
    page = render_template(
        "organiser/sign_in.html", next=request.path, kept=typed_fields(), email="", errors={}
    )
    return page, 401


def _token_refused(_error: CSRFError) -> ResponseReturnValue:
    # `origin` has already refused every other site: this is our own page, from another session.
    return kept_page(request.path, typed_fields())


def language_of_desk() -> str:
    return cast(str, g.language)
