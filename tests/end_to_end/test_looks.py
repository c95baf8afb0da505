"""Every page as readers set their browsers: enlarged, spaced, in forced colours, in other scripts.

`make test` looks at the pages that each journey goes through; `make test-full` at all of them.
"""

from __future__ import annotations

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page
from sqlalchemy import select

from app.core.db import connect
from app.followers.models import Follower
from app.reminders.models import ReminderRequest
from app.signatures.models import Signature
from tests.end_to_end import seen
from tests.end_to_end.gallery import SUPPORTER_PAGES, Gallery, Shown
from tests.end_to_end.plain import Reader
from tests.end_to_end.windows import (
    DESKTOP,
    PHONE,
    SMALLEST,
    Look,
    Windows,
    chosen_pages,
    translated,
)

pytestmark = pytest.mark.browser

JOURNEY = (
    "campaign",
    "form-errors",
    "check-ten",
    "one-more-tap",
    "confirm",
    "status-ten",
    "desk-texts",
    "desk-review",
    "stats",
)
# Reached by a form that only one language of it can send, or in no language at all.
UNTRANSLATED = ("local-mail", "local-message")
MIRRORED = ("ar", "fa")
SET_IN = (
    "[getComputedStyle(document.querySelector('h1'))].map(s => [s.fontSize, s.letterSpacing])[0]"
)
# A scroll bar, which stays where it is, is as wide in both.
NEAR = 3
WIDE, NARROW = Look("light", DESKTOP), Look("light", PHONE)
PAGES = pytest.mark.parametrize("name", chosen_pages(JOURNEY))
SUPPORTERS = pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, id=name, marks=() if name in JOURNEY else pytest.mark.long)
        for name in SUPPORTER_PAGES
        if name not in UNTRANSLATED and not name.endswith(("-fr", "-ru"))
    ],
)


def opened(windows: Windows, shown: Shown, look: Look, **emulated: str) -> Page:
    page = windows.page(shown, look, **emulated)
    windows.go(page, shown)
    return page


@PAGES
@pytest.mark.check("A8")
def test_at_400_percent_nothing_is_lost(windows: Windows, gallery: Gallery, name: str) -> None:
    page = opened(windows, gallery.pages[name], NARROW)
    page.set_viewport_size(SMALLEST)  # type: ignore[arg-type]
    assert page.evaluate(seen.TOO_WIDE) == []
    assert page.evaluate(seen.COVERED) == []
    assert page.evaluate(seen.STICKY) == []
    page.close()


@PAGES
@pytest.mark.check("A9")
def test_larger_text_and_wider_spacing_cut_nothing(
    windows: Windows, gallery: Gallery, name: str
) -> None:
    for style in (seen.TWICE_AS_LARGE, seen.SPACED):
        page = opened(windows, gallery.pages[name], WIDE)
        before = page.evaluate(SET_IN)
        page.evaluate(seen.ADD_STYLE, style)
        assert page.evaluate(SET_IN) != before, "the style has no effect"
        assert page.evaluate(seen.CLIPPED) == []
        assert page.evaluate(seen.TOO_WIDE) == []
        page.close()


@PAGES
@pytest.mark.check("A13")
def test_in_forced_colours_the_focus_is_seen_and_nothing_moves(
    windows: Windows, gallery: Gallery, name: str
) -> None:
    page = opened(windows, gallery.pages[name], WIDE, forced_colors="active")
    assert page.evaluate("matchMedia('(forced-colors: active)').matches")
    assert page.evaluate(seen.MOVING) == []
    for _stop in range(8):
        page.keyboard.press("Tab")
        outline = page.evaluate(
            "[document.activeElement].map(e => [e.tagName, getComputedStyle(e)])"
            ".map(([tag, s]) => [tag, s.outlineStyle, parseFloat(s.outlineWidth)])[0]"
        )
        if outline[0] != "BODY":
            assert outline[1] != "none", outline
            # The browser's own ring is as wide as it is drawn, whatever width it tells.
            assert outline[1] == "auto" or outline[2] >= 2, outline
    page.close()


@PAGES
@pytest.mark.check("A14", "A16", "I1")
def test_everything_has_its_name_its_words_and_its_language(
    windows: Windows, gallery: Gallery, name: str
) -> None:
    page = opened(windows, gallery.pages[name], WIDE)
    assert page.evaluate(seen.ROLES) == []
    assert page.evaluate(seen.PICTURES) == []
    assert page.evaluate(seen.LANGUAGES) == []
    page.close()


