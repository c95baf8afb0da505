from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from app.intake.model import Found, FoundTarget, Number, Reading
from app.intake.parsing import read_action
from tests.conftest import SHARED
from tests.intake.scoring import (
    DETAILS,
    SCALARS,
    alike,
    is_right,
    same_target,
    score,
    texts,
    truth_of,
)

EXAMPLES = SHARED / "urgent-actions"
SEEDS = EXAMPLES / "seeds"
needs_examples = pytest.mark.skipif(not EXAMPLES.exists(), reason="the examples are not here")


@cache
def read(path: Path) -> Reading:
    return read_action(path.read_text(encoding="utf-8"))


def examples() -> list[Path]:
    return [*sorted(EXAMPLES.glob("*.txt")), *sorted(SEEDS.glob("*.txt"))]


@pytest.mark.parametrize("path", texts(), ids=lambda path: path.stem)
def test_each_document_of_ours_is_read_nearly_whole(path: Path) -> None:
    assert score(read(path).as_schema(), truth_of(path)) >= 0.8


def test_our_documents_together_are_read_whole() -> None:
    scores = [score(read(path).as_schema(), truth_of(path)) for path in texts()]

    assert len(scores) >= 40
    assert sum(scores) / len(scores) >= 0.97


@needs_examples
def test_the_published_scorer_is_content(tmp_path: Path) -> None:
    for path in examples():
        told = json.dumps(read(path).as_schema(), ensure_ascii=False)
        (tmp_path / f"{path.stem}.json").write_text(told, encoding="utf-8")
    said = subprocess.run(
        [sys.executable, str(EXAMPLES / "score.py"), str(tmp_path), "--json"],
        capture_output=True,
        text=True,
        check=True,
    )
    counted = json.loads(said.stdout)

    assert counted["missing"] == []
    assert counted["overall"] >= 0.97
    for field in ("target.emails", "target.phones", "target.faxes", "target.contact_form"):
        assert counted["fields"][field]["f1"] >= 0.98, field


@needs_examples
@pytest.mark.parametrize(
    "name",
    [
        "seed-001-fr-odf-recommendations",
        "seed-003-en-odf-osce-statement",
        "seed-004-en-odf-mission-report",
    ],
)
def test_a_report_is_no_action_and_has_no_targets(name: str) -> None:
    reading = read(SEEDS / f"{name}.txt")

    assert reading.kind.value == "other"
    assert not reading.is_action
    assert reading.targets == ()
    assert reading.letter is None


@pytest.mark.parametrize("name", ["17-en-report-2005", "18-fr-news-2016", "41-en-statement-2011"])
def test_news_of_ours_has_no_targets_either(name: str) -> None:
    reading = read(next(path for path in texts() if path.stem == name))

    assert (reading.kind.value, reading.targets) == ("other", ())


def judged(reading: Reading, truth: dict[str, Any]) -> Iterator[tuple[str, bool]]:
    """Every value that is offered without a question, and whether it is right."""
    for key in SCALARS:
        found = getattr(reading, key, None)
        # A title where the truth has none is no fault: the scorer says so.
        if (
            isinstance(found, Found)
            and found.confidence == "found"
            and not (key == "title" and truth["title"] is None)
        ):
            yield f"{key}: {found.value}", is_right(key, found.value, truth)
    for name in reading.case_names:
        if name.confidence == "found":
            yield (
                f"case: {name.value}",
                any(alike(name.value, want) for want in truth["case_names"]),
            )
    left = list(truth["targets"])
    for target in reading.targets:
        schema = target.as_schema()
        hit = next((want for want in left if same_target(schema, want)), None)
        if hit is not None:
            left.remove(hit)
            yield from judged_target(target, hit)


def judged_target(target: FoundTarget, want: dict[str, Any]) -> Iterator[tuple[str, bool]]:
    for key, same in DETAILS.items():
        for value in getattr(target, key):
            if value.confidence == "found":
                text = value.value.text if isinstance(value.value, Number) else value.value
                yield f"{key}: {text}", any(same(text, other) for other in want[key])
    for part in ("name", "role", "salutation"):
        found = getattr(target, part)
        if found and found.confidence == "found":
            yield f"{part}: {found.value}", bool(want[part]) and alike(found.value, want[part])


def test_what_is_offered_without_a_question_is_right() -> None:
    paths = [*texts(), *(examples() if EXAMPLES.exists() else [])]
    verdicts = [
        (path.stem, value, right)
        for path in paths
        for value, right in judged(read(path), truth_of(path))
    ]
    wrong = [(stem, value) for stem, value, right in verdicts if not right]

    assert len(verdicts) > 500
    assert len(wrong) <= 0.01 * len(verdicts), wrong
