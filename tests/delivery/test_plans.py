"""No question of the hot paths may read the whole outbox: nearly all of it was sent long ago."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, insert, select
from sqlalchemy.orm import Session

from app.core.db import Database, connect, unit_of_work
from app.core.tokens import Keys
from app.delivery.actions import mailbox_for
from app.delivery.booking import close_gaps, foresee, list_waiting
from app.delivery.claims import Holder, adopt_abandoned, claim_due
from app.delivery.models import Dispatch, DispatchState, Lane, Mailbox
from app.delivery.queries import (
    backlog,
    find_dispatch,
    has_work,
    list_failed,
    list_held,
    look_at,
)
from tests.conftest import a_database
from tests.delivery.outbox import NOON, Outbox

SENT = 20_000
HOLDER = Holder("here", tuple(Lane), timedelta(seconds=30))
WAITING = {
    DispatchState.QUEUED: 300,
    DispatchState.SENDING: 20,
    DispatchState.HELD: 20,
    DispatchState.FAILED: 40,
}


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def outbox(
    request: pytest.FixtureRequest, keys: Keys, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Outbox]:
    """A year's mail: what is sent outweighs what waits a hundred times. Nobody changes it."""
    folder = tmp_path_factory.mktemp("plans")
    with a_database(request, request.param, folder) as url:
        database = connect(url)
        yield _a_year(database, keys, folder)
        database.dispose()


def _a_year(database: Database, keys: Keys, folder: Path) -> Outbox:
    opened = Outbox.on(database, keys, folder / "mail")
    with unit_of_work(database.writing) as session:
        mailboxes = [mailbox_for(session, f"office{n}@ministry.example.org") for n in range(100)]
        rows = [
            _row(opened, number, mailboxes[number % 100], state)
            for state, times in {DispatchState.SENT: SENT, **WAITING}.items()
            for number in range(times)
        ]
        session.execute(insert(Dispatch.metadata.tables["dispatch"]), rows)
    with database.glancing.connect() as line:
        line.exec_driver_sql("ANALYZE")
    return opened


def _row(outbox: Outbox, number: int, mailbox: Mailbox, state: DispatchState) -> dict[str, Any]:
    is_over = state not in (DispatchState.QUEUED, DispatchState.SENDING)
    lane = Lane.NOTICE if number % 3 == 0 else Lane.LETTER
    return {
        "id": uuid.uuid4(),
        "once_key": f"{state}:{number}",
        "lane": lane,
        "state": state,
        "gate_id": outbox.gate.id if lane is Lane.LETTER else None,
        "gate_epoch": 1,
        "mailbox_id": mailbox.id if lane is Lane.LETTER else None,
        "key_id": outbox.seal.id,
        "payload": None if state is DispatchState.SENT else b"sealed",
        "due_at": NOON - timedelta(seconds=number),
        "lease_until": NOON - timedelta(days=1) if state is DispatchState.SENDING else None,
        "finished_at": NOON - timedelta(days=number % 300) if is_over else None,
    }


def plans_of(database: Database, session: Session, ask: Callable[[], object]) -> list[str]:
    """The plans of all statements about dispatches that `ask` runs."""
    ran: list[tuple[str, Any]] = []

    def note(_line: Any, _cursor: Any, sql: str, given: Any, _context: Any, many: Any) -> None:
        if "dispatch" in sql and not sql.startswith("INSERT"):
            ran.append((sql, given[0] if many else given))

    event.listen(database.engine, "before_cursor_execute", note)
    try:
        ask()
        session.flush()
    finally:
        event.remove(database.engine, "before_cursor_execute", note)
    how = "EXPLAIN QUERY PLAN" if database.is_sqlite else "EXPLAIN"
    connection = session.connection()
    plans = []
    for sql, given in ran:
        rows = connection.exec_driver_sql(f"{how} {sql}", given).all()
        plans.append("\n".join([sql, *(" ".join(map(str, row)) for row in rows)]))
    return plans


HOT: dict[str, Callable[[Outbox, Session], object]] = {
    "has work": lambda _outbox, session: has_work(
        session,
        NOON,
        lanes=HOLDER.lanes,
        host="here",
        patience=timedelta(),
        only_local=False,
    ),
    "claims": lambda outbox, session: claim_due(
        session, outbox.keys, 100, HOLDER, NOON, only_local=False
    ),
    "abandoned": lambda outbox, session: adopt_abandoned(session, outbox.keys, 100, HOLDER, NOON),
    "last look": lambda _outbox, session: look_at(session.connection(), _one(session).id),
    "waiting": lambda outbox, session: list_waiting(session, outbox.gate.id),
    "outlook": lambda outbox, session: foresee(
        session, _an_office(session), outbox.gate.id, None, NOON
    ),
    "gaps": lambda _outbox, session: close_gaps(session, NOON),
    "held and failed": lambda _outbox, session: (list_held(session), list_failed(session)),
    "backlog": lambda _outbox, session: backlog(session, NOON),
}


def _one(session: Session) -> Dispatch:
    found = find_dispatch(session, "queued:1")
    assert found is not None
    return found


def _an_office(session: Session) -> Mailbox:
    return mailbox_for(session, "office1@ministry.example.org")


@pytest.mark.parametrize("name", HOT)
def test_a_hot_path_never_reads_the_whole_outbox(outbox: Outbox, name: str) -> None:
    with unit_of_work(outbox.database.writing) as session:
        plans = plans_of(outbox.database, session, lambda: HOT[name](outbox, session))
        session.rollback()

    assert plans
    for plan in plans:
        assert "Seq Scan on dispatch" not in plan, plan
        # A partial index may be read whole: it holds only what waits.
        for line in plan.splitlines():
            if "SCAN dispatch" in line:
                assert "ix_dispatch_" in line, plan
                assert "ix_dispatch_gate" not in line, plan


def test_the_plans_are_told_apart(outbox: Outbox) -> None:
    """A question without an index shows as what it is."""
    with unit_of_work(outbox.database.writing) as session:

        def asked() -> object:
            return session.scalars(select(Dispatch.id).where(Dispatch.reason == "x")).all()

        plans = plans_of(outbox.database, session, asked)

    assert "Seq Scan on dispatch" in plans[0] or "SCAN dispatch" in plans[0]
