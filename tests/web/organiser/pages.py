"""A person at the desk: opens pages, fills in their forms as they stand there, presses buttons."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from html.parser import HTMLParser

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.accounts.models import Account

Values = list[tuple[str, str]]


@dataclass
class Form:
    """One form of a page, with what stands in its fields."""

    action: str
    method: str
    values: Values = field(default_factory=list)
    buttons: Values = field(default_factory=list)

    def get(self, name: str) -> str:
        return next(text for key, text in self.values if key == name)

    def put(self, name: str, *texts: str) -> None:
        """Type into a field, tick a box, choose: what stood there goes."""
        at = next((n for n, (key, _) in enumerate(self.values) if key == name), len(self.values))
        self.values = [pair for pair in self.values if pair[0] != name]
        self.values[at:at] = [(name, text) for text in texts]


class _Reader(HTMLParser):
    def __init__(self, path: str) -> None:
        super().__init__()
        self.path, self.forms = path, list[Form]()
        self._text: str | None = None
        self._typed = ""
        self._select: str | None = None
        self._options: list[tuple[str, bool]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(Form(given.get("action") or self.path, given.get("method", "get")))
        elif tag == "input" and "name" in given and self.forms:
            kind = given.get("type", "text")
            if kind not in ("checkbox", "radio") or "checked" in given:
                self.forms[-1].values.append((given["name"], given.get("value", "")))
        elif tag == "textarea":
            self._text, self._typed = given["name"], ""
        elif tag == "select":
            self._select, self._options = given["name"], []
        elif tag == "option" and self._select is not None:
            self._options.append((given.get("value", ""), "selected" in given))
        elif tag == "button" and given.get("name"):
            self.forms[-1].buttons.append((given["name"], given.get("value", "")))

    def handle_data(self, data: str) -> None:
        if self._text is not None:
            self._typed += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea" and self._text is not None:
            # As a browser: the first line break is not content, and lines end as forms end them.
            text = "\r\n".join(self._typed.removeprefix("\n").replace("\r\n", "\n").split("\n"))
            self.forms[-1].values.append((self._text, text))
            self._text = None
        elif tag == "select" and self._select is not None and self._options:
            chosen = next((value for value, is_it in self._options if is_it), self._options[0][0])
            self.forms[-1].values.append((self._select, chosen))
            self._select = None


@dataclass
class Page:
    """An answer, and the forms on it."""

    answer: TestResponse
    path: str

    @property
    def status(self) -> int:
        return self.answer.status_code

    @property
    def text(self) -> str:
        return self.answer.text

    @property
    def title(self) -> str:
        found = re.search(r"<title>(.*?)</title>", self.text, re.DOTALL)
        return " ".join(found.group(1).split()) if found else ""

    @property
    def forms(self) -> list[Form]:
        reader = _Reader(self.path)
        reader.feed(self.text)
        return reader.forms

    def form(self, action: str = "") -> Form:
        """The form that posts there; without a name the page's own, which is its longest."""
        found = [form for form in self.forms if not action or form.action.endswith(action)]
        return max(found, key=lambda form: len(form.values))


@dataclass
class Person:
    """Somebody with a browser."""

    client: FlaskClient
    account: Account | None = None

    def open(self, path: str) -> Page:
        answer = self.client.get(path, follow_redirects=True)
        return Page(answer, answer.request.path)

    def press(
        self, form: Form, button: tuple[str, str] | None = None, *, follow: bool = True
    ) -> Page:
        data: dict[str, list[str]] = {}
        for name, text in [*form.values, *([button] if button else [])]:
            data.setdefault(name, []).append(text)
        answer = self.client.post(form.action, data=data, follow_redirects=follow)
        return Page(answer, answer.request.path)

    def fill(self, path: str, **fields: str) -> Page:
        """Open a page, type into its form, press its button."""
        form = self.open(path).form()
        for name, text in fields.items():
            form.put(name, text)
        return self.press(form)


def at_the_desk(app: Flask, account: Account) -> Person:
    """Somebody who has signed in a moment ago, without the tenth of a second that takes."""
    client = app.test_client()
    with client.session_transaction("/desk") as session:
        session.permanent = True
        session["_user_id"] = account.fs_uniquifier
        session["_fresh"] = True
        session["fs_paa"] = time.time()
    return Person(client, account)
