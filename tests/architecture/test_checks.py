"""Every check of what people meet is held by a test that carries its number."""

from __future__ import annotations

import ast

from tests.checks import CHECKS
from tests.conftest import ROOT


def numbers() -> set[str]:
    """The numbers that tests carry, as they stand in the source."""
    found = set()
    for path in (ROOT / "tests").rglob("test_*.py"):
        if "node_modules" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.mark.check":
                found |= {str(one.value) for one in node.args if isinstance(one, ast.Constant)}
    return found


def test_every_check_is_held_by_a_test() -> None:
    assert set(CHECKS) - numbers() == set(), "checks that no test carries"


def test_no_test_carries_a_number_that_is_no_check() -> None:
    assert numbers() - set(CHECKS) == set()
