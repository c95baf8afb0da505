"""What a change did to the speed of signing, confirming and counting: two checkouts take turns.

    ./run python -m bench.paired COMMIT

The commit is taken out into a folder of its own and runs in the same environment. Each round starts
a fresh process in either checkout, makes a SQLite file from its migrations, and times the work of
one form, of one confirmation and of the numbers of a coordinator, each in transactions of its own,
in processor time. What is said is the median of the rounds, and of the ratios within a round.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parent.parent
ROUNDS = 7
SLOWER_AT_MOST = 1.15
# Runs in either checkout, so it names only what stands in both.
WORK = """
import json, sys, tempfile, time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from app.core.db import connect, unit_of_work
from app.core.keys import read_or_make_keys
from app.core.schema import upgrade
from app.notices.compose import use_templates
from app.signatures.actions import confirm
from app.signatures.models import Signature
from app.stats.queries import get_numbers
from app.campaigns.queries import get_campaign_by_id
from tests.builders import LINKS, a_campaign, a_form, a_signature
from tests.cast import Person
try:
    from app.core.clocks import use_locked_zones
    use_locked_zones()
except ImportError:
    pass
use_templates(Path("templates"))
folder = Path(sys.argv[1])
url = f"sqlite:///{folder}/outcry.db"
upgrade(url)
database, keys = connect(url), read_or_make_keys(folder / "master.key")
now = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
with unit_of_work(database.writing) as session:
    place = a_campaign(session, keys, now=now).id
taken = {"sign": 0.0, "confirm": 0.0, "numbers": 0.0}
FORMS, WARM, LOOKS = 220, 20, 60
for number in range(FORMS):
    who = Person(f"Sam {number}", f"sam{number}@example{number}.org")
    now += timedelta(seconds=41)
    begun = time.process_time()
    with unit_of_work(database.writing) as session:
        campaign = get_campaign_by_id(session, place)
        made = a_signature(session, keys, campaign, a_form(campaign, who=who), now=now).id
    signed = time.process_time()
    with unit_of_work(database.writing) as session:
        confirm(session, keys, session.get(Signature, made), links=LINKS, now=now)
    if number >= WARM:
        taken["sign"] += (signed - begun) / (FORMS - WARM)
        taken["confirm"] += (time.process_time() - signed) / (FORMS - WARM)
for number in range(LOOKS + 5):
    begun = time.process_time()
    with database.reading() as session:
        get_numbers(session, language="en")
    if number >= 5:
        taken["numbers"] += (time.process_time() - begun) / LOOKS
print(json.dumps(taken))
"""


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("commit", help="what to compare this checkout with")
    given = asked.parse_args()
    with tempfile.TemporaryDirectory(prefix="outcry-paired-") as name:
        before = Path(name) / "before"
        before.mkdir()
        packed = subprocess.run(
            ["git", "archive", given.commit], cwd=ROOT, check=True, capture_output=True
        ).stdout
        subprocess.run(["tar", "-x", "-C", str(before)], input=packed, check=True)
        rounds = [_round(before, Path(name), number) for number in range(ROUNDS)]
    worst = 0.0
    print(f"{'processor time, ms':<12}{given.commit:>12}{'here':>12}{'ratio':>8}")
    for what in ("sign", "confirm", "numbers"):
        old = [one[what] for one, _ in rounds]
        new = [other[what] for _, other in rounds]
        ratio = median(after / then for then, after in zip(old, new, strict=True))
        worst = max(worst, ratio)
        print(
            f"{what:<12}{median(old) * 1000:>12.2f}{median(new) * 1000:>12.2f}{ratio:>8.2f}"
            f"   noise {max(old) / min(old):.2f}"
        )
    return 1 if worst > SLOWER_AT_MOST else 0


def _round(before: Path, folder: Path, number: int) -> tuple[dict[str, float], dict[str, float]]:
    order = (before, ROOT) if number % 2 else (ROOT, before)
    found = {checkout: _run(checkout, folder) for checkout in order}
    return found[before], found[ROOT]


def _run(checkout: Path, folder: Path) -> dict[str, float]:
    with tempfile.TemporaryDirectory(dir=folder) as place:
        done = subprocess.run(
            [sys.executable, "-c", WORK, place],
            cwd=checkout,
            env={**os.environ, "PYTHONPATH": str(checkout)},
            check=True,
            capture_output=True,
            text=True,
        )
    taken: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return taken


if __name__ == "__main__":
    sys.exit(main())
