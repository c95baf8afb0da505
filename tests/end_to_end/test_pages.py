"""Every page in every state: accessible, valid, light, without a cookie, on a phone and by night.

`make test` looks at each page in one of four ways of looking, by turns; `make test-full` in all.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Response

from app.core.i18n import catalogues
from app.web.assets import STATIC
from tests.conftest import ROOT
from tests.end_to_end.gallery import PEOPLE, Gallery, Shown
from tests.end_to_end.mailbox import html_of, read_mail
from tests.end_to_end.seen import MAIN_ACTIONS, SMALL_TARGETS, TOO_WIDE, WCAG
from tests.end_to_end.windows import NAMES, PHONE, SMALLEST, Look, Windows, every_page
from tests.notices.samples import CASES
from tests.notices.test_notices import LANGUAGES, composed

LARGEST_FIRST_LOAD = 90_000
LARGEST_HTML, LARGEST_STYLE, LARGEST_SCRIPT = 45_000, 50_000, 8_000
MOST_REQUESTS = 5
LARGEST_MAIL = 40_000
# Warnings of the checker that we disagree with, and why.
# - The heading of a mail is its subject, which stands above it and not in its HTML.
ACCEPTED_IN_MAIL = ("This document has heading elements but none of them has a computed heading",)
STRUCTURE = """() => {
  const levels = [...document.querySelectorAll('h1, h2, h3, h4, h5, h6')]
    .filter(e => e.checkVisibility()).map(e => Number(e.tagName[1]));
  return {levels, ids: [...document.querySelectorAll('[id]')].map(e => e.id)};
}"""


@pytest.mark.browser
@pytest.mark.parametrize(("name", "look"), every_page(looks=True))
@pytest.mark.check("A1", "A10", "A14")
def test_a_page_has_no_barrier(windows: Windows, gallery: Gallery, name: str, look: Look) -> None:
    shown = gallery.pages[name]
    page = windows.page(shown, look)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text) if _is_ours(said.text) else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    answer = windows.go(page, shown)
    assert answer.status == shown.status
    assert {urlsplit(address).netloc for address in asked} == {urlsplit(page.url).netloc}
    assert complaints == []
    if not shown.who:
        assert page.context.cookies() == []

    found = Axe().run(page, options={"runOnly": WCAG, "resultTypes": ["violations"]})
    assert found.response["violations"] == [], found.generate_report()
    assert page.evaluate(SMALL_TARGETS, 24) == []
    assert page.evaluate(MAIN_ACTIONS) == []
    structure = page.evaluate(STRUCTURE)
    levels = structure["levels"]
    assert levels.count(1) == 1, levels
    assert all(after - before <= 1 for before, after in pairwise(levels)), levels
    assert len(set(structure["ids"])) == len(structure["ids"])
    if look.viewport is PHONE:
        page.set_viewport_size(SMALLEST)  # type: ignore[arg-type]
        assert page.evaluate(TOO_WIDE) == []
    page.close()


@pytest.mark.browser
@pytest.mark.parametrize("name", ["campaign", "campaign-fr", "campaign-ru", "campaign-ten", "home"])
@pytest.mark.check("P1", "P3")
def test_a_first_visit_is_light_and_asks_nobody_else(
    chromium: Browser, gallery: Gallery, name: str
) -> None:
    shown = gallery.pages[name]
    window = chromium.new_context()
    page = window.new_page()
    answers: list[Response] = []
    page.on("response", lambda answer: answers.append(answer))  # noqa: PLW0108 - see playwright
    page.goto(gallery.service.base + shown.path, wait_until="networkidle")
    sizes = {answer.request.resource_type: len(answer.body()) for answer in answers}
    assert {urlsplit(answer.url).netloc for answer in answers} == {urlsplit(page.url).netloc}
    assert len(answers) <= MOST_REQUESTS
    assert sum(len(answer.body()) for answer in answers) <= LARGEST_FIRST_LOAD
    assert sizes["document"] <= LARGEST_HTML
    assert sizes["stylesheet"] <= LARGEST_STYLE
    assert sizes["script"] <= LARGEST_SCRIPT
    assert window.cookies() == []
    window.close()


@pytest.mark.check("P3", "P4")
def test_every_page_answers_as_it_should_and_gives_supporters_no_cookie(gallery: Gallery) -> None:
    for shown in gallery.pages.values():
        answer = gallery.answer(shown)
        assert answer.status == shown.status, shown.name
        headers = answer.headers
        assert headers["Content-Type"] == "text/html; charset=utf-8", shown.name
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy, shown.name
        assert "unsafe" not in policy, shown.name
        assert headers["Referrer-Policy"] == "same-origin", shown.name
        assert headers["X-Content-Type-Options"] == "nosniff", shown.name
        is_private = "/letters/" in shown.path or "/reminders/" in shown.path
        if is_private or shown.who or shown.fields is not None:
            assert headers["Cache-Control"] == "no-store", shown.name
        if not shown.who:
            assert "Set-Cookie" not in headers, shown.name
        language = shown.path.split("/")[1]
        if language in LANGUAGES:
            assert f'<html lang="{language}"' in answer.text, shown.name
        for word in ("<style", "style=", "onclick=", "javascript:"):
            assert word not in answer.text, (shown.name, word)
    assert gallery.readers[""].cookies_offered == []
    for who in PEOPLE:
        for cookie in gallery.readers[who].cookies_offered:
            assert "HttpOnly" in cookie
            assert "SameSite=Lax" in cookie


@pytest.mark.check("A2")
def test_every_page_is_valid_html(gallery: Gallery, vnu: list[str], tmp_path: Path) -> None:
    written = _write(tmp_path, ((page.name, gallery.answer(page).text) for page in _all(gallery)))
    assert written == len(NAMES)
    # A guess by the words: a Russian mail on the viewer's English page carries its own lang.
    guess = ("This document appears to be written in",)
    assert _complaints(vnu, tmp_path, guess) == []


@pytest.mark.check("A3")
def test_every_style_sheet_is_valid(vnu: list[str]) -> None:
    # The widget's sheet stays as its makers ship it.
    sheets = [str(path) for path in STATIC.glob("*.css") if path.name != "altcha.css"]
    told = subprocess.run(
        [*vnu, "--css", "--format", "json", "--stdout", *sheets],
        check=False,
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert len(sheets) >= 3
    assert json.loads(told.stdout)["messages"] == []


@pytest.mark.check("A2", "I12")
def test_the_html_of_every_mail_is_valid(gallery: Gallery, vnu: list[str], tmp_path: Path) -> None:
    catalogues.load(ROOT / "translations")
    samples = [
        (f"{case}-{language}", composed(case, language).html)
        for case in CASES
        for language in LANGUAGES
    ]
    sent = [
        (f"sent-{number}", html)
        for number, message in enumerate(read_mail(gallery.service.mail)[-60:])
        if (html := html_of(message))
    ]
    assert len(samples) > 30
    assert sent
    for name, html in (*samples, *sent):
        assert len(html.encode()) <= LARGEST_MAIL, name
        for part in ("<script", "<img", "<link", "@import", "url("):
            assert part not in html, (name, part)
    _write(tmp_path, (*samples, *sent))
    assert _complaints(vnu, tmp_path, accepted=ACCEPTED_IN_MAIL) == []


def _all(gallery: Gallery) -> Iterator[Shown]:
    return iter(gallery.pages.values())


def _write(folder: Path, pages: Iterator[tuple[str, str]] | tuple[tuple[str, str], ...]) -> int:
    count = 0
    for name, html in pages:
        (folder / f"{name}.html").write_text(html, encoding="utf-8")
        count += 1
    return count


def _complaints(vnu: list[str], folder: Path, accepted: tuple[str, ...] = ()) -> list[str]:
    """What the Nu checker says of every page in a folder, each complaint once."""
    told = subprocess.run(
        [*vnu, "--format", "json", "--stdout", str(folder)],
        check=False,
        capture_output=True,
        text=True,
        timeout=240,
    )
    messages = json.loads(told.stdout)["messages"]
    return sorted(
        {
            f"{Path(urlsplit(one['url']).path).stem}:{one.get('lastLine')}: {one['message']} "
            f"{one.get('extract', '')!r}"
            for one in messages
            if not one["message"].startswith(accepted)
        }
    )


def _is_ours(said: str) -> bool:
    # Chromium notes every answer that is no success; our error pages are none.
    return not said.startswith("Failed to load resource")
