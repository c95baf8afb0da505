"""A stranger's file is opened in a process of its own that can do next to nothing.

The child has two seconds of processor time, 288 MB, no descriptor left to open a file or a socket
with, and none of our settings or keys. It reads the file from its input and writes one answer.
Whatever it does, this process reads no more than an answer can be long and waits no longer.
"""

from __future__ import annotations

import codecs
import encodings
import importlib
import json
import os
import pkgutil
import resource
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Any

import pypdf

from app.intake.readers.document import (
    BYTES_AT_MOST,
    CHARACTERS_AT_MOST,
    Document,
    FileKind,
    Note,
    NoteCode,
    Reason,
    Unreadable,
)
from app.intake.readers.reading import read_file, require_size

ROOT = Path(__file__).resolve().parents[3]
MEMORY = 288 * 1024 * 1024
# Of work, and of the whole process: what a library cannot be woken from ends by the second one.
WORK_SECONDS, PROCESSOR_SECONDS = 1.3, 3
WALL_SECONDS = 10.0
# Nothing of ours: no settings, no secrets.
ENVIRONMENT = {"LANG": "C.UTF-8"}
# Six bytes a character at most, as JSON escapes them.
ANSWER_AT_MOST = 6 * CHARACTERS_AT_MOST + 64 * 1024
# The whole application is not loaded for one file: this room's own modules are enough.
_START = """
import sys, types
app = sys.modules["app"] = types.ModuleType("app")
app.__path__ = [{root!r} + "/app"]
from app.intake.readers.child import main
main()
"""


class TimeIsUp(BaseException):
    """The work took its seconds. No reader that forgives a broken file may forgive this."""


def read_stranger(data: bytes) -> Document:
    """A file as one clean text, opened far from everything that matters."""
    require_size(data)
    return _document(_answer_of_child(data))


def main() -> None:
    """What the child does."""
    _limit()
    try:
        # Once more every tenth of a second: some library may catch everything.
        signal.setitimer(signal.ITIMER_PROF, WORK_SECONDS, 0.1)
        answer = _told(read_file(sys.stdin.buffer.read(BYTES_AT_MOST + 1)))
    except Unreadable as refusal:
        answer = {"reason": str(refusal.reason), "detail": refusal.detail}
    except (MemoryError, RecursionError, TimeIsUp):
        answer = {"reason": str(Reason.TOO_HEAVY), "detail": ""}
    except Exception:  # noqa: BLE001 - a library's surprise at a made-up file is the file's fault
        answer = {"reason": str(Reason.BROKEN), "detail": ""}
    signal.signal(signal.SIGPROF, signal.SIG_IGN)
    sys.stdout.buffer.write(json.dumps(answer).encode())
    sys.stdout.buffer.flush()
    # Nothing is tidied up: a memory that is full would only fail once more.
    os._exit(0)


def _limit() -> None:
    """Give everything up. A system that lacks one of the limits keeps the others."""

    def too_long(_signal: int, _frame: FrameType | None) -> None:
        raise TimeIsUp

    _load_what_is_loaded_late()
    signal.signal(signal.SIGPROF, too_long)
    used = int(resource.getrusage(resource.RUSAGE_SELF).ru_utime)
    for limit, value in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CPU, used + PROCESSOR_SECONDS),
        (resource.RLIMIT_AS, MEMORY),
        # Input, output and errors are open; nothing else ever will be.
        (resource.RLIMIT_NOFILE, 3),
    ):
        with suppress(ValueError, OSError):
            resource.setrlimit(limit, (value, value))


def _load_what_is_loaded_late() -> None:
    """Codecs, and the parts of pypdf: later there is nothing to load them with."""
    for encoding in pkgutil.iter_modules(encodings.__path__):
        with suppress(LookupError, ImportError, AttributeError):
            codecs.lookup(encoding.name)
    for part in pkgutil.walk_packages(pypdf.__path__, "pypdf."):
        with suppress(ImportError):
            importlib.import_module(part.name)


def words_of_child() -> list[str]:
    return [sys.executable, "-I", "-c", _START.format(root=str(ROOT))]


def _answer_of_child(data: bytes) -> dict[str, Any]:
    with subprocess.Popen(  # noqa: S603 - ourselves, with words of our own
        words_of_child(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=ENVIRONMENT,
        cwd="/",
    ) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        end = threading.Timer(WALL_SECONDS, child.kill)
        end.start()
        try:
            with suppress(BrokenPipeError):
                child.stdin.write(data)
            with suppress(BrokenPipeError):
                child.stdin.close()
            said = child.stdout.read(ANSWER_AT_MOST + 1)
        finally:
            end.cancel()
            child.kill()
    try:
        answer = json.loads(said) if len(said) <= ANSWER_AT_MOST else None
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        # It was ended by one of its limits before it could say so.
        raise Unreadable(Reason.TOO_HEAVY)
    return answer


def _told(document: Document) -> dict[str, Any]:
    return {
        "text": document.text,
        "kind": str(document.kind),
        "notes": [[str(note.code), note.detail] for note in document.notes],
    }


def _document(answer: dict[str, Any]) -> Document:
    """The child's answer, believed no further than its form."""
    try:
        if "reason" in answer:
            raise Unreadable(Reason(answer["reason"]), str(answer["detail"])[:100])
        text = answer["text"]
        notes = tuple(Note(NoteCode(code), str(said)[:200]) for code, said in answer["notes"])
        kind = FileKind(answer["kind"])
    except (KeyError, ValueError, TypeError):
        raise Unreadable(Reason.BROKEN) from None
    if not isinstance(text, str) or len(text) > CHARACTERS_AT_MOST:
        raise Unreadable(Reason.BROKEN)
    return Document(text, kind, notes)
