"""What the reader asked to see: section, period and figure, from the address."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from flask import abort, request

from app.stats.numbers import BadPeriod, Period
from app.stats.queries import list_sections
from app.stats.rules import SPLIT_FIGURES
from app.tally.models import Figure
from app.web.coordinator.words import figure_name, period_name
from app.web.state import now, reading

MONTHS_OFFERED = 12


@dataclass(frozen=True, slots=True)
class Filters:
    """The choice, and what else could be chosen."""

    section: str
    period: Period
    figure: Figure
    sections: tuple[tuple[str, str], ...]
    periods: tuple[tuple[str, str], ...]
    figures: tuple[tuple[str, str], ...]

    @property
    def query(self) -> dict[str, str]:
        """The choice as it stands in an address; what is usual is left out."""
        chosen = {
            "section": self.section,
            "period": "" if self.period == Period() else str(self.period),
            "figure": "" if self.figure is Figure.HANDED_OVER else self.figure.value,
        }
        return {name: value for name, value in chosen.items() if value}


def read_filters() -> Filters:
    """The filters in the address; one that means nothing is refused, not guessed."""
    sections = tuple(list_sections(reading()))
    section = request.args.get("section", "")
    if section and section not in (key for key, _ in sections):
        abort(404)
    try:
        period = Period.parse(request.args.get("period", ""))
    except BadPeriod:
        abort(400)
    figure = request.args.get("figure", Figure.HANDED_OVER.value)
    if figure not in SPLIT_FIGURES:
        abort(400)
    return Filters(
        section=section,
        period=period,
        figure=Figure(figure),
        sections=sections,
        periods=_periods(now().date(), period),
        figures=tuple((one.value, figure_name(one)) for one in SPLIT_FIGURES),
    )


def _periods(today: date, chosen: Period) -> tuple[tuple[str, str], ...]:
    months = [divmod(today.year * 12 + today.month - 1 - ago, 12) for ago in range(MONTHS_OFFERED)]
    offered = [
        Period(),
        Period(today.year),
        Period(today.year - 1),
        *(Period(year, month + 1) for year, month in months),
    ]
    if chosen not in offered:
        offered.append(chosen)
    return tuple((str(period), period_name(period)) for period in offered)
