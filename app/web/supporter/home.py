"""The first page and the list: what is open, by nearest date, and what has ended."""

from __future__ import annotations

from flask import render_template
from flask.typing import ResponseReturnValue

from app.campaigns.queries import list_public
from app.core.i18n import current_language
from app.web.audience import Audience, open_to
from app.web.state import now, reading
from app.web.supporter.shown import shown_campaign

ON_THE_FIRST_PAGE = 12
ENDED_ON_THE_FIRST_PAGE = 3
ON_THE_LIST = 200


@open_to(Audience.PUBLIC)
def home() -> ResponseReturnValue:
    return _list("supporter/home.html", ON_THE_FIRST_PAGE, ENDED_ON_THE_FIRST_PAGE)


@open_to(Audience.PUBLIC)
def campaigns() -> ResponseReturnValue:
    return _list("supporter/campaigns.html", ON_THE_LIST, ON_THE_LIST)


def _list(template: str, open_ones: int, ended_ones: int) -> ResponseReturnValue:
    language = current_language()
    still_open = list_public(reading(), now(), open_ones)
    ended = list_public(reading(), now(), ended_ones, is_open=False)
    return render_template(
        template,
        now=now(),
        open_campaigns=[shown_campaign(one, language, now()) for one in still_open],
        ended_campaigns=[shown_campaign(one, language, now()) for one in ended],
    )
