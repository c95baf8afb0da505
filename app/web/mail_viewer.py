"""What would have left: the local Maildir, shown to this machine only."""

from __future__ import annotations

import email
import email.policy
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import cast

from flask import Blueprint, abort, make_response, render_template
from flask.typing import ResponseReturnValue

from app.web.audience import Audience, open_to
from app.web.state import settings

NEWEST = 200

bp = Blueprint("mail_viewer", __name__, url_prefix="/dev/mail")


@dataclass(frozen=True, slots=True)
class Row:
    """One message in the list."""

    name: str
    to: str
    subject: str
    date: str


@bp.get("")
@open_to(Audience.LOCAL)
def index() -> ResponseReturnValue:
    rows = [_row(path) for path in _newest()]
    return render_template("dev/mail.html", rows=rows)


@bp.get("/<name>")
@open_to(Audience.LOCAL)
def message(name: str) -> ResponseReturnValue:
    found = _read(_path(name))
    body = found.get_body(("plain",))
    text = cast(EmailMessage, body).get_content() if body else ""
    headers = [(key, str(value)) for key, value in found.items()]
    files = [(n, part.get_filename() or "") for n, part in enumerate(found.iter_attachments())]
    return render_template(
        "dev/message.html",
        name=name,
        headers=headers,
        text=text,
        files=files,
        subject=found["Subject"],
    )


@bp.get("/<name>/<int:part>")
@open_to(Audience.LOCAL)
def attachment(name: str, part: int) -> ResponseReturnValue:
    parts = list(_read(_path(name)).iter_attachments())
    if part >= len(parts):
        abort(404)
    answer = make_response(parts[part].get_payload(decode=True))
    answer.headers["Content-Type"] = parts[part].get_content_type()
    return answer


def _newest() -> list[Path]:
    found = [
        path
        for folder in ("new", "cur")
        for path in (settings().maildir / folder).glob("*")
        if path.is_file()
    ]
    return sorted(found, key=lambda path: path.stat().st_mtime_ns, reverse=True)[:NEWEST]


def _path(name: str) -> Path:
    found = next((path for path in _newest() if path.name == name), None)
    if found is None:
        abort(404)
    return found


def _read(path: Path) -> EmailMessage:
    with path.open("rb") as source:
        return email.message_from_binary_file(source, policy=email.policy.default)


def _row(path: Path) -> Row:
    found = _read(path)
    return Row(path.name, str(found["To"]), str(found["Subject"]), str(found["Date"]))
