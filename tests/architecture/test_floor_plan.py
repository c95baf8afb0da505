"""The house rules that a machine can hold: who imports whom, what files are called, who commits."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.core.logs import FIELDS
from tests.conftest import ROOT

APP = ROOT / "app"
DOORS = {"web", "cli", "jobs", "api"}
ROOMS = sorted(
    path.name for path in APP.iterdir() if path.is_dir() and (path / "__init__.py").exists()
)
SOURCES = sorted(APP.rglob("*.py"))
OURS = [*SOURCES, ROOT / "config.py", ROOT / "wsgi.py", *sorted((ROOT / "tests").rglob("*.py"))]
OURS = [path for path in OURS if "node_modules" not in path.parts]
FORBIDDEN = {"utils", "helpers", "common", "misc", "base", "manager", "service"}
CLOCKS = {"now", "utcnow", "today"}


def named(paths: list[Path]) -> list[str]:
    return [str(path.relative_to(ROOT)) for path in paths]


def room_of(path: Path) -> str:
    parts = path.relative_to(APP).parts
    return parts[0] if len(parts) > 1 else ""


def rooms_only() -> list[Path]:
    return [path for path in SOURCES if room_of(path) not in DOORS | {""}]


def nodes(path: Path) -> Iterator[ast.AST]:
    yield from ast.walk(ast.parse(path.read_text(encoding="utf-8")))


def contracts() -> list[dict[str, object]]:
    with (ROOT / "pyproject.toml").open("rb") as source:
        found: list[dict[str, object]] = tomllib.load(source)["tool"]["importlinter"]["contracts"]
    return found


def test_the_rooms_stand_in_their_order() -> None:
    words = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    said = subprocess.run(
        [sys.executable, "-c", words, "--no-logo"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert said.returncode == 0, said.stdout


def test_every_room_has_its_place_in_the_order() -> None:
    """A room that no contract names could import whatever it likes."""
    layers = next(one for one in contracts() if one["type"] == "layers")
    placed = set(re.findall(r"app\.(\w+)", " ".join(layers["layers"])))  # type: ignore[arg-type]
    assert placed == set(ROOMS)


def test_every_room_is_kept_from_web_frameworks_and_from_settings() -> None:
    for contract in contracts():
        if contract["type"] == "forbidden":
            held = {name.removeprefix("app.") for name in contract["source_modules"]}  # type: ignore[attr-defined]
            # Accounts use Flask-Security's mixins; that is the one exception.
            assert set(ROOMS) - DOORS - held <= {"accounts"}, contract["name"]


def test_no_file_has_a_name_that_says_nothing() -> None:
    said_nothing = [
        path
        for path in OURS
        if path.stem in FORBIDDEN and path.relative_to(ROOT).parts[:2] != ("tests", "faults")
    ]
    assert named(said_nothing) == ["app/delivery/channels/base.py"]


@pytest.mark.parametrize("path", named([path for path in SOURCES if path.name == "__init__.py"]))
def test_a_package_says_what_it_is_for_and_nothing_else(path: str) -> None:
    if path == "app/__init__.py":  # the factory
        return
    body = ast.parse((ROOT / path).read_text(encoding="utf-8")).body
    assert len(body) == 1
    assert isinstance(body[0], ast.Expr)
    assert isinstance(body[0].value, ast.Constant)


@pytest.mark.parametrize("path", named(SOURCES))
def test_imports_are_whole_at_the_top_and_from_where_a_name_is_defined(path: str) -> None:
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, "a relative import"
            assert [alias.name for alias in node.names] != ["*"]
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            inner = [one for one in ast.walk(node) if isinstance(one, ast.Import | ast.ImportFrom)]
            assert inner == [], f"an import inside {node.name}"


def test_rooms_never_commit() -> None:
    """The worker is the one exception, and says so in its first line."""
    breakers = {
        str(path.relative_to(APP))
        for path in rooms_only()
        for node in nodes(path)
        if (isinstance(node, ast.Attribute) and node.attr in ("commit", "rollback"))
        or (isinstance(node, ast.Name) and node.id == "unit_of_work" and room_of(path) != "core")
    }
    assert breakers == {"delivery/worker.py"}


def test_rooms_never_look_at_the_clock() -> None:
    lookers = {
        f"{path.relative_to(APP)}:{node.lineno}"
        for path in rooms_only()
        for node in nodes(path)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in CLOCKS
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id in ("datetime", "date", "time")
    }
    assert lookers == set()


def test_a_door_looks_at_the_clock_in_one_place() -> None:
    lookers = {
        str(path.relative_to(APP))
        for path in SOURCES
        for node in nodes(path)
        if isinstance(node, ast.Attribute)
        and node.attr in CLOCKS
        and isinstance(node.value, ast.Name)
        and node.value.id in ("datetime", "date")
    }
    assert lookers == {"web/state.py", "cli/state.py", "jobs/runner.py"}


def logged(path: Path) -> Iterator[ast.Call]:
    for node in nodes(path):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in ("debug", "info", "warning", "error", "exception", "critical")
            and ast.unparse(node.func.value).endswith("log")
        ):
            yield node


@pytest.mark.parametrize("path", named([path for path in SOURCES if list(logged(path))]))
def test_logs_are_static_sentences_with_fields_that_are_on_the_list(path: str) -> None:
    for call in logged(ROOT / path):
        assert len(call.args) == 1
        assert isinstance(call.args[0], ast.Constant), ast.unparse(call)
        assert isinstance(call.args[0].value, str)
        unknown = {keyword.arg for keyword in call.keywords} - FIELDS
        assert unknown == set(), f"{ast.unparse(call)}: would vanish without a word"


EXCEPTION = re.compile(r"#\s*noqa\b(?:: (?P<rules>[A-Z]+\d+(?:, ?[A-Z]+\d+)*))?(?P<reason> - \S)?")
IGNORED = re.compile(r"#\s*type:\s*ignore(?!\[[a-z-]+(, ?[a-z-]+)*\])")


@pytest.mark.parametrize("path", named(OURS))
def test_every_exception_to_a_rule_names_it_and_gives_its_reason(path: str) -> None:
    if path == str(Path(__file__).relative_to(ROOT)):
        return
    above = ""
    for number, line in enumerate((ROOT / path).read_text(encoding="utf-8").splitlines(), 1):
        made = EXCEPTION.search(line)
        if made is not None:
            assert made["rules"], f"{path}:{number}: noqa for everything"
            explained = made["reason"] or above.lstrip().startswith("# ")
            assert explained, f"{path}:{number}: noqa without a reason beside or above it"
        assert not IGNORED.search(line), f"{path}:{number}: ignore without its code"
        above = line


TEMPLATES = sorted((ROOT / "templates").rglob("*.*"))


@pytest.mark.parametrize("path", named(TEMPLATES))
def test_no_template_trusts_what_it_is_given(path: str) -> None:
    words = (ROOT / path).read_text(encoding="utf-8")
    # A literal of the template's own may be markup; a value never is.
    assert not re.search(r"(?<!')\|\s*safe\b", words)
    assert "autoescape false" not in words
    if path.endswith(".html") and "/notices/" not in path:
        assert not re.search(r"<script(?![^>]*\bsrc=)", words), "no script inside a page"
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=", words), "no style or handler in a page"


def test_no_code_trusts_what_it_is_given() -> None:
    trusting = {
        f"{path.relative_to(APP)}:{node.lineno}"
        for path in SOURCES
        for node in nodes(path)
        if isinstance(node, ast.Name | ast.Attribute)
        and (node.id if isinstance(node, ast.Name) else node.attr)
        in ("render_template_string", "eval", "exec", "pickle", "yaml")
    }
    assert trusting == set()


def test_no_path_of_this_machine_stands_in_the_project() -> None:
    machine = re.compile(r"(?<![\w.])/(?:work|home|root|Users)/\w")
    looked = [*OURS, *TEMPLATES, ROOT / "run", ROOT / "Makefile", ROOT / "pyproject.toml"]
    looked = [path for path in looked if path != Path(__file__)]
    found = [path for path in looked if machine.search(path.read_text(encoding="utf-8"))]
    assert named(found) == []


def test_only_the_factory_reads_the_settings_of_the_process() -> None:
    readers = {
        str(path.relative_to(ROOT))
        for path in [*SOURCES, ROOT / "wsgi.py", ROOT / "config.py"]
        for node in nodes(path)
        if isinstance(node, ast.Name | ast.Attribute)
        and (node.id if isinstance(node, ast.Name) else node.attr) in ("read_settings", "environ")
    }
    # The parent hands its whole environment on to its children, which read of it who that is; and
    # whether somebody sits at this machine is told by what SSH leaves there, which is no setting.
    shell = {"app/cli/processes.py", "app/cli/child.py", "app/cli/second.py"}
    assert readers == {"config.py", "wsgi.py", *shell}
