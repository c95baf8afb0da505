"""flask user: accounts of the desk."""

from __future__ import annotations

import click

from app.accounts.actions import create_account, leave, set_password
from app.accounts.models import RoleName
from app.accounts.passwords import make_password
from app.accounts.queries import find_by_email
from app.campaigns.editing import hand_over
from app.cli.state import now, refuse, state
from app.core.db import unit_of_work
from app.core.errors import Refused
from app.sections.actions import default_section


@click.group()
def user() -> None:
    """People who sign in at the desk."""


@user.command("create")
@click.option("--email", required=True, help="What the person signs in with.")
@click.option("--name", default="", help="The name colleagues see; the address unless given.")
@click.option(
    "--role",
    "roles",
    required=True,
    multiple=True,
    type=click.Choice([role.value for role in RoleName]),
    help="May be given more than once.",
)
def create(email: str, name: str, roles: tuple[str, ...]) -> None:
    """Make an account and print its password once."""
    password = make_password()
    try:
        with unit_of_work(state().database.writing) as session:
            create_account(
                session,
                default_section(session),
                email,
                name or email.partition("@")[0],
                [RoleName(role) for role in roles],
                password,
                now(),
            )
    except Refused as error:
        refuse(f"No account was made ({error.code}).")
        return
    click.echo(f"Sign in at {state().links.base}/sign-in")
    click.echo(f"Password: {password}")


@user.command("reset-password")
@click.option("--email", required=True, help="Whose password; every session of theirs ends.")
def reset_password(email: str) -> None:
    """Give an account a new password and print it once."""
    password = make_password()
    with unit_of_work(state().database.writing) as session:
        account = find_by_email(session, email)
        if account is not None:
            set_password(session, account, password, now())
    if account is None:
        refuse(f"Nobody signs in as {email}.")
        return
    click.echo(f"Password: {password}")


@user.command("leave")
@click.option("--email", required=True, help="Who leaves.")
@click.option("--to", "heir_email", required=True, help="Who goes on with their drafts.")
def leave_command(email: str, heir_email: str) -> None:
    """Close an account; a colleague goes on with what it was writing."""
    try:
        with unit_of_work(state().database.writing) as session:
            leaver, heir = find_by_email(session, email), find_by_email(session, heir_email)
            handed = hand_over(session, leaver, heir, now()) if leaver and heir else None
            if leaver and heir:
                leave(session, leaver, now())
    except Refused as error:
        refuse(f"The account stays open ({error.code}).")
        return
    if handed is None:
        refuse("One of the two has no account.")
        return
    click.echo(f"Closed. {handed} drafts handed over.")
