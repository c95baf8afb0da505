"""A browser of 1996: plain HTTP, forms by hand. No script, no style, and no cookie is kept."""

from __future__ import annotations

import email.message
import http.client
import http.cookiejar
import json
import re
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Final

Fields = Mapping[str, str | Iterable[str]]
TIMEOUT: Final = 30


@dataclass(slots=True)
class Form:
    """A form as it stands in a page: where it goes, and what it would send untouched."""

    action: str
    method: str
    fields: dict[str, list[str]] = field(default_factory=dict)
    names: list[str] = field(default_factory=list)
    buttons: list[tuple[str, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, after redirects."""

    address: str
    status: int
    headers: email.message.Message
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def words(self) -> str:
        """What the page says, without its tags."""
        reader = _Words()
        reader.feed(self.text)
        return re.sub(r"\s+", " ", "".join(reader.said)).strip()

    @property
    def forms(self) -> list[Form]:
        return self._read().forms

    @property
    def links(self) -> list[str]:
        return [urllib.parse.urljoin(self.address, link) for link in self._read().links]

    def form(self, end_of_action: str) -> Form:
        """The one form that goes there; the first of several alike."""
        for found in self.forms:
            if urllib.parse.urlsplit(found.action).path.endswith(end_of_action):
                return found
        raise AssertionError(f"no form to …{end_of_action} on {self.address}")

    def link(self, part: str) -> str:
        for found in self.links:
            if part in found:
                return found
        raise AssertionError(f"no link with {part!r} on {self.address}")

    def address_of(self, form: Form) -> str:
        return urllib.parse.urljoin(self.address, form.action)

    def json(self) -> object:
        return json.loads(self.body)

    def _read(self) -> _Page:
        page = _Page()
        page.feed(self.text)
        return page


class Reader:
    """Somebody without cookies. `cookies` is for staff, who need one."""

    def __init__(self, *, cookies: bool = False) -> None:
        # No proxy of the machine's environment may come between a test and its own service.
        handlers: list[urllib.request.BaseHandler] = [urllib.request.ProxyHandler({})]
        self.jar = http.cookiejar.CookieJar()
        if cookies:
            handlers.append(urllib.request.HTTPCookieProcessor(self.jar))
        self._opener = urllib.request.build_opener(*handlers)
        self.cookies_offered: list[str] = []

    def get(self, address: str, **headers: str) -> Answer:
        return self._open(urllib.request.Request(address, headers=headers))

    def head(self, address: str) -> Answer:
        return self._open(urllib.request.Request(address, method="HEAD"))

    def post(self, address: str, fields: Fields, **headers: str) -> Answer:
        pairs = [
            (name, one)
            for name, value in fields.items()
            for one in ([value] if isinstance(value, str) else value)
        ]
        data = urllib.parse.urlencode(pairs).encode()
        return self._open(urllib.request.Request(address, data=data, headers=headers))

    def submit(self, page: Answer, end_of_action: str, **changed: str | list[str]) -> Answer:
        """Send a form of a page with what stands in it, but for what is changed."""
        form = page.form(end_of_action)
        unknown = set(changed) - set(form.names)
        assert not unknown, f"the form has no field {unknown}"
        return self.post(page.address_of(form), {**form.fields, **changed})

    def _open(self, request: urllib.request.Request) -> Answer:
        try:
            answered: http.client.HTTPResponse = self._opener.open(request, timeout=TIMEOUT)
        except urllib.error.HTTPError as error:
            with error:
                return self._noted(Answer(error.url or "", error.code, error.headers, error.read()))
        with answered:
            return self._noted(
                Answer(answered.url, answered.status, answered.headers, answered.read())
            )

    def _noted(self, answer: Answer) -> Answer:
        self.cookies_offered += answer.headers.get_all("Set-Cookie", [])
        return answer


class _Page(HTMLParser):
    """Forms and links, read as a browser without a script reads them."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.links: list[str] = []
        self._form: Form | None = None
        self._select = ""
        self._area = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if tag == "a" and "href" in found:
            self.links.append(found["href"])
        if tag == "form":
            self._form = Form(found.get("action", ""), found.get("method", "get").lower())
            self.forms.append(self._form)
        elif self._form is not None:
            self._control(self._form, tag, found)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None
        elif tag == "select":
            self._select = ""
        elif tag == "textarea":
            self._area = ""

    def handle_data(self, data: str) -> None:
        if self._form is not None and self._area:
            typed = self._form.fields[self._area]
            typed[-1] += data if typed[-1] else data.removeprefix("\n")

    def _control(self, form: Form, tag: str, found: dict[str, str]) -> None:
        name = found.get("name", "")
        if tag == "button":
            form.buttons.append((name, found.get("formaction", "")))
        elif tag == "select":
            self._select = name
            form.names.append(name)
        elif tag == "textarea":
            self._area = name
            form.names.append(name)
            form.fields.setdefault(name, []).append("")
        elif tag == "option" and "selected" in found and self._select:
            form.fields[self._select] = [found.get("value", "")]
        elif tag == "input" and name:
            form.names.append(name)
            if found.get("type") not in ("checkbox", "radio") or "checked" in found:
                form.fields.setdefault(name, []).append(found.get("value", ""))


class _Words(HTMLParser):
    """Text only."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []
        self._silent = False

    def handle_starttag(self, tag: str, attrs: object) -> None:  # noqa: ARG002 - of the parser
        self._silent = tag in ("script", "style")
        if tag in ("br", "p", "li", "dd", "dt", "h1", "h2", "h3", "div", "tr", "td"):
            self.said.append(" ")

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.said.append(data)

    def handle_endtag(self, tag: str) -> None:  # noqa: ARG002 - of the parser
        self._silent = False
