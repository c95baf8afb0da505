"""Processes share a database, never a connection to it."""

from __future__ import annotations

import http.client
import os
import signal
import threading

import pytest

from tests.faults.service import HAS_PROC, Service, wait_for

pytestmark = pytest.mark.skipif(not HAS_PROC, reason="finds its processes in /proc")


def look(service: Service, times: int, seen: list[int]) -> None:
    for _ in range(times):
        line = http.client.HTTPConnection("127.0.0.1", service.port, timeout=30)
        try:
            line.request("GET", "/en/campaigns")
            seen.append(line.getresponse().status)
        finally:
            line.close()


# Lines to a server are what two processes could share by mistake; a file has none.
@pytest.mark.parametrize(
    "url", [pytest.param("sqlite", marks=pytest.mark.long), "postgresql"], indirect=True
)
def test_two_web_processes_answer_side_by_side(service: Service, url: str) -> None:
    service.settings |= {
        "OUTCRY_DATABASE_URL": url,
        "OUTCRY_WEB_PROCESSES": "2",
        "OUTCRY_DEMO": "0",
    }
    service.start()
    seen: list[int] = []
    threads = [threading.Thread(target=look, args=(service, 15, seen)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(seen) == {200}
    assert len(seen) == 60

    master, *workers = service.processes()["web"]
    os.kill(workers[0], signal.SIGKILL)
    wait_for(lambda: len(service.processes()["web"]) == 3, 20, "web worker")
    wait_for(lambda: service.processes()["web"][1:] != workers, 20, "another web worker")
    wait_for(service.answers, 20, "web")
    seen.clear()
    look(service, 30, seen)
    assert set(seen) == {200}
    assert "request failed" not in service.log
    assert master == service.processes()["web"][0], "the other one was not disturbed"
