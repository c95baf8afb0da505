"""A link opens what it was made for, and nothing else."""

from __future__ import annotations

import base64
import string
import uuid

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from app.core.tokens import (
    BadToken,
    Keys,
    check_token,
    keyed_hash,
    make_token,
    new_nonce,
    open_form,
    row_of,
    seal_form,
)

KEY, NONCE, ROW = b"k" * 32, b"n" * 16, uuid.UUID(int=7)
TOKEN = make_token(KEY, "confirm", ROW, NONCE)
NOTE = seal_form(KEY, "sign-form", {"campaign": "bcdfg", "key": "one", "since": "2026-06-01"})
URL_SAFE = set(string.ascii_letters + string.digits + "-_")


def raw(token: str) -> bytes:
    return base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))


def text(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


@given(st.binary(min_size=32, max_size=32), st.uuids(), st.binary(min_size=16, max_size=16))
def test_a_token_opens_its_own_row(key: bytes, row: uuid.UUID, nonce: bytes) -> None:
    token = make_token(key, "confirm", row, nonce)
    assert row_of(token) == row
    assert len(token) == 43
    assert set(token) <= URL_SAFE
    check_token(key, "confirm", token, nonce)


@pytest.mark.parametrize(
    ("key", "purpose", "nonce"),
    [(b"j" * 32, "confirm", NONCE), (KEY, "status", NONCE), (KEY, "confirm", b"m" * 16)],
    ids=["another key", "another purpose", "a revoked nonce"],
)
def test_a_token_is_refused_for_anything_else(key: bytes, purpose: str, nonce: bytes) -> None:
    with pytest.raises(BadToken):
        check_token(key, purpose, TOKEN, nonce)


@given(st.integers(0, 31), st.integers(1, 255))
def test_a_changed_token_is_refused(place: int, change: int) -> None:
    content = bytearray(raw(TOKEN))
    content[place] ^= change
    with pytest.raises(BadToken):
        check_token(KEY, "confirm", text(bytes(content)), NONCE)


@given(st.uuids())
def test_the_tag_of_one_row_does_not_open_another(row: uuid.UUID) -> None:
    assume(row != ROW)
    with pytest.raises(BadToken):
        check_token(KEY, "confirm", text(row.bytes + raw(TOKEN)[16:]), NONCE)


@given(st.text(max_size=80))
def test_whatever_stands_in_an_address_is_refused_and_not_a_crash(typed: str) -> None:
    assume(typed != TOKEN)
    with pytest.raises(BadToken):
        check_token(KEY, "confirm", typed, NONCE)
    with pytest.raises(BadToken):
        open_form(KEY, "sign-form", typed)


@pytest.mark.parametrize("cut", [0, 1, 16, 31, 33, 48])
def test_a_token_of_another_length_is_refused(cut: int) -> None:
    content = (raw(TOKEN) * 2)[:cut]
    with pytest.raises(BadToken):
        row_of(text(content))


@given(
    st.dictionaries(
        st.text(st.characters(codec="utf-8"), max_size=9),
        st.text(st.characters(codec="utf-8"), max_size=20) | st.integers(-9, 9),
        max_size=4,
    )
)
def test_a_form_note_comes_back_as_it_was(content: dict[str, object]) -> None:
    assert open_form(KEY, "sign-form", seal_form(KEY, "sign-form", content)) == content


@given(st.data())
def test_a_changed_form_note_is_refused(data: st.DataObject) -> None:
    content = bytearray(raw(NOTE))
    content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    with pytest.raises(BadToken):
        open_form(KEY, "sign-form", text(bytes(content)))


def test_a_form_note_is_for_one_purpose_and_one_key() -> None:
    with pytest.raises(BadToken):
        open_form(KEY, "another", NOTE)
    with pytest.raises(BadToken):
        open_form(b"j" * 32, "sign-form", NOTE)


def test_a_token_of_a_link_is_no_form_note() -> None:
    with pytest.raises(BadToken):
        open_form(KEY, "confirm", TOKEN)


def test_each_purpose_has_a_key_of_its_own() -> None:
    keys = Keys.of(b"m" * 32)
    purposes = ("wrap", "session", "form-key", "signature-token", "reminder-token", "message-id")
    derived = {keys.derive(purpose) for purpose in purposes}
    assert len(derived) == len(purposes)
    assert keys.root not in derived
    assert keys.derive("wrap") == Keys.of(b"m" * 32).derive("wrap")


def test_keys_do_not_show_themselves() -> None:
    assert "mmm" not in repr(Keys.of(b"m" * 32))


def test_nonces_do_not_come_twice() -> None:
    assert len({new_nonce() for _ in range(200)}) == 200


def test_parts_of_a_hash_do_not_run_into_each_other() -> None:
    assert keyed_hash(KEY, "ab", "c") != keyed_hash(KEY, "a", "bc")
    assert keyed_hash(KEY, "ab") != keyed_hash(b"j" * 32, "ab")
