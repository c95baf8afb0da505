"""The desk with keys alone: from a pasted document to a campaign that everybody can read."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.end_to_end.running import Running
from tests.end_to_end.test_browser import Stops, visiting
from tests.intake.files import ACTION

pytestmark = pytest.mark.browser

OLENA, AMAL = "olena@example.org", "amal@example.org"
# A page of the desk with every field of it has no more.
STOPS = 250
COUNTRY = re.compile("ruritania", re.IGNORECASE)
SCREENS = ("facts", "texts/en", "people", "groups", "demands", "targets", "letters", "timing")


class Hands:
    """Somebody whose only tool is a keyboard."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def go(self, address: str) -> None:
        """An address is typed into the browser's own line, which has its own keys."""
        self.page.goto(address)
        self.answered()

    def answered(self) -> None:
        self.page.wait_for_load_state()
        self.stops = Stops(self.page, STOPS, one_column=False)

    def main(self) -> None:
        """Past the head of the page, by its first stop."""
        self.stops.skip()

    def type(self, name: str, words: str) -> None:
        self.stops.to(name)
        self.page.keyboard.press("ControlOrMeta+a")
        self.page.keyboard.insert_text(words)

    def press(self, words: str) -> None:
        with self.page.expect_navigation():
            self.stops.press(words)
        self.answered()

    def follow(self, words: str) -> None:
        with self.page.expect_navigation():
            self.stops.follow(words)
        self.answered()

    def sign_in(self, service: Running, email: str) -> None:
        self.go("/sign-in")
        self.main()
        self.type("email", email)
        self.type("password", service.password_of(email))
        self.press("Sign in")
        expect(self.page.get_by_role("button", name="Sign out")).to_be_visible()


@pytest.mark.check("A6")
@pytest.mark.timeout(600)
def test_from_the_pasted_document_to_the_public_page_with_keys_alone(
    service: Running, chromium: Browser
) -> None:
    with visiting(chromium, service) as olena:
        page, hands = olena.page, Hands(olena.page)
        hands.sign_in(service, OLENA)
        hands.main()
        hands.follow("Read a document")
        hands.main()
        hands.type("document", ACTION)
        hands.press("Read it")
        hands.main()
        hands.press("Make the draft")
        expect(page.get_by_text("The draft is made.")).to_be_visible()
        reference = re.findall(r"/desk/campaigns/(\w{5})", page.url)[0]
        desk = f"/desk/campaigns/{reference}"
        for screen in SCREENS:
            hands.go(f"{desk}/{screen}")
            hands.main()
            assert len(hands.stops.walk()) > 3, screen
        hands.go(f"{desk}/texts/en")
        hands.main()
        hands.type("standfirst", "Ada Prisoner, a teacher, was taken from her school in Strelsau.")
        hands.type("we_ask", "We ask the Minister of Justice to release Ada Prisoner.")
        hands.press("Save")
        hands.go(f"{desk}/found")
        hands.main()
        assert len(hands.stops.walk()) > 3
        hands.go(f"{desk}/preview/en")
        hands.main()
        hands.stops.walk()
        hands.go(f"{desk}/review")
        hands.main()
        hands.press("Ask for review")
        expect(page.get_by_text("The review is asked for.")).to_be_visible()
    with visiting(chromium, service) as amal:
        page, hands = amal.page, Hands(amal.page)
        hands.sign_in(service, AMAL)
        hands.go("/desk/reviews")
        hands.main()
        # In the words of the document, which a screen may set in other letters.
        hands.follow(page.locator("main a", has_text=COUNTRY).first.inner_text().strip())
        hands.main()
        for number in range(page.locator("input[type=checkbox]").count()):
            name = page.locator("input[type=checkbox]").nth(number).get_attribute("name")
            hands.stops.to(str(name))
            page.keyboard.press("Space")
        hands.press("Publish now")
        expect(page.get_by_text("Published.")).to_be_visible()
        assert page.request.get(f"/en/campaigns/{reference}").ok
