"""An organiser in a real Chromium: a pasted document becomes a draft, with and without a script."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.conftest import SHARED
from tests.end_to_end.running import Running
from tests.end_to_end.test_browser import button, link, sign_in, visiting
from tests.intake.files import ACTION, pdf

pytestmark = pytest.mark.browser

SEED = Path(SHARED) / "urgent-actions" / "seeds" / "seed-002-fr-amnesty-mamai.txt"
CLICKS_AT_MOST = 3
OLENA = "olena@example.org"


@pytest.mark.parametrize(
    "script", [pytest.param(True, marks=pytest.mark.long), False], ids=["script", "no-script"]
)
@pytest.mark.check("J2")
def test_seed_002_is_a_draft_after_three_clicks(
    service: Running, chromium: Browser, *, script: bool
) -> None:
    if not SEED.exists():
        pytest.skip("the shared documents are not here")
    clicks = 0
    with visiting(chromium, service, script=script) as visitor:
        page = visitor.page
        sign_in(page, service, OLENA)
        link(page, "Read a document").first.click()
        clicks += 1
        page.get_by_label("Text of the document").fill(SEED.read_text(encoding="utf-8"))
        button(page, "Read it").click()
        clicks += 1

        expect(page.locator("#deadline")).to_have_value("2022-05-12")
        expect(
            page.get_by_text(re.compile("Until and including Thursday,? 12 May 2022"))
        ).to_be_visible()
        fax = page.locator(".state", has=page.locator("#ok-target-1-faxes"))
        expect(fax).to_contain_text("Check this")
        expect(fax).to_contain_text("cannot be dialled")
        expect(page.locator("#target-1-faxes")).to_have_value("+8 7172 74-56-31")
        expect(page.locator("#body")).to_have_value(re.compile(r"\{\{ preoccupe \}\}"))
        expect(page.get_by_text("préoccupé·e · préoccupée · préoccupé")).to_be_visible()
        closing = page.locator(".state", has=page.locator("#ok-closing"))
        expect(closing).to_contain_text("“Veillez” seems to be misspelt")

        button(page, "Make the draft").click()
        clicks += 1
        expect(page.get_by_text("The draft is made.")).to_be_visible()
        checks = page.locator(".card")
        for words in ("+8 7172 74-56-31", "Veillez agréer", "2022-05-12"):
            expect(checks.filter(has_text=words)).to_have_count(1)
    assert clicks <= CLICKS_AT_MOST


def test_a_field_leads_to_its_passage_and_the_passage_to_its_field(
    service: Running, chromium: Browser
) -> None:
    """Without a script: both are links on one page, for the mouse and for keys."""
    with visiting(chromium, service, script=False) as visitor:
        page = visitor.page
        sign_in(page, service, OLENA)
        page.goto("/desk/documents")
        page.get_by_label("Text of the document").fill(ACTION)
        page.get_by_label("Text of the document").press("Tab")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        expect(page.locator("#deadline")).to_have_value("2031-05-12")
        state = page.locator("#deadline + .hint, .field:has(#deadline) + .state a.to-mark").last
        state.focus()
        page.keyboard.press("Enter")
        mark = page.locator("#mark-deadline")
        expect(mark).to_be_in_viewport()
        expect(page.locator("#mark-deadline + mark")).to_have_text("12 MAY 2031")
        mark.focus()
        page.keyboard.press("Enter")
        expect(page.locator("#deadline")).to_be_in_viewport()


def test_a_file_is_uploaded_and_read(service: Running, chromium: Browser, tmp_path: Path) -> None:
    lines = "\n".join(f"[{line}] #linebreak()" for line in ACTION.replace("@", "\\@").split("\n"))
    (tmp_path / "action.pdf").write_bytes(pdf(f"#set page(width: 21cm, height: 29cm)\n{lines}"))
    with visiting(chromium, service, script=False) as visitor:
        page = visitor.page
        sign_in(page, service, OLENA)
        page.goto("/desk/documents")
        page.get_by_label("Or a file").set_input_files(tmp_path / "action.pdf")
        button(page, "Read it").click()
        expect(page.locator("#deadline")).to_have_value("2031-05-12")
        expect(page.locator(".source")).to_contain_text("Ada Prisoner, a teacher")
