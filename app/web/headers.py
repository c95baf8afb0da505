"""Headers that every answer carries."""

from __future__ import annotations

from flask import Flask, Response, request

CSP = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
PERMISSIONS = ", ".join(
    f"{feature}=()"
    for feature in ("camera", "microphone", "geolocation", "payment", "usb", "browsing-topics")
)


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
        if request.method == "POST" or _is_private(request.path):
            headers["Cache-Control"] = "no-store"
            headers.setdefault("X-Robots-Tag", "noindex")
        return answer


def _is_private(path: str) -> bool:
    """Pages behind a personal link, and everything of the staff."""
    parts = path.strip("/").split("/")
    return parts[0] in ("desk", "stats", "account", "sign-in", "dev") or (
        len(parts) > 2 and parts[1] in ("letters", "reminders")
    )
