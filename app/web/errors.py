"""Error pages: what happened, in the reader's language, and a way on."""

from __future__ import annotations

import structlog
from flask import Flask, g, render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException, InternalServerError

from app.campaigns.rules import CampaignHidden
from app.core.db import OUT_OF_REACH
from app.core.errors import NotFound, Refused
from app.core.i18n import catalogues
from app.core.tokens import BadToken
from app.web.languages import best_language, speak

log = structlog.get_logger()

STATUS: tuple[tuple[type[Refused], int], ...] = (
    (CampaignHidden, 410),
    (NotFound, 404),
    (BadToken, 404),
    (Refused, 409),
)
# A database that is away comes back; the browser is asked to look again soon.
RETRY_SECONDS = "10"


def init_errors(app: Flask) -> None:
    app.register_error_handler(Refused, refused)
    app.register_error_handler(HTTPException, failed)
    for error in OUT_OF_REACH:
        app.register_error_handler(error, out_of_reach)
    app.register_error_handler(Exception, crashed)


def refused(error: Refused) -> ResponseReturnValue:
    status = next(status for kind, status in STATUS if isinstance(error, kind))
    return page(status, error.code), status


def failed(error: HTTPException) -> ResponseReturnValue:
    status = error.code or 500
    if error.response is not None or 300 <= status < 400:
        return error.get_response()
    return page(status, ""), status


def out_of_reach(error: Exception) -> ResponseReturnValue:
    log.warning("the database is out of reach", kind=type(error).__name__)
    return page(503, ""), 503, {"Retry-After": RETRY_SECONDS}


def crashed(error: Exception) -> ResponseReturnValue:
    # The one place where every error is caught: the visitor gets a page, the log the traceback.
    kind = type(error).__name__
    # Flask calls this while the error is being handled, which the rule cannot see.
    log.exception("request failed", endpoint=request.endpoint, kind=kind)  # noqa: LOG004
    return page(InternalServerError.code, ""), InternalServerError.code


def page(status: int, code: str) -> str:
    if "language" not in g:
        # An address that no view answers to may still say which language it was in.
        first = request.path.strip("/").partition("/")[0]
        known = first in catalogues.languages
        speak(first if known else best_language(catalogues.languages))
    return render_template("errors/error.html", status=status, code=code)
