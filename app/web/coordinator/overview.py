"""All actions on one page: questions as headings, an answer in a sentence under each."""

from __future__ import annotations

from flask import render_template
from flask.typing import ResponseReturnValue

from app.core.i18n import current_language
from app.stats.queries import get_numbers
from app.stats.rules import SPLIT_FIGURES
from app.tally.models import Split
from app.web.audience import Audience, open_to
from app.web.coordinator import answers
from app.web.coordinator.filters import read_filters
from app.web.coordinator.words import figure_name
from app.web.state import now, reading


@open_to(Audience.COORDINATOR)
def overview() -> ResponseReturnValue:
    filters = read_filters()
    numbers = get_numbers(
        reading(), section=filters.section, period=filters.period, language=current_language()
    )
    offices = answers.offices_of(numbers, reading())
    weeks, this_week = answers.week_answer(numbers, filters.figure, now().date())
    shown_first = (filters.figure, *(one for one in SPLIT_FIGURES if one is not filters.figure))
    return render_template(
        "coordinator/overview.html",
        filters=filters,
        total=numbers.total(filters.figure),
        weeks=weeks,
        this_week=this_week,
        stages=answers.stage_answers(numbers),
        stage_of=answers.stages_by_name(numbers),
        campaigns=answers.campaign_answers(numbers, shown_first),
        campaign_figures=[figure_name(figure) for figure in shown_first],
        splits={
            split.value: answers.split_answer(numbers, filters.figure, split)
            for split in (Split.COUNTRY, Split.LETTER_LANGUAGE, Split.PAGE_LANGUAGE)
        },
        channels=answers.cross_answer(numbers, Split.CHANNEL),
        targets=answers.cross_answer(numbers, Split.TARGET, offices),
        offices=offices,
        titles={one.campaign.reference: one.campaign for one in numbers.campaigns},
        as_of_moment=now(),
    )
