"""flask clock: what will happen by itself, before it does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import click
from icalendar import Calendar
from icalendar import Event as CalendarEvent

from app.campaigns.queries import get_campaign
from app.cli.state import answer, now, refuse, state
from app.core.errors import Refused
from app.reminders.outlook import Event, EventKind, foresee

WORDS = {
    EventKind.OPENS: "opens to the public",
    EventKind.LETTERS: "letters that may leave in this hour",
    EventKind.NUDGE: "mails to people who have not confirmed",
    EventKind.REMINDER: "reminders to people who asked for them",
    EventKind.FOLLOWER_REMINDER: "reminders to followers who have not written",
    EventKind.POST: "mails to people whose letter should go into the post now",
    EventKind.NEWS: "mails to followers: what is new",
    EventKind.WEEKLY: "mails to followers: what was new in a week",
    EventKind.FOLLOWER_ASKED: "followers asked whether to go on; by section",
    EventKind.FOLLOWER_FORGET: "followers forgotten; by section",
    EventKind.STAFF_WARNING: "mails to organisers: extend, close or leave it",
    EventKind.CLOSES: "closes; letters planned for later that will not leave",
    EventKind.FORGET: "people forgotten who never confirmed",
    EventKind.DESTROY: "people whose data is destroyed with the campaign's key",
    EventKind.OUTCOME_WANTED: "mails to organisers: do you know what happened?",
}
DAYS_AT_MOST = 400


@click.command()
@click.option("--from", "start", type=click.DateTime(("%Y-%m-%d",)), help="A day, in UTC.")
@click.option("--days", type=click.IntRange(1, DAYS_AT_MOST), default=30, show_default=True)
@click.option("--campaign", "reference", help="Only this campaign.")
@click.option(
    "--as", "form", type=click.Choice(("table", "json", "ics")), default="table", show_default=True
)
def clock(start: datetime | None, days: int, reference: str | None, form: str) -> None:
    """List every notice, closing, batch and purge to come, with counts. Changes nothing.

    What is overdue stands at this moment; a list that begins later leaves it out.
    """
    moment = now()
    since = start.replace(tzinfo=UTC) if start else moment
    try:
        with state().database.reading() as session:
            if reference is not None:
                get_campaign(session, reference)
            until = since + timedelta(days=days)
            events = foresee(
                session,
                state().keys,
                since,
                until,
                moment,
                a_week=state().settings.reminders_a_week,
                reference=reference,
            )
    except Refused as error:
        refuse(f"There is no campaign {reference} ({error.code}).")
        return
    if form == "ics":
        click.echo(_calendar(events, moment), nl=False)
        return
    rows = [
        {
            "at": event.at.astimezone(UTC).isoformat(timespec="seconds"),
            "campaign": event.reference,
            "kind": str(event.kind),
            "count": event.count,
            "what": WORDS[event.kind],
        }
        for event in events
    ]
    if not rows and form == "table":
        click.echo("Nothing falls due in that time.")
    answer(rows, as_json=form == "json", line="{at}  {campaign}  {count:>7}  {what}")


def _calendar(events: list[Event], moment: datetime) -> str:
    """The list for a calendar program (RFC 5545); the same event keeps its UID."""
    calendar = Calendar()
    calendar.add("prodid", "-//Outcry//flask clock//EN")
    calendar.add("version", "2.0")
    for event in events:
        entry = CalendarEvent()
        stamp = event.at.astimezone(UTC)
        entry.add("uid", f"{event.kind}-{event.reference}-{stamp:%Y%m%dT%H%M%S}@outcry.invalid")
        entry.add("dtstamp", moment)
        entry.add("dtstart", stamp)
        entry.add("summary", f"{event.reference}: {event.count} {WORDS[event.kind]}")
        calendar.add_component(entry)
    return bytes(calendar.to_ical()).decode("utf-8")
