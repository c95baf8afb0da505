"""Waking idle workers when something was put in: PostgreSQL's LISTEN/NOTIFY, and nothing more.

A notice that is lost costs one pause of an idle worker: what is due is always read from the table.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final

import psycopg
import structlog
from sqlalchemy import func, select
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session

CHANNEL: Final = "outcry_outbox"
_LOOK: Final = 1.0
_AGAIN_AFTER: Final = 2.0

log = structlog.get_logger()


def call(session: Session) -> None:
    """Wake idle workers once this transaction is committed. Many calls in one make one."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(select(func.pg_notify(CHANNEL, "")))


def listen(url: str, stop: threading.Event, wake: Callable[[], None]) -> threading.Thread:
    """Call `wake` for each call, in a thread, until told to stop; again after every broken line."""
    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)

    def hear() -> None:
        while not stop.is_set():
            try:
                with psycopg.connect(plain, autocommit=True) as line:
                    line.execute(f"LISTEN {CHANNEL}")
                    wake()  # what was called while nobody listened
                    while not stop.is_set():
                        if any(True for _ in line.notifies(timeout=_LOOK, stop_after=1)):
                            wake()
            except psycopg.Error as error:
                log.info("nobody to listen to", kind=type(error).__name__)
                stop.wait(_AGAIN_AFTER)

    thread = threading.Thread(target=hear, daemon=True)
    thread.start()
    return thread
