"""A client for measurements that can reach this machine alone: kept connections, whole answers."""

from __future__ import annotations

import selectors
import socket
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

HERE = "127.0.0.1"


@dataclass(slots=True)
class Load:
    """What came back: statuses, how long each answer took in seconds, and how long it all took."""

    statuses: Counter[int] = field(default_factory=Counter)
    took: list[float] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def rate(self) -> float:
        return len(self.took) / self.seconds

    def percentile(self, share: float) -> float:
        ordered = sorted(self.took)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def get(path: str) -> bytes:
    return (f"GET {path} HTTP/1.1\r\nHost: {HERE}\r\nAccept-Language: en\r\n\r\n").encode()


def post(path: str, body: bytes) -> bytes:
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {HERE}\r\nAccept-Language: en\r\n"
        f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def press(port: int, requests: Iterator[bytes], seconds: float, connections: int = 8) -> Load:
    """Ask on so many connections, each again as soon as it is answered, for so long."""
    load, chosen = Load(), selectors.DefaultSelector()
    begun = time.perf_counter()
    ends = begun + seconds
    for _ in range(connections):
        line = socket.create_connection((HERE, port))
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        _ask(chosen, line, requests)
    while chosen.get_map():
        for key, _mask in chosen.select(timeout=30):
            line = key.fileobj
            assert isinstance(line, socket.socket)
            asked_at, came = key.data
            came += line.recv(262_144)
            status = _whole(came)
            if not status:
                continue
            now = time.perf_counter()
            load.statuses[status] += 1
            load.took.append(now - asked_at)
            chosen.unregister(line)
            if now >= ends or not _ask(chosen, line, requests):
                line.close()
    load.seconds = time.perf_counter() - begun
    return load


def _ask(chosen: selectors.BaseSelector, line: socket.socket, requests: Iterator[bytes]) -> bool:
    request = next(requests, None)
    if request is None:
        return False
    chosen.register(line, selectors.EVENT_READ, (time.perf_counter(), bytearray()))
    line.sendall(request)
    return True


def _whole(came: bytearray) -> int:
    """The status of an answer that is all there, else 0."""
    head_ends = came.find(b"\r\n\r\n")
    if head_ends < 0:
        return 0
    head = bytes(came[:head_ends]).lower()
    length = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0])
    return int(head.split(b" ", 2)[1]) if len(came) >= head_ends + 4 + length else 0
