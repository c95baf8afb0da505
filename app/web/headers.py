"""Headers that every answer carries."""

from __future__ import annotations

from flask import Flask, Response, current_app, request

from app.web.audience import Audience
from app.web.organiser.security import is_staff_path

CSP = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
# Everything that a page could ask a browser for and ours never do, so that no hole can either.
PERMISSIONS = ", ".join(
    f"{feature}=()"
    for feature in (
        "accelerometer",
        "autoplay",
        "browsing-topics",
        "camera",
        "display-capture",
        "encrypted-media",
        "fullscreen",
        "geolocation",
        "gyroscope",
        "hid",
        "idle-detection",
        "magnetometer",
        "microphone",
        "midi",
        "payment",
        "picture-in-picture",
        "screen-wake-lock",
        "serial",
        "usb",
        "xr-spatial-tracking",
    )
)
# What is for everybody and may lie in caches; everything else is somebody's own.
_COMMON = frozenset((Audience.PUBLIC, None))


def init_headers(app: Flask) -> None:
    @app.after_request
    def protect(answer: Response) -> Response:
        headers = answer.headers
        headers.setdefault("Content-Security-Policy", CSP)
        # Not no-referrer: it would turn the Origin of our own forms into "null".
        headers.setdefault("Referrer-Policy", "same-origin")
        headers.setdefault("X-Content-Type-Options", "nosniff")
        headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
        headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        headers.setdefault("Permissions-Policy", PERMISSIONS)
        if request.is_secure:
            headers.setdefault("Strict-Transport-Security", "max-age=31536000")
        if request.method == "POST" or _is_private():
            headers["Cache-Control"] = "no-store"
            headers["X-Robots-Tag"] = "noindex"
        return answer


def _is_private() -> bool:
    """Pages behind a personal link, and everything of the staff: read from whom a view is for."""
    view = current_app.view_functions.get(request.endpoint or "")
    return is_staff_path(request.path) or getattr(view, "open_to", None) not in _COMMON
