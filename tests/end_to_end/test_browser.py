"""All three people in a real Chromium: with a script, without one, and with keys alone."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from tests.end_to_end.mailbox import confirm_link, mail_to, wait_for
from tests.end_to_end.running import Running

pytestmark = pytest.mark.browser

PRESIDENT = "udp@udp-rk.kz"
SCRIPTS = pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])
PATIENCE = 20_000
# Tab stops after the link to skip: the form and the check page together, and the page of the mail.
STOPS_TO_SENT = 16
STOPS_TO_CONFIRMED = 2
ON_TOP = """() => {
  const element = document.activeElement;
  const box = element.getBoundingClientRect();
  const x = Math.min(box.left + box.width / 2, innerWidth - 1);
  const y = Math.min(box.top + Math.min(box.height / 2, 12), innerHeight - 1);
  const found = document.elementFromPoint(x, y);
  const style = getComputedStyle(element);
  return {
    tag: element.tagName.toLowerCase(),
    name: (element.name || element.innerText || element.className || "").trim().slice(0, 60),
    visible: box.width > 0 && box.height > 0 && style.visibility === "visible",
    // Wholly in the window, or as much of it as a line.
    inside: (box.top >= 0 && box.bottom <= innerHeight)
      || (box.bottom >= 24 && box.top <= innerHeight - 24),
    covered: !(found && (element.contains(found) || found.contains(element))),
    outlined: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2,
    y: box.top + scrollY,
    x: box.left,
  };
}"""


@dataclass(frozen=True, slots=True)
class Visitor:
    """One person's browser window: its page, and where it has been asking."""

    context: BrowserContext
    page: Page
    asked: list[str]

    def hosts(self) -> set[str]:
        return {urlsplit(address).netloc for address in self.asked}


@contextmanager
def visiting(browser: Browser, service: Running, *, script: bool = True) -> Iterator[Visitor]:
    context = browser.new_context(
        base_url=service.base,
        java_script_enabled=script,
        locale="en-GB",
        reduced_motion="reduce",
        service_workers="block",
    )
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    asked: list[str] = []
    context.on("request", lambda request: asked.append(request.url))
    yield Visitor(context, page, asked)
    assert {urlsplit(service.base).netloc} >= {
        host for host in (urlsplit(address).netloc for address in asked) if host
    }, "something was asked of another host"
    context.close()


def button(page: Page, words: str) -> Locator:
    return page.get_by_role("button", name=words, exact=True)


def link(page: Page, words: str) -> Locator:
    return page.get_by_role("link", name=words, exact=True)


def open_mamai(page: Page, language: str = "en") -> None:
    page.goto(f"/{language}/")
    page.locator("main a[href*=mamai]").first.click()


def fill_in(page: Page, *, name: str, email: str, sentence: str) -> None:
    page.get_by_label("One sentence of your own").fill(sentence)
    page.get_by_label("Name to sign with").fill(name)
    page.locator("#email").fill(email)  # the form for reminders asks for one too
    page.get_by_label("Your country").select_option("SE")


def agree(page: Page) -> None:
    """Tick what nobody ticked before."""
    box = page.get_by_role("checkbox", name=re.compile("^I agree that"))
    expect(box).not_to_be_checked()
    box.check()


def confirmation(service: Running, email: str) -> EmailMessage:
    found = wait_for(lambda: mail_to(service.mail, email, "/confirm"))
    assert found, f"no confirmation to {email}"
    return found[-1]


def letters(service: Running, sentence: str) -> list[EmailMessage]:
    return mail_to(service.mail, PRESIDENT, sentence)


