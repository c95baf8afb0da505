"""What each number means, and what is never shown."""

from __future__ import annotations

from flask import render_template
from flask.typing import ResponseReturnValue

from app.stats.rules import AT_LEAST
from app.web.audience import Audience, open_to
from app.web.coordinator.answers import STAGES
from app.web.coordinator.words import FIGURES


@open_to(Audience.COORDINATOR)
def definitions() -> ResponseReturnValue:
    names = {figure.value: str(FIGURES[figure]) for figure in STAGES}
    return render_template("coordinator/definitions.html", names=names, at_least=AT_LEAST)
