"""The page's numbers as a file: the same published pieces, one a line.

A GET, because it gives nothing that the page does not show and changes nothing. Who took it is a
line in the log; an entry of the audit chain would be a change.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import astuple, dataclass, replace
from typing import Final

import structlog
from flask import Response, request, stream_with_context
from flask.typing import ResponseReturnValue

from app.core.i18n import current_language
from app.stats.numbers import Numbers, Period
from app.stats.queries import get_numbers
from app.stats.rules import SPLIT_FIGURES, SPLITS, Precision, Shown
from app.tally.models import Figure
from app.web.audience import Audience, open_to
from app.web.coordinator.answers import STAGES, offices_of
from app.web.coordinator.filters import read_filters
from app.web.coordinator.words import cell_name
from app.web.organiser.security import current_account
from app.web.state import now, reading

log = structlog.get_logger()

# A spreadsheet takes a cell that starts like this for a formula and would run it.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
BOM: Final = "\ufeff"


@dataclass(frozen=True, slots=True)
class Record:
    """One line of the file. Codes and ISO dates, so that it reads the same everywhere."""

    as_of: str
    section: str
    campaign: str
    period: str
    figure: str
    by: str
    key: str
    label: str
    number: str
    precision: str


HEADER: Final = tuple(Record.__dataclass_fields__)


@open_to(Audience.COORDINATOR)
def export() -> ResponseReturnValue:
    filters = read_filters()
    reference = request.args.get("campaign", "")
    numbers = get_numbers(
        reading(),
        section=filters.section,
        reference=reference,
        period=filters.period,
        language=current_language(),
    )
    taken = list(records(numbers, filters.section, reference))
    account = current_account()
    log.info(
        "numbers exported",
        account=str(account.id) if account else None,
        campaign=reference or None,
        count=len(taken),
    )
    answer = Response(
        stream_with_context(_lines(taken, with_bom=request.args.get("bom") == "1")),
        content_type="text/csv; charset=utf-8; header=present",
    )
    name = f"outcry-{reference or 'all'}-{now().date().isoformat()}.csv"
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def records(numbers: Numbers, section: str, reference: str) -> Iterator[Record]:
    """Everything that the page shows of these numbers, in its order."""
    as_of = now().replace(microsecond=0).isoformat()
    offices = offices_of(numbers, reading())
    period = str(numbers.period)

    def record(figure: Figure, by: str, key: str, label: str, shown: Shown) -> Record:
        number = "" if shown.is_few else str(shown.value)
        return Record(
            as_of, section, reference, period, figure, by, key, label, number, shown.precision
        )

    for figure, shown in numbers.stages().items():
        if figure in STAGES:
            whole = record(figure, "stage", "", "", shown)
            # Stages have no period: what was queued in one month is handed over in the next.
            yield replace(whole, period=str(Period()))
    for figure in SPLIT_FIGURES:
        yield record(figure, "all", "", "", numbers.total(figure))
        for one in numbers.campaigns:
            line = one.campaign
            shown = one.total(figure, numbers.period)
            yield record(figure, "campaign", line.reference, line.title, shown)
        for day in numbers.days(figure):
            yield record(figure, "day", day.first.isoformat(), "", Shown(day.times))
        for split in SPLITS:
            table = numbers.split(figure, split)
            for row in table.rows:
                label = cell_name(split, row.key, offices)
                # Where there are others, some of this value may be among them.
                precision = Precision.AT_LEAST if table.others else Precision.EXACT
                yield record(figure, split, _key(row.key), label, Shown(row.times, precision))
            if table.others:
                yield record(figure, split, "others", "", Shown(table.others))


def safe(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def _key(key: str) -> str:
    return key or "not_told"


def _lines(taken: Iterable[Record], *, with_bom: bool) -> Iterator[str]:
    """RFC 4180: commas, quotes where needed, CRLF. The mark is for old spreadsheets."""
    if with_bom:
        yield BOM
    yield _line(HEADER)
    for one in taken:
        yield _line(tuple(safe(str(cell)) for cell in astuple(one)))


def _line(cells: Iterable[str]) -> str:
    written = io.StringIO()
    csv.writer(written, lineterminator="\r\n").writerow(cells)
    return written.getvalue()
