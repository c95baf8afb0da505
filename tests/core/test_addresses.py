"""One mailbox is one, however its address is spelt; two people stay two."""

from __future__ import annotations

import pytest

from app.core.addresses import BadAddress, checked_address, same_mailbox


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Amal@Example.org", "amal@example.org"),
        ("amal+urgent@example.org", "amal@example.org"),
        ("a.mal.n@gmail.com", "amaln@gmail.com"),
        ("A.Maln+news@googlemail.com", "amaln@gmail.com"),
        ("amal_n@protonmail.com", "amaln@pm.me"),
        ("amal-n@proton.me", "amal.n@proton.me"),
        ("amal.n@yandex.kz", "amal-n@ya.ru"),
        ("amal@me.com", "amal@icloud.com"),
    ],
)
def test_spellings_of_one_mailbox_are_one(one: str, other: str) -> None:
    assert same_mailbox(one) == same_mailbox(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a.mal@example.org", "amal@example.org"),
        ("a.mal@icloud.com", "amal@icloud.com"),
        ("amal_n@gmail.com", "amaln@gmail.com"),
        ("amal@gmail.com", "amal@gmail.com.example.org"),
        ("amal@gmail.com", "amal@proton.me"),
    ],
)
def test_two_mailboxes_stay_two(one: str, other: str) -> None:
    assert same_mailbox(one) != same_mailbox(other)


def test_what_is_folded_is_never_what_is_written_to() -> None:
    assert checked_address("A.Mal+urgent@GoogleMail.com") == "A.Mal+urgent@googlemail.com"


@pytest.mark.parametrize("typed", ["amal", "amal@", "Amal <amal@example.org>", "a@b\r\nBcc: c@d"])
def test_what_nobody_could_be_written_to_at_is_refused(typed: str) -> None:
    with pytest.raises(BadAddress):
        checked_address(typed)
