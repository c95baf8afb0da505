"""Logs say where and what kind, with ids; never with whom and in which words."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable, Iterator

import pytest
import structlog

from app.core.logs import FIELDS, set_up_logs

SECRET = "sam@example.org wrote: let him go"


@pytest.fixture(params=["json", "text"])
def form(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def shown(form: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], str]]:
    """What has been logged, with logging set up as in a process of ours."""
    before, written = structlog.get_config(), io.StringIO()
    monkeypatch.setattr(sys, "stderr", written)
    set_up_logs(form)
    yield written.getvalue
    structlog.configure(**before)


@pytest.mark.parametrize("form", ["json"])
def test_a_known_field_is_written(shown: Callable[[], str]) -> None:
    structlog.get_logger().info("job done", job="fold-counts", result=3)
    line = shown()
    logged = json.loads(line)
    assert (logged["event"], logged["job"], logged["result"]) == ("job done", "fold-counts", 3)
    assert logged["level"] == "info"
    assert logged["timestamp"].endswith("Z")


@pytest.mark.parametrize(
    "field", ["name", "email", "sentence", "token", "address", "user", "error"]
)
def test_a_field_that_is_not_on_the_list_vanishes(shown: Callable[[], str], field: str) -> None:
    structlog.get_logger().warning("something", **{field: SECRET}, dispatch="d")
    line = shown()
    assert SECRET not in line
    assert "dispatch" in line


def test_a_bound_field_that_is_not_on_the_list_vanishes_too(
    shown: Callable[[], str],
) -> None:
    structlog.get_logger().bind(email=SECRET).info("something")
    with structlog.contextvars.bound_contextvars(sentence=SECRET):
        structlog.get_logger().info("another thing")
    assert SECRET not in shown()


def test_a_traceback_says_where_and_never_with_what(shown: Callable[[], str]) -> None:
    def break_down(sentence: str) -> None:
        raise ValueError(sentence)

    try:
        try:
            break_down(SECRET)
        except ValueError as error:
            raise LookupError(SECRET) from error
    except LookupError:
        structlog.get_logger().exception("job failed", job="j")
    line = shown()
    assert "LookupError at " in line
    assert "test_a_traceback_says_where" in line
    assert SECRET not in line


def test_what_is_only_for_the_developer_is_not_written(shown: Callable[[], str]) -> None:
    structlog.get_logger().debug("detail", job="j")
    assert shown() == ""


def test_no_field_could_hold_a_person() -> None:
    personal = {"name", "email", "address", "to", "sentence", "subject", "text", "token", "url"}
    assert not FIELDS & (personal | {"path", "ip", "query", "referrer", "user_agent"})
