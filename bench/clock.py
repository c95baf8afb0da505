"""A year of two hundred campaigns on a moved clock, with a scheduler that is often down.

./run python -m bench.clock

Real jobs over a real SQLite file; the exact set of what must happen comes from an oracle that asks
no rule of the product (`tests/jobs/year_oracle.py`). Ends with 1 at a single difference.
"""

from __future__ import annotations

import argparse
import logging
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import structlog

from app.core.clocks import use_locked_zones, zones_as_of
from app.core.db import connect
from app.core.keys import read_or_make_keys
from app.core.schema import upgrade
from app.notices.compose import use_templates
from tests.jobs.year import ZONES, Year, all_expected, plans, wakings

ROOT = Path(__file__).resolve().parent.parent
SHOWN = 20


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--campaigns", type=int, default=200)
    asked.add_argument("--days", type=int, default=365)
    asked.add_argument("--seed", type=int, default=20)
    given = asked.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    use_locked_zones()
    use_templates(ROOT / "templates")
    made = plans(given.campaigns, given.days, given.seed)
    woke = wakings(made, given.days)
    owed = all_expected(made, woke, given.days)
    print(
        f"{given.days} days, {given.campaigns} campaigns, {len(ZONES)} zones (tzdata"
        f" {zones_as_of()}), {len(woke.moments)} wakings, {len(owed)} things owed,"
        f" seed {given.seed}"
    )
    with tempfile.TemporaryDirectory(prefix="outcry-clock-") as name:
        folder = Path(name)
        upgrade(f"sqlite:///{folder}/outcry.db")
        database = connect(f"sqlite:///{folder}/outcry.db")
        (folder / "keys").mkdir()
        keys = read_or_make_keys(folder / "keys" / "master.key")
        year = Year(database, keys, folder)
        begun, worked = time.monotonic(), time.process_time()
        year.run(made, woke, given.days)
        took, work = time.monotonic() - begun, time.process_time() - worked
        database.dispose()
    happened = Counter(year.happened)
    differences = [("twice", what) for what, times in happened.items() if times > 1]
    differences += [("missing", what) for what in sorted(owed - set(happened))]
    differences += [("not owed", what) for what in sorted(set(happened) - owed)]
    for kind, times in sorted(Counter(what[1] for what in happened).items()):
        print(f"  {times:>6}  {kind}")
    print(f"{took:.0f} s, {work:.0f} s of one processor; {len(differences)} differences")
    for how, (moment, kind, key, who) in differences[:SHOWN]:
        print(f"  {how}: {moment.isoformat()} {kind} {key} {who}")
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