@SCRIPTS
@pytest.mark.check("A11", "J5")
def test_a_supporter_writes_and_one_letter_leaves(
    service: Running, chromium: Browser, *, script: bool
) -> None:
    email = f"browser-{script}@example.org".lower()
    sentence = f"I bake bread ({'with' if script else 'without'} a script)."
    with visiting(chromium, service, script=script) as visitor:
        page = visitor.page
        open_mamai(page)
        fill_in(page, name="Maja Sandström", email=email, sentence=sentence)
        button(page, "See my letter").click()
        expect(page).to_have_title(re.compile("^Check your letter"))
        expect(page.locator(".sheet .own").first).to_have_text(sentence)
        expect(page.locator(".sheet .writer").first).to_have_text("Maja Sandström")

        button(page, "Change something").click()
        expect(page.get_by_label("One sentence of your own")).to_have_value(sentence)
        expect(page.get_by_label("Your country")).to_have_value("SE")
        button(page, "See my letter").click()

        agree(page)
        button(page, "Send my letter").dblclick()
        expect(page.get_by_role("heading", level=1)).to_have_text("One more tap")
        page.goto(confirm_link(confirmation(service, email)))
        expect(page.get_by_role("heading", level=1)).to_have_text("Send your letter?")
        assert letters(service, sentence) == []
        button(page, "Yes, send it").dblclick()
        expect(page.get_by_role("heading", level=1)).to_contain_text("Your letter")
        assert wait_for(lambda: letters(service, sentence))
        page.reload()
        expect(page.locator(".tag")).to_have_text("Handed over")
        expect(page.get_by_role("heading", level=1)).to_contain_text("has been handed over")
        time.sleep(1)
        assert len(letters(service, sentence)) == 1
        assert len(mail_to(service.mail, email, "/confirm")) == 1
        assert visitor.context.cookies() == []


@pytest.mark.check("J5")
def test_back_reload_and_two_tabs_send_one_letter(service: Running, chromium: Browser) -> None:
    email, sentence = "two-tabs@example.org", "I keep two windows open."
    with visiting(chromium, service) as visitor:
        page = visitor.page
        open_mamai(page)
        fill_in(page, name="Vera", email=email, sentence=sentence)
        button(page, "See my letter").click()
        agree(page)
        button(page, "Send my letter").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("One more tap")
        page.reload()
        expect(page.get_by_role("heading", level=1)).to_have_text("One more tap")
        # Back past the check page, which browsers do not keep; they do keep what stood in the form.
        page.evaluate("history.go(-2)")
        expect(page.get_by_label("One sentence of your own")).to_have_value(sentence)
        button(page, "See my letter").click()
        agree(page)
        button(page, "Send my letter").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("One more tap")
        address = confirm_link(confirmation(service, email))
        other = visitor.context.new_page()
        for tab in (page, other):
            tab.goto(address)
        for tab in (page, other):
            button(tab, "Yes, send it").click()
            expect(tab.get_by_role("heading", level=1)).to_contain_text("Your letter")
        page.go_back()
        page.reload()
        assert wait_for(lambda: letters(service, sentence))
        time.sleep(1)
        assert len(letters(service, sentence)) == 1
        assert len(mail_to(service.mail, email, "/confirm")) == 1


@pytest.mark.check("J4")
def test_a_scanner_that_runs_scripts_sends_nothing(service: Running, chromium: Browser) -> None:
    email, sentence = "scanned@example.org", "My mail is read by a machine."
    with visiting(chromium, service) as visitor:
        page = visitor.page
        open_mamai(page)
        fill_in(page, name="Nils", email=email, sentence=sentence)
        button(page, "See my letter").click()
        agree(page)
        button(page, "Send my letter").click()
        address = confirm_link(confirmation(service, email))
        for _visit in range(3):
            page.goto(address, wait_until="networkidle")
            page.wait_for_timeout(300)
        expect(button(page, "Yes, send it")).to_be_visible()
        assert letters(service, sentence) == []


def test_without_a_name_the_letter_can_be_copied_and_printed(
    service: Running, chromium: Browser
) -> None:
    with visiting(chromium, service) as visitor:
        page = visitor.page
        visitor.context.grant_permissions(["clipboard-read", "clipboard-write"])
        open_mamai(page)
        link(page, "Copy or print instead – no name or e-mail needed").click()
        button(page, "Copy the letter").click()
        expect(page.get_by_role("button", name="Copied")).to_be_visible()
        copied = page.evaluate("navigator.clipboard.readText()")
        assert "Your Excellency," in copied
        assert "Zhanbolat Mamay" in copied
        address = link(page, "Sheet to print (PDF)").get_attribute("href")
        answer = page.request.get(f"{service.base}{address}")
        assert answer.body().startswith(b"%PDF-")
        assert visitor.context.cookies() == []


