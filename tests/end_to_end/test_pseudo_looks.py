"""Every public page in two languages nobody speaks, drawn: longer words fit, and on either side.

The pages are made in this process; the browser is given them instead of an answer from a network.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, Route

from app.web.assets import STATIC
from tests.end_to_end import seen
from tests.end_to_end.windows import DESKTOP, PHONE
from tests.translations import pseudo
from tests.web.test_pseudo import pages, pseudo_doors

pytestmark = pytest.mark.browser

HOST = "http://outcry.example"
KINDS = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, dict[str, str]]]:
    with pseudo_doors(tmp_path_factory.mktemp("drawn")) as doors:
        yield {language: pages(doors, language) for language in (pseudo.ACCENTED, pseudo.MIRRORED)}


@pytest.fixture(scope="module")
def page(chromium: Browser, made: dict[str, dict[str, str]]) -> Iterator[Page]:
    window = chromium.new_context(reduced_motion="reduce")
    opened = window.new_page()

    def answer(route: Route) -> None:
        place = route.request.url.removeprefix(HOST).partition("?")[0]
        if place.startswith("/static/"):
            path = STATIC / place.rpartition("/")[2]
            route.fulfill(body=path.read_bytes(), content_type=KINDS[path.suffix])
        else:
            language, _, number = place.strip("/").partition("/")
            text = list(made[language].values())[int(number)]
            route.fulfill(body=text, content_type="text/html; charset=utf-8")

    opened.route("**/*", answer)
    yield opened
    window.close()


@pytest.mark.check("I5", "I6")
@pytest.mark.parametrize("language", [pseudo.ACCENTED, pseudo.MIRRORED])
def test_two_fifths_more_words_fit_on_every_page(
    page: Page, made: dict[str, dict[str, str]], language: str
) -> None:
    for number, rule in enumerate(made[language]):
        page.goto(f"{HOST}/{language}/{number}")
        for size in (DESKTOP, PHONE):
            page.set_viewport_size(size)  # type: ignore[arg-type]
            assert page.evaluate(seen.TOO_WIDE) == [], rule
            assert page.evaluate(seen.CLIPPED) == [], rule
    assert page.evaluate("document.styleSheets.length") > 0
