"""flask demo: two campaigns and three people to try everything with, on this machine only."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import click
from sqlalchemy.orm import Session

from app.accounts.actions import create_account
from app.accounts.models import RoleName
from app.accounts.passwords import make_password
from app.accounts.queries import find_by_email
from app.campaigns.document import load_demonstration, read_documents
from app.cli.state import now, state
from app.core.db import unit_of_work
from app.sections.actions import default_section

FILE = "demo-accounts.txt"


@dataclass(frozen=True, slots=True)
class Player:
    """Somebody to sign in as."""

    email: str
    name: str
    role: RoleName
    does: str


PLAYERS = (
    Player("olena@example.org", "Olena", RoleName.ORGANISER, "writes campaigns"),
    Player("amal@example.org", "Amal", RoleName.ORGANISER, "reviews and publishes them"),
    Player("kofi@example.org", "Kofi", RoleName.COORDINATOR, "reads the numbers"),
)


@click.command()
def demo() -> None:
    """Load the demonstration campaigns and accounts. Twice is harmless."""
    for line in load(state().settings.var):
        click.echo(line)


def load(var: Path) -> list[str]:
    """Load what is missing; return one line for each thing that was made."""
    made: list[str] = []
    accounts = var / FILE
    with unit_of_work(state().database.writing) as session:
        section = default_section(session)
        for document in read_documents():
            campaign = load_demonstration(session, state().keys, section, document, now())
            if campaign is not None:
                made.append(f"campaign {campaign.reference} ({document.name})")
        lines = [line for player in PLAYERS if (line := _account(session, player)) is not None]
        if lines:
            _keep(accounts, lines)
            made.append(f"accounts in {accounts}")
    return made


def _account(session: Session, player: Player) -> str | None:
    if find_by_email(session, player.email) is not None:
        return None
    password = make_password()
    create_account(
        session,
        default_section(session),
        player.email,
        player.name,
        [player.role],
        password,
        now(),
    )
    return f"{player.email}  {password}  {player.role}: {player.does}"


def _keep(path: Path, lines: list[str]) -> None:
    """Write before the commit: an account without its password in the file helps nobody."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as target:
        target.write("\n".join(lines) + "\n")
