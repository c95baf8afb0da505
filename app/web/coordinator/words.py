"""What figures, channels and states are called, and how a number that may be seen is written."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Final

from babel.dates import format_skeleton

from app.campaigns.models import CampaignState
from app.core.i18n import (
    country_name,
    current_language,
    gettext,
    language_name,
    lazy_gettext,
    locale_of,
    number,
)
from app.stats.numbers import OfficeName, Period
from app.stats.rules import Shown
from app.tally.models import Figure, Split

FIGURES: Final = {
    Figure.STARTED: lazy_gettext("Forms sent"),
    Figure.CONFIRMED: lazy_gettext("People who confirmed"),
    Figure.WITHDRAWN: lazy_gettext("Withdrawn by the writer"),
    Figure.FORGOTTEN: lazy_gettext("Never confirmed, forgotten"),
    Figure.QUEUED: lazy_gettext("Letters queued for e-mail"),
    Figure.HANDED_OVER: lazy_gettext("Letters handed over"),
    Figure.IN_DIGEST: lazy_gettext("Letters handed over in a digest"),
    Figure.FAILED: lazy_gettext("Letters that failed"),
    Figure.HELD: lazy_gettext("Letters held for a person to decide"),
    Figure.CANCELLED: lazy_gettext("Letters cancelled"),
    Figure.BOUNCED: lazy_gettext("Letters that came back"),
    Figure.TO_PRINT: lazy_gettext("Letters to print, post, fax, phone or submit"),
    Figure.SELF_REPORTED: lazy_gettext("Letters that writers say they sent"),
}

CHANNELS: Final = {
    "email": lazy_gettext("E-mail"),
    "form": lazy_gettext("Web form"),
    "fax": lazy_gettext("Fax"),
    "post": lazy_gettext("Post"),
    "phone": lazy_gettext("Phone"),
}

STATES: Final = {
    CampaignState.OPEN: lazy_gettext("Open"),
    CampaignState.PAUSED: lazy_gettext("Paused"),
    CampaignState.CLOSED: lazy_gettext("Closed"),
}


def figure_name(figure: Figure) -> str:
    return str(FIGURES[figure])


def state_name(state: CampaignState) -> str:
    return str(STATES[state])


def cell_name(split: Split, key: str, offices: Mapping[str, OfficeName]) -> str:
    """What one cell of a split is called in the reader's language."""
    if not key:
        return gettext("Not told")
    match split:
        case Split.COUNTRY:
            return country_name(key, current_language())
        case Split.LETTER_LANGUAGE | Split.PAGE_LANGUAGE:
            return language_name(key, current_language())
        case Split.CHANNEL:
            return str(CHANNELS.get(key, key))
        case _:
            return offices[key].title if key in offices else key


def shown_text(shown: Shown, *, of_many: bool = False) -> str:
    """A number in words where it is not exact. `of_many`: a sum over several campaigns."""
    if shown.is_few:
        return gettext("fewer than 10 in each action") if of_many else gettext("fewer than 10")
    if shown.is_at_least:
        return gettext("at least %(number)s", number=number(shown.value))
    return number(shown.value)


def period_name(period: Period) -> str:
    if period.year is None:
        return gettext("Since the start")
    if period.month is None:
        return str(period.year)
    first = date(period.year, period.month, 1)
    return format_skeleton("yMMMM", first, locale=locale_of(current_language()))


def short_day(day: date) -> str:
    """12 May, as the language writes it short: for the axis of a chart."""
    return format_skeleton("MMMd", day, locale=locale_of(current_language()))
