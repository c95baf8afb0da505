"""Telephone numbers as people print them, and as machines dial them."""

from __future__ import annotations

from phonenumbers import Leniency, PhoneNumberFormat, PhoneNumberMatcher, format_number

from app.core.errors import Refused


class BadNumber(Refused):
    """Not a number that could be dialled from anywhere."""

    code = "bad_number"


def e164(written: str, country: str) -> str:
    """The number as `+` and digits, whatever was printed round it.

    A number without a country code is taken for one of `country`. One with an extension is
    refused: a machine that dials it would reach the switchboard.
    """
    found = PhoneNumberMatcher(written, country.upper() or None, leniency=Leniency.VALID)
    match = next(iter(found), None)
    if match is None or match.number.extension:
        raise BadNumber
    return format_number(match.number, PhoneNumberFormat.E164)
