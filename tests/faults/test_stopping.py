"""Starting and stopping: whoever ends, and however, leaves no process and no port behind."""

from __future__ import annotations

import os
import signal
import socket
import time
from pathlib import Path

import pytest

from tests.faults.service import HAS_PROC, Service, free_port, is_alive, port_is_free, wait_for

pytestmark = pytest.mark.skipif(not HAS_PROC, reason="finds its processes in /proc")


@pytest.fixture
def service(service: Service) -> Service:
    service.settings["OUTCRY_DEMO"] = "0"
    return service


def everybody(service: Service) -> list[int]:
    pids = [pid for found in service.processes().values() for pid in found]
    assert len(pids) >= 4, "web with its own worker, worker, scheduler"
    return pids


# The same way out for both signals; the second of them in make test-full.
@pytest.mark.parametrize(
    "how",
    [
        pytest.param(signal.SIGINT, id="Ctrl-C", marks=pytest.mark.long),
        pytest.param(signal.SIGTERM, id="SIGTERM"),
    ],
)
def test_one_that_dies_comes_back_and_asked_to_stop_all_end(
    service: Service, how: signal.Signals
) -> None:
    service.start()
    before = service.processes()
    os.kill(before["worker"][0], signal.SIGKILL)
    wait_for(
        lambda: service.processes().get("worker") not in (None, before["worker"]), 20, "worker"
    )
    after = service.processes()
    assert (after["web"], after["scheduler"]) == (before["web"], before["scheduler"])
    pids = everybody(service)
    # A browser that keeps its connection open must not keep the server.
    with socket.create_connection(("127.0.0.1", service.port)) as idle:
        idle.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        idle.recv(1000)
        assert service.stop(how) < 30
    assert service.parent is not None
    assert service.parent.returncode == 0
    assert [pid for pid in pids if is_alive(pid)] == []
    assert port_is_free(service.port)
    assert "Traceback" not in service.log


def test_a_parent_that_was_killed_takes_its_children_along(service: Service) -> None:
    service.start()
    pids = everybody(service)
    assert service.parent is not None
    service.parent.kill()
    service.parent.wait()
    try:
        wait_for(lambda: not any(map(is_alive, pids)), 10, "end of the children")
        assert port_is_free(service.port)
    finally:
        for pid in filter(is_alive, pids):
            os.kill(pid, signal.SIGKILL)


def test_a_taken_port_is_said_and_nothing_is_started(tmp_path: Path) -> None:
    service = Service(tmp_path / "var", {"OUTCRY_DEMO": "0"}, port=free_port())
    with socket.create_server(("127.0.0.1", service.port)):
        service.launch()
        assert service.parent is not None
        assert service.parent.wait(30) == 1
    service.sweep()
    assert f"Port {service.port} of 127.0.0.1 is taken" in service.log
    assert "Traceback" not in service.log
    assert not (service.var / "outcry.db").exists()


def test_stopping_while_it_is_still_starting_leaves_nothing(service: Service) -> None:
    service.launch()
    wait_for(lambda: service.has_ended() or service.processes(), 30, "first child", pause=0.02)
    pids = [pid for found in service.processes().values() for pid in found]
    assert service.stop() < 30
    time.sleep(0.5)
    assert [pid for pid in pids if is_alive(pid)] == []
    assert port_is_free(service.port)
