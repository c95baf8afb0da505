"""Pages that only tell: privacy, safety, how to write, accessibility."""

from __future__ import annotations

from flask import render_template
from flask.typing import ResponseReturnValue

from app.sections.queries import list_sections
from app.signatures.rules import LINK_LIVES
from app.web.audience import Audience, open_to
from app.web.state import reading


@open_to(Audience.PUBLIC)
def privacy() -> ResponseReturnValue:
    return render_template(
        "supporter/privacy.html", forget_days=LINK_LIVES.days, sections=list_sections(reading())
    )


@open_to(Audience.PUBLIC)
def safety() -> ResponseReturnValue:
    return render_template("supporter/safety.html")


@open_to(Audience.PUBLIC)
def writing() -> ResponseReturnValue:
    return render_template("supporter/writing.html")


@open_to(Audience.PUBLIC)
def accessibility() -> ResponseReturnValue:
    return render_template("supporter/accessibility.html")
