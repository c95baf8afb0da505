"""What one process holds for everything it does: settings, database, keys."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from flask import Flask

from app.core.beside import Beside
from app.core.db import Database, connect
from app.core.keys import read_or_make_keys
from app.core.tokens import Keys
from app.notices.links import Links
from config import Settings


@dataclass(frozen=True, slots=True)
class State:
    """Made once by the factory; doors find it on the application."""

    settings: Settings
    database: Database
    keys: Keys

    @property
    def links(self) -> Links:
        return Links(self.settings.base_url)

    @property
    def beside(self) -> Beside:
        """The folder of the key, and what lies there because no backup may undo it."""
        return Beside(self.settings.key_file.parent)


def make_state(settings: Settings) -> State:
    """Open the database (lazily) and read the master key, making one on a fresh machine."""
    return State(settings, connect(settings.database_url), read_or_make_keys(settings.key_file))


def keep_state(app: Flask, state: State) -> None:
    app.extensions["outcry"] = state


def state_of(app: Flask) -> State:
    return cast(State, app.extensions["outcry"])
