"""What holds for every page of supporters: no cookie, small, sound, nothing from elsewhere."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from itertools import pairwise

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.core.i18n import catalogues
from app.web.assets import STATIC
from app.web.audience import Audience
from tests.web.conftest import Demonstration, House
from tests.web.supporter import ANSWERS, Page, Supporter, link

STYLE_RAW, STYLE, SCRIPT, HTML, FIRST_LOAD = 50_000, 12_000, 8_000, 14_000, 90_000


@pytest.fixture
def supporter(client: FlaskClient) -> Supporter:
    return Supporter(client)


@pytest.fixture
def walk(
    supporter: Supporter, demo: Demonstration, client: FlaskClient, house: House
) -> dict[str, TestResponse]:
    """Every kind of answer a supporter can get, in English."""
    return dict(_walk(supporter, demo, client, house))


def _walk(
    supporter: Supporter, demo: Demonstration, client: FlaskClient, house: House
) -> Iterator[tuple[str, TestResponse]]:
    for path in ("/", "/campaigns", "/privacy", "/help/safety", "/help/writing", "/accessibility"):
        yield path, client.get(f"/en{path}")
    yield "campaign", client.get(f"/en{demo.mamai}")
    yield "campaign of ten", client.get(f"/en{demo.dosmagambetov}?letter=ru")
    yield "letter", client.get(f"/en{demo.mamai}/letter/1?letter=ru")
    yield "pdf", client.get(f"/en{demo.mamai}/letter/1.pdf")
    yield "refused", supporter.send(demo.mamai, "check", name="", email="x", targets=[])
    yield "check", supporter.send(demo.mamai, "check", letter_language="ru", country="KZ")
    yield (
        "check of ten",
        supporter.send(
            demo.dosmagambetov, "check", targets=[str(number) for number in range(1, 11)]
        ),
    )
    yield "change", supporter.send(demo.mamai, "change")
    yield "stale", supporter.send(demo.mamai, "send", form="x")
    yield "sent", supporter.send(demo.mamai, "send")
    ask = link(house, "confirm")
    yield "ask", client.get(ask)
    yield "confirm", client.post(ask)
    status = link(house, "status")
    yield "status", client.get(status)
    yield "print", client.get(f"{status}/print")
    yield "done", client.post(f"{status}/done/1")
    yield "withdraw", client.post(f"{status}/withdraw")
    yield "withdrawn", client.get(status)
    yield "gone", client.get(ask)
    yield "remind refused", client.post(f"/en{demo.mamai}/remind", data={"email": "x"})
    yield "reminded", client.post(f"/en{demo.mamai}/remind", data={"email": ANSWERS["email"]})
    yield "nothing", client.get("/en/nothing")
    yield "no such language", client.get("/zz/")
    yield "bad method", client.put(f"/en{demo.mamai}")
    yield "foreign", client.post(f"/en{demo.mamai}/send", headers={"Origin": "https://x.example"})
    yield "neutral", client.get("/")
    yield "style", client.get("/static/outcry.css", buffered=True)


def pages(walk: dict[str, TestResponse]) -> dict[str, TestResponse]:
    return {name: answer for name, answer in walk.items() if answer.mimetype == "text/html"}


@pytest.mark.check("P3")
def test_no_answer_to_a_supporter_sets_a_cookie(walk: dict[str, TestResponse]) -> None:
    offered = {name: answer.headers.getlist("Set-Cookie") for name, answer in walk.items()}
    assert {name: cookies for name, cookies in offered.items() if cookies} == {}


def test_every_answer_is_the_one_that_was_meant(walk: dict[str, TestResponse]) -> None:
    wanted = {
        "refused": 422,
        "stale": 409,
        "confirm": 303,
        "done": 303,
        "withdraw": 303,
        "gone": 410,
        "remind refused": 422,
        "nothing": 404,
        "no such language": 404,
        "bad method": 405,
        "foreign": 403,
        "neutral": 302,
    }
    got = {name: answer.status_code for name, answer in walk.items()}
    assert got == {name: wanted.get(name, 200) for name in walk}


def test_nothing_comes_from_anywhere_else(walk: dict[str, TestResponse]) -> None:
    loads = re.compile(r'<(?:link|script|img|iframe|source|video)[^>]*(?:href|src)="([^"]+)"')
    for name, answer in pages(walk).items():
        for tag in re.findall(r"<link[^>]*>", answer.text):
            if 'rel="stylesheet"' in tag or 'rel="icon"' in tag:
                assert 'href="/static/' in tag, name
        scripts = [place for place in loads.findall(answer.text) if "script" in place]
        assert all(place.startswith("/") for place in scripts), name


def test_no_style_and_no_script_stands_in_a_page(walk: dict[str, TestResponse]) -> None:
    for name, answer in pages(walk).items():
        assert not re.search(r"\s(?:style|on[a-z]+)=", answer.text), name
        assert "<style" not in answer.text, name
        assert not re.search(r"<script(?![^>]*\bsrc=)", answer.text), name


def test_headings_start_with_one_and_skip_none(walk: dict[str, TestResponse]) -> None:
    for name, answer in pages(walk).items():
        if answer.status_code >= 300 and answer.status_code < 400:
            continue
        levels = [level for level, _words in Page(answer.text).headings]
        after_h1 = levels[levels.index(1) :]
        assert levels.count(1) == 1, name
        assert all(b - a <= 1 for a, b in pairwise(after_h1)), name


def test_ids_are_unique_and_labels_land(walk: dict[str, TestResponse]) -> None:
    for name, answer in pages(walk).items():
        page = Page(answer.text)
        assert len(page.ids) == len(set(page.ids)), name
        for target in re.findall(r'(?:for|aria-labelledby)="([^"]+)"', answer.text):
            assert target in page.ids, (name, target)
        for target in page.described.values():
            assert set(target.split()) <= set(page.ids), (name, target)


@pytest.mark.check("P1")
def test_pages_stay_small(walk: dict[str, TestResponse]) -> None:
    for name, answer in pages(walk).items():
        assert len(gzip.compress(answer.data)) <= HTML, name
    parts = {path.name: path.read_bytes() for path in STATIC.iterdir()}
    assert len(parts["outcry.css"]) <= STYLE_RAW
    assert len(gzip.compress(parts["outcry.css"])) <= STYLE
    assert len(parts["outcry.js"]) <= SCRIPT
    first = len(walk["campaign of ten"].data) + sum(
        len(parts[name]) for name in ("outcry.css", "outcry.js", "favicon.svg")
    )
    assert first <= FIRST_LOAD, "even without compression"


@pytest.mark.check("P4")
def test_every_answer_carries_the_headers_that_protect(walk: dict[str, TestResponse]) -> None:
    for name, answer in walk.items():
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"], name
        assert answer.headers["Referrer-Policy"] == "same-origin", name
        assert answer.headers["X-Content-Type-Options"] == "nosniff", name


@pytest.mark.check("P4")
def test_personal_pages_are_kept_by_nobody(walk: dict[str, TestResponse]) -> None:
    personal = ("check", "sent", "ask", "status", "print", "withdrawn", "refused", "reminded")
    for name in personal:
        assert walk[name].headers["Cache-Control"] == "no-store", name
        assert "noindex" in walk[name].headers["X-Robots-Tag"], name


def test_every_supporter_view_says_whom_it_is_open_to(app: Flask) -> None:
    for endpoint, view in app.view_functions.items():
        if endpoint.startswith("supporter."):
            audience = getattr(view, "open_to", None)
            assert audience in (Audience.PUBLIC, Audience.SUPPORTER), endpoint


def test_nothing_that_changes_something_answers_to_get(app: Flask) -> None:
    acts = {"check", "change", "send", "ask_for_reminders", "confirm_letters", "done"}
    acts |= {"withdraw_signature", "confirm_reminders", "stop_reminders", "take_back", "erase_data"}
    for rule in app.url_map.iter_rules():
        name = rule.endpoint.removeprefix("supporter.")
        if rule.endpoint.startswith("supporter.") and name in acts:
            assert rule.methods is not None
            assert "GET" not in rule.methods, rule.rule


@pytest.mark.parametrize("language", ["en", "fr", "ru"])
def test_every_page_exists_in_every_language(
    app: Flask, client: FlaskClient, demo: Demonstration, language: str
) -> None:
    assert language in catalogues.languages
    paths = ("/", "/campaigns", "/privacy", "/help/safety", "/help/writing", "/accessibility")
    for path in (*paths, demo.mamai, f"{demo.mamai}/letter/1"):
        answer = client.get(f"/{language}{path}")
        assert answer.status_code == 200, path
        assert f'<html lang="{language}"' in answer.text
