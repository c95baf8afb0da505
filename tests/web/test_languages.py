"""A page speaks its language, and the thread that wrote it keeps none."""

from __future__ import annotations

import pytest
from flask import Flask

from app.core.i18n import current_language
from app.web.languages import init_languages, speak


@pytest.fixture
def app() -> Flask:
    app = Flask(__name__)
    init_languages(app)

    @app.get("/<path:languages>")
    def page(languages: str) -> str:
        for language in languages.split("/"):
            speak(language)
        return current_language()

    @app.get("/stumble")
    def stumble() -> str:
        speak("fr")
        raise LookupError

    return app


@pytest.mark.parametrize("address", ["fr", "fr/ru", "fr/ru/fr", "ru/fr/en/ru"])
def test_the_language_of_a_page_ends_with_it(app: Flask, address: str) -> None:
    """A page may change its mind: a campaign that has no French speaks the language it has."""
    assert app.test_client().get(f"/{address}").text == address.rpartition("/")[2]
    assert current_language() == "en"


def test_a_page_that_stumbles_leaves_no_language_behind(app: Flask) -> None:
    assert app.test_client().get("/stumble").status_code == 500
    assert current_language() == "en"
