"""flask campaign extend, pause, resume, close, reopen, stop: the moves of a published campaign.

Stopping what must not go on needs nobody else. What lets letters leave again, or says something in
public that cannot be unsaid, needs a second person (`--second`) or the machine itself.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

import click
from sqlalchemy.orm import Session

from app.accounts.models import Account
from app.campaigns.models import Campaign, ClosedReason, Outcome
from app.campaigns.outcomes import OutcomeForm, propose_outcome
from app.campaigns.queries import get_campaign
from app.campaigns.rules import WrongMove
from app.cli.second import LOCAL, confirmed_by, second_option
from app.cli.state import now, refuse, state
from app.core.db import unit_of_work
from app.core.errors import Refused
from app.core.forms import FieldErrors
from app.delivery.actions import GateReport
from app.reminders import life

note_option = click.option("--note", default="", help="Why, in one line for the public.")
day_option = click.option(
    "--until", "last_day", type=click.DateTime(("%Y-%m-%d",)), required=True, help="The last day."
)
time_option = click.option("--time", "last_time", default="", help="Like 23:59; else as before.")


@click.command("extend")
@click.argument("reference")
@day_option
@time_option
@note_option
def extend(reference: str, last_day: datetime, last_time: str, note: str) -> None:
    """Give an open or paused campaign a new last day, on the clocks of its own place."""

    def act(desk: life.Desk, found: Campaign) -> str:
        if found.closed_reason is not None:
            raise WrongMove("closed")
        return _set_end(desk, found, last_day, last_time, note)

    _do(reference, "extended", act)


@click.command("reopen")
@click.argument("reference")
@day_option
@time_option
@note_option
@second_option
def reopen(reference: str, last_day: datetime, last_time: str, note: str, second: str) -> None:
    """Open a campaign again whose date has passed: by a new last day, and by nothing else."""
    who = confirmed_by(second)

    def act(desk: life.Desk, found: Campaign) -> str:
        if found.closed_reason is not ClosedReason.EXPIRED:
            raise WrongMove("not expired")
        return _set_end(desk, found, last_day, last_time, note)

    _do(reference, "opened again", act, who)


@click.command("pause")
@click.argument("reference")
@note_option
def pause(reference: str, note: str) -> None:
    """Hold every letter while facts are checked."""

    def act(desk: life.Desk, found: Campaign) -> str:
        life.pause(desk, found, note=note)
        return "Paused. No letter leaves until `flask campaign resume`."

    _do(reference, "paused", act)


@click.command("resume")
@click.argument("reference")
@note_option
@second_option
def resume(reference: str, note: str, second: str) -> None:
    """Let letters go again."""
    who = confirmed_by(second)

    def act(desk: life.Desk, found: Campaign) -> str:
        life.resume(desk, found, note=note)
        return "Letters leave again."

    _do(reference, "resumed", act, who)


@click.command("stop")
@click.argument("reference")
@note_option
def stop(reference: str, note: str) -> None:
    """Stop a campaign: everything that has not left is cancelled at once."""

    def act(desk: life.Desk, found: Campaign) -> str:
        report = life.close(desk, found, reason=ClosedReason.STOPPED, note=note)
        return _closed(report, desk.now)

    _do(reference, "stopped", act)


@click.command("close")
@click.argument("reference")
@click.option(
    "--reason",
    type=click.Choice([ClosedReason.STOPPED.value, ClosedReason.SUPERSEDED.value]),
    default=ClosedReason.STOPPED.value,
    show_default=True,
)
@click.option(
    "--outcome", type=click.Choice([one.value for one in Outcome]), help="What came of it."
)
@click.option("--on", "happened_on", default="", help="The day of the outcome, like 2026-12-01.")
@click.option("--text", "texts", multiple=True, help="In a language, like en=She is free.")
@click.option("--source", default="", help="Where the outcome stands.")
@note_option
@second_option
def close(
    reference: str,
    reason: str,
    outcome: str | None,
    happened_on: str,
    texts: tuple[str, ...],
    source: str,
    note: str,
    second: str,
) -> None:
    """Close a campaign for good; with --outcome, tell what happened (needs a second person)."""
    if outcome is None:
        _do(
            reference,
            "closed",
            lambda desk, found: _closed(
                life.close(desk, found, reason=ClosedReason(reason), note=note), desk.now
            ),
        )
        return
    said = OutcomeForm(
        outcome, happened_on, source, dict(text.split("=", 1) for text in texts if "=" in text)
    )
    who = confirmed_by(second)

    def act(desk: life.Desk, found: Campaign) -> str:
        propose_outcome(desk.session, found, None, said, desk.now)
        desk.session.flush()  # what is told is what is written
        report = life.tell_outcome(desk, found, _account(desk.session, who))
        told = "Everybody can read what happened."
        return told if report is None else f"{told} {_closed(report, desk.now)}"

    _do(reference, "closed with an outcome", act, who)


MOVES = (extend, reopen, pause, resume, stop, close)


def _set_end(
    desk: life.Desk, found: Campaign, last_day: datetime, last_time: str, note: str
) -> str:
    life.set_new_end(
        desk,
        found,
        last_day=last_day.date(),
        last_time=last_time or found.last_time,
        note=note,
    )
    end = found.closes_at.isoformat(timespec="seconds") if found.closes_at else "-"
    return f"Letters may leave before {end}."


def _closed(report: GateReport, moment: datetime) -> str:
    return (
        f"Closed at {moment.isoformat(timespec='seconds')}. {report.cancelled} messages cancelled,"
        f" {report.in_flight} were already leaving."
    )


def _do(
    reference: str,
    what: str,
    act: Callable[[life.Desk, Campaign], str],
    who: str = "",
) -> None:
    try:
        with unit_of_work(state().database.writing) as session:
            by = None if who in ("", LOCAL) else session.get_one(Account, UUID(who))
            desk = life.Desk(session, state().keys, state().links, now(), by)
            said = act(desk, get_campaign(session, reference))
    except FieldErrors as refusal:
        wrong = ", ".join(f"{field} ({flaw.code})" for field, flaw in refusal.errors.items())
        refuse(f"{reference} is not {what}: {wrong}.")
        return
    except Refused as error:
        refuse(f"{reference} is not {what} ({error.code}).")
        return
    click.echo(said)


def _account(session: Session, who: str) -> Account | None:
    return None if who == LOCAL else session.get_one(Account, UUID(who))
