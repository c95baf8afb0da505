"""How many documents a second are read, warm; how long the first one and one of twenty pages take.

Processor time of this process: reading waits for nothing. The first reading loads the lexicons and
the names of months, countries and languages, which a worker does once.
"""

from __future__ import annotations

import sys
from pathlib import Path
from statistics import median
from time import perf_counter, process_time

STARTED = perf_counter()

from app.intake.parsing import read_action  # noqa: E402 - the import is part of the first reading

DOCUMENTS = Path(__file__).parents[1] / "tests" / "intake" / "documents"
ROUNDS = 5
WARM_MS = 100
LONG_S = 2.0
# What fits on twenty pages at about 3,500 letters each.
LONG_LETTERS = 70_000


def main() -> int:
    texts = [path.read_text(encoding="utf-8") for path in sorted(DOCUMENTS.glob("*.txt"))]
    long = "\n\n".join(texts * 3)[:LONG_LETTERS]

    begun = process_time()
    read_action(long)
    cold = process_time() - begun
    first = perf_counter() - STARTED

    rounds = []
    slowest = 0.0
    for _ in range(ROUNDS):
        begun = process_time()
        for text in texts:
            one = process_time()
            read_action(text)
            slowest = max(slowest, process_time() - one)
        rounds.append(process_time() - begun)
    begun = process_time()
    read_action(long)
    warm_long = process_time() - begun

    spread = max(rounds) / min(rounds)
    print(f"{len(texts)} documents of a page: {len(texts) / median(rounds):.0f} a second", end=", ")
    print(f"slowest {1000 * slowest:.0f} ms (goal {WARM_MS}), spread {spread:.2f}")
    print(f"twenty pages: cold {cold:.2f} s (goal {LONG_S:.0f}), warm {warm_long:.2f} s", end=", ")
    print(f"with all imports {first:.2f} s by the clock")
    return int(1000 * slowest > WARM_MS or cold > LONG_S)


if __name__ == "__main__":
    sys.exit(main())
