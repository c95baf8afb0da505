"""Whether anything was written since: for what is kept in memory and may never be out of date."""

from __future__ import annotations

from contextlib import suppress
from threading import Lock
from typing import Any, Final

from sqlalchemy import PoolProxiedConnection, event

from app.core.db import OUT_OF_REACH, Database

# SQLite: changes when another connection, of any process, has committed. PostgreSQL: names the
# transactions whose work is seen; equal words, equal rows.
_SQLITE: Final = "PRAGMA data_version"
_POSTGRES: Final = "SELECT pg_current_snapshot()::text"


class Changes:
    """A line to one database that is asked for nothing but its mark.

    The line is opened when first asked for, so that each server process has its own. A database
    that is out of reach gives no mark, and what has no mark is not kept.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._asks = _SQLITE if database.is_sqlite else _POSTGRES
        driver: Any = database.engine.dialect.loaded_dbapi
        self._failures: tuple[type[Exception], ...] = (*OUT_OF_REACH, driver.Error)
        self._borrowed: PoolProxiedConnection | None = None
        self._line: Any = None
        self._opened = 0
        self._alone = Lock()
        event.listen(database.engine, "engine_disposed", self._close)

    def mark(self) -> tuple[int, object] | None:
        """Equal marks: between the two nothing was committed. One asks before it reads."""
        with self._alone:
            try:
                if self._line is None:
                    self._open()
                (found,) = self._line.execute(self._asks).fetchone()
            except self._failures:
                self._let_go()
                return None
            return self._opened, found

    def _open(self) -> None:
        # Not one of the pool's: it is held for as long as the process looks at this database.
        self._borrowed = self._database.engine.raw_connection()
        self._line = self._borrowed.driver_connection
        self._borrowed.detach()
        if not self._database.is_sqlite:
            self._line.autocommit = True
        # A new line counts anew: its marks say nothing about those of the one before.
        self._opened += 1

    def _close(self, _engine: object) -> None:
        """With the database: a file that is still open must not be copied or moved."""
        with self._alone:
            self._let_go()

    def _let_go(self) -> None:
        borrowed, self._borrowed, self._line = self._borrowed, None, None
        if borrowed is not None:
            with suppress(*self._failures):
                borrowed.close()