@pytest.mark.check("A11")
def test_without_a_script_no_dead_control_is_shown(service: Running, chromium: Browser) -> None:
    with visiting(chromium, service, script=False) as visitor:
        page = visitor.page
        open_mamai(page)
        link(page, "Copy or print instead – no name or e-mail needed").click()
        expect(page.locator("[data-copy], [data-copy-text], [data-print]").first).to_be_hidden()
        assert page.locator("button[type=button]:visible").count() == 0
        expect(link(page, "Sheet to print (PDF)")).to_be_visible()


@SCRIPTS
@pytest.mark.check("A7")
def test_after_an_error_the_summary_is_first_and_leads_to_the_fields(
    service: Running, chromium: Browser, *, script: bool
) -> None:
    with visiting(chromium, service, script=script) as visitor:
        page = visitor.page
        open_mamai(page)
        page.get_by_label("One sentence of your own").fill("This must not be lost.")
        page.locator("input[name=targets]").first.uncheck()
        button(page, "See my letter").click()
        expect(page).to_have_title(re.compile("^Error:"))
        expect(page.locator("#errors")).to_be_focused()
        expect(page.get_by_label("One sentence of your own")).to_have_value(
            "This must not be lost."
        )
        links = page.locator("#errors a")
        assert links.count() == 3, "the country may be left out"
        for number in range(links.count()):
            words = links.nth(number).inner_text()
            target = str(links.nth(number).get_attribute("href"))
            links.nth(number).click()
            expect(page.locator(target)).to_be_focused()
            field = page.locator(target)
            described = " ".join(
                page.locator(f"#{one}").inner_text()
                for one in _described(field)
                if page.locator(f"#{one}").count()
            )
            assert words in described, f"{target}: {described!r} does not say {words!r}"


@pytest.mark.check("A5")
def test_with_keys_alone_from_the_campaign_to_the_letter(
    service: Running, chromium: Browser
) -> None:
    email, sentence = "keys@example.org", "I use no mouse."
    with visiting(chromium, service) as visitor:
        page = visitor.page
        open_mamai(page)
        page.reload()
        stops = Stops(page)
        stops.skip()
        stops.to("sentence")
        page.keyboard.type(sentence)
        stops.to("name")
        page.keyboard.type("Kia")
        stops.to("email")
        page.keyboard.type(email)
        stops.to("country")
        page.keyboard.type("Swed")
        stops.press("See my letter")
        expect(page).to_have_title(re.compile("^Check your letter"))
        stops.skip()
        stops.to("consent")
        page.keyboard.press("Space")
        stops.press("Send my letter")
        expect(page.get_by_role("heading", level=1)).to_have_text("One more tap")
        assert stops.count <= STOPS_TO_SENT

        page.goto(confirm_link(confirmation(service, email)))
        stops = Stops(page)
        stops.skip()
        stops.press("Yes, send it")
        expect(page.get_by_role("heading", level=1)).to_contain_text("Your letter")
        assert stops.count <= STOPS_TO_CONFIRMED
    assert len(wait_for(lambda: letters(service, sentence))) == 1


