"""Processes that are told one line and answer with one: how long their work took."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Took:
    """How long something took, and for how long of it a processor was at it: the senders' alone."""

    seconds: float
    busy: float

    def __add__(self, other: Took) -> Took:
        return Took(self.seconds + other.seconds, self.busy + other.busy)


class Talk:
    """A process that is told a line and answers with one."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def say(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def hear(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "it has ended"
        return line

    def took(self) -> Took:
        return Took(**json.loads(self.hear()))

    def ask(self, job: dict[str, Any]) -> Took:
        self.say(json.dumps(job))
        return self.took()


@contextmanager
def a_talk(command: Sequence[str]) -> Iterator[Talk]:
    """Start it and wait until it has said that it is ready."""
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            talk = Talk(process)
            talk.hear()
            yield talk
        finally:
            process.terminate()
