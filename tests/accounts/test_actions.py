from __future__ import annotations

import statistics
import time

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.actions import (
    count_try,
    create_account,
    leave,
    set_password,
    sign_out,
)
from app.accounts.models import Account, Role, RoleName
from app.accounts.passwords import NOBODY, hashed, make_password, matches
from app.accounts.queries import find_by_email, find_by_password, list_organisers
from app.accounts.rules import (
    TRIES_OF_ONE,
    TRIES_WINDOW,
    EmailTaken,
    NameMissing,
    PasswordTooLong,
    PasswordTooShort,
    RoleMissing,
    may_edit,
)
from app.audit.models import AuditEntry
from app.core.addresses import BadAddress
from app.core.models import ThrottleCount
from app.core.tokens import Keys
from app.sections.actions import default_section
from tests.builders import NOON, an_account
from tests.cast import AMAL, KOFI, MAX, OLENA, PASSWORD


def test_a_password_is_kept_as_argon2id_and_never_in_clear(session: Session) -> None:
    olena = an_account(session, OLENA)
    assert olena.password is not None
    assert olena.password.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert PASSWORD not in olena.password
    assert matches(olena.password, PASSWORD)
    assert not matches(olena.password, PASSWORD + " ")
    assert not matches("no hash at all", PASSWORD)


def test_two_accounts_with_one_password_have_two_hashes(session: Session) -> None:
    section = default_section(session)
    one, other = (
        create_account(session, section, who.email, who.name, [RoleName.ORGANISER], PASSWORD, NOON)
        for who in (OLENA, AMAL)
    )
    assert one.password != other.password


def test_the_hash_of_nobody_costs_as_much_as_a_real_one() -> None:
    assert NOBODY.split("$")[:4] == hashed("a phrase of some length").split("$")[:4]


def test_an_unknown_address_is_refused_as_slowly_as_a_wrong_password(session: Session) -> None:
    an_account(session, OLENA)

    def took(email: str) -> float:
        times = []
        for _ in range(5):
            begun = time.thread_time()
            assert find_by_password(session, email, "not the phrase of Olena") is None
            times.append(time.thread_time() - begun)
        return statistics.median(times)

    known, unknown = took(OLENA.email), took("nobody@example.org")
    assert 0.5 < unknown / known < 2


def test_an_address_is_found_however_it_is_written(session: Session) -> None:
    olena = an_account(session, OLENA)
    assert find_by_email(session, f" {OLENA.email.title()} ") is olena


def test_made_passwords_are_long_and_never_the_same() -> None:
    made = {make_password() for _ in range(100)}
    assert len(made) == 100
    assert all(len(password) == 23 for password in made)


@pytest.mark.parametrize(
    ("email", "name", "roles", "password", "refusal"),
    [
        ("olena", "Olena", [RoleName.ORGANISER], PASSWORD, BadAddress),
        (MAX.email, "  ", [RoleName.ORGANISER], PASSWORD, NameMissing),
        (MAX.email, "Max", [], PASSWORD, RoleMissing),
        (MAX.email, "Max", [RoleName.ORGANISER], "fourteen chars", PasswordTooShort),
        (MAX.email, "Max", [RoleName.ORGANISER], "x" * 257, PasswordTooLong),
        (OLENA.email.upper(), "Olena", [RoleName.ORGANISER], PASSWORD, EmailTaken),
    ],
)
def test_an_account_that_cannot_be_is_not_made(
    session: Session,
    email: str,
    name: str,
    roles: list[RoleName],
    password: str,
    refusal: type[Exception],
) -> None:
    an_account(session, OLENA)
    with pytest.raises(refusal):
        create_account(session, default_section(session), email, name, roles, password, NOON)
    assert [account.email for account in session.scalars(select(Account))] == [OLENA.email]


def test_roles_are_made_once(session: Session) -> None:
    an_account(session, OLENA, [RoleName.ORGANISER, RoleName.ADMINISTRATOR])
    an_account(session, AMAL)
    assert sorted(session.scalars(select(Role.name))) == ["administrator", "organiser"]


def test_another_password_and_signing_out_end_every_session(session: Session) -> None:
    olena = an_account(session, OLENA)
    marks = [olena.fs_uniquifier]
    set_password(session, olena, "another phrase that is long", NOON)
    marks.append(olena.fs_uniquifier)
    sign_out(session, olena, NOON)
    marks.append(olena.fs_uniquifier)
    assert len(set(marks)) == 3
    assert find_by_password(session, OLENA.email, PASSWORD) is None
    assert find_by_password(session, OLENA.email, "another phrase that is long") is olena


def test_who_left_cannot_sign_in_and_may_nothing(session: Session) -> None:
    olena = an_account(session, OLENA)
    leave(session, olena, NOON)
    session.flush()
    assert find_by_password(session, OLENA.email, PASSWORD) is None
    assert not may_edit(olena, olena.section_id)
    assert list(list_organisers(session, olena.section_id)) == []


def test_the_log_tells_what_happened_and_no_address(session: Session) -> None:
    olena = an_account(session, OLENA)
    set_password(session, olena, "another phrase that is long", NOON)
    entries = session.scalars(select(AuditEntry).order_by(AuditEntry.id)).all()
    assert [entry.action for entry in entries] == ["account.created", "account.password_set"]
    assert all(OLENA.email not in str(entry.detail) for entry in entries)
    assert {entry.object_id for entry in entries} == {str(olena.id)}


def test_tries_are_counted_by_address_without_keeping_it(session: Session, keys: Keys) -> None:
    tries = [count_try(session, keys, OLENA.email, NOON) for _ in range(TRIES_OF_ONE + 1)]
    assert tries == [True] * TRIES_OF_ONE + [False]
    assert not count_try(session, keys, OLENA.email.upper(), NOON)
    assert count_try(session, keys, "nobody@example.org", NOON)
    assert count_try(session, keys, OLENA.email, NOON + TRIES_WINDOW)
    kept = session.scalars(select(ThrottleCount.key)).all()
    assert all(b"olena" not in key for key in kept)


def test_only_active_organisers_review(session: Session) -> None:
    olena, amal = an_account(session, OLENA), an_account(session, AMAL)
    an_account(session, KOFI, [RoleName.COORDINATOR])
    assert [one.name for one in list_organisers(session, olena.section_id)] == ["Amal", "Olena"]
    leave(session, amal, NOON)
    session.flush()
    assert [one.name for one in list_organisers(session, olena.section_id)] == ["Olena"]
