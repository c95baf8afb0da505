"""One cache of compiled statements for all the databases of a run.

Each test has a database of its own and so an engine of its own, and each engine would compile
every statement anew: a sixth of the whole run. SQLAlchemy takes a cache for a connection
(`compiled_cache`); this one looks at what kind of dialect asks, and not at which engine's it is.
"""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Connection, Dialect, Engine

_LARGEST = 20_000

Key = tuple[Dialect, Any]


class _Shared(MutableMapping[Key, Any]):
    """Compiled statements by dialect, server version and statement."""

    def __init__(self) -> None:
        self.kept: dict[tuple[Any, ...], Any] = {}

    @staticmethod
    def _place(key: Key) -> tuple[Any, ...]:
        dialect, *statement = key
        return (dialect.name, dialect.driver, dialect.server_version_info, *statement)

    def __getitem__(self, key: Key) -> Any:
        return self.kept[self._place(key)]

    def __setitem__(self, key: Key, compiled: Any) -> None:
        if len(self.kept) >= _LARGEST:
            self.kept.clear()
        self.kept[self._place(key)] = compiled

    def __delitem__(self, key: Key) -> None:
        del self.kept[self._place(key)]

    def __iter__(self) -> Iterator[Key]:
        raise NotImplementedError("nobody asks what is in it")

    def __len__(self) -> int:
        return len(self.kept)


_shared = _Shared()


@event.listens_for(Engine, "engine_connect")
def share(connection: Connection) -> None:
    """Let every connection of this process use the one cache."""
    connection.execution_options(compiled_cache=_shared)
