"""Addresses without a language: they look at the browser once and send it on."""

from __future__ import annotations

from flask import Blueprint, make_response, redirect, url_for
from flask.typing import ResponseReturnValue

from app.campaigns.queries import get_public_campaign
from app.core.i18n import catalogues
from app.web.audience import Audience, open_to
from app.web.languages import best_language
from app.web.state import reading

bp = Blueprint("neutral", __name__)


@bp.get("/")
@open_to(Audience.PUBLIC)
def home() -> ResponseReturnValue:
    return _send_on(url_for("supporter.home", lang=best_language(catalogues.languages)))


@bp.get("/<string(length=5):ref>")
@bp.get("/campaigns/<string(length=5):ref>")
@open_to(Audience.PUBLIC)
def campaign(ref: str) -> ResponseReturnValue:
    found = get_public_campaign(reading(), ref)
    spoken = best_language([text.language for text in found.texts])
    return _send_on(url_for("supporter.campaign", lang=spoken, ref=ref, slug=found.slug))


def _send_on(address: str) -> ResponseReturnValue:
    answer = make_response(redirect(address, 302))
    answer.headers["Vary"] = "Accept-Language"
    answer.headers["Cache-Control"] = "private"
    return answer
