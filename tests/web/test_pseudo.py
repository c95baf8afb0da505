"""Every public page in a language nobody speaks: what stays English never met a translator."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from html.parser import HTMLParser
from http import HTTPStatus
from pathlib import Path

import pytest
from sqlalchemy import select

from app.campaigns.models import CampaignText
from app.core.db import unit_of_work
from app.core.i18n import catalogues
from app.core.schema import upgrade
from app.state import state_of
from app.web.audience import Audience
from config import Settings
from tests.apps import an_app
from tests.architecture.test_doors import BASE, Doors, fill
from tests.conftest import ROOT
from tests.translations import pseudo

# Elements that speak no language, and those whose words are data.
_SILENT = frozenset(("script", "style", "svg", "bdi", "code", "option", "textarea", "time", "pre"))
_VOID = frozenset(("br", "hr", "img", "input", "link", "meta", "wbr", "source", "path"))
# What is said the same in every language: our name, and units and signs.
_SAME = re.compile(
    r"\b(Outcry|UTC[+−:\d]*|PDF|JSON|CSV|DKIM|En-xa|RFC \d+|ALTCHA|WCAG|AA|EN \d+)\b"
)
# Data that is told as it is: mail addresses, addresses of pages, where an authority has its seat,
# what Babel calls a country and a day.
_DATA = re.compile(
    r"\S+@[\w.-]+|https?://\S+|Mangilik Yel St, 6|Nur-Sultan|Kazakhstan|Sweden"
    r"|\d+ [A-Z][a-z]+ \d{4}"
)
_WORD = re.compile(r"[^\W\d_]{2,}")


class _Texts(HTMLParser):
    """The words of a page that claim to be in the language of the page."""

    def __init__(self, language: str) -> None:
        super().__init__()
        self.language = language
        self.path: list[tuple[str, bool]] = []
        self.found: list[str] = []
        self.whole = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        for name in ("alt", "aria-label", "title", "placeholder"):
            if given.get(name) and not self.is_quiet(tag, given):
                self.found.append(str(given[name]))
        if tag not in _VOID:
            self.path.append((tag, self.is_quiet(tag, given)))

    def is_quiet(self, tag: str, given: dict[str, str | None]) -> bool:
        above = bool(self.path) and self.path[-1][1]
        own = given.get("lang", self.language) == self.language and given.get("dir") != "auto"
        marked = "lang" in given
        return (above and not (marked and own)) or tag in _SILENT or not own

    def handle_endtag(self, tag: str) -> None:
        while self.path:
            name, _quiet = self.path.pop()
            if name == tag:
                break

    def handle_data(self, data: str) -> None:
        if not (self.path and self.path[-1][1]):
            self.whole += data


def untranslated(page: str, language: str) -> list[str]:
    """The pieces of a page that stand in no brackets although they claim to be its language."""
    reader = _Texts(language)
    reader.feed(page)
    texts = [_outside(reader.whole), *map(_outside, reader.found)]
    return [part.strip() for text in texts for part in text.split("\n") if _WORD.search(part)]


def _outside(text: str) -> str:
    """What is left without the bracketed sentences, however they are nested."""
    before = None
    while before != text:
        before, text = (
            text,
            re.sub(rf"{pseudo.OPEN}[^{pseudo.OPEN}{pseudo.CLOSE}]*{pseudo.CLOSE}", "", text),
        )
    return _DATA.sub("", _SAME.sub("", text))


def _translated(text: CampaignText, language: str) -> CampaignText:
    """The words of an organiser in a pseudo-language: in brackets too, but the same."""
    words = ("title", "standfirst", "we_ask", "background", "risk_note")
    said = {
        name: "\n\n".join(
            f"{pseudo.OPEN}{part}{pseudo.CLOSE}" for part in getattr(text, name).split("\n\n")
        )
        for name in words
    }
    return CampaignText(campaign_id=text.campaign_id, language=language, **said)


@pytest.fixture(scope="module")
def doors(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Doors]:
    with pseudo_doors(tmp_path_factory.mktemp("pseudo")) as opened:
        yield opened


@contextmanager
def pseudo_doors(folder: Path) -> Iterator[Doors]:
    """The application over a filled database, speaking both pseudo-languages and no other."""
    app = an_app(Settings(var=folder / "var", base_url=BASE))
    pseudo.write(folder)
    catalogues.load(folder)
    state = state_of(app)
    upgrade(state.settings.database_url)
    with unit_of_work(state.database.writing) as session:
        values = fill(session, state.keys, datetime.now(UTC))
        english = session.scalars(select(CampaignText).where(CampaignText.language == "en")).all()
        for text in english:
            for language in (pseudo.ACCENTED, pseudo.MIRRORED):
                session.add(_translated(text, language))
    values["lang"] = pseudo.ACCENTED
    yield Doors(app, state.database, values)
    state.database.dispose()
    catalogues.__init__()  # type: ignore[misc]
    catalogues.load(ROOT / "translations")


def pages(doors: Doors, language: str) -> dict[str, str]:
    """Every public page that can be opened, in a pseudo-language, by the rule of its address."""
    doors.values["lang"] = language
    public = {Audience.PUBLIC, Audience.SUPPORTER}
    opened = {
        str(rule): doors.app.test_client().get(address, follow_redirects=True)
        for address, rule in doors.looked_at()
        if doors.audience(rule) in public and "lang" in rule.arguments
    }
    return {
        rule: answer.text
        for rule, answer in opened.items()
        if answer.mimetype == "text/html" and answer.status_code == HTTPStatus.OK
    }


@pytest.mark.check("I5")
def test_nothing_on_a_public_page_escapes_the_translators(doors: Doors) -> None:
    found = {
        rule: untranslated(page, pseudo.ACCENTED)
        for rule, page in pages(doors, pseudo.ACCENTED).items()
    }
    assert len(found) > 20
    assert {rule: words for rule, words in found.items() if words} == {}


def test_a_sentence_that_went_through_no_catalogue_is_found() -> None:
    page = f"<html lang=en-xa><p>{pseudo.accented('Yes.')} <b lang=fr>Oui</b> No way.</p>"
    assert untranslated(page, pseudo.ACCENTED) == ["No way."]


@pytest.mark.check("I6")
def test_every_public_page_is_mirrored(doors: Doors) -> None:
    found = pages(doors, pseudo.MIRRORED)
    assert len(found) > 20
    for rule, page in found.items():
        assert '<html lang="ar-xb" dir="rtl"' in page, rule
