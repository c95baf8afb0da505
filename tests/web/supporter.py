"""A supporter of the tests: opens pages, fills forms by their fields, keeps no cookie."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from html.parser import HTMLParser

from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from app.signatures.models import Signature
from app.signatures.queries import token_of
from tests.cast import SAM
from tests.web.conftest import House

Fields = Mapping[str, str | Iterable[str]]

ANSWERS: Fields = {
    "name": SAM.name,
    "email": SAM.email,
    "country": "SE",
    "sentence": "I am a nurse in Uppsala.",
    "targets": ["1"],
    "letter_language": "en",
    "consent": "1",
}
VOID = frozenset(("area", "base", "br", "col", "hr", "img", "input", "link", "meta", "source"))


class Page(HTMLParser):
    """What of a page the tests ask for."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text
        self.title = ""
        self.headings: list[tuple[int, str]] = []
        self.values: dict[str, list[str]] = {}
        self.ids: list[str] = []
        self.links: list[str] = []
        self.described: dict[str, str] = {}
        self._open: list[str] = []
        self.feed(text)

    @property
    def words(self) -> str:
        bare = re.sub(r"<(script|style)\b.*?</\1>", " ", self.text, flags=re.DOTALL)
        return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", bare))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if tag not in VOID:
            self._open.append(tag)
        if "id" in found:
            self.ids.append(found["id"])
        if "href" in found:
            self.links.append(found["href"])
        if re.fullmatch("h[1-6]", tag):
            self.headings.append((int(tag[1]), ""))
        if "aria-describedby" in found and "id" in found:
            self.described[found["id"]] = found["aria-describedby"]
        self._note_field(tag, found)

    def _note_field(self, tag: str, found: dict[str, str]) -> None:
        name = found.get("name", "")
        box = found.get("type") in ("checkbox", "radio")
        if tag == "input" and name and (not box or "checked" in found):
            self.values.setdefault(name, []).append(found.get("value", ""))
        elif tag == "textarea":
            self.values.setdefault(name, []).append("")
            self._area = name
        elif tag == "select":
            self._select = name
        elif tag == "option" and "selected" in found:
            self.values.setdefault(self._select, []).append(found["value"])

    def handle_endtag(self, tag: str) -> None:
        if tag in self._open:
            while self._open and self._open.pop() != tag:
                pass

    def handle_data(self, data: str) -> None:
        if not self._open:
            return
        if self._open[-1] == "title":
            self.title += data
        if self._open[-1] == "textarea":
            self.values[self._area][-1] += data.removeprefix("\n")
        if self.headings and any(re.fullmatch("h[1-6]", tag) for tag in self._open):
            level, words = self.headings[-1]
            self.headings[-1] = (level, words + data)


@dataclass(frozen=True, slots=True)
class Supporter:
    """Somebody at a browser without a name."""

    client: FlaskClient

    def look(self, path: str, **headers: str) -> TestResponse:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.get(path, headers=named)

    def page(self, path: str) -> Page:
        answer = self.look(path)
        assert answer.status_code == 200, answer.status_code
        return Page(answer.text)

    def note(self, path: str) -> str:
        """The signed note of a freshly opened form."""
        return self.page(f"/en{path}").values["form"][0]

    def send(self, path: str, step: str, **changed: str | list[str]) -> TestResponse:
        """Open the campaign page, fill it, and post it to a step."""
        fields = {"form": self.note(path), **ANSWERS, **changed}
        return self.client.post(f"/en{path}/{step}", data=fields)


def link(house: House, purpose: str, state: str | None = None) -> str:
    """The address of a mailed link of the newest signature there is."""
    with house.database.reading() as session:
        wanted = select(Signature)
        if state is not None:
            wanted = wanted.where(Signature.state == state)
        signature = session.scalars(wanted).first()
        assert signature is not None
        token = token_of(house.keys, signature, purpose)
    return f"/en/letters/{token}" + ("/confirm" if purpose == "confirm" else "")
