"""Making accounts, opening and ending their sessions, and leaving."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Collection
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.models import Account, Role, RoleName
from app.accounts.passwords import hashed
from app.accounts.queries import find_by_email
from app.accounts.rules import (
    TRIES_OF_ALL,
    TRIES_OF_ONE,
    TRIES_WINDOW,
    EmailTaken,
    NameMissing,
    require_password,
    require_roles,
)
from app.audit.actions import note
from app.core.addresses import checked_address
from app.core.text import clean_line
from app.core.throttle import hit
from app.core.tokens import Keys, keyed_hash
from app.sections.models import Section


def create_account(
    session: Session,
    section: Section,
    email: str,
    name: str,
    roles: Collection[RoleName],
    password: str,
    now: datetime,
) -> Account:
    """Make an account that can sign in at once."""
    require_password(password)
    return add_account(session, section, email, name, roles, hashed(password), now)


def add_account(
    session: Session,
    section: Section,
    email: str,
    name: str,
    roles: Collection[RoleName],
    kept: str,
    now: datetime,
) -> Account:
    """Make an account whose password is known by its hash alone, as one from elsewhere is."""
    address = checked_address(email).casefold()
    shown = clean_line(name)
    require_roles(roles)
    if not shown:
        raise NameMissing
    if find_by_email(session, address) is not None:
        raise EmailTaken
    account = Account(
        id=uuid.uuid4(),
        section_id=section.id,
        email=address,
        name=shown,
        language=section.languages[0] if section.languages else "en",
        password=kept,
        active=True,
        fs_uniquifier=_fresh_mark(),
        created_at=now,
        roles=[_role(session, role) for role in dict.fromkeys(roles)],
    )
    session.add(account)
    session.flush()  # its audit entry and whatever points at it follow in this transaction
    _note(session, account, "account.created", now, roles=sorted(role.value for role in roles))
    return account


def set_password(session: Session, account: Account, password: str, now: datetime) -> None:
    """Give an account another password; whoever is signed in with the old one is signed out."""
    require_password(password)
    account.password = hashed(password)
    end_sessions(account)
    _note(session, account, "account.password_set", now)


def set_language(account: Account, language: str) -> None:
    account.language = language


def note_sign_in(session: Session, account: Account, now: datetime) -> None:
    _note(session, account, "account.signed_in", now)


def sign_out(session: Session, account: Account, now: datetime) -> None:
    """End every session of the account: a copied cookie must not outlive the person's leaving."""
    end_sessions(account)
    _note(session, account, "account.signed_out", now)


def end_sessions(account: Account) -> None:
    # The mark stands in each session cookie; a cookie with another mark belongs to nobody.
    account.fs_uniquifier = _fresh_mark()


def leave(session: Session, account: Account, now: datetime) -> None:
    """Close an account for good; its name stays beside what it wrote.

    What it was working on is handed over by `campaigns.editing.hand_over`, which the door calls
    in the same transaction.
    """
    account.active = False
    account.password = None
    account.roles = []
    end_sessions(account)
    _note(session, account, "account.left", now)


def count_try(session: Session, keys: Keys, email: str, now: datetime) -> bool:
    """Count one try to sign in, before any hashing; False when there were too many.

    Counted by keyed hash, for addresses that exist and for those that do not alike.
    """
    key = keys.derive("throttle")
    of_one = hit(session, keyed_hash(key, "sign-in", email.strip().casefold()), TRIES_WINDOW, now)
    of_all = hit(session, keyed_hash(key, "sign-in"), TRIES_WINDOW, now)
    return of_one <= TRIES_OF_ONE and of_all <= TRIES_OF_ALL


def _role(session: Session, name: RoleName) -> Role:
    found = session.scalar(select(Role).where(Role.name == name.value))
    if found is None:
        found = Role(name=name.value)
        session.add(found)
        session.flush()  # the next account of this transaction finds it
    return found


def _note(session: Session, account: Account, action: str, now: datetime, **detail: object) -> None:
    note(session, str(account.id), action, about=("account", str(account.id)), now=now, **detail)


def _fresh_mark() -> str:
    return secrets.token_hex(32)
