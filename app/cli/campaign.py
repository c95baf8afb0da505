"""flask campaign: look at campaigns and close them."""

from __future__ import annotations

from typing import Any

import click
from sqlalchemy import select
from sqlalchemy.orm import selectinload

from app.campaigns import actions
from app.campaigns.models import Campaign, ClosedReason
from app.campaigns.queries import get_campaign
from app.campaigns.rules import page_state
from app.cli.state import answer, now, refuse, state
from app.core.db import unit_of_work
from app.core.errors import Refused
from app.signatures.notices import text_in
from app.tally.models import Figure
from app.tally.queries import totals


@click.group()
def campaign() -> None:
    """Campaigns of this installation."""


@campaign.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_command(*, as_json: bool) -> None:
    """One line a campaign: reference, state, end, title."""
    with state().database.reading() as session:
        found = session.scalars(
            select(Campaign).options(selectinload(Campaign.texts)).order_by(Campaign.reference)
        )
        rows = [_row(one) for one in found]
    answer(rows, as_json=as_json, line="{reference}  {state:<10}  {closes_at}  {title}")


@campaign.command("show")
@click.argument("reference")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show(reference: str, *, as_json: bool) -> None:
    """One campaign with its targets and its counts."""
    try:
        with state().database.reading() as session:
            found = get_campaign(session, reference)
            row = _row(found) | {
                "page": str(page_state(found, now())),
                "languages": [text.language for text in found.texts],
                "targets": [
                    {
                        "position": target.position,
                        "office": target.authority.key,
                        "channels": [str(point.kind) for point in target.authority.contact_points],
                    }
                    for target in found.targets
                ],
                "counts": {
                    str(figure): times
                    for figure, times in totals(session, found.id, tuple(Figure)).items()
                },
            }
    except Refused as error:
        refuse(f"There is no campaign {reference} ({error.code}).")
        return
    lines = "\n".join(f"{name}: {{{name}}}" for name in row)
    answer(row, as_json=as_json, line=lines)


@campaign.command("close")
@click.argument("reference")
@click.option("--note", default="", help="Why, in one line for the public.")
def close(reference: str, note: str) -> None:
    """Stop a campaign: everything that has not left is cancelled at once."""
    try:
        with unit_of_work(state().database.writing) as session:
            found = get_campaign(session, reference)
            report = actions.close(
                session, found, None, reason=ClosedReason.STOPPED, note=note, now=now()
            )
    except Refused as error:
        refuse(f"{reference} is not closed ({error.code}).")
        return
    click.echo(
        f"Closed. {report.cancelled} messages cancelled, {report.in_flight} were already leaving."
    )


def _row(found: Campaign) -> dict[str, Any]:
    return {
        "reference": found.reference,
        "state": str(found.state),
        "closes_at": found.closes_at.isoformat() if found.closes_at else "-",
        "title": text_in(found, found.document_language).title,
    }
