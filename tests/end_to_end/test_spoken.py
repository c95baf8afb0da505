"""The supporter's way in words alone: as a screen reader says it, and as a browser without style.

What is said stands in `tests/snapshots/spoken`. To approve another wording, run with
APPROVE_SPOKEN=1 and read the difference.
"""

from __future__ import annotations

import calendar
import os
import re

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.conftest import ROOT
from tests.end_to_end import seen
from tests.end_to_end.gallery import Gallery
from tests.end_to_end.mailbox import confirm_link
from tests.end_to_end.test_browser import (
    agree,
    button,
    confirmation,
    fill_in,
    letters,
    visiting,
    wait_for,
)

pytestmark = pytest.mark.browser

APPROVED = ROOT / "tests" / "snapshots" / "spoken"
# A campaign of its own, so that nobody else's letters are counted on its pages.
CAMPAIGN = "campaign-spoken"
MONTHS = "|".join(calendar.month_name[1:])


def approve(name: str, said: str) -> None:
    """Compare with what was read and approved; what depends on the day is left out."""
    said = re.sub(r"/url: .*|http://[^\s\"]+", "(address)", said)
    said = re.sub(r"(?<!level=)\d[\d.,]*", "#", said)
    said = re.sub(rf"# ({MONTHS})(?: #)?", "(day)", said)
    said = "\n".join(line.rstrip() for line in said.splitlines()).strip() + "\n"
    path = APPROVED / name
    if os.environ.get("APPROVE_SPOKEN"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(said, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == said


def spoken(page: Page, name: str) -> None:
    # Two hundred countries and the days of a calendar are not what is to be read here.
    page.evaluate(seen.WITHOUT_DAYS)
    if name != "s1-campaign":
        # Which of its wordings a letter gets is drawn by lot; the first page shows them in order.
        page.evaluate(seen.WITHOUT_LETTER)
    approve(f"{name}.yml", page.locator("body").aria_snapshot())


@pytest.mark.check("A17")
def test_a_screen_reader_says_the_way_from_the_campaign_to_the_letter(
    gallery: Gallery, chromium: Browser
) -> None:
    service = gallery.service
    email, sentence = "listens@example.org", "I listen to this page."
    with visiting(chromium, service) as visitor:
        page = visitor.page
        page.goto(gallery.pages[CAMPAIGN].path)
        spoken(page, "s1-campaign")
        page.reload()
        fill_in(page, name="Kia", email=email, sentence=sentence)
        button(page, "See my letter").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Check your letter")
        agree(page)
        spoken(page, "s2-check")
        button(page, "Send my letter").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("One more tap")
        spoken(page, "s3-one-more-tap")
        page.goto(confirm_link(confirmation(service, email)))
        spoken(page, "s3-confirm")
        button(page, "Yes, send it").click()
        expect(page.get_by_role("heading", level=1)).to_contain_text("Your letter")
        assert wait_for(lambda: letters(service, sentence))
        page.goto(f"{page.url.partition('?')[0]}?look=15")
        spoken(page, "s4-status")


@pytest.mark.check("A12")
@pytest.mark.parametrize("name", [CAMPAIGN, "letter", "privacy"])
def test_without_style_and_pictures_the_words_are_in_order(
    gallery: Gallery, chromium: Browser, name: str
) -> None:
    with visiting(chromium, gallery.service) as visitor:
        page = visitor.page

        def only_words(route: Route) -> None:
            if route.request.resource_type == "document":
                route.continue_()
            else:
                route.abort()

        page.route("**/*", only_words)
        page.goto(gallery.pages[name].path)
        assert page.evaluate("getComputedStyle(document.body).margin") == "8px", "a style is there"
        page.evaluate(seen.WITHOUT_DAYS)
        words = page.locator("body").inner_text()
        approve(f"plain-{name}.txt", re.sub(r"\n{3,}", "\n\n", words))
