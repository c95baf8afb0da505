"""A form of another site must not act here. Supporters have no cookie, so this is what there is."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Flask, abort, request

from app.web.state import settings

# RFC 8058: a mail program posts here by itself, from no page at all.
_FROM_ANYWHERE = frozenset(("supporter.stop_reminders", "supporter.leave"))


def init_origin(app: Flask) -> None:
    @app.before_request
    def same_site_only() -> None:
        if request.method in ("GET", "HEAD", "OPTIONS") or request.endpoint in _FROM_ANYWHERE:
            return
        if request.headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin"):
            abort(403)
        origin = request.headers.get("Origin")
        # A program that sends no Origin is no browser, and has no browser's powers to lend.
        if origin is not None and _place(origin) not in (
            _place(request.host_url),
            _place(settings().base_url),
        ):
            abort(403)


def _place(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc.lower()