@pytest.mark.parametrize(
    "script", [False, pytest.param(True, marks=pytest.mark.long)], ids=["no-script", "script"]
)
@pytest.mark.check("A11")
def test_an_organiser_publishes_with_a_colleague_and_a_coordinator_looks(
    service: Running, chromium: Browser, *, script: bool
) -> None:
    title = f"Ruritania: the printer Anton Vale must go free ({script})"
    with visiting(chromium, service, script=script) as olena:
        page = olena.page
        sign_in(page, service, "olena@example.org")
        reference = write_a_campaign(page, title)
        public = f"/en/campaigns/{reference}"
        page.goto(f"/desk/campaigns/{reference}/review")
        button(page, "Ask for review").click()
        expect(page.get_by_text("The review is asked for.")).to_be_visible()
        page.goto(f"/desk/campaigns/{reference}/review")
        assert button(page, "Publish now").count() == 0, "who wrote it may not publish it"
    with visiting(chromium, service, script=script) as stranger:
        answer = stranger.page.goto(public)
        assert answer is not None
        assert answer.status == 404, "not published yet"
    with visiting(chromium, service, script=script) as amal:
        page = amal.page
        sign_in(page, service, "amal@example.org")
        page.goto("/desk/reviews")
        page.get_by_role("link", name=title).first.click()
        button(page, "Publish now").click()
        expect(page).to_have_title(re.compile("^Error:"))
        for box in page.locator("input[type=checkbox]").all():
            box.check()
        button(page, "Publish now").click()
        expect(page.get_by_text("Published.")).to_be_visible()
    with visiting(chromium, service, script=script) as stranger:
        page = stranger.page
        page.goto(public)
        expect(page.get_by_role("heading", level=1)).to_have_text(title)
        expect(button(page, "See my letter")).to_be_visible()
        expect(page.locator(".sheet .demand").first).to_contain_text("Release Anton Vale")
        assert stranger.context.cookies() == []
    with visiting(chromium, service, script=script) as kofi:
        page = kofi.page
        sign_in(page, service, "kofi@example.org")
        expect(page).to_have_url(f"{service.base}/stats")
        expect(page.get_by_role("heading", level=1)).to_have_text("The numbers")
        expect(page.get_by_role("link", name=title).first).to_be_visible()
        page.get_by_role("link", name=title).first.click()
        expect(page.get_by_role("heading", level=1)).to_contain_text("Anton Vale")
        refused = page.goto("/desk")
        assert refused is not None
        assert refused.status == 404, "a coordinator does not see the desk"


class Stops:
    """Tab stops, counted and looked at: each is visible, outlined, uncovered and in order."""

    def __init__(self, page: Page, at_most: int = 50, *, one_column: bool = True) -> None:
        self._page = page
        self._at_most = at_most
        self._one_column = one_column
        self._seen: list[tuple[float, float]] = []
        self.count = 0

    def skip(self) -> None:
        """The first stop of a page leads past its head."""
        self._seen = []
        self._page.keyboard.press("Tab")
        found = self._page.evaluate(ON_TOP)
        assert found["name"].startswith("Skip to"), found
        assert found["visible"], found
        self._page.keyboard.press("Enter")

    def to(self, name: str) -> None:
        self._go_on(lambda found: found["name"] == name)

    def press(self, words: str) -> None:
        self._go_on(lambda found: found["tag"] == "button" and found["name"] == words)
        self._page.keyboard.press("Enter")

    def follow(self, words: str) -> None:
        self._go_on(lambda found: found["tag"] == "a" and found["name"] == words)
        self._page.keyboard.press("Enter")

    def walk(self) -> list[str]:
        """Every stop of the page, until the keys leave it: there is no trap."""
        names: list[str] = []

        def is_outside(found: dict[str, object]) -> bool:
            names.append(str(found["name"]))
            return found["tag"] == "body"

        self._go_on(is_outside)
        return names

    def _go_on(self, is_it: Callable[[dict[str, object]], bool]) -> None:
        for _stop in range(self._at_most):
            self._page.keyboard.press("Tab")
            self.count += 1
            found = self._page.evaluate(ON_TOP)
            if found["tag"] == "body" and is_it(found):
                return
            assert found["visible"], found
            assert found["inside"], sorted(found.items())
            assert not found["covered"], found
            assert found["outlined"], found
            self._seen.append((found["y"], found["x"]))
            if is_it(found):
                if self._one_column:
                    assert self._seen == sorted(self._seen), "not in the order of reading"
                return
        raise AssertionError("never reached")


def sign_in(page: Page, service: Running, email: str) -> None:
    page.goto("/sign-in")
    page.get_by_label("E-mail address").fill(email)
    page.get_by_label("Password").fill(service.password_of(email))
    button(page, "Sign in").click()
    expect(button(page, "Sign out")).to_be_visible()


