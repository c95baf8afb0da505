"""One action: the same questions as for all of them, and every day of its life."""

from __future__ import annotations

from flask import render_template
from flask.typing import ResponseReturnValue

from app.core.i18n import current_language
from app.stats.queries import get_numbers
from app.tally.models import Split
from app.web.audience import Audience, open_to
from app.web.coordinator import answers
from app.web.coordinator.filters import read_filters
from app.web.state import now, reading


@open_to(Audience.COORDINATOR)
def campaign(ref: str) -> ResponseReturnValue:
    filters = read_filters()
    numbers = get_numbers(
        reading(), reference=ref, period=filters.period, language=current_language()
    )
    offices = answers.offices_of(numbers, reading())
    return render_template(
        "coordinator/campaign.html",
        filters=filters,
        campaign=numbers.campaigns[0].campaign,
        total=numbers.total(filters.figure),
        days=answers.day_answer(numbers, filters.figure),
        stages=answers.stage_answers(numbers),
        stage_of=answers.stages_by_name(numbers),
        splits={
            split.value: answers.split_answer(numbers, filters.figure, split)
            for split in (Split.COUNTRY, Split.LETTER_LANGUAGE, Split.PAGE_LANGUAGE)
        },
        channels=answers.cross_answer(numbers, Split.CHANNEL),
        targets=answers.cross_answer(numbers, Split.TARGET, offices),
        offices=offices,
        titles={},
        as_of_moment=now(),
    )
