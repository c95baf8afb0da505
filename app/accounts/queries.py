"""Questions about the people who work at the desk."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.models import Account, Role, RoleName
from app.accounts.passwords import NOBODY, matches
from app.accounts.rules import PASSWORD_AT_MOST
from app.core.errors import NotFound


def get_account(session: Session, account_id: uuid.UUID) -> Account:
    found = session.get(Account, account_id)
    if found is None:
        raise NotFound
    return found


def find_by_email(session: Session, email: str) -> Account | None:
    """The account that signs in with this address, however its letters are written."""
    return session.scalar(select(Account).where(Account.email == email.strip().casefold()))


def find_by_password(session: Session, email: str, password: str) -> Account | None:
    """The active account that this address and password open.

    An unknown address, a wrong password and a closed account take the same time and give the same
    answer, so that nobody learns who works here. Call it outside a writing transaction: hashing
    takes a tenth of a second.
    """
    account = find_by_email(session, email)
    kept = account.password if account is not None else None
    fits = matches(kept or NOBODY, password[:PASSWORD_AT_MOST])
    if account is None or kept is None or not account.active or not fits:
        return None
    return account


def list_accounts(session: Session, limit: int = 500) -> Sequence[Account]:
    everybody = select(Account).order_by(Account.section_id, Account.name, Account.id).limit(limit)
    return session.scalars(everybody).all()


def list_organisers(session: Session, section_id: uuid.UUID, limit: int = 200) -> Sequence[Account]:
    """The active organisers of a section: those who may review and be written to."""
    organisers = (
        select(Account)
        .join(Account.roles)
        .where(
            Account.section_id == section_id,
            Account.active.is_(True),
            Role.name == RoleName.ORGANISER.value,
        )
        .order_by(Account.name, Account.id)
        .limit(limit)
    )
    return session.scalars(organisers).all()
