from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from structlog.testing import capture_logs

from app.accounts.models import RoleName
from app.audit.models import AuditEntry
from app.campaigns.models import Campaign
from app.core.db import Database, unit_of_work
from app.core.tokens import Keys
from app.state import state_of
from app.tally.models import Figure
from app.web.coordinator import charts
from app.web.coordinator.export import BOM, HEADER, safe
from config import Settings
from tests.apps import an_app
from tests.builders import a_campaign, an_account
from tests.cast import KOFI, MAX, OLENA, PASSWORD, Person
from tests.stats.samples import random_events, record

PAGES = ("/stats", "/stats/definitions", "/stats/export.csv")
ROW = re.compile(r'<tr>\s*<th scope="row"[^>]*>(.*?)</th>(.*?)</tr>', re.DOTALL)
CELL = re.compile(r'<td class="number">(.*?)</td>', re.DOTALL)
TAG = re.compile(r"<[^>]+>")


@pytest.fixture
def stats_app(sqlite_database: Database, tmp_path: Path) -> Iterator[Flask]:
    url = sqlite_database.engine.url.render_as_string(hide_password=False)
    made = an_app(Settings(var=tmp_path, database_url=url))
    yield made
    state_of(made).database.dispose()


@pytest.fixture
def campaign(stats_app: Flask) -> Campaign:
    state = state_of(stats_app)
    with unit_of_work(state.database.writing) as session:
        made = a_campaign(session, state.keys)
        record(session, random_events(made, 400, seed=1))
        an_account(session, KOFI, (RoleName.COORDINATOR,))
        an_account(session, OLENA)
        an_account(session, MAX, (RoleName.ADMINISTRATOR,))
        return made


def signed_in(app: Flask, who: Person) -> FlaskClient:
    client = app.test_client()
    answer = client.post("/sign-in", data={"email": who.email, "password": PASSWORD})
    assert answer.status_code == 303
    return client


@pytest.fixture
def kofi(stats_app: Flask, campaign: Campaign) -> FlaskClient:
    return signed_in(stats_app, KOFI)


def table_of(page: str, caption: str) -> dict[str, list[str]]:
    """The rows of the table with this caption: first cell, then the numbers."""
    found = re.search(rf"<caption>{re.escape(caption)}</caption>(.*?)</table>", page, re.DOTALL)
    assert found, caption
    return {
        " ".join(TAG.sub(" ", name).split()): [
            " ".join(TAG.sub(" ", cell).split()) for cell in CELL.findall(cells)
        ]
        for name, cells in ROW.findall(found[1])
    }


def records_of(client: FlaskClient, address: str = "/stats/export.csv") -> list[dict[str, str]]:
    text = client.get(address).get_data(as_text=True)
    return list(csv.DictReader(io.StringIO(text, newline="")))


@pytest.mark.parametrize("path", PAGES)
def test_only_coordinators_and_organisers_see_the_numbers(
    stats_app: Flask, campaign: Campaign, path: str
) -> None:
    assert stats_app.test_client().get(path).headers["Location"].startswith("/sign-in")
    assert signed_in(stats_app, KOFI).get(path).status_code == 200
    assert signed_in(stats_app, OLENA).get(path).status_code == 200
    assert signed_in(stats_app, MAX).get(path).status_code == 404


@pytest.mark.check("J3")
def test_every_question_has_a_heading_an_answer_and_its_definition(kofi: FlaskClient) -> None:
    page = kofi.get("/stats").get_data(as_text=True)
    for part in ("week", "stages", "campaigns", "countries", "languages", "offices"):
        section = re.search(rf'aria-labelledby="{part}">(.*?)</section>', page, re.DOTALL)
        assert section, part
        assert f'<h2 id="{part}">' in section[1]
        assert 'class="answer"' in section[1]
        anchor = re.search(r'/stats/definitions#([\w-]+)"', section[1])
        assert anchor
        assert f'id="{anchor[1]}"' in kofi.get("/stats/definitions").get_data(as_text=True)
        assert "/stats/export.csv" in section[1]
    assert "As of" in page


