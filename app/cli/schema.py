"""flask db: the tables and their migrations."""

from __future__ import annotations

import click
from alembic import command
from alembic.util import CommandError

from app.cli.state import refuse, state
from app.core.schema import alembic_config, upgrade


@click.group()
def db() -> None:
    """Bring the tables to what the code expects."""


@db.command("upgrade")
@click.argument("revision", default="head")
def upgrade_command(revision: str) -> None:
    """Apply the migrations up to REVISION (all of them unless told otherwise)."""
    upgrade(state().settings.database_url, revision)


@db.command("downgrade")
@click.argument("revision")
def downgrade_command(revision: str) -> None:
    """Undo migrations down to REVISION. Make a backup first."""
    command.downgrade(alembic_config(state().settings.database_url), revision)


@db.command("check")
def check_command() -> None:
    """Say whether the tables are what the models describe."""
    try:
        command.check(alembic_config(state().settings.database_url))
    except CommandError as error:
        refuse(str(error))


@db.command("revision")
@click.argument("message")
@click.option("--rev-id", help="Number of the migration, such as 0002.")
def revision_command(message: str, rev_id: str | None) -> None:
    """Write a new migration from what has changed in the models."""
    config = alembic_config(state().settings.database_url)
    command.revision(config, message, autogenerate=True, rev_id=rev_id)
