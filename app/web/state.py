"""What a request works with: the database, the keys, one look at the clock."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from typing import cast

from flask import Flask, current_app, g
from sqlalchemy.orm import Session

from app.core.beside import Beside
from app.core.db import OUT_OF_REACH, Database
from app.core.tokens import Keys
from app.notices.links import Links
from app.signatures.watch import Watch
from app.state import state_of
from config import Settings


def init_state(app: Flask) -> None:
    @app.teardown_appcontext
    def close_reading(_error: BaseException | None) -> None:
        session = g.pop("reading", None)
        if session is not None:
            # The answer stands. A connection that died meanwhile must not turn it into a 500.
            with suppress(*OUT_OF_REACH):
                session.close()


def settings() -> Settings:
    return state_of(current_app).settings


def database() -> Database:
    return state_of(current_app).database


def keys() -> Keys:
    return state_of(current_app).keys


def beside() -> Beside:
    return state_of(current_app).beside


def links() -> Links:
    return state_of(current_app).links


def watch() -> Watch:
    return state_of(current_app).watch


def moment() -> datetime:
    """What the clock says, for what is done before there is a request."""
    return datetime.now(UTC)


def now() -> datetime:
    """The moment of this request: looked at once, so that all rules see the same."""
    if "now" not in g:
        g.now = moment()
    return cast(datetime, g.now)


def reading() -> Session:
    """A session for looking, opened when first asked for and closed with the request."""
    if "reading" not in g:
        g.reading = database().reading()
    return cast(Session, g.reading)
