"""What every long-running process does first: see that it can work, and end with its parent."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path

from app.cli.state import refuse, state
from app.core.db import OUT_OF_REACH, unit_of_work
from app.core.schema import schema_trouble
from app.core.sealing import WrongKey, require_own_key
from app.jobs.machine import Machine
from app.state import State

PARENT = "_PARENT_OF_OUTCRY"
STOP_WITHIN = 25.0


def require_ready() -> None:
    """Refuse to start over a database that cannot be worked with."""
    trouble = schema_trouble(state().database)
    if trouble:
        refuse(f"The database cannot be worked with: {', '.join(trouble)}. Try `flask db upgrade`.")
    try:
        with unit_of_work(state().database.writing) as session:
            require_own_key(session, state().keys)
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
