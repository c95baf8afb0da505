"""What end-to-end tests stand on: the service as it is started for people, and a real browser."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import pytest
from playwright.sync_api import Browser

from tests.end_to_end.chromium import find_chromium, launched
from tests.end_to_end.gallery import Gallery, hang
from tests.end_to_end.running import ROOT, Running, start, stop
from tests.end_to_end.windows import Windows

VNU = ROOT / "tests" / "tools" / "node_modules" / "vnu-jar" / "build" / "dist" / "vnu.jar"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.allow_hosts(["127.0.0.1"]))
            # The first test of each process starts the service and fills it.
            item.add_marker(pytest.mark.timeout(300))


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The real thing, once for each process of the test run. Must end cleanly when asked to."""
    running = start(tmp_path_factory.mktemp("service"))
    yield running
    left = stop(running)
    assert not left, f"still alive 30 s after SIGTERM: {left}\n{running.said()}"
    assert "Traceback" not in running.said(), running.said()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A real Chromium. Ends with its module: its event loop would be in the way of other tests."""
    found = find_chromium()
    if found is None:
        missing("no Chromium: install it, or name one in $CHROMIUM (see docs/operating.md)")
    with launched(found) as browser:
        yield browser


@pytest.fixture(scope="session")
def gallery(service: Running) -> Gallery:
    return hang(service)


@pytest.fixture(scope="module")
def windows(chromium: Browser, gallery: Gallery) -> Iterator[Windows]:
    opened = Windows(chromium, gallery)
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def vnu() -> list[str]:
    """The command of the Nu HTML checker."""
    java = shutil.which("java")
    if java is None or not _runs(java):
        missing("no Java for the HTML checker: apt install default-jre-headless")
    if not VNU.exists():
        missing("no HTML checker: npm ci --ignore-scripts --prefix tests/tools")
    return [str(java), "-Xss4m", "-Xmx512m", "-jar", str(VNU)]


def missing(what: str) -> NoReturn:
    """Skip loudly; where nothing may be skipped, fail."""
    if os.environ.get("CI"):
        pytest.fail(what)
    pytest.skip(what)


def _runs(java: str) -> bool:
    # macOS has a `java` that only says where to get one.
    return subprocess.run([java, "-version"], check=False, capture_output=True).returncode == 0
