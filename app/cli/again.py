"""What was erased or destroyed is so again, over a database that does not know of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from app.core.beside import Beside
from app.core.destroyed import reload_destroyed
from app.core.erasures import reload_erasures
from app.core.tokens import Keys
from app.followers.erasing import erase_followers_again
from app.reminders.actions import erase_requests_again, forget_requests
from app.signatures.own_data import erase_again
from app.signatures.upkeep import destroy_again


@dataclass(frozen=True, slots=True)
class Again:
    """How much an older database had brought back."""

    campaigns: int = 0
    signatures: int = 0
    wishes: int = 0

    def __bool__(self) -> bool:
        return bool(self.campaigns or self.signatures or self.wishes)


def forget_again(
    session: Session, keys: Keys, beside: Beside, now: datetime, *, whole: bool = False
) -> Again:
    """Erase and destroy again what the lists beside the database say.

    At each start only what is new in the lists is looked for; `whole` looks at everything.
    """
    reload_destroyed(session, beside)
    new = reload_erasures(session, beside.erased)
    campaigns = destroy_again(session, now, beside, whole=whole)
    if campaigns:
        forget_requests(session, now)
    # Who has left is known by their key, which is on the list of destroyed ones.
    left = erase_followers_again(session, keys, now)
    if not (new or whole):
        return Again(campaigns, wishes=left)
    again = erase_requests_again(session, keys, now)
    return Again(campaigns, erase_again(session, keys, now), left + again)
