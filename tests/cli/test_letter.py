"""One letter as it would leave, typed at the shell."""

from __future__ import annotations

import email
import email.policy
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import func, select, update

from app import create_app
from app.campaigns.document import load_demonstration
from app.campaigns.models import Campaign, LetterTemplate
from app.core.db import Base, unit_of_work
from app.core.schema import upgrade
from app.sections.actions import default_section
from app.state import state_of
from config import Settings
from tests.builders import CHOICES, a_campaign, a_document_with_choices


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Flask]:
    made = create_app(Settings(var=tmp_path / "var"))
    upgrade(state_of(made).settings.database_url)
    yield made
    state_of(made).database.dispose()


def the_campaign(app: Flask, name: str = "mamai") -> Campaign:
    state = state_of(app)
    with unit_of_work(state.database.writing) as session:
        return a_campaign(session, state.keys, name=name, now=datetime.now(UTC))


def rendered(app: Flask, campaign: Campaign, *words: str, code: int = 0) -> Result:
    with app.app_context():
        result: Result = app.test_cli_runner().invoke(
            args=["letter", "render", campaign.reference, *words]
        )
    assert result.exit_code == code, (words, result.output, result.exception)
    return result


def rows(app: Flask) -> dict[str, int]:
    with state_of(app).database.reading() as session:
        return {
            name: session.scalar(select(func.count()).select_from(table)) or 0
            for name, table in Base.metadata.tables.items()
        }


def test_town_line_form_and_turn_are_those_of_the_page(app: Flask) -> None:
    state = state_of(app)
    with unit_of_work(state.database.writing) as session:
        document, section = a_document_with_choices(), default_section(session)
        campaign = load_demonstration(session, state.keys, section, document, datetime.now(UTC))
        assert campaign is not None
    words = ("--language", "fr", "--about", "Je suis sage-femme.", "--form", "feminine")
    first = rendered(app, campaign, *words).stdout
    assert "Je suis sage-femme." in first
    assert CHOICES["fr"][0]["feminine"] in first
    second = rendered(app, campaign, *words, "--turn", "1").stdout
    shown = [opening for opening in CHOICES["fr"][1] if opening in first]
    assert [one for one in CHOICES["fr"][1] if one in second] != shown
    assert len(shown) == 1


def test_a_letter_is_written_as_text_and_nothing_is_stored(app: Flask) -> None:
    campaign = the_campaign(app)
    before = rows(app)
    text = rendered(
        app, campaign, "--language", "ru", "--name", "Анна", "--sentence", "Я врач."
    ).stdout
    assert text.startswith("Глубокоуважаемый господин Президент!\n\n")
    assert "\n\nЯ врач.\n\n" in text
    assert text.endswith("\n\nАнна\n")
    assert rows(app) == before


def test_the_preferred_language_is_taken_where_none_is_named(app: Flask) -> None:
    campaign = the_campaign(app)
    assert rendered(app, campaign).stdout == rendered(app, campaign, "--language", "ru").stdout


def test_a_letter_is_written_as_the_mail_that_would_leave(app: Flask, tmp_path: Path) -> None:
    campaign = the_campaign(app)
    file = tmp_path / "letter.eml"
    words = ("--language", "fr", "--name", "Zoé", "--as", "eml")
    rendered(app, campaign, *words, "--out", str(file))
    mail = email.message_from_bytes(file.read_bytes(), policy=email.policy.SMTP)
    assert mail["to"] == "udp@udp-rk.kz"
    assert mail["from"].addresses[0].display_name == "Zoé"
    assert mail["content-language"] == "fr"
    text = rendered(app, campaign, "--language", "fr", "--name", "Zoé").stdout
    assert mail.get_content().replace("\r\n", "\n") == text


def test_a_letter_is_written_as_paper(app: Flask, tmp_path: Path) -> None:
    file = tmp_path / "letter.pdf"
    rendered(app, the_campaign(app), "--as", "pdf", "--name", "Sam", "--out", str(file))
    assert file.read_bytes().startswith(b"%PDF-")


def test_a_letter_is_written_as_a_link_for_a_mail_program(app: Flask) -> None:
    campaign = the_campaign(app)
    with unit_of_work(state_of(app).database.writing) as session:
        session.execute(update(LetterTemplate).values(body="{{ own_sentence }}\n\n{{ demands }}"))
    words = ("--language", "en", "--name", "Sam & Max")
    link = urlsplit(rendered(app, campaign, *words, "--as", "mailto").stdout.strip())
    assert (link.scheme, unquote(link.path)) == ("mailto", "udp@udp-rk.kz")
    body = parse_qs(link.query)["body"][0]
    assert body.replace("\r\n", "\n") + "\n" == rendered(app, campaign, *words).stdout


def test_a_letter_too_long_for_a_link_is_to_be_copied(app: Flask) -> None:
    result = rendered(app, the_campaign(app), "--language", "ru", "--as", "mailto")
    assert "body=" not in result.stdout
    assert "copy" in result.stderr


def test_the_form_is_the_writers_choice(app: Flask) -> None:
    campaign = the_campaign(app)
    with unit_of_work(state_of(app).database.writing) as session:
        chosen = "{% if feminine %}née{% elif masculine %}né{% else %}né·e{% endif %}"
        session.execute(
            update(LetterTemplate)
            .where(LetterTemplate.language == "fr")
            .values(body=f"{chosen}\n\n{{{{ own_sentence }}}}\n\n{{{{ demands }}}}")
        )
    said = {
        form: rendered(app, campaign, "--language", "fr", "--form", form).stdout.split("\n\n")[1]
        for form in ("neutral", "feminine", "masculine")
    }
    assert said == {"neutral": "né·e", "feminine": "née", "masculine": "né"}


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("--target", "9"), "not_found"),
        (("--language", "sw"), "letter_not_written"),
        (("--name", "a\x01b"), "bad_characters"),
        (("--sentence", "=?utf-8?q?a?="), "bad_characters"),
    ],
)
def test_what_cannot_be_written_is_refused_with_a_code(
    app: Flask, words: tuple[str, ...], code: str
) -> None:
    result = rendered(app, the_campaign(app), *words, code=1)
    assert code in result.stderr
    assert result.stdout == ""


def test_there_is_no_mail_to_a_target_without_an_address(app: Flask) -> None:
    campaign = the_campaign(app, "dosmagambetov")
    for shape in ("eml", "mailto"):
        result = rendered(app, campaign, "--target", "3", "--as", shape, code=1)
        assert "no_email_address" in result.stderr


def test_an_unknown_shape_or_form_is_a_mistake_of_typing(app: Flask) -> None:
    campaign = the_campaign(app)
    rendered(app, campaign, "--as", "fax", code=2)
    rendered(app, campaign, "--form", "both", code=2)