@SUPPORTERS
@pytest.mark.parametrize("language", MIRRORED)
@pytest.mark.check("I1", "I4", "I6")
def test_from_right_to_left_each_page_is_the_mirror_of_the_other(
    windows: Windows, gallery: Gallery, name: str, language: str
) -> None:
    shown = gallery.pages[name]
    other = translated(shown, language)
    for look in (WIDE, NARROW):
        page, mirrored = (opened(windows, one, look) for one in (shown, other))
        assert mirrored.evaluate("document.documentElement.lang") == language
        assert mirrored.evaluate("getComputedStyle(document.body).direction") == "rtl"
        assert mirrored.evaluate(seen.LANGUAGES) == []
        assert mirrored.evaluate(seen.TOO_WIDE) == []
        width = look.viewport["width"]
        # What has a text in English alone, and is marked so, stands on one of the pages.
        starts, there = (dict(each.evaluate(seen.EDGES, width)) for each in (page, mirrored))
        both = starts.keys() & there.keys()
        assert len(both) >= 3
        moved = {one for one in both if abs(starts[one] - there[one]) > NEAR}
        assert moved == set()
        page.close()
        mirrored.close()


@pytest.mark.check("I2")
def test_the_languages_of_a_page_name_each_other(gallery: Gallery) -> None:
    """Every address that a page names as itself in another language says the same of it."""
    reader, base = Reader(), gallery.service.base
    for name in ("campaign", "campaign-ten", "campaign-closed"):
        start = reader.get(base + gallery.pages[name].path)
        named = alternates(start.text)
        assert named["en"].endswith(gallery.pages[name].path)
        assert "x-default" in named
        assert len(named) > 10
        for language, address in named.items():
            if language == "x-default":
                continue
            there = reader.get(address)
            assert there.status == 200
            assert there.address == address, "an address that only leads on"
            assert f'<html lang="{language}"' in there.text
            assert alternates(there.text) == named
            assert f'<link rel="canonical" href="{address}">' in there.text


def alternates(text: str) -> dict[str, str]:
    return dict(re.findall(r'<link rel="alternate" hreflang="([^"]+)" href="([^"]+)"', text))


@pytest.mark.check("A1", "I4")
@pytest.mark.long
@pytest.mark.parametrize("language", ["fr", "es", "ru", "uk", "pl", "ar", "fa"])
@pytest.mark.parametrize("name", [n for n in SUPPORTER_PAGES if n not in UNTRANSLATED])
def test_a_page_has_no_barrier_in_any_language(
    windows: Windows, gallery: Gallery, name: str, language: str
) -> None:
    page = opened(windows, translated(gallery.pages[name], language), Look("dark", PHONE))
    found = Axe().run(page, options={"runOnly": seen.WCAG, "resultTypes": ["violations"]})
    assert found.response["violations"] == [], found.generate_report()
    assert page.evaluate(seen.TOO_WIDE) == []
    page.close()


@pytest.mark.check("J4")
def test_a_scanner_that_runs_scripts_changes_nothing_behind_any_link(
    windows: Windows, gallery: Gallery
) -> None:
    """Every page behind a mailed link is looked at and left running; nothing is pressed."""
    names = ("confirm", "confirm-ten", "status", "remind-confirm", "remind-stop", "remind-done")
    names += ("follow-confirm", "preferences", "follow-choice", "leave")
    pages = [gallery.pages[name] for name in names]
    reader, base = Reader(), gallery.service.base
    before = states(gallery)
    for shown in pages:
        page = opened(windows, shown, WIDE)
        page.wait_for_load_state("networkidle")
        assert reader.head(base + shown.path).status == 200
        page.close()
    assert states(gallery) == before


def states(gallery: Gallery) -> dict[str, list[str]]:
    """What is kept of the people behind the links."""
    database = connect(gallery.service.database_url)
    try:
        with database.reading() as session:
            return {
                table.__tablename__: sorted(
                    str(tuple(row)) for row in session.execute(select(table.__table__))
                )
                for table in (Signature, Follower, ReminderRequest)
            }
    finally:
        database.dispose()
