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


# Providers that deliver to one mailbox under several domains.
_ALIASES = {
    "googlemail.com": "gmail.com",
    "protonmail.com": "proton.me",
    "pm.me": "proton.me",
    "me.com": "icloud.com",
    "mac.com": "icloud.com",
    "ya.ru": "yandex.ru",
    "yandex.com": "yandex.ru",
    "yandex.by": "yandex.ru",
    "yandex.kz": "yandex.ru",
}
# Providers that do not see these characters in a name, and those to whom they are one and the same.
_UNSEEN: dict[str, dict[int, int | None]] = {
    "gmail.com": dict.fromkeys(map(ord, ".")),
    "proton.me": dict.fromkeys(map(ord, ".-_")),
    "yandex.ru": {ord("."): ord("-")},
}


def same_mailbox(address: str) -> str:
    """One spelling for all spellings of a mailbox: lower case, no plus tag, one domain a provider.

    What a provider ignores in a name is ignored here as it says in its own help pages: Gmail dots,
    Proton dots, hyphens and underscores; Yandex takes a dot for a hyphen. Elsewhere `a.b` and `ab`
    are two people.
    """
    local, _, domain = address.casefold().rpartition("@")
    domain = _ALIASES.get(domain, domain)
    return f"{local.split('+', 1)[0].translate(_UNSEEN.get(domain, {}))}@{domain}"
