"""Who works here: for administrators, who see people and sections and no letter."""

from __future__ import annotations

from flask import render_template
from flask.typing import ResponseReturnValue

from app.accounts.queries import list_accounts
from app.sections.queries import list_sections
from app.web.audience import Audience, open_to
from app.web.state import reading


@open_to(Audience.ADMINISTRATOR)
def team() -> ResponseReturnValue:
    return render_template(
        "organiser/team.html", accounts=list_accounts(reading()), sections=list_sections(reading())
    )
