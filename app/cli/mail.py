"""flask mail: the outbox, for operators."""

from __future__ import annotations

import uuid

import click
from sqlalchemy import select

from app.cli.origin import Origin
from app.cli.state import REFUSED, answer, now, refuse, state
from app.core.addresses import checked_address
from app.core.db import unit_of_work
from app.core.errors import Refused
from app.delivery import actions, queries
from app.delivery.channels.base import Envelope, NeverWill, Outlet, Steps, TryLater, Unknown
from app.delivery.channels.maildir import Maildir
from app.delivery.channels.smtp import Relay, RelayAddress
from app.delivery.message import Message, build
from app.sections.models import Section

# A person waits before the screen; a relay that needs longer has its answer here.
_TEST_SECONDS = 30.0


@click.group()
def mail() -> None:
    """Look at the outbox and settle what waits for a person."""


@mail.command("status")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def status(*, as_json: bool) -> None:
    """Whether mail flows, each lane in numbers, relays in trouble, what came of each domain."""
    settings = state().settings
    with state().database.reading() as session:
        found = queries.outbox_status(session, now())
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
def mute() -> None:
    """Stop all mail, on every machine, at once. Nothing is lost; it waits."""
    with unit_of_work(state().database.writing) as session:
        actions.mute(session, "by_hand")
    click.echo("Muted. Nothing is sent until `flask mail unmute`.")


@mail.command("unmute")
def unmute() -> None:
    """Let mail flow. After a restore this says: what the database holds may leave."""
    with unit_of_work(state().database.writing) as session:
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
