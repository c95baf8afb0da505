"""The desk: what needs somebody now, drafts, open campaigns, all campaigns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flask import render_template
from flask.typing import ResponseReturnValue

from app.campaigns.models import Campaign, CampaignState
from app.campaigns.queries import list_for_desk, list_open_reviews
from app.campaigns.rules import EDITABLE_STATES, PageState, page_state
from app.core.i18n import current_language
from app.tally.models import Figure
from app.tally.queries import totals
from app.web.audience import Audience, open_to
from app.web.organiser.door import here
from app.web.state import now, reading
from app.web.supporter.shown import text_of

SHOWN = 500
_FIGURES = (Figure.HANDED_OVER, Figure.FAILED, Figure.HELD)


@dataclass(frozen=True, slots=True)
class Line:
    """One campaign in a list of the desk."""

    campaign: Campaign
    title: str
    language: str
    state: PageState
    handed_over: int = 0
    stuck: int = 0


@open_to(Audience.ORGANISER)
def desk() -> ResponseReturnValue:
    found = list_for_desk(reading(), here().section_id, SHOWN)
    by_id = {campaign.id: campaign for campaign in found}
    published = [
        _counted(campaign)
        for campaign in found
        if campaign.state in (CampaignState.OPEN, CampaignState.PAUSED)
    ]
    reviews = [
        (review, line_of(by_id[review.campaign_id]))
        for review in list_open_reviews(reading(), here().section_id, SHOWN)
        if review.campaign_id in by_id
    ]
    return render_template(
        "organiser/desk.html",
        reviews=reviews,
        ending=[line for line in published if line.state is PageState.CLOSING_SOON],
        stuck=[line for line in published if line.stuck],
        drafts=[line_of(campaign) for campaign in found if campaign.state in EDITABLE_STATES],
        published=published,
        now=now(),
    )


@open_to(Audience.ORGANISER)
def campaigns() -> ResponseReturnValue:
    found = list_for_desk(reading(), here().section_id, SHOWN)
    return render_template("organiser/campaigns.html", lines=lines_of(found), now=now())


def line_of(campaign: Campaign) -> Line:
    text = text_of(campaign, current_language())
    return Line(campaign, text.title, text.language, page_state(campaign, now()))


def lines_of(campaigns: Sequence[Campaign]) -> list[Line]:
    return [line_of(campaign) for campaign in campaigns]


def _counted(campaign: Campaign) -> Line:
    counted = totals(reading(), campaign.id, _FIGURES)
    line = line_of(campaign)
    return Line(
        campaign,
        line.title,
        line.language,
        line.state,
        handed_over=counted[Figure.HANDED_OVER],
        stuck=counted[Figure.FAILED] + counted[Figure.HELD],
    )
