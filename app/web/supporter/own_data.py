"""A supporter's own data by link: see it, take it along, erase it. No account, no cookie."""

from __future__ import annotations

from dataclasses import asdict

from flask import abort, json, make_response, render_template
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from app.core.db import tidy, unit_of_work
from app.core.i18n import current_language
from app.core.sealing import KeyDestroyed
from app.reminders.actions import erase_requests
from app.signatures.models import Signature
from app.signatures.own_data import OwnData, erase_address, own_data
from app.signatures.queries import DATA, get_by_token
from app.web.audience import Audience, open_to
from app.web.state import database, keys, now, reading, settings
from app.web.supporter import shown


@open_to(Audience.SUPPORTER)
def data(token: str) -> ResponseReturnValue:
    signature, found = _found(reading(), token)
    page = shown.shown_campaign(signature.campaign, current_language(), now())
    return render_template("supporter/data.html", page=page, found=found, token=token)


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
    beside = settings().erasures
    with unit_of_work(database().writing) as session:
        signature = get_by_token(session, keys(), token, DATA, lock=True)
        page = shown.shown_campaign(signature.campaign, current_language(), now())
        try:
            found = own_data(session, keys(), signature)
        except KeyDestroyed:
            abort(404)
        erase_address(session, keys(), found.email, now=now(), beside=beside)
        erase_requests(session, keys(), found.email, now())
    tidy(database())
    left = [letter for letter in found.letters if letter.has_left]
    return render_template("supporter/erased.html", page=page, left=left)


def _found(session: Session, token: str) -> tuple[Signature, OwnData]:
    # Open while the campaign is hidden too: what is kept about somebody is theirs to see.
    signature = get_by_token(session, keys(), token, DATA)
    try:
        return signature, own_data(session, keys(), signature)
    except KeyDestroyed:
        abort(404)
