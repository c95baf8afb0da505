"""Letters through a relay that defers, refuses, drops and stalls: the ledger, and the verdict.

./run python -m bench.mix [--letters 20000] [--database sqlite|postgresql]
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from app.core.db import connect, unit_of_work
from app.core.keys import read_or_make_keys
from app.core.schema import upgrade
from app.core.sealing import require_own_key
from tests.delivery.outbox import Outbox
from tests.faults.mix import run_mix
from tests.faults.run import a_server


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--letters", type=int, default=20_000)
    asked.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    asked.add_argument("--seed", type=int, default=random.randrange(10_000))
    given = asked.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="outcry-mix-")))
        folder.chmod(0o755)  # the server of PostgreSQL runs as another user
        url = f"sqlite:///{folder}/outcry.db"
        if given.database == "postgresql":
            (folder / "server").mkdir(mode=0o755)
            plain, _ = stack.enter_context(a_server(folder / "server"))
            url = plain.replace("postgresql://", "postgresql+psycopg://", 1)
        keys = read_or_make_keys(folder / "master.key")
        upgrade(url)
        database = connect(url)
        stack.callback(database.dispose)
        with unit_of_work(database.writing) as session:
            require_own_key(session, keys)
        outbox = Outbox.on(database, keys, folder / "mail")
        print(f"seed {given.seed}, {given.database}", flush=True)
        try:
            print(run_mix(outbox, given.letters, given.seed, say=print))
        except AssertionError as error:
            print(f"BROKEN:\n{error}")
            return 1
    print("All that could be delivered was delivered once.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
