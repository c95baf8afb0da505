"""Static files by content: an address changes with the file, so a browser may keep it for ever."""

from __future__ import annotations

import hashlib
from pathlib import Path

from flask import Blueprint, Flask, request, send_from_directory, url_for
from flask.typing import ResponseReturnValue

from app.web.audience import Audience, open_to

STATIC = Path(__file__).parent / "static"
A_YEAR = 31_536_000

bp = Blueprint("assets", __name__)


def init_assets(app: Flask) -> None:
    marks = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()[:12]
        for path in STATIC.iterdir()
        if path.is_file()
    }

    def asset(name: str) -> str:
        return url_for("assets.static_file", name=name, v=marks[name])

    app.jinja_env.globals["asset"] = asset
    app.register_blueprint(bp)


@bp.get("/static/<name>")
@open_to(Audience.PUBLIC)
def static_file(name: str) -> ResponseReturnValue:
    answer = send_from_directory(STATIC, name, max_age=A_YEAR if "v" in request.args else 0)
    answer.cache_control.immutable = "v" in request.args
    return answer
