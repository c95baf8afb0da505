"""flask mail: the outbox, for operators."""

from __future__ import annotations

import uuid

import click

from app.cli.state import answer, now, refuse, state
from app.core.db import unit_of_work
from app.core.errors import Refused
from app.delivery import actions, queries


@click.group()
def mail() -> None:
    """Look at the outbox and settle what waits for a person."""


@mail.command("status")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def status(*, as_json: bool) -> None:
    """How many messages of each lane are in each state, and how long the oldest has waited."""
    with state().database.reading() as session:
        found = queries.outbox_status(session, now())
    rows = [
        {
            "lane": str(lane.lane),
            "oldest_seconds": int(lane.oldest_queued.total_seconds()) if lane.oldest_queued else 0,
            "total": lane.total,
            "states": {str(kind): times for kind, times in lane.by_state.items()},
        }
        for lane in found.lanes
    ]
    answer(
        rows, as_json=as_json, line="{lane}: {total} in all, {states}, oldest {oldest_seconds} s"
    )


@mail.command("held")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def held(*, as_json: bool) -> None:
    """What waits for a person: messages of which nobody can know whether they arrived."""
    with state().database.reading() as session:
        rows = [
            {"id": str(row.id), "lane": str(row.lane), "reason": row.reason}
            for row in queries.list_held(session)
        ]
    answer(rows, as_json=as_json, line="{id}  {lane}  {reason}")


@mail.command("retry")
@click.argument("dispatch_id", type=click.UUID)
def retry(dispatch_id: uuid.UUID) -> None:
    """Send a held or failed message again. You decide that a second copy does less harm."""
    try:
        with unit_of_work(state().database.writing) as session:
            actions.retry(session, dispatch_id, now())
    except Refused as error:
        refuse(f"{dispatch_id} is not sent again ({error.code}).")
        return
    click.echo("Queued again.")
