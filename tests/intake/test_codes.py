from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from app.intake.codes import BELIEVED, CAUTIONS, DOUBTED
from app.intake.parsing import read_action
from tests.intake.harms import HARMS
from tests.intake.scoring import texts


def said(evidence: Any) -> Iterator[tuple[str, str]]:
    if isinstance(evidence, dict):
        if "reason" in evidence:
            yield evidence["reason"], evidence["confidence"]
        for value in evidence.values():
            yield from said(value)
    elif isinstance(evidence, list):
        for value in evidence:
            yield from said(value)


def test_every_reason_and_caution_is_one_that_the_doors_know() -> None:
    seen = set()
    for path in texts()[::2]:
        text = path.read_text(encoding="utf-8")
        for version in (text, HARMS["windows_1252"](text)):
            reading = read_action(version)
            assert {caution.code for caution in reading.warnings} <= CAUTIONS
            seen |= set(said(reading.as_schema()["evidence"]))

    assert {reason for reason, _ in seen} <= BELIEVED | DOUBTED
    assert {
        reason for reason, confidence in seen if reason in DOUBTED and confidence != "check"
    } == set()
    assert len(seen) > 20
