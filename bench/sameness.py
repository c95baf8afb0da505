"""Nobody learns from a clock whether an address is known: 2 x 1,000 forms, new against repeated.

    ./run python -m bench.sameness [HOW MANY]

The kinds take turns, so that a busy machine is busy for all. On one that is too busy for its clock,
the time of the processor says more: it is printed beside. The bytes are compared as well; they may
differ in the form's own token alone.
"""

from __future__ import annotations

import gc
import re
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from flask import Flask
from flask.testing import FlaskClient

from app import create_app
from app.core.db import unit_of_work
from app.core.schema import upgrade
from app.core.sealing import require_own_key
from app.signatures.actions import confirm
from app.state import state_of
from config import Settings
from tests.builders import LINKS, a_campaign, a_form, a_signature
from tests.cast import Person

EACH = 1_000
GOAL_MS = 5.0
# Of one length, as the page that says where the mail went shows a part of it.
KNOWN, NEW = "k{:06}@gmail.com", "n{:06}@gmail.com"
ANSWERS = {"country": "SE", "sentence": "", "targets": "1", "letter_language": "en", "consent": "1"}
# Whoever was told today that there was a letter already, and whoever gets no mail any more.
KINDS = ("new", "repeated", "blocked")
# Of each kind, each time: by the clock and of the processor, in seconds.
Taken = dict[str, list[tuple[float, float]]]


def main() -> int:
    """Race new against repeated and blocked forms; 1 when a goal is missed."""
    each = int(sys.argv[1]) if len(sys.argv) > 1 else EACH
    with tempfile.TemporaryDirectory() as folder:
        big = 10**6
        app = create_app(
            Settings(var=Path(folder), fill_seconds=0, campaign_burst=big, domain_burst=big)
        )
        path = _fill(app, each)
        took, pages = _race(app.test_client(), path, each)
        state_of(app).database.dispose()
    middles = {kind: median(wall for wall, _ in taken) * 1000 for kind, taken in took.items()}
    worked = {kind: median(cpu for _, cpu in taken) * 1000 for kind, taken in took.items()}
    for kind, middle in middles.items():
        print(f"{kind:<10} median {middle:8.2f} ms, {worked[kind]:6.2f} ms of processor")
    missed = len(pages) != 1
    print(f"different pages: {len(pages)} (goal 1) {'met' if len(pages) == 1 else 'MISSED'}")
    for kind in KINDS[1:]:
        apart = abs(middles[kind] - middles["new"])
        met = apart < GOAL_MS
        missed |= not met
        word = "met" if met else "MISSED"
        work = abs(worked[kind] - worked["new"])
        print(
            f"new against {kind}: {apart:.2f} ms apart (goal < {GOAL_MS:.0f} ms) {word},"
            f" {work:.2f} ms of processor"
        )
    return int(missed)


def _fill(app: Flask, each: int) -> str:
    """As many people who have written already as there will be repeated forms."""
    state, now = state_of(app), datetime.now(UTC)
    upgrade(state.settings.database_url)
    with unit_of_work(state.database.writing) as session:
        require_own_key(session, state.keys)
        campaign = a_campaign(session, state.keys, now=now)
        for number in range(each):
            who = Person("Sam", KNOWN.format(number))
            one = a_signature(session, state.keys, campaign, a_form(campaign, who=who), now)
            confirm(session, state.keys, one, links=LINKS, now=now)
        return f"/en/campaigns/{campaign.reference}/{campaign.slug}"


def _race(client: FlaskClient, path: str, each: int) -> tuple[Taken, set[str]]:
    took: Taken = {kind: [] for kind in KINDS}
    pages: set[str] = set()
    for _ in range(9):
        _send(client, path, "b000000@gmail.com")
    gc.disable()
    for number in range(each):
        emails = (NEW.format(number), KNOWN.format(number), "b000000@gmail.com")
        # Whoever comes first in a round finds other caches: each kind does so equally often.
        order = [(number + at) % 3 for at in range(3)]
        for at in order:
            wall, cpu, page = _send(client, path, emails[at])
            took[KINDS[at]].append((wall, cpu))
            pages.add(page)
        if number % 50 == 0:
            gc.collect()
    gc.enable()
    return took, pages


def _send(client: FlaskClient, path: str, email: str) -> tuple[float, float, str]:
    note = re.findall(r'name="form" value="([^"]+)"', client.get(path).text)[0]
    data = {**ANSWERS, "form": note, "name": "Sam", "email": email}
    begun, worked = time.perf_counter(), time.thread_time()
    answer = client.post(f"{path}/send", data=data)
    wall, cpu = time.perf_counter() - begun, time.thread_time() - worked
    assert answer.status_code == 200, answer.status_code
    # What was typed stands in the page as it was typed; here each address is another one.
    head = email.partition("@")[0]
    page = answer.text.replace(note, "").replace(head, "").replace(f"{head[0]}…", "…")
    return wall, cpu, page


if __name__ == "__main__":
    sys.exit(main())
