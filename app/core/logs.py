"""Logs: static sentences with fields, ids only. What is not on the list of fields is left out."""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

# Names, addresses, letters and tokens have no field here, so that they cannot be logged by mistake.
FIELDS = frozenset(
    (
        "event",
        "level",
        "timestamp",
        "exception",
        "exc_info",
        "process",
        "job",
        "due",
        "result",
        "kind",
        "code",
        "status",
        "endpoint",
        "method",
        "seconds",
        "dispatch",
        "campaign",
        "account",
        "worker",
        "fence",
        "count",
        "reason",
        "step",
        "pid",
        "setting",
        "channel",
        "lane",
        "attempt",
        "relay",
        "until",
    )
)


def set_up_logs(form: str) -> None:
    """One format for web, worker and scheduler: JSON for machines, text for people."""
    renderer: Any = (
        structlog.processors.JSONRenderer()
        if form == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _bare_traceback,
            keep_known_fields,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )


def keep_known_fields(
    _logger: object, _name: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Leave out every field that is not on the list."""
    return {name: value for name, value in event.items() if name in FIELDS}


def _bare_traceback(
    _logger: object, _name: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Where it broke, not with what: messages of errors and values of variables stay out."""
    if event.pop("exc_info", None):
        kind, _error, trace = sys.exc_info()
        places = []
        while trace is not None:
            code = trace.tb_frame.f_code
            places.append(f"{code.co_qualname}:{trace.tb_lineno}")
            trace = trace.tb_next
        event["exception"] = f"{kind.__name__ if kind else ''} at {' > '.join(places)}"
    return event
