"""What a command works with: the same state as a request, and how it answers."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import click
from flask import current_app

from app.state import State, state_of

REFUSED = 1


def state() -> State:
    return state_of(current_app)


def now() -> datetime:
    return datetime.now(UTC)


def answer(rows: Any, *, as_json: bool, line: str = "") -> None:
    """Print rows as JSON for programs, or one line each for people."""
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False, indent=2, default=str))
        return
    for row in rows if isinstance(rows, list) else [rows]:
        click.echo(line.format(**row))


def refuse(why: str) -> None:
    """Say why not, and end with 1: the command was understood and is not done."""
    click.echo(why, err=True)
    raise SystemExit(REFUSED)
