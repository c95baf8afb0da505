"""One letter as it would leave, typed at the shell."""

from __future__ import annotations

import email
import email.policy
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from click.testing import Result
from flask import Flask
from pypdf import PdfReader
from sqlalchemy import func, select, update

from app import create_app
from app.audit.models import AuditEntry
from app.campaigns.document import load_demonstration
from app.campaigns.models import Campaign, LetterTemplate
from app.campaigns.queries import get_campaign
from app.core.db import Base, unit_of_work
from app.sections.actions import default_section
from app.signatures.actions import confirm
from app.signatures.compose import addresses_of
from app.state import state_of
from config import Settings
from tests.builders import (
    CHOICES,
    LINKS,
    a_campaign,
    a_document_with_choices,
    a_form,
    a_signature,
)
from tests.cast import KOFI, SAM


@pytest.fixture
def app(tmp_path: Path, sqlite_template: Path) -> Iterator[Flask]:
    made = create_app(Settings(var=tmp_path / "var"))
    shutil.copy(sqlite_template, tmp_path / "var" / "outcry.db")
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


@pytest.mark.parametrize("shape", ["fax", "labels", "envelope", "pdf"])
@pytest.mark.parametrize(("paper", "wide"), [("a4", (595, 624)), ("us-letter", (612, 684))])
def test_paper_comes_in_the_size_that_is_asked_for(
    app: Flask, tmp_path: Path, shape: str, paper: str, wide: tuple[int, int]
) -> None:
    file = tmp_path / "sheet.pdf"
    words = ("--as", shape, "--paper", paper, "--sender", "Sam", "--out", str(file))
    rendered(app, the_campaign(app), *words)
    assert round(float(PdfReader(file).pages[0].mediabox.width)) == wide[shape == "envelope"]


def test_labels_hold_every_target_with_a_postal_address(app: Flask, tmp_path: Path) -> None:
    file = tmp_path / "labels.pdf"
    campaign = the_campaign(app, "dosmagambetov")
    rendered(app, campaign, "--as", "labels", "--language", "en", "--out", str(file))
    text = " ".join(page.extract_text() for page in PdfReader(file).pages)
    with state_of(app).database.reading() as session:
        found = get_campaign(session, campaign.reference)
        addresses = addresses_of(found, "en")
    assert len(addresses) > 3
    for address in addresses:
        assert address[-1] in text


def test_a_fax_says_the_number_of_the_office(app: Flask, tmp_path: Path) -> None:
    file = tmp_path / "fax.pdf"
    rendered(app, the_campaign(app), "--language", "en", "--as", "fax", "--out", str(file))
    assert "Fax number: +" in " ".join(PdfReader(file).pages[0].extract_text().split())


def test_a_phone_script_is_written_in_the_language_of_the_letter(app: Flask) -> None:
    said = rendered(app, the_campaign(app), "--language", "ru", "--as", "phone", "--name", "Анна")
    assert said.stdout.startswith("Здравствуйте, меня зовут Анна, я звоню")


def test_a_text_for_a_form_says_what_was_left_out(app: Flask) -> None:
    campaign = the_campaign(app)
    words = ("--language", "en", "--as", "form")
    whole = rendered(app, campaign, *words)
    assert (whole.stderr, whole.stdout) == ("", rendered(app, campaign, "--language", "en").stdout)
    cut = rendered(app, campaign, *words, "--at-most", "900")
    assert len(cut.stdout.rstrip().replace("\n", "\r\n")) <= 900
    assert "Left out: " in cut.stderr
    assert "longer than that" in rendered(app, campaign, *words, "--at-most", "50").stderr


def test_a_letter_is_written_as_a_link_for_a_mail_program(app: Flask) -> None:
    campaign = the_campaign(app)
    with unit_of_work(state_of(app).database.writing) as session:
        plain = {"body": "{{ own_sentence }}\n\n{{ demands }}", "forms": {}, "variants": {}}
        session.execute(update(LetterTemplate).values(plain))
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
            .values(
                body=f"{chosen}\n\n{{{{ own_sentence }}}}\n\n{{{{ demands }}}}",
                forms={},
                variants={},
            )
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
    rendered(app, campaign, "--as", "telex", code=2)
    rendered(app, campaign, "--paper", "a5", code=2)
    rendered(app, campaign, "--form", "both", code=2)


def batched(app: Flask, reference: str, *words: str, code: int = 0) -> Result:
    with app.app_context():
        result: Result = app.test_cli_runner().invoke(args=["letter", "batch", reference, *words])
    assert result.exit_code == code, (words, result.output, result.exception)
    return result


def test_letters_by_post_are_written_into_one_file_for_its_owner_alone(
    app: Flask, tmp_path: Path
) -> None:
    campaign = the_campaign(app, "dosmagambetov")
    state, at = state_of(app), datetime.now(UTC)
    with unit_of_work(state.database.writing) as session:
        found = get_campaign(session, campaign.reference)
        for who in (SAM, KOFI):
            form = a_form(found, who=who, targets=(3,))
            signature = a_signature(session, state.keys, found, form, at)
            confirm(session, state.keys, signature, links=LINKS, now=at)
    file = tmp_path / "batch.pdf"
    result = batched(app, campaign.reference, "--target", "3", "--out", str(file))
    assert "2 of 2 letters" in result.stderr
    assert file.stat().st_mode & 0o777 == 0o600
    pages = [" ".join(page.extract_text().split()) for page in PdfReader(file).pages]
    assert len(pages) == 4
    assert "130000 Aktau" in pages[0]
    assert all(any(who.name in page for page in pages[1:3]) for who in (SAM, KOFI))
    assert all(who.name in pages[3] for who in (SAM, KOFI))
    assert not any(who.email in page for page in pages for who in (SAM, KOFI))
    with state.database.reading() as session:
        taken_out = select(AuditEntry).where(AuditEntry.action == "letters.hand_over")
        entry = session.scalars(taken_out).one()
    assert (entry.actor, entry.detail) == ("operator", {"target": 3, "letters": 2})


def test_without_letters_by_post_there_is_no_file(app: Flask, tmp_path: Path) -> None:
    campaign, file = the_campaign(app), tmp_path / "batch.pdf"
    assert "no_letters" in batched(app, campaign.reference, "--out", str(file), code=1).stderr
    assert (
        "not_found"
        in batched(app, campaign.reference, "--target", "9", "--out", str(file), code=1).stderr
    )
    assert not file.exists()
