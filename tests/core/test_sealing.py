"""What is sealed opens with its key and in its place only, and not at all once the key is gone."""

from __future__ import annotations

import uuid

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete
from sqlalchemy.orm import Session

from app.core.db import Database, unit_of_work
from app.core.models import DataKey, Installation
from app.core.sealing import (
    KeyDestroyed,
    Seal,
    WrongKey,
    get_seal,
    new_seal,
    require_own_key,
)
from app.core.tokens import Keys

ROW = uuid.UUID(int=1)
PLACE = {"table": "signature", "column": "name", "row": ROW}
SEAL = Seal(uuid.UUID(int=9), b"k" * 32)
OTHER_KEYS = Keys.of(b"another master key of 32 bytes!!")


@given(st.text())
def test_what_was_sealed_can_be_opened(words: str) -> None:
    words = words.encode(errors="ignore").decode()
    assert SEAL.open(SEAL.close(words, **PLACE), **PLACE) == words


def test_nothing_of_the_words_stands_in_what_is_stored() -> None:
    sealed = SEAL.close("Sam Åström", **PLACE)
    assert b"Sam" not in sealed
    assert b"Astr" not in sealed


def test_the_same_words_look_different_each_time() -> None:
    assert len({SEAL.close("Sam", **PLACE) for _ in range(50)}) == 50


@pytest.mark.parametrize(
    "elsewhere",
    [
        {**PLACE, "table": "reminder_request"},
        {**PLACE, "column": "email"},
        {**PLACE, "row": uuid.UUID(int=2)},
    ],
    ids=["table", "column", "row"],
)
def test_a_value_that_was_moved_does_not_open(elsewhere: dict[str, object]) -> None:
    with pytest.raises(WrongKey):
        SEAL.open(SEAL.close("Sam", **PLACE), **elsewhere)


@given(st.data())
def test_a_changed_byte_anywhere_does_not_open(data: st.DataObject) -> None:
    sealed = bytearray(SEAL.close("Sam", **PLACE))
    sealed[data.draw(st.integers(0, len(sealed) - 1))] ^= data.draw(st.integers(1, 255))
    with pytest.raises(WrongKey):
        SEAL.open(bytes(sealed), **PLACE)


def test_another_data_key_does_not_open_it() -> None:
    with pytest.raises(WrongKey):
        Seal(SEAL.id, b"j" * 32).open(SEAL.close("Sam", **PLACE), **PLACE)


def test_two_owners_cannot_be_joined_by_their_lookups() -> None:
    other = Seal(uuid.UUID(int=8), b"j" * 32)
    assert SEAL.lookup("person", "sam@example.org") == SEAL.lookup("person", "sam@example.org")
    assert SEAL.lookup("person", "sam@example.org") != other.lookup("person", "sam@example.org")
    assert SEAL.lookup("person", "x") != SEAL.lookup("mailbox", "x")


def test_a_data_key_is_kept_wrapped_and_opens_again(session: Session, keys: Keys) -> None:
    seal = new_seal(session, keys)
    sealed = seal.close("Sam", **PLACE)
    assert get_seal(session, keys, seal.id).open(sealed, **PLACE) == "Sam"


def test_a_wrong_master_key_opens_no_data_key(session: Session, keys: Keys) -> None:
    seal = new_seal(session, keys)
    with pytest.raises(WrongKey):
        get_seal(session, OTHER_KEYS, seal.id)


def test_a_wrapped_key_that_was_swapped_for_another_does_not_open(
    session: Session, keys: Keys
) -> None:
    one, two = new_seal(session, keys), new_seal(session, keys)
    session.get_one(DataKey, one.id).wrapped = session.get_one(DataKey, two.id).wrapped
    session.flush()
    with pytest.raises(WrongKey):
        get_seal(session, keys, one.id)


def test_a_destroyed_key_is_gone_for_good(session: Session, keys: Keys) -> None:
    seal = new_seal(session, keys)
    session.execute(delete(DataKey).where(DataKey.id == seal.id))
    with pytest.raises(KeyDestroyed):
        get_seal(session, keys, seal.id)


def test_a_database_remembers_the_master_key_that_sealed_it(database: Database, keys: Keys) -> None:
    with unit_of_work(database.writing) as session:
        require_own_key(session, keys)
    with unit_of_work(database.writing) as session:
        require_own_key(session, keys)
    with pytest.raises(WrongKey), unit_of_work(database.writing) as session:
        require_own_key(session, OTHER_KEYS)
    with database.reading() as session:
        known = session.get_one(Installation, 1).key_check
        assert not any(key in known for key in (keys.root, *keys.masters.known))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=64))
def test_rubbish_in_a_sealed_column_is_a_wrong_key_and_not_a_crash(rubbish: bytes) -> None:
    with pytest.raises((WrongKey, ValueError)):
        SEAL.open(rubbish, **PLACE)
