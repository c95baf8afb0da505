"""The pictures of the documentation: `make pictures`. From a service with three weeks behind it."""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from playwright.sync_api import Browser, Page
from sqlalchemy.orm import Session

from app.campaigns.document import load_demonstration, read_documents
from app.campaigns.models import Campaign
from app.campaigns.queries import get_campaign_by_id
from app.core.db import Database, connect, unit_of_work
from app.core.i18n import catalogues
from app.core.keys import read_or_make_keys
from app.core.schema import upgrade
from app.core.tokens import Keys, keyed_hash
from app.delivery.channels.maildir import Maildir
from app.delivery.worker import Worker
from app.notices.compose import use_templates
from app.notices.links import Links
from app.sections.actions import default_section
from app.signatures.actions import confirm, sign
from app.signatures.queries import STATUS, find_by_form, token_of
from app.signatures.rules import SignForm, addressed
from app.tally.actions import fold
from tests.end_to_end.chromium import find_chromium, launched
from tests.end_to_end.running import ROOT, Running, start, stop

FOLDER = ROOT / "docs" / "pictures"
LARGEST = 200_000
DESKTOP, PHONE = (1280, 860), (390, 844)
NOW = datetime.now(UTC).replace(microsecond=0)
DAYS_OPEN = 20
WRITERS_A_DAY = (4, 26, 21, 15, 13, 9, 8, 10, 7, 6, 6, 9, 5, 4, 5, 6, 8, 5, 4, 3)
COUNTRIES = ("FR", "FR", "FR", "DE", "DE", "SE", "SE", "CA", "CH", "PL")
LANGUAGES = ("ru", "ru", "en", "en", "en")
SENTENCES = ("", "", "I teach history in a small town.", "I was once a journalist myself.")


def main() -> int:
    executable = find_chromium()
    if executable is None:
        sys.stderr.write("Pictures need a Chromium.\n")
        return 1
    with tempfile.TemporaryDirectory() as kept:
        status = live_three_weeks(Path(kept) / "var")
        service = start(Path(kept))
        try:
            with launched(executable) as browser:
                take(browser, service, status)
        finally:
            stop(service)
    too_large = [path.name for path in FOLDER.glob("*.png") if path.stat().st_size > LARGEST]
    for path in sorted(FOLDER.glob("*.png")):
        sys.stdout.write(f"{path.relative_to(ROOT)}  {path.stat().st_size // 1000} KB\n")
    if too_large:
        sys.stderr.write(f"Larger than {LARGEST // 1000} KB: {', '.join(too_large)}\n")
    return bool(too_large)


def live_three_weeks(var: Path) -> str:
    """Fill a folder with what three weeks leave behind; return the path of a status page."""
    chance = random.Random(1961)
    catalogues.load(ROOT / "translations")
    use_templates(ROOT / "templates")
    var.mkdir()
    upgrade(f"sqlite:///{var / 'outcry.db'}")
    database = connect(f"sqlite:///{var / 'outcry.db'}")
    keys = read_or_make_keys(var / "keys" / "master.key")
    status = ""
    for day, count in enumerate(WRITERS_A_DAY):
        when = NOW - timedelta(days=DAYS_OPEN - day)
        with unit_of_work(database.writing) as session:
            if not day:
                _open_both(session, keys, when)
            mamai, ten = _both(session)
            for _writer in range(count):
                campaign = mamai if chance.random() < 0.7 else ten
                status = _write(session, keys, campaign, chance, when) or status
        _deliver(database, keys, var / "mail", when)
    with unit_of_work(database.writing) as session:
        fold(session)
    database.dispose()
    return status


