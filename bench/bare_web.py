"""The yardstick of `bench.web`: Flask views that do no more than they must.

One answers with the bytes of a page. One reads a form, does the inserts that a signature is with
SQLAlchemy Core, in one transaction with the durability of the product, and answers with a page.
"""

from __future__ import annotations

import os
import pickle
import sys
import uuid
from pathlib import Path
from typing import Any

from flask import Flask, Response, request
from granian import Granian
from granian.constants import Interfaces
from sqlalchemy import insert

from app.core.db import Base, connect

RECORD = "BENCH_RECORD"
HTML = "text/html; charset=utf-8"

Row = dict[str, Any]


def make() -> Flask:
    """The application, from what `bench.web` recorded of the product."""
    record = pickle.loads(Path(os.environ[RECORD]).read_bytes())
    app = Flask("bare")
    database = connect(record["url"])
    statements = [insert(Base.metadata.tables[name]) for name, _row in record["rows"]]

    @app.get("/page")
    def page() -> Response:
        return Response(record["page"], content_type=HTML)

    @app.post("/send")
    def send() -> Response:
        fields = request.form.to_dict(flat=False)
        assert fields["form"]
        with database.engine.execution_options(outcry_writes=True).begin() as connection:
            for statement, row in zip(statements, renewed(record["rows"]), strict=True):
                connection.execute(statement, row)
        return Response(record["sent"], content_type=HTML)

    return app


def renewed(rows: list[tuple[str, Row]]) -> list[Row]:
    """The same rows under new keys, so that they can stand beside those that are there."""
    ids = {row["id"]: uuid.uuid4() for _table, row in rows if isinstance(row.get("id"), uuid.UUID)}
    fresh = os.urandom(32)

    def again(value: object) -> object:
        if isinstance(value, uuid.UUID):
            return ids.get(value, value)
        if isinstance(value, bytes):
            return fresh[: len(value)] + value[32:] if len(value) <= 32 else value
        if isinstance(value, str) and len(value) > 30:
            for old, new in ids.items():
                value = value.replace(old.hex, new.hex)
        return value

    return [
        {
            name: again(value)
            for name, value in row.items()
            if not (name == "id" and isinstance(value, int))
        }
        for _table, row in rows
    ]


def serve(port: int) -> None:
    Granian(
        "bench.bare_web:app",
        address="127.0.0.1",
        port=port,
        interface=Interfaces.WSGI,
        workers=int(os.environ["BENCH_PROCESSES"]),
        blocking_threads=int(os.environ["BENCH_THREADS"]),
        log_enabled=False,
    ).serve()


if __name__ == "__main__":
    serve(int(sys.argv[1]))
elif RECORD in os.environ:
    app = make()
