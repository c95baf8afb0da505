"""The language of a page stands in its address; only a neutral address looks at the browser."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import datetime
from typing import Any

from flask import Blueprint, Flask, abort, g, request

from app.core.i18n import SOURCE, catalogues, speaking
from app.core.zones import zone_of_country


def init_languages(app: Flask) -> None:
    @app.teardown_request
    def stop_speaking(_error: BaseException | None) -> None:
        stack = g.pop("spoken", None)
        if stack is not None:
            stack.close()


def speak(language: str) -> None:
    """Speak `language` until the request ends."""
    if "spoken" not in g:
        g.spoken = ExitStack()
    # One stack a request: what was entered last is left first, and the thread keeps no language.
    g.spoken.enter_context(speaking(language))
    g.language = language


def language_in_address(blueprint: Blueprint) -> None:
    """Take `lang` out of the address of every view of the blueprint and speak it."""

    @blueprint.url_value_preprocessor
    def pull(_endpoint: str | None, values: dict[str, Any] | None) -> None:
        language = (values or {}).pop("lang", None)
        if language not in catalogues.languages:
            abort(404)
        speak(language)

    @blueprint.url_defaults
    def push(_endpoint: str, values: dict[str, Any]) -> None:
        values.setdefault("lang", g.get("language", SOURCE))


def zone_of_browser(now: datetime) -> str:
    """The zone of the country that the browser's languages name, where its clocks all agree.

    A guess that costs nobody a question: nothing but the night depends on it.
    """
    for tag in request.accept_languages.values():
        region = tag.rpartition("-")[2]
        if region != tag and len(region) == 2:
            return zone_of_country(region.upper(), now.year)
    return ""


def best_language(offered: tuple[str, ...] | list[str]) -> str:
    """The offered language that the browser asks for most, else the first offered."""
    spoken = [language for language in catalogues.languages if language in offered] or [SOURCE]
    # In the browser's own order, by the language alone: "en-US, fr" asks for English first.
    for wanted in request.accept_languages.values():
        language = wanted.partition("-")[0].lower()
        if language in spoken:
            return language
    return spoken[0]
