"""What each machine clears on its own disk: no transaction reaches there, and no other machine."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from app.core.beside import Beside
from app.core.db import Database, tidy, unit_of_work
from app.core.destroyed import drop_destroyed, extend_destroyed, shred_keys
from app.core.erasures import extend_erasures
from app.delivery.channels.pruning import prune_maildir, prune_rotated

# As long as any other log: enough to ask the relay about a letter, not enough for a history.
KEEP_MAIL = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Machine:
    """Where this machine keeps what is not in the database."""

    beside: Beside
    maildir: Path
    relay_log: Path | None = None


def clear_machine(database: Database, machine: Machine, now: datetime) -> None:
    """Forget here too what is to be forgotten. Safe to do at any moment and twice."""
    with unit_of_work(database.reading) as session:
        extend_erasures(session, machine.beside.erased)
        extend_destroyed(session, machine.beside)
    drop_destroyed(database, machine.beside)
    prune_maildir(machine.maildir, now - KEEP_MAIL)
    if machine.relay_log is not None:
        prune_rotated(machine.relay_log, now - KEEP_MAIL)
    tidy(database)
    shred_keys(database)
