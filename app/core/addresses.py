"""E-mail addresses of people: is it one, and is it the same as that one."""

from __future__ import annotations

from email_validator import EmailNotValidError, validate_email

from app.core.errors import Refused


class BadAddress(Refused):
    """Not an e-mail address that a message could be sent to."""

    code = "bad_address"


def checked_address(typed: str) -> str:
    """The address as it is written on an envelope: ASCII domain, no display name.

    A local part beyond ASCII needs SMTPUTF8 on the whole way (RFC 6531), which few relays offer;
    it is refused instead of being lost later.
    """
    try:
        found = validate_email(
            typed.strip(), check_deliverability=False, allow_smtputf8=False, test_environment=True
        )
    except EmailNotValidError as error:
        raise BadAddress from error
    return f"{found.local_part}@{found.ascii_domain or found.domain}"


def same_mailbox(address: str) -> str:
    """One spelling for all spellings of a mailbox: lower case, without a plus tag."""
    local, _, domain = address.casefold().rpartition("@")
    return f"{local.split('+', 1)[0]}@{domain}"
