"""The writer's postal address goes into the PDF, and is nowhere afterwards."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from pypdf import PdfReader

from app.state import state_of
from tests.web.conftest import Demonstration, House
from tests.web.supporter import Page, Supporter, link

CANARY = "Canary-Street-59c1"
ADDRESS = f"Sam Åström\n{CANARY} 7\n752 36 Uppsala\n\nСофия"


@pytest.fixture
def public(demo: Demonstration) -> str:
    return f"/en{demo.dosmagambetov}/letter/1"


@pytest.fixture
def personal(client: FlaskClient, demo: Demonstration, house: House) -> str:
    assert Supporter(client).send(demo.dosmagambetov, "send", targets=["1", "3"]).status_code == 200
    assert client.post(link(house, "confirm")).status_code == 303
    return f"{link(house, 'status')}/print/1"


@pytest.fixture(params=["public", "personal"])
def letter(request: pytest.FixtureRequest) -> str:
    """The address of a letter, without a name and behind a personal link."""
    path: str = request.getfixturevalue(request.param)
    return path


def words_of(pdf: bytes) -> str:
    return " ".join(PdfReader(io.BytesIO(pdf)).pages[0].extract_text().split())


def stored(app: Flask, tmp_path: Path) -> bytes:
    """Every byte of every file of the service: database, write-ahead log, keys, mail."""
    folders = (tmp_path, state_of(app).settings.var)
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    assert any(path.name == "outcry.db" for path in files)
    return b"".join(path.read_bytes() for path in files)


@pytest.mark.parametrize("kind", ["", "/envelope"])
def test_the_address_is_printed_and_kept_nowhere(
    client: FlaskClient,
    app: Flask,
    house: House,
    letter: str,
    kind: str,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    before = house.fingerprint()
    with caplog.at_level(0):
        answer = client.post(f"{letter}{kind}.pdf", data={"sender": ADDRESS})
    assert answer.status_code == 200
    assert answer.mimetype == "application/pdf"
    assert answer.headers["Cache-Control"] == "no-store"
    assert f"Sam Åström {CANARY} 7 752 36 Uppsala София" in words_of(answer.data)
    assert CANARY not in str(answer.headers)
    assert house.fingerprint() == before
    assert CANARY.encode() not in stored(app, tmp_path)
    said = capfd.readouterr()
    assert CANARY not in said.out + said.err + caplog.text


def test_without_an_address_the_sheet_is_the_one_behind_the_link(
    client: FlaskClient, letter: str
) -> None:
    pressed = client.post(f"{letter}.pdf", data={"sender": " \n "})
    assert pressed.data == client.get(f"{letter}.pdf").data


def test_an_address_in_the_link_is_not_printed(client: FlaskClient, letter: str) -> None:
    """What stands in a link is logged by whoever is on the way."""
    answer = client.get(f"{letter}.pdf", query_string={"sender": ADDRESS})
    assert CANARY not in words_of(answer.data)


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        (f"{CANARY}\u202e", "The address holds a character that cannot be printed."),
        (f"{CANARY}\n" * 7, "The address is too long for the sheet"),
        (f"{CANARY} {'x' * 60}", "The address is too long for the sheet"),
    ],
)
def test_what_cannot_be_printed_comes_back_with_the_reason(
    client: FlaskClient,
    house: House,
    app: Flask,
    tmp_path: Path,
    letter: str,
    typed: str,
    words: str,
) -> None:
    before = house.fingerprint()
    answer = client.post(f"{letter}.pdf", data={"sender": typed})
    page = Page(answer.text)
    assert answer.status_code == 422
    assert words in page.words
    assert page.values["sender"][0].rstrip("\n") == typed.rstrip("\n")
    assert "#sender" in page.links
    assert house.fingerprint() == before
    assert CANARY.encode() not in stored(app, tmp_path)


def test_both_pages_have_the_field_empty_and_say_that_it_is_not_kept(
    client: FlaskClient, public: str, personal: str
) -> None:
    for path in (public, personal.removesuffix("/1")):
        page = Page(client.get(path).text)
        assert page.values["sender"] == [""]
        assert "We do not keep it" in page.words


def test_another_site_cannot_have_a_sheet_made(client: FlaskClient, letter: str) -> None:
    headers = {"Origin": "https://elsewhere.example"}
    assert client.post(f"{letter}.pdf", data={"sender": "x"}, headers=headers).status_code == 403
