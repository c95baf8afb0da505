"""What one person alone should not do from afar: a second one confirms, or it is done on the spot.

Whoever holds a stolen or an extorted login at the other end of a network meets a second person.
Somebody who sits at the machine itself could as well pull its plug, and is only asked to be sure.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

import click

from app.accounts.actions import count_try
from app.accounts.models import RoleName
from app.accounts.queries import find_by_password
from app.cli.state import now, refuse, state
from app.core.db import unit_of_work

LOCAL = "local shell"
_MAY_CONFIRM = (RoleName.ORGANISER, RoleName.ADMINISTRATOR)
# What sshd and its kin leave in the environment of everything that is started through them.
_FROM_AFAR = ("SSH_CONNECTION", "SSH_CLIENT", "SSH_TTY")

second_option = click.option(
    "--second",
    metavar="EMAIL",
    default="",
    help="The account of a second person, who types the password (or gives it on standard input).",
)


def is_local(environment: Mapping[str, str], *, has_terminal: bool) -> bool:
    """Whether a person sits at this machine: a terminal, and none that came over the network."""
    return has_terminal and not any(environment.get(name) for name in _FROM_AFAR)


def confirmed_by(second: str) -> str:
    """Who stands behind the act besides its operator: an account's id, or the local shell.

    Refuses what nobody else confirms.
    """
    has_terminal = sys.stdin.isatty()
    if not second:
        if is_local(os.environ, has_terminal=has_terminal):
            return LOCAL
        refuse(
            "This needs a second person: --second EMAIL, an organiser or administrator, who types"
            " the password. At the machine itself, without SSH, it needs nobody."
        )
    password = (
        click.prompt(f"Password of {second}", hide_input=True, err=True)
        if has_terminal
        else sys.stdin.readline().rstrip("\r\n")
    )
    who = _account(second, password)
    if not who:
        refuse("The second person did not confirm: the account, its role or the password is wrong.")
    return who


def _account(email: str, password: str) -> str:
    # A transaction of its own: a wrong password is counted though nothing else happens.
    with unit_of_work(state().database.writing) as session:
        may_try = count_try(session, state().keys, email, now())
    if not may_try:
        return ""
    with state().database.reading() as session:
        account = find_by_password(session, email, password)
        if account is None or not any(account.may_be(role) for role in _MAY_CONFIRM):
            return ""
        return str(account.id)
