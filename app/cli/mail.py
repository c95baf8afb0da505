"""flask mail: the outbox, for operators."""

from __future__ import annotations

import uuid

import click
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.audit.actions import note
from app.cli.origin import Origin
from app.cli.second import confirmed_by, second_option
from app.cli.state import REFUSED, answer, now, refuse, state
from app.core.addresses import checked_address
from app.core.db import unit_of_work
from app.core.errors import Refused
from app.core.models import Installation
from app.core.restoring import RESTORING
from app.delivery import actions, queries
from app.delivery.booking import set_budget, used_now
from app.delivery.budgets import Budget, Hours, ceiling_of, read_hours, say_hours
from app.delivery.channels.base import Envelope, NeverWill, Outlet, Steps, TryLater, Unknown
from app.delivery.channels.maildir import Maildir
from app.delivery.channels.smtp import Relay, RelayAddress
from app.delivery.digests import count_letters
from app.delivery.message import Message, build
from app.delivery.models import Dispatch, Lane, Span
from app.sections.models import Section

# A person waits before the screen; a relay that needs longer has its answer here.
_TEST_SECONDS = 30.0


@click.group()
def mail() -> None:
    """Look at the outbox and settle what waits for a person."""


@mail.command("status")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--waiting", is_flag=True, help="Only what is not over: fast with any outbox.")
def status(*, as_json: bool, waiting: bool) -> None:
    """Whether mail flows, each lane in numbers, relays in trouble, what came of each domain."""
    settings = state().settings
    with state().database.reading() as session:
        look = queries.backlog if waiting else queries.outbox_status
        found = look(session, now())
    lanes = [
        {
            "lane": str(lane.lane),
            "oldest_seconds": int(lane.oldest_queued.total_seconds()) if lane.oldest_queued else 0,
            "total": lane.total,
            "states": {str(kind): times for kind, times in lane.by_state.items()},
        }
        for lane in found.lanes
    ]
    relays = [
        {
            "name": relay.name,
            "failures": relay.failures,
            "reason": relay.reason,
            "paused_until": relay.paused_until.isoformat() if relay.paused_until else None,
        }
        for relay in found.relays
    ]
    domains = [
        {
            "domain": each.domain,
            "sent": each.sent,
            "bounced": each.bounced,
            "failed": each.failed,
            "bounce_rate": round(each.bounce_rate, 4),
        }
        for each in found.domains
    ]
    if as_json:
        whole = {"muted": found.muted, "only_to": settings.mail_only_to, "lanes": lanes}
        answer(whole | {"relays": relays, "domains": domains}, as_json=True)
        return
    if found.muted:
        click.echo(f"MUTED ({found.muted}): nothing is sent until `flask mail unmute`.")
    if settings.mail_only_to:
        click.echo(f"ALL mail goes to {settings.mail_only_to} (OUTCRY_MAIL_ONLY_TO).")
    for rows, line in (
        (lanes, "{lane}: {total} in all, {states}, oldest {oldest_seconds} s"),
        (relays, "relay {name}: {failures} failures, {reason}, paused until {paused_until}"),
        (domains, "{domain}: {sent} sent, {bounced} bounced, {failed} failed"),
    ):
        answer(rows, as_json=False, line=line)


@mail.command("mute")
@second_option
def mute(second: str) -> None:
    """Stop all mail, on every machine, at once. Nothing is lost; it waits."""
    confirmed = confirmed_by(second)
    with unit_of_work(state().database.writing) as session:
        actions.mute(session, "by_hand")
        note(
            session,
            "operator",
            "mail.mute",
            about=("installation", "1"),
            now=now(),
            confirmed_by=confirmed,
        )
    click.echo("Muted. Nothing is sent until `flask mail unmute`.")


@mail.command("unmute")
def unmute() -> None:
    """Let mail flow. After a restore this says: what the database holds may leave."""
    with unit_of_work(state().database.writing) as session:
        if session.scalar(select(Installation.muted)) == RESTORING:
            refuse("A restore was cut short. Call `flask data restore` again.")
        actions.unmute(session)
        Origin(state().settings.var, state().database).accept(session)
    click.echo("Mail flows.")


@mail.command("test")
@click.argument("address")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def test(address: str, *, as_json: bool) -> None:
    """Hand one message over now, past the outbox, and say what each relay answered."""
    settings = state().settings
    try:
        to = checked_address(address)
    except Refused as error:
        refuse(f"{address} is no address that a message could be sent to ({error.code}).")
        return
    with state().database.reading() as session:
        sender = session.scalars(select(Section).order_by(Section.key).limit(1)).one()
    message = Message(
        sender_name=sender.sender_name,
        sender_address=sender.sender_address,
        to_address=settings.mail_only_to or to,
        subject="A test of Outcry",
        text="This message was sent by `flask mail test`. The way out works.\n",
        language="en",
    )
    rows = [_try_out(outlet, name, message) for name, outlet in _ways_out()]
    answer(rows, as_json=as_json, line="{way}: {outcome} {code} {queue_id}")
    if not all(row["outcome"] == "taken" for row in rows):
        raise SystemExit(REFUSED)


@mail.command("held")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def held(*, as_json: bool) -> None:
    """What waits for a person: messages of which nobody can know whether they arrived."""
    with state().database.reading() as session:
        rows = [
            {
                "id": str(row.id),
                "lane": str(row.lane),
                "reason": row.reason,
                "letters": _letters_in(session, row),
            }
            for row in queries.list_held(session)
        ]
    answer(rows, as_json=as_json, line="{id}  {lane}  {reason}  letters: {letters}")


def _letters_in(session: Session, row: Dispatch) -> int:
    """What one decision decides about: a digest carries many letters, a notice none."""
    if row.is_digest:
        return count_letters(session, row.id)
    return int(row.lane is Lane.LETTER)


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


def _ways_out() -> list[tuple[str, Outlet]]:
    settings = state().settings
    if not settings.relays:
        return [(str(settings.maildir), Maildir(settings.maildir))]
    addresses = [RelayAddress.from_url(url) for url in settings.relays]
    return [(each.name, Relay(each, timeout=_TEST_SECONDS)) for each in addresses]


def _try_out(outlet: Outlet, way: str, message: Message) -> dict[str, object]:
    domain = message.sender_address.rpartition("@")[2]
    message_id = f"<{uuid.uuid4().hex}@{domain}>"
    content = build(message, message_id=message_id, date=now())
    envelope = Envelope(message.sender_address, message.to_address)
    row: dict[str, object] = {"way": way, "outcome": "taken", "code": 0, "queue_id": ""}
    try:
        receipt = outlet.send(envelope, content, message_id=message_id, steps=Steps())
    except (TryLater, NeverWill) as error:
        return row | {"outcome": error.reason, "code": error.code}
    except Unknown:
        return row | {"outcome": "no_answer"}
    finally:
        outlet.close()
    return row | {"code": receipt.reply_code, "queue_id": receipt.queue_id}


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
