"""Every command of the installation, under the one word `flask`."""

from __future__ import annotations

from flask import Flask

from app.cli import (
    account,
    campaign,
    clock,
    data,
    demonstration,
    intake,
    letter,
    mail,
    mail_in,
    mail_records,
    processes,
    restore,
    schema,
    section,
    settings,
)


def add_commands(app: Flask) -> None:
    for command in (*mail_records.COMMANDS, *mail_in.COMMANDS):
        mail.mail.add_command(command)
    data.data.add_command(restore.restore)
    for command in (
        *processes.COMMANDS,
        schema.db,
        demonstration.demo,
        account.user,
        section.section,
        campaign.campaign,
        clock.clock,
        intake.intake,
        letter.letter,
        mail.mail,
        data.data,
        settings.config,
    ):
        app.cli.add_command(command)