@pytest.mark.check("A15")
def test_every_chart_has_a_name_words_and_a_table_with_its_numbers(
    stats_app: Flask, kofi: FlaskClient, campaign: Campaign
) -> None:
    with unit_of_work(state_of(stats_app).database.writing) as session:
        today = datetime.now(UTC).date()
        record(session, random_events(campaign, 300, seed=3, days=20, today=today))
    for path in ("/stats", f"/stats/campaigns/{campaign.reference}"):
        page = kofi.get(path).get_data(as_text=True)
        drawn = re.findall(r'<figure class="chart.*?</details>', page, re.DOTALL)
        assert len(drawn) == 4
        for chart in drawn:
            assert 'role="img"' in chart
            name, words = re.search(r'aria-labelledby="([\w-]+) ([\w-]+)"', chart).groups()  # type: ignore[union-attr]
            title = re.search(rf'<title id="{name}">(.*?)</title>', chart)
            assert title
            assert re.search(rf'<desc id="{words}">\s*\S', chart)
            numbers = [row[0] for row in table_of(chart, title[1]).values()]
            shown = re.findall(r'class="strong"[^>]*>([\d,]+)', chart)
            assert shown
            assert set(shown) <= set(numbers)


@pytest.mark.check("A15")
def test_the_file_holds_the_numbers_of_the_page(kofi: FlaskClient, campaign: Campaign) -> None:
    for query in ("", "?period=2026", "?period=2026-05", "?figure=failed"):
        page = kofi.get(f"/stats{query}").get_data(as_text=True)
        taken = records_of(kofi, f"/stats/export.csv{query}")
        figure = "failed" if "failed" in query else "handed_over"
        name = "Letters that failed" if "failed" in query else "Letters handed over"
        for split, caption in (
            ("country", f"{name}, by the writer’s country"),
            ("letter_language", f"{name}, by the language of the letter"),
        ):
            if f"<caption>{caption}</caption>" not in page:
                assert not [one for one in taken if one["by"] == split and one["figure"] == figure]
                continue
            shown = table_of(page, caption)
            shown.pop("Total")
            in_file = {
                one["label"] or "Others": one["number"]
                for one in taken
                if one["by"] == split and one["figure"] == figure
            }
            assert {key: row[0].replace(",", "") for key, row in shown.items()} == in_file
        stages = table_of(page, "Stages, since the start")
        in_file = {one["figure"]: one["number"] for one in taken if one["by"] == "stage"}
        assert stages["People who confirmed"][0].split()[-1] == in_file["confirmed"]
        assert {one["period"] for one in taken if one["by"] == "stage"} == {"all"}


@pytest.mark.check("J7")
def test_no_number_below_ten_stands_on_any_page_or_file(
    stats_app: Flask, kofi: FlaskClient, campaign: Campaign
) -> None:
    state = state_of(stats_app)
    with unit_of_work(state.database.writing) as session:
        small = a_campaign(session, state.keys, name="dosmagambetov")
        record(session, random_events(small, 12, seed=2))
    for address in ("/stats", f"/stats/campaigns/{small.reference}", "/stats?period=2026-05"):
        page = kofi.get(address).get_data(as_text=True)
        assert "ewer than 10" in page
        numbers = [TAG.sub("", cell).strip() for cell in CELL.findall(page)]
        assert not [number for number in numbers if number in set("123456789")]
    for one in records_of(kofi):
        assert one["number"] in ("", "0") or int(one["number"]) >= 10
        assert (one["precision"] == "few") == (one["number"] == "")


def test_a_new_installation_says_that_there_is_nothing_yet(
    stats_app: Flask, sqlite_database: Database, keys: Keys
) -> None:
    with unit_of_work(sqlite_database.writing) as session:
        an_account(session, KOFI, (RoleName.COORDINATOR,))
    client = signed_in(stats_app, KOFI)
    assert "nothing to count" in client.get("/stats").get_data(as_text=True)
    assert {one["by"] for one in records_of(client)} == {"stage", "all"}


