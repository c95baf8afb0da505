"""The application as tests make it, hundreds of times in one process."""

from __future__ import annotations

from flask import Flask
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket

from app import create_app
from config import Settings


class _Compiled(BytecodeCache):
    """Templates that this process has compiled before: that takes longer than most tests."""

    def __init__(self) -> None:
        self._kept: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        # What is kept names the source it was made from; of another source it is not taken.
        if kept := self._kept.get(bucket.key):
            bucket.bytecode_from_string(kept)

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._kept[bucket.key] = bucket.bytecode_to_string()


_COMPILED = _Compiled()


def an_app(settings: Settings) -> Flask:
    """What an operator starts with these settings."""
    app = create_app(settings)
    app.jinja_env.bytecode_cache = _COMPILED
    return app
