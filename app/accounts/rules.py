"""Who may do what at the desk, and what an account must have."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import timedelta

from app.accounts.models import Account, RoleName
from app.core.errors import Refused

# NIST SP 800-63B-4, 3.1.1.2: fifteen characters where the password is the only factor. Nothing is
# asked of its letters, and everything may be pasted.
PASSWORD_AT_LEAST = 15
PASSWORD_AT_MOST = 256

# Twenty tries in a quarter of an hour are more than a forgetful person needs and nothing to a
# guesser. The second number bounds what a flood costs: each try is a tenth of a second of hashing.
TRIES_WINDOW = timedelta(minutes=15)
TRIES_OF_ONE = 20
TRIES_OF_ALL = 600


class EmailTaken(Refused):
    """Somebody already signs in with this address."""

    code = "email_taken"


class NameMissing(Refused):
    """An account needs the name that colleagues see."""

    code = "name_missing"


class RoleMissing(Refused):
    """An account without a role could do nothing."""

    code = "role_missing"


class PasswordTooShort(Refused):
    """The password is shorter than a guesser's patience."""

    code = "password_too_short"


class PasswordTooLong(Refused):
    """The password is longer than any person's; hashing it would be the attack."""

    code = "password_too_long"


class CannotTakeOver(Refused):
    """The one who takes over must be another active organiser of the same section."""

    code = "cannot_take_over"


def require_password(password: str) -> None:
    if len(password) < PASSWORD_AT_LEAST:
        raise PasswordTooShort
    if len(password) > PASSWORD_AT_MOST:
        raise PasswordTooLong


def require_roles(roles: Collection[RoleName]) -> None:
    if not roles:
        raise RoleMissing


def may_edit(account: Account, section_id: uuid.UUID) -> bool:
    """Organisers edit what belongs to their own section, and know of nothing else."""
    return (
        account.active and account.may_be(RoleName.ORGANISER) and account.section_id == section_id
    )


def require_heir(leaver: Account, heir: Account) -> None:
    if heir.id == leaver.id or not may_edit(heir, leaver.section_id):
        raise CannotTakeOver