def take(browser: Browser, service: Running, status: str) -> None:
    """Open each page and take its picture."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, size in (("campaign-desktop", DESKTOP), ("campaign-phone", PHONE)):
        page = _window(browser, service, size)
        _open_mamai(page)
        _shoot(page, name)
        if size is DESKTOP:
            _shoot_letter(page, service)
        else:
            page.context.close()
            continue
        page.locator("#sentence").fill("I taught Russian for twenty years.")
        page.locator("#name").fill("Sam Åström")
        page.locator("#email").fill("sam@example.org")
        page.locator("#country").select_option("SE")
        page.locator("#letter_language").select_option("ru")
        page.get_by_role("button", name="See my letter", exact=True).click()
        _shoot(page, "check")
        page.goto(status)
        _shoot(page, "status")
        page.context.close()
    for email, path, name in (
        ("olena@example.org", "/desk", "desk"),
        ("kofi@example.org", "/stats", "stats"),
    ):
        page = _window(browser, service, DESKTOP)
        page.goto("/sign-in")
        page.get_by_label("E-mail address").fill(email)
        page.get_by_label("Password").fill(service.password_of(email))
        page.get_by_role("button", name="Sign in", exact=True).click()
        page.goto(path)
        _shoot(page, name)
        page.context.close()


def _open_both(session: Session, keys: Keys, when: datetime) -> None:
    for document in read_documents():
        load_demonstration(session, keys, default_section(session), document, when)
    session.flush()


def _both(session: Session) -> Sequence[Campaign]:
    found = session.query(Campaign.id, Campaign.demonstration).all()
    by_name = {name: get_campaign_by_id(session, campaign) for campaign, name in found}
    return by_name["mamai"], by_name["dosmagambetov"]


def _write(
    session: Session, keys: Keys, campaign: Campaign, chance: random.Random, when: datetime
) -> str:
    """One supporter signs and, nearly always, confirms."""
    targets = addressed(campaign)
    form = SignForm(
        name="Sam Åström",
        email=f"{uuid.UUID(int=chance.getrandbits(128)).hex}@example.org",
        country=chance.choice(COUNTRIES),
        sentence=chance.choice(SENTENCES),
        targets=tuple(target.id for target in targets),
        letter_language=chance.choice(LANGUAGES),
        page_language="en",
        form_key=uuid.uuid4().hex,
        agreed=True,
    )
    links = Links("http://127.0.0.1")
    sign(session, keys, campaign, form, links=links, now=when)
    session.flush()
    form_hash = keyed_hash(keys.derive("form-key"), campaign.reference, form.form_key)
    signature = find_by_form(session, form_hash)
    if signature is None or chance.random() < 0.1:
        return ""
    confirm(session, keys, signature, links=links, now=when)
    session.flush()
    return f"/en/letters/{token_of(keys, signature, STATUS)}" if len(targets) > 1 else ""


def _deliver(database: Database, keys: Keys, folder: Path, when: datetime) -> None:
    later = when + timedelta(minutes=5)
    Worker(
        database,
        keys,
        local=Maildir(folder),
        relay=None,
        name="pictures",
        lease=timedelta(minutes=1),
        clock=lambda: later,
    ).drain()


def _window(browser: Browser, service: Running, size: tuple[int, int]) -> Page:
    context = browser.new_context(
        base_url=service.base,
        viewport={"width": size[0], "height": size[1]},
        locale="en-GB",
        reduced_motion="reduce",
    )
    return context.new_page()


def _open_mamai(page: Page) -> None:
    page.goto("/en/")
    page.locator("main a[href*=mamai]").first.click()


def _shoot(page: Page, name: str) -> None:
    page.screenshot(path=FOLDER / f"{name}.png")


def _shoot_letter(page: Page, service: Running) -> None:
    """The sheet to print, where there is a program that can draw a PDF."""
    draw = shutil.which("pdftoppm")
    if draw is None:
        return
    address = page.url.split("?")[0] + "/letter/1.pdf?letter=en"
    answer = page.request.get(address)
    with tempfile.TemporaryDirectory() as folder:
        sheet = Path(folder) / "letter.pdf"
        sheet.write_bytes(answer.body())
        subprocess.run(
            [draw, "-png", "-r", "72", "-singlefile", str(sheet), str(FOLDER / "letter")],
            check=True,
            timeout=60,
        )


if __name__ == "__main__":
    sys.exit(main())
