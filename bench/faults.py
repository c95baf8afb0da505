"""Fault run by hand: kill -9 of everything beside a rude relay, then the ledger and the verdict.

./run python -m bench.faults --minutes 30 --database postgresql --kills 1000
"""

from __future__ import annotations

import argparse
import random
import signal
import sys
import tempfile
import traceback
from contextlib import ExitStack
from pathlib import Path

from tests.faults.run import a_server, run_faults
from tests.faults.service import Service


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--minutes", type=float, default=5)
    asked.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    asked.add_argument("--kills", type=int, default=1_000_000)
    asked.add_argument("--seed", type=int, default=random.randrange(10_000))
    asked.add_argument("--without-log", action="store_true", help="nobody can ask this relay")
    given = asked.parse_args()
    # Ended by a supervisor, it still leaves no process behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="outcry-faults-")))
        folder.chmod(0o755)  # the server of PostgreSQL runs as another user
        url, server = f"sqlite:///{folder}/var/outcry.db", None
        if given.database == "postgresql":
            (folder / "server").mkdir(mode=0o755)
            plain, server = stack.enter_context(a_server(folder / "server"))
            url = plain.replace("postgresql://", "postgresql+psycopg://", 1)
        service = Service(folder / "var")
        stack.callback(service.sweep)
        print(f"seed {given.seed}, {given.database}, relay log: {not given.without_log}")
        try:
            run_faults(
                service,
                url,
                kills=given.kills,
                seconds=given.minutes * 60,
                seed=given.seed,
                server=server,
                with_log=not given.without_log,
            )
        except (AssertionError, TimeoutError) as error:
            where = traceback.extract_tb(error.__traceback__)[-1]
            print(f"BROKEN: {where.name}: {where.line} {error}")
            print("\n".join(service.log.splitlines()[-40:]))
            return 1
    print("All promises kept.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
