"""What one process holds for everything it does: settings, database, keys."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import cast

from flask import Flask

from app.core.beside import Beside
from app.core.db import Database, connect
from app.core.kept import Kept
from app.core.keys import read_or_make_keys
from app.core.tokens import Keys
from app.notices.links import Links
from app.signatures.watch import Limits, Watch
from config import Settings


@dataclass(frozen=True, slots=True)
class KeptPage:
    """A built page around its form notes: its bytes before, between and behind them."""

    parts: tuple[bytes, ...]
    headers: tuple[tuple[str, str], ...]
    note_of: Callable[[datetime], str]


@dataclass(frozen=True, slots=True)
class State:
    """Made once by the factory; doors find it on the application."""

    settings: Settings
    database: Database
    keys: Keys
    watch: Watch = field(default_factory=Watch)
    kept: Kept[KeptPage] = field(default_factory=Kept)

    @property
    def links(self) -> Links:
        return Links(self.settings.base_url)

    @property
    def beside(self) -> Beside:
        """The folder of the key, and what lies there because no backup may undo it."""
        return Beside(self.settings.key_file.parent)


def make_state(settings: Settings) -> State:
    """Open the database (lazily) and read the master key, making one on a fresh machine."""
    limits = Limits(
        network_burst=settings.network_burst,
        network_sustained=settings.network_sustained,
        domain_burst=settings.domain_burst,
        campaign_burst=settings.campaign_burst,
        fill_seconds=settings.fill_seconds,
    )
    keys = read_or_make_keys(settings.key_file)
    return State(settings, connect(settings.database_url), keys, Watch(limits))


def keep_state(app: Flask, state: State) -> None:
    app.extensions["outcry"] = state


def state_of(app: Flask) -> State:
    return cast(State, app.extensions["outcry"])
