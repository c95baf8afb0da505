"""flask campaign: look at campaigns, and what protects their writers. Their moves: `moves`."""

from __future__ import annotations

from typing import Any

import click
from sqlalchemy import select
from sqlalchemy.orm import selectinload

from app.campaigns import safety
from app.campaigns.models import Campaign
from app.campaigns.queries import get_campaign
from app.campaigns.rules import page_state
from app.cli.moves import MOVES
from app.cli.state import answer, now, refuse, state
from app.core.db import unit_of_work
from app.core.errors import Refused
from app.core.i18n import countries, is_language
from app.core.text import clean_text
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


@campaign.command("high-risk")
@click.argument("reference")
@click.option("--on/--off", "is_on", default=True, help="Mix the times of letters, or no longer.")
def high_risk(reference: str, *, is_on: bool) -> None:
    """Hide who wrote when: letters leave 5 to 60 minutes later, in another order."""
    try:
        with unit_of_work(state().database.writing) as session:
            found = get_campaign(session, reference)
            safety.set_high_risk(session, found, None, now(), is_on=is_on)
    except Refused as error:
        refuse(f"There is no campaign {reference} ({error.code}).")
        return
    click.echo("Letters of new confirmations are mixed." if is_on else "Letters leave at once.")


@campaign.command("country-note")
@click.argument("country")
@click.option("--language", default="en", help="The language of the note.")
@click.option("--text", "said", required=True, help="The note; empty takes it away.")
def country_note(country: str, language: str, said: str) -> None:
    """Say what is known about the safety of those who write from or to a country."""
    code = country.upper()
    if code not in {known for known, _name in countries("en")} or not is_language(language):
        refuse(f"{country} or {language} is not known: two letters each, like KZ and ru.")
    with unit_of_work(state().database.writing) as session:
        note = safety.set_country_note(session, code, language, clean_text(said), now())
        spoken = ", ".join(sorted(note.texts)) or "nothing"
    click.echo(f"{code}: {spoken}")


for move in MOVES:
    campaign.add_command(move)


def _row(found: Campaign) -> dict[str, Any]:
    return {
        "reference": found.reference,
        "state": str(found.state),
        "closes_at": found.closes_at.isoformat() if found.closes_at else "-",
        "title": text_in(found, found.document_language).title,
    }
