"""Campaign pages that are answered as they were built, each with a form note of its own.

In front of the application, because a page costs it many milliseconds and this a tenth of one. A
page is found again only while nothing has been written anywhere since it was built and while the
minute lasts (`core/kept.py`): hiding, a pause, the deadline or one more letter end it at once. What
differs between two readers is part of the name under which it is kept.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterable
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any, Final
from wsgiref.types import StartResponse, WSGIEnvironment

from flask import Flask
from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header

from app.state import KeptPage, state_of
from app.web.state import moment
from app.web.supporter.form import Notes

_PAGE: Final = re.compile(r"/[a-z-]+/campaigns/[^/]+/[^/]+")
# What no browser sends is not remembered for anybody.
_LONGEST: Final = 200

Headers = list[tuple[str, str]]


@dataclass(slots=True)
class _Noted:
    """What the view and the application say of a page while it is built."""

    reference: str = ""
    note: str = ""
    status: str = ""
    headers: Headers | None = None


# Of the page that is being built, for the view that knows its note.
_NOTED: Final[ContextVar[_Noted | None]] = ContextVar("noted", default=None)


def may_be_kept(reference: str, note: str) -> None:
    """The page of this request depends on its address, the reader's countries and its note."""
    noted = _NOTED.get()
    if noted is not None:
        noted.reference, noted.note = reference, note


def init_kept_pages(app: Flask) -> None:
    """Put the kept pages in front of the application, behind whatever mends its addresses."""
    build = app.wsgi_app

    def answer(asked: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        name = _name_of(asked)
        if name is None:
            return build(asked, start_response)
        state, now = state_of(app), moment()
        generation = state.kept.now(state.database, int(now.timestamp()) // 60)
        if generation is None:
            return build(asked, start_response)
        page = generation.entries.get(name)
        if page is not None:
            body = page.note_of(now).encode().join(page.parts)
            start_response("200 OK", [*page.headers, ("Content-Length", str(len(body)))])
            return [body]
        noted = _Noted()
        before = _NOTED.set(noted)
        try:
            built = build(asked, _listening(noted, start_response))
        finally:
            _NOTED.reset(before)
        if not (noted.note and noted.headers and noted.status.startswith("200 ")):
            return built
        body = b"".join(built)
        if (close := getattr(built, "close", None)) is not None:
            close()
        generation.keep(
            name,
            KeptPage(
                tuple(body.split(noted.note.encode())),
                tuple(pair for pair in noted.headers if pair[0] != "Content-Length"),
                partial(Notes.of(state.keys).fresh, noted.reference),
            ),
        )
        return [body]

    # Flask's own way to stand in front of it; its type knows only a method.
    in_front: Any = answer
    app.wsgi_app = in_front  # type: ignore[method-assign]


def _listening(noted: _Noted, start: StartResponse) -> StartResponse:
    def start_and_note(status: str, headers: Headers, *failed: Any) -> Callable[[bytes], object]:
        noted.status, noted.headers = status, headers
        return start(status, headers, *failed)

    return start_and_note


def _name_of(asked: WSGIEnvironment) -> Hashable | None:
    """Under which name the page may be kept; none for what is somebody's own or no such page."""
    path, query = asked.get("PATH_INFO", ""), asked.get("QUERY_STRING", "")
    languages = asked.get("HTTP_ACCEPT_LANGUAGE", "")
    if (
        asked["REQUEST_METHOD"] != "GET"
        or "HTTP_COOKIE" in asked
        or not _PAGE.fullmatch(path)
        or max(len(path), len(query), len(languages)) > _LONGEST
    ):
        return None
    return asked["wsgi.url_scheme"], path, query, _regions(languages)


@lru_cache(maxsize=1024)
def _regions(languages: str) -> tuple[str, ...]:
    """The countries that a browser's languages name, in the order that the page sees them in."""
    tags = parse_accept_header(languages, LanguageAccept).values()
    return tuple(tag.rpartition("-")[2].upper() for tag in tags)
