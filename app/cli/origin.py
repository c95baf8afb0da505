"""Is this the database that this machine has worked with, or an older copy of it?

A backup does not know which letters have left since it was made, and would send them again. So the
database counts on while mail leaves, and this machine keeps beside it, in `var/instance`, how far
it has seen it come. A database that has come less far was restored; one that this machine has never
seen although mail has left from it was moved. Either way nothing leaves until a person says so.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.core.db import OUT_OF_REACH, Database, unit_of_work
from app.core.models import Installation
from app.delivery.actions import grow, mute

# A backup younger than this cannot be told from the database it was made of.
_KEEP_EVERY: Final = 60.0

log = structlog.get_logger()


@dataclass(slots=True)
class Origin:
    """What this machine knows of its database."""

    var: Path
    database: Database
    _kept_at: float = 0.0

    def trouble(self) -> str:
        """Why this database may not be the one, as a code; empty when it is."""
        with self.database.reading() as session:
            return self._trouble(session)

    def require_same(self) -> None:
        """Stop all mail where it is not; whoever has restored it says when mail may flow."""
        with unit_of_work(self.database.writing) as session:
            trouble = self._trouble(session)
            if trouble:
                mute(session, trouble)
        if trouble:
            log.error("nothing is sent until `flask mail unmute`", reason=trouble)
        else:
            self.keep()

    def keep(self) -> None:
        """Note how far the database has come, at most once a minute."""
        if self._kept_at and time.monotonic() - self._kept_at < _KEEP_EVERY:
            return
        try:
            with unit_of_work(self.database.writing) as session:
                if self._trouble(session):
                    return
                self._write(session, grow(session))
        except OUT_OF_REACH:
            return
        self._kept_at = time.monotonic()

    def accept(self, session: Session) -> None:
        """A person says: from here on this is the one."""
        self._write(session, grow(session))

    def _trouble(self, session: Session) -> str:
        instance, generation = session.execute(
            select(Installation.instance, func.coalesce(Installation.generation, 0))
        ).one()
        try:
            seen, _, far = self._file.read_text().strip().partition(" ")
        except FileNotFoundError:
            return "moved" if generation else ""
        if seen != str(instance):
            return "another_database"
        return "restored" if not far.isdigit() or int(far) > generation else ""

    def _write(self, session: Session, generation: int) -> None:
        instance = session.scalar(select(Installation.instance))
        self.var.mkdir(parents=True, exist_ok=True)
        draft = self._file.with_suffix(".new")
        draft.write_text(f"{instance} {generation}\n")
        draft.replace(self._file)

    @property
    def _file(self) -> Path:
        return self.var / "instance"