def test_the_file_is_plain_csv_that_no_spreadsheet_runs(
    stats_app: Flask, kofi: FlaskClient, campaign: Campaign
) -> None:
    with unit_of_work(state_of(stats_app).database.writing) as session:
        for text in session.get_one(Campaign, campaign.id).texts:
            text.title = '=HYPERLINK("http://max.example.org", "a, b")'
    answer = kofi.get("/stats/export.csv")
    assert answer.mimetype == "text/csv"
    assert "attachment" in answer.headers["Content-Disposition"]
    assert answer.headers["Cache-Control"] == "no-store"
    text = answer.get_data(as_text=True)
    assert text.startswith(",".join(HEADER) + "\r\n")
    assert "\n" not in text.replace("\r\n", "")
    assert '"\'=HYPERLINK(""http://max.example.org"", ""a, b"")"' in text
    marked = kofi.get("/stats/export.csv?bom=1").get_data(as_text=True)
    assert marked.startswith(BOM + HEADER[0])
    assert marked.count("\r\n") == text.count("\r\n")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", records_of(kofi)[0]["as_of"])


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_a_cell_that_begins_like_a_formula_is_text(cell: str) -> None:
    assert safe(cell) == "'" + cell


def test_taking_the_file_leaves_a_line_in_the_log_and_changes_nothing(
    stats_app: Flask, kofi: FlaskClient, campaign: Campaign
) -> None:
    database = state_of(stats_app).database
    entries = select(func.count()).select_from(AuditEntry)
    with database.reading() as session:
        before = session.scalar(entries)
    with capture_logs() as logs:
        kofi.get(f"/stats/export.csv?campaign={campaign.reference}")
    line = next(one for one in logs if one["event"] == "numbers exported")
    assert line["campaign"] == campaign.reference
    assert line["account"]
    with database.reading() as session:
        assert session.scalar(entries) == before
    assert kofi.post("/stats/export.csv").status_code == 405


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("period=2026-13", 400),
        ("period=yesterday", 400),
        ("figure=confirmed", 400),
        ("figure=nothing", 400),
        ("section=unknown", 404),
        ("period=2026-05&figure=failed", 200),
    ],
)
def test_a_filter_that_means_nothing_is_refused(kofi: FlaskClient, query: str, status: int) -> None:
    assert kofi.get(f"/stats?{query}").status_code == status
    assert kofi.get(f"/stats/export.csv?{query}").status_code == status


def test_an_unknown_campaign_is_not_found(kofi: FlaskClient) -> None:
    assert kofi.get("/stats/campaigns/bbbbb").status_code == 404
    assert kofi.get("/stats/export.csv?campaign=bbbbb").status_code == 404


def test_pages_are_small_and_have_no_style_or_script_of_their_own(
    kofi: FlaskClient, campaign: Campaign
) -> None:
    for path in ("/stats", f"/stats/campaigns/{campaign.reference}", "/stats/definitions"):
        answer = kofi.get(path)
        assert len(answer.data) < 150_000
        page = answer.get_data(as_text=True)
        assert " style=" not in page
        assert "<style" not in page
        assert not re.search(r"<script(?![^>]* src=)", page)
        assert answer.headers["Cache-Control"] == "no-store"


def test_bars_begin_at_the_right_where_the_page_is_read_from_the_right() -> None:
    rows = [("a", 40, "40"), ("b", 20, "20")]
    for bar, mirror in zip(
        charts.bars(rows, mirrored=False).bars,
        charts.bars(rows, mirrored=True).bars,
        strict=True,
    ):
        assert bar.width == mirror.width
        assert bar.x == 0
        assert mirror.x + mirror.width == pytest.approx(100, abs=0.02)


def test_columns_stand_on_a_zero_line_in_the_order_of_time() -> None:
    chart = charts.columns([(str(day), value, str(value)) for day, value in enumerate((10, 0, 40))])
    assert [column.x for column in chart.columns] == sorted(column.x for column in chart.columns)
    assert all(column.y + column.height == chart.base for column in chart.columns)
    assert chart.columns[2].height == 4 * chart.columns[0].height
    assert chart.columns[-1].is_last
    assert charts.columns([]).columns == ()


@pytest.mark.parametrize(("value", "top"), [(0, 10), (10, 10), (11, 20), (40, 50), (501, 1000)])
def test_the_axis_ends_at_a_round_number(value: int, top: int) -> None:
    assert charts.round_up(value) == top


def test_every_figure_that_is_counted_is_defined(kofi: FlaskClient) -> None:
    page = kofi.get("/stats/definitions").get_data(as_text=True)
    for figure in Figure:
        assert f'id="{figure.value}"' in page
