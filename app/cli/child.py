"""What every long-running process does first: see that it can work, and end with its parent."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path

import structlog
from sqlalchemy import select

from app.cli.again import forget_again
from app.cli.running import join_the_running
from app.cli.state import now, refuse, state
from app.core.db import OUT_OF_REACH, tidy, unit_of_work
from app.core.models import Installation
from app.core.restoring import RESTORING, InUse
from app.core.schema import schema_trouble
from app.core.sealing import WrongKey, require_own_key
from app.jobs.machine import Machine
from app.state import State

PARENT = "_PARENT_OF_OUTCRY"
STOP_WITHIN = 25.0

log = structlog.get_logger()


def require_ready() -> None:
    """Refuse to start over a database that cannot be worked with."""
    trouble = schema_trouble(state().database)
    if trouble:
        refuse(f"The database cannot be worked with: {', '.join(trouble)}. Try `flask db upgrade`.")
    try:
        join_the_running(state().settings.var)
        with unit_of_work(state().database.writing) as session:
            if session.scalar(select(Installation.muted)) == RESTORING:
                refuse("A restore was cut short. Call `flask data restore` again.")
            require_own_key(session, state().keys)
            # Before anything is shown or sent: a database that was put back by hand may be older.
            again = forget_again(session, state().keys, state().beside, now())
        if again:
            log.warning("erased again what an older database had brought back")
            tidy(state().database)
    except InUse as error:
        refuse(str(error))
    except OSError as error:
        refuse(f"{state().settings.var} cannot be used ({error.strerror}). OUTCRY_VAR sets it.")
    except WrongKey:
        refuse(
            f"{state().settings.key_file} is not the key that this database is sealed with."
            " The folder is set by OUTCRY_VAR."
        )
    except OUT_OF_REACH:
        refuse("The database cannot be reached.")


def machine_of(own: State) -> Machine:
    """Where this machine keeps what is not in the database."""
    log = own.settings.relay_log
    return Machine(own.beside, own.settings.maildir, Path(log) if log else None)


def follow_parent() -> None:
    """End when the parent is gone, however it went: nobody would stop this process otherwise."""
    parent = int(os.environ.get(PARENT, "0"))
    if not parent:
        return

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(STOP_WITHIN)
        os.killpg(os.getpid(), signal.SIGKILL)

    threading.Thread(target=watch, daemon=True).start()