def write_a_campaign(page: Page, title: str) -> str:
    """From an empty desk to a draft that lacks nothing; returns its reference."""
    page.goto("/desk")
    link(page, "Start an empty draft").first.click()
    page.get_by_label("Title", exact=True).fill(title)
    page.get_by_label("Language of this title").select_option("en")
    page.get_by_label("Country where it happens").select_option("KZ")
    button(page, "Start a draft").click()
    expect(page).to_have_url(re.compile(r"/desk/campaigns/\w{5}"))
    reference = re.findall(r"/desk/campaigns/(\w{5})", page.url)[0]
    page.goto(f"/desk/campaigns/{reference}")
    expect(page.get_by_role("heading", name="Still missing")).to_be_visible()

    say_what_happened(page, f"/desk/campaigns/{reference}")
    say_who_is_asked(page, f"/desk/campaigns/{reference}")
    page.goto(f"/desk/campaigns/{reference}/preview/en")
    expect(page.get_by_role("heading", level=1)).to_have_text(title)
    page.goto(f"/desk/campaigns/{reference}")
    assert page.get_by_text("Nothing is missing.").is_visible(), page.locator("main").inner_text()
    return reference


def save(page: Page) -> None:
    button(page, "Save").click()
    expect(page.get_by_text("Saved.")).to_be_visible()


def say_what_happened(page: Page, desk: str) -> None:
    """The document, the text of the page, the person and what is asked for."""
    page.goto(f"{desk}/facts")
    page.locator("[name=case_title]").fill("Anton Vale")
    page.locator("[name=document_language]").select_option("en")
    page.locator("select[name=letter_languages]").first.select_option("en")
    save(page)

    page.goto(f"{desk}/texts/en")
    page.locator("[name=standfirst]").fill("Anton Vale printed a poem and was taken from his shop.")
    page.locator("[name=we_ask]").fill("We ask the President to release Anton Vale.")
    page.locator("[name=background]").fill("He is sixty.\n\nHe has printed poems for forty years.")
    save(page)

    page.goto(f"{desk}/people")
    page.locator("[name=name-new]").fill("Anton Vale")
    page.locator("[name=name-new-en]").fill("Anton Vale")
    page.locator("[name=pronoun-new-en]").fill("he")
    page.locator("[name=consent-new][value=yes]").check()
    page.locator("[name=consent_note-new]").fill("His daughter, by phone, yesterday.")
    save(page)

    page.goto(f"{desk}/demands")
    page.locator("[name=text-new-en]").fill("Release Anton Vale at once.")
    save(page)


def say_who_is_asked(page: Page, desk: str) -> None:
    """The office, the letter to it and the last day. A wrong placeholder is refused on the way."""
    page.goto(f"{desk}/targets")
    offices = page.locator("select[name=authority-new] option")
    president = next(one for one in offices.all() if "President" in one.inner_text())
    page.locator("select[name=authority-new]").select_option(president.get_attribute("value"))
    save(page)

    page.goto(f"{desk}/letters")
    page.locator("main a[href$='/en']").first.click()
    page.locator("[name=subject]").fill("Request for the release of {{ person_name }}")
    page.locator("[name=body]").fill("I write about {{ person_nam }}.\n\n{{ demands }}")
    button(page, "Save").click()
    expect(page).to_have_title(re.compile("^Error:"))
    expect(page.locator("#errors")).to_contain_text("person_nam")
    expect(page.locator("[name=body]")).to_have_value(re.compile("person_nam"))
    page.locator("[name=body]").fill(
        "I write about {{ person_name }}.\n\n{{ own_sentence }}\n\n{{ demands }}\n\nThank you."
    )
    button(page, "Show the letter without saving").click()
    expect(page.locator(".sheet .demand")).to_contain_text("Release Anton Vale")
    save(page)

    page.goto(f"{desk}/timing")
    page.locator("[name=last_day]").fill(f"{datetime.now(UTC) + timedelta(days=20):%Y-%m-%d}")
    page.locator("[name=last_time]").fill("23:59")
    page.locator("select[name=time_zone]").select_option("Asia/Almaty")
    save(page)


def _described(field: Locator) -> list[str]:
    """The ids that describe a field, or the group it stands in."""
    ids = field.evaluate(
        "e => [e, e.closest('fieldset')].map(x => x && x.getAttribute('aria-describedby') || '')"
    )
    return " ".join(ids).split()
