"""flask mail: the outbox, for operators."""

from __future__ import annotations

import uuid

import click

from app.cli.state import answer, now, refuse, state
from app.core.addresses import checked_address
from app.core.db import unit_of_work
from app.core.errors import Refused
from app.delivery import actions, queries
from app.delivery.booking import set_budget, used_now
from app.delivery.budgets import Budget, Hours, ceiling_of, read_hours, say_hours
from app.delivery.models import Span


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


@mail.command("budget")
@click.argument("address")
@click.option("--minute", type=click.IntRange(min=1), help="At most so many in a minute.")
@click.option("--hour", type=click.IntRange(min=1), help="At most so many in an hour.")
@click.option("--day", type=click.IntRange(min=1), help="At most so many on a local day.")
@click.option("--total", type=click.IntRange(min=1), help="At most so many, ever.")
@click.option("--days", help="Days it reads mail on, 1 is Monday: 12345.")
@click.option("--hours", "hours", metavar="HH:MM-HH:MM", help="Its hours: 09:00-17:00.")
@click.option("--zone", help="Its time zone: Asia/Almaty.")
@click.option("--default", "as_default", is_flag=True, help="Forget its own ceilings first.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def budget(
    address: str,
    *,
    minute: int | None,
    hour: int | None,
    day: int | None,
    total: int | None,
    days: str | None,
    hours: str | None,
    zone: str | None,
    as_default: bool,
    as_json: bool,
) -> None:
    """Show what ADDRESS may get, or change what is named."""
    wanted = {Span.MINUTE: minute, Span.HOUR: hour, Span.DAY: day, Span.EVER: total}
    try:
        with unit_of_work(state().database.writing) as session:
            mailbox = actions.mailbox_for(session, checked_address(address))
            if as_default or days or hours or zone or any(wanted.values()):
                own = {span: None if as_default else ceiling_of(mailbox, span) for span in Span}
                own |= {span: ceiling for span, ceiling in wanted.items() if ceiling}
                kept = Budget.of(mailbox, now()).hours
                opens, closes = read_hours(hours) if hours else (kept.opens, kept.closes)
                new = Hours(zone or kept.time_zone, days or kept.days, opens, closes)
                set_budget(session, mailbox, ceilings=own, hours=new, now=now())
            found = Budget.of(mailbox, now())
            used = used_now(session, mailbox.id, found, now())
    except Refused as error:
        refuse(f"The budget of {address} stays as it was ({error.code}).")
        return
    row = {
        "address": mailbox.address,
        **{str(span): found.ceiling(span) for span in Span},
        "used": {str(span): used.get(span, 0) for span in Span},
        "days": found.hours.days,
        "hours": say_hours(found.hours),
        "time_zone": found.hours.time_zone,
    }
    line = (
        "{address}: {minute} a minute, {hour} an hour, {day} a day, {ever} in all; "
        "days {days}, {hours} {time_zone}; used {used}"
    )
    answer(row, as_json=as_json, line=line)
