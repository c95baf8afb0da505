"""Everything about one address of a follower goes at once, and stays gone after a restore."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.beside import Beside
from app.core.erasures import all_erased, erasure_hash
from app.core.models import DataKey, DestroyedKey
from app.core.tokens import Keys
from app.followers import queries
from app.followers.actions import forget, leave
from app.followers.models import Follower


def erase_followers(
    session: Session, keys: Keys, address: str, now: datetime, beside: Beside
) -> int:
    """Delete whatever follows from an address, in every section; return how many."""
    found = queries.list_of_address(session, keys, address)
    for follower in found:
        leave(session, follower, now, beside)
    return len(found)


def erase_followers_again(session: Session, keys: Keys, now: datetime) -> int:
    """Delete who a restored backup has brought back: those who left, and the erased."""
    left = select(Follower).join(DestroyedKey, DestroyedKey.id == Follower.key_id)
    again = list(session.scalars(left))
    erased = all_erased(session)
    if erased:
        others = (
            select(Follower)
            .join(DataKey, DataKey.id == Follower.key_id)
            .outerjoin(DestroyedKey, DestroyedKey.id == Follower.key_id)
            .where(DestroyedKey.id.is_(None))
        )
        again += [
            follower
            for follower in session.scalars(others)
            if erasure_hash(keys, queries.email_of(session, keys, follower)) in erased
        ]
    for follower in again:
        forget(session, follower, now)
    return len(again)
