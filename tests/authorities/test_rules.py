from __future__ import annotations

from datetime import date, timedelta

import pytest

from app.authorities.models import ContactKind
from app.authorities.rules import doubts_about, fault_of, is_stale


@pytest.mark.parametrize(
    ("number", "doubts"),
    [
        ("+8 7172 74-56-31", ["unknown_country_code"]),  # as a real document prints it
        ("+7 (7172) 74-56-31", []),
        ("+41 22 849 84 84", []),
        ("+998 71 200 00 00", []),
        ("8 7172 74 56 31", ["no_country_code"]),
        ("0041 22 849 84 84", ["no_country_code"]),
        ("+7 7172", ["odd_length"]),
        ("+7 7172 74 56 31 99 88 77", ["odd_length"]),
        ("+7 7172 74 56 31 ext. 12 (secretariat, 2nd floor)", []),
        ("+999 12345678", ["unknown_country_code"]),
    ],
)
def test_a_number_is_looked_at_and_left_as_it_is(number: str, doubts: list[str]) -> None:
    for kind in (ContactKind.PHONE, ContactKind.FAX):
        assert doubts_about(kind, number) == doubts


@pytest.mark.parametrize(
    ("kind", "value", "doubts"),
    [
        (ContactKind.EMAIL, "ombudsman@mail.ru", ["free_mail"]),
        (ContactKind.EMAIL, "office@GMAIL.com", ["free_mail"]),
        (ContactKind.EMAIL, "office@gov.example", []),
        (ContactKind.FORM, "http://office.example/form", ["not_secure"]),
        (ContactKind.FORM, "https://office.example/form", []),
        (ContactKind.POST, "Street 1, Town", ["one_line"]),
        (ContactKind.POST, "Street 1\nTown", []),
    ],
)
def test_addresses_that_anybody_can_have_are_doubted(
    kind: ContactKind, value: str, doubts: list[str]
) -> None:
    assert doubts_about(kind, value) == doubts


@pytest.mark.parametrize(
    ("kind", "value", "fault"),
    [
        (ContactKind.EMAIL, "office", "bad_address"),
        (ContactKind.EMAIL, "a@example.org\r\nBcc: b@example.org", "bad_address"),
        (ContactKind.FORM, "javascript:alert(1)", "no_web_address"),
        (ContactKind.FORM, "https://", "no_web_address"),
        (ContactKind.PHONE, "the porter", "no_phone_number"),
        (ContactKind.POST, "anything", None),
        (ContactKind.FAX, "+8 7172 74-56-31", None),
    ],
)
def test_what_is_no_address_at_all_is_refused(
    kind: ContactKind, value: str, fault: str | None
) -> None:
    assert fault_of(kind, value) == fault


def test_an_address_grows_stale_after_half_a_year() -> None:
    today = date(2026, 6, 1)
    assert is_stale(None, today)
    assert not is_stale(today - timedelta(days=180), today)
    assert is_stale(today - timedelta(days=181), today)
