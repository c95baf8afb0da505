"""How our mails say times, numbers and lists (ux.md I9): a file a language, read in the diff.

`SNAPSHOTS=write pytest tests/notices` writes them anew.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest

from app.core.i18n import full_date, list_of, long_date, number, speaking, utc_offset
from app.notices.compose import compose
from tests.conftest import ROOT
from tests.notices.samples import values_of

FOLDER = ROOT / "tests" / "snapshots" / "wordings"
LANGUAGES = ("en", "fr", "ru", "ar")
WEEKDAYS = {
    "en": "Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday",
    "fr": "lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche",
    "ru": "понедельник|вторник|среда|четверг|пятница|суббота|воскресенье",
    "ar": "الاثنين|الثلاثاء|الأربعاء|الخميس|الجمعة|السبت|الأحد",
}
# The first instant that is too late, always midnight on the clocks of the place: across changes of
# the clock in both hemispheres, the one of Kazakhstan, a leap day, and zones of odd minutes.
ENDS = (
    ("Asia/Almaty", datetime(2024, 2, 29, 18, 0, tzinfo=UTC)),
    ("Asia/Almaty", datetime(2024, 3, 2, 19, 0, tzinfo=UTC)),
    ("Europe/Paris", datetime(2026, 3, 28, 23, 0, tzinfo=UTC)),
    ("Europe/Paris", datetime(2026, 3, 29, 22, 0, tzinfo=UTC)),
    ("America/New_York", datetime(2026, 11, 1, 4, 0, tzinfo=UTC)),
    ("America/New_York", datetime(2026, 11, 2, 5, 0, tzinfo=UTC)),
    ("Asia/Kathmandu", datetime(2026, 1, 1, 18, 15, tzinfo=UTC)),
    ("Pacific/Chatham", datetime(2026, 7, 1, 11, 15, tzinfo=UTC)),
    ("Pacific/Apia", datetime(2026, 6, 1, 11, 0, tzinfo=UTC)),
    ("Pacific/Pago_Pago", datetime(2026, 6, 1, 11, 0, tzinfo=UTC)),
    ("America/St_Johns", datetime(2026, 1, 1, 3, 30, tzinfo=UTC)),
)


def the_end(language: str, zone: str, ends: datetime) -> str:
    """The sentence with the end, as it stands in a mail."""
    values = values_of("reminder", language) | {"closes_at": ends, "time_zone": zone}
    written = compose(
        "reminder", language=language, sender_name="S", postal_address="P", values=values
    )
    # The third paragraph: what it is, which one, until when.
    return written.text.split("\n\n")[2]


def wordings(language: str) -> Iterator[str]:
    for zone, ends in ENDS:
        yield f"{zone} {ends:%Y-%m-%dT%H:%MZ}: {the_end(language, zone, ends)}"
    for day in (date(2026, 6, 1), date(2024, 2, 29)):
        yield f"{day}: {long_date(day, language)} · {full_date(day, language)}"
    for value in (0, 7, 1204, 12_345, 1_000_000):
        yield f"{value}: {number(value, language)}"
    for items in (["A"], ["A", "B"], ["A", "B", "C"]):
        yield f"{items}: {list_of(items, language)}"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.check("I9")
def test_times_numbers_and_lists_are_said_as_their_readers_say_them(language: str) -> None:
    with speaking(language):
        said = "\n".join(wordings(language)) + "\n"
    path = FOLDER / f"{language}.txt"
    if os.environ.get("SNAPSHOTS") == "write":
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(said, encoding="utf-8")
    assert said == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("zone", "ends"), ENDS)
@pytest.mark.check("I9")
def test_an_end_is_a_minute_of_a_named_day_and_never_midnight(
    language: str, zone: str, ends: datetime
) -> None:
    said = the_end(language, zone, ends)
    assert re.search(WEEKDAYS[language], said), said
    assert re.search(r"\b(23|11):59\b", said), said
    assert "UTC" in said
    assert not re.search(r"midnight|minuit|полноч|منتصف الليل|00:00|24:00|12:00", said), said
    # The offset is the one that those clocks keep at that very minute.
    assert utc_offset(ends - timedelta(minutes=1), zone) in said
