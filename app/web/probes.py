"""Is the process alive, and can it work: for supervisors and load balancers."""

from __future__ import annotations

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from app.core.schema import schema_trouble
from app.web.audience import Audience, open_to
from app.web.state import database

bp = Blueprint("probes", __name__)


@bp.get("/healthz")
@open_to(Audience.PUBLIC)
def healthz() -> ResponseReturnValue:
    # Touches nothing: a process that answers is alive, whatever the database does.
    return jsonify(status="ok")


@bp.get("/readyz")
@open_to(Audience.PUBLIC)
def readyz() -> ResponseReturnValue:
    trouble = schema_trouble(database())
    if trouble:
        return jsonify(status="unready", reasons=trouble), 503
    return jsonify(status="ready")
