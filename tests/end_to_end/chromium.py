"""Finding the Chromium of this machine, and starting it as tests and pictures need it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    # The machine's proxy may not come between a test and its own service.
    "--no-proxy-server",
)


def find_chromium() -> str | None:
    """What $CHROMIUM names, else the first of the usual names on the PATH."""
    told = os.environ.get("CHROMIUM")
    if told:
        return told
    return next((path for name in NAMES if (path := shutil.which(name))), None)


@contextmanager
def launched(executable: str) -> Iterator[Browser]:
    with sync_playwright() as player:
        browser = player.chromium.launch(executable_path=executable, args=list(FLAGS))
        yield browser
        browser.close()
