"""By the link in each mail: see what is kept, take it along, erase it, and never be written to."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.campaigns.queries import get_campaign
from app.core.db import unit_of_work
from app.core.erasures import erasure_hash, is_erased, reload_erasures
from app.core.models import Erasure
from app.core.tokens import Keys
from app.delivery.models import Dispatch, DispatchState
from app.signatures.actions import confirm, sign
from app.signatures.models import Signature
from app.signatures.own_data import erase_address, erase_again, list_of_address
from app.signatures.queries import DATA, STATUS, token_of
from app.state import state_of
from tests.builders import LINKS, a_campaign, a_form, a_signature
from tests.cast import SAM
from tests.web.conftest import Demonstration, House


@pytest.fixture
def token(house: House, demo: Demonstration) -> str:
    now = datetime.now(UTC)
    with unit_of_work(house.database.writing) as session:
        reference = demo.mamai.split("/")[2]
        campaign = get_campaign(session, reference)
        form = a_form(campaign, sentence="I am a nurse in Uppsala.")
        signature = a_signature(session, house.keys, campaign, form, now)
        confirm(session, house.keys, signature, links=LINKS, now=now)
        return token_of(house.keys, signature, DATA)


def test_the_page_shows_everything_and_is_kept_by_nobody(app: Flask, token: str) -> None:
    answer = app.test_client().get(f"/en/letters/{token}/data")
    assert answer.status_code == 200
    for words in (SAM.name, SAM.email, "nurse in Uppsala"):
        assert words in answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Robots-Tag"] == "noindex"
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize("kind", ["json", "txt"])
def test_the_files_hold_the_same(app: Flask, token: str, kind: str) -> None:
    answer = app.test_client().get(f"/en/letters/{token}/data.{kind}")
    assert "attachment" in answer.headers["Content-Disposition"]
    for words in (SAM.name, SAM.email, "nurse in Uppsala"):
        assert words in answer.text


def test_a_link_for_something_else_opens_no_data(app: Flask, house: House, token: str) -> None:
    with house.database.reading() as session:
        status = token_of(house.keys, session.scalars(select(Signature)).one(), STATUS)
    assert app.test_client().get(f"/en/letters/{status}/data").status_code == 404
    assert app.test_client().get(f"/en/letters/{token}").status_code == 404


def test_erasing_leaves_a_hash_and_counts(app: Flask, house: House, token: str) -> None:
    beside = state_of(app).settings.erasures
    client = app.test_client()
    assert client.post(f"/en/letters/{token}/data/erase").status_code == 200
    with house.database.reading() as session:
        signature = session.scalars(select(Signature)).one()
        assert signature.sealed_name is None
        assert signature.sealed_email is None
        for dispatch in session.scalars(select(Dispatch)):
            assert dispatch.state is DispatchState.CANCELLED
            assert dispatch.payload is None
        assert list_of_address(session, house.keys, SAM.email) == []
        assert is_erased(session, house.keys, SAM.email)
        assert session.scalars(select(Erasure)).one().address_hash.hex() in beside.read_text()
    assert client.get(f"/en/letters/{token}/data").status_code == 404


def test_nobody_erased_is_written_to_again(session: Session, keys: Keys, tmp_path: Path) -> None:
    now = datetime.now(UTC)
    campaign = a_campaign(session, keys, now=now)
    erase_address(session, keys, SAM.email, now=now, beside=tmp_path / "erased")
    sign(session, keys, campaign, a_form(campaign), links=LINKS, now=now)
    session.flush()
    assert session.scalars(select(Signature)).all() == []
    assert session.scalars(select(Dispatch)).all() == []


def test_an_erasure_is_done_again_on_a_restored_database(
    session: Session, keys: Keys, tmp_path: Path
) -> None:
    beside = tmp_path / "erased"
    now = datetime.now(UTC)
    campaign = a_campaign(session, keys, now=now)
    a_signature(session, keys, campaign, now=now)
    # As after a restore: the person is there, and only the file knows of the erasure.
    erase_address(session, keys, "other@example.org", now=now, beside=beside)
    hashed = beside.read_text()
    with beside.open("a") as known:
        known.write(_line(keys))
    assert hashed != beside.read_text()
    assert reload_erasures(session, beside) == 1
    assert erase_again(session, keys, now) == 1
    assert list_of_address(session, keys, SAM.email) == []


def _line(keys: Keys) -> str:
    return f"{erasure_hash(keys, SAM.email).hex()} 2026-06-01\n"
