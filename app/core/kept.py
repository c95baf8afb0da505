"""What was built once and holds until something is written, or a minute begins.

No entry is ever out of date: each is of one generation, which ends with the next commit in the
database, whoever makes it, and with the minute of the clock, for ends are minutes of a day.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar

from app.core.changes import Changes
from app.core.db import Database

# A page is some forty thousand bytes: with so many, a process holds ten megabytes of them.
AT_MOST: Final = 256

T = TypeVar("T")


@dataclass(slots=True)
class Generation(Generic[T]):
    """What was built between two changes."""

    sign: tuple[object, int]
    entries: dict[Hashable, T] = field(default_factory=dict)

    def keep(self, name: Hashable, entry: T) -> None:
        """Keep it as long as the generation lasts; of too many, none that is new."""
        if len(self.entries) < AT_MOST:
            self.entries[name] = entry


class Kept(Generic[T]):
    """The newest generation of one process."""

    def __init__(self) -> None:
        self._changes: Changes | None = None
        self._newest: Generation[T] | None = None

    def now(self, database: Database, minute: int) -> Generation[T] | None:
        """The generation of this moment, to be asked for before anything is read; or none.

        What is built while somebody writes goes into the generation from before, which nobody
        finds again.
        """
        if self._changes is None:
            self._changes = Changes(database)
        mark = self._changes.mark()
        if mark is None:
            return None
        newest, sign = self._newest, (mark, minute)
        if newest is None or newest.sign != sign:
            newest = self._newest = Generation(sign)
        return newest
