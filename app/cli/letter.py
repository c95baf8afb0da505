"""flask letter: one finished letter as it would leave, without anybody signing."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from uuid import UUID

import click

from app.authorities.models import ContactKind
from app.authorities.offices import point_of
from app.campaigns.models import Campaign, LetterTemplate, Target
from app.campaigns.queries import current_templates, get_campaign
from app.cli.state import now, refuse, state
from app.core.errors import NotFound, Refused
from app.core.text import clean_line
from app.delivery.message import Message, build
from app.letters.agreement import WriterForm
from app.letters.links import mail_link
from app.letters.paper import print_letters
from app.letters.render import FinishedLetter
from app.signatures.actions import local_day
from app.signatures.compose import Given, letter_to_read
from app.signatures.rules import addressed, email_of

TEXT, EML, PDF, MAILTO = "text", "eml", "pdf", "mailto"
_FORMS = [form.value for form in WriterForm]
# Nobody's signature: the turns of the command are the same on every machine.
_SEED = b"flask letter render"


class NoAddress(Refused):
    """The target has no e-mail address, so there is no mail to it."""

    code = "no_email_address"


class NotWritten(Refused):
    """The letter to this target does not exist in the language."""

    code = "letter_not_written"


@click.group()
def letter() -> None:
    """Letters of this installation."""


@letter.command("render")
@click.argument("reference")
@click.option("--target", "number", type=int, default=1, help="Its number on the page, from 1.")
@click.option("--language", default="", help="Of the letter; the preferred one if not given.")
@click.option("--name", default="", help="The writer's name.")
@click.option("--sentence", default="", help="The writer's own sentence.")
@click.option("--town", default="", help="The writer's town.")
@click.option("--about", default="", help="Who the writer is, in a line.")
@click.option("--form", type=click.Choice(_FORMS), default="neutral")
@click.option("--turn", type=click.IntRange(min=0), default=0, help="Which mix of the variants.")
@click.option("--as", "shape", type=click.Choice((TEXT, EML, PDF, MAILTO)), default=TEXT)
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="A file to write.")
def render_command(
    reference: str,
    *,
    number: int,
    language: str,
    name: str,
    sentence: str,
    town: str,
    about: str,
    form: str,
    turn: int,
    shape: str,
    out: Path | None,
) -> None:
    """Write the letter to one target of a campaign. Nothing is stored and nothing leaves."""
    at = now()
    try:
        given = Given(
            clean_line(name),
            sentence=clean_line(sentence),
            town=clean_line(town),
            about=clean_line(about),
            writer_form=WriterForm(form),
            turn=turn,
            seed=_SEED,
        )
        with state().database.reading() as session:
            campaign = get_campaign(session, reference)
            templates = current_templates(session, campaign.id)
            target = _target(campaign, number)
            finished = _finished(campaign, templates, target, language, given, at)
            content = _shaped(shape, campaign, target, finished, at)
    except Refused as error:
        refuse(f"There is no such letter ({error.code}).")
        return
    if out is None:
        click.echo(content, nl=False)
    else:
        out.write_bytes(content)


def _target(campaign: Campaign, number: int) -> Target:
    for target in addressed(campaign):
        if target.position == number:
            return target
    raise NotFound


def _finished(
    campaign: Campaign,
    templates: Mapping[tuple[UUID, str], LetterTemplate],
    target: Target,
    language: str,
    given: Given,
    at: datetime,
) -> FinishedLetter:
    if language and (target.audience_id, language) not in templates:
        raise NotWritten
    return letter_to_read(
        campaign, templates, target, language, given, local_day(campaign, at)
    ).letter


def _shaped(
    shape: str, campaign: Campaign, target: Target, finished: FinishedLetter, at: datetime
) -> bytes:
    if shape == PDF:
        return print_letters([finished])
    if shape == TEXT:
        return finished.as_text().encode()
    if point_of(target.authority, ContactKind.EMAIL) is None:
        raise NoAddress
    to = email_of(target.authority)
    if shape == EML:
        return _mail(campaign, to, finished, at)
    link = mail_link(finished, to)
    if link.must_copy:
        click.echo("The letter is too long for a link: copy its text into the mail.", err=True)
    return f"{link.href}\n".encode()


def _mail(campaign: Campaign, to: str, finished: FinishedLetter, at: datetime) -> bytes:
    section = campaign.section
    message = Message(
        sender_name=finished.writer,
        sender_address=section.sender_address,
        reply_to=section.reply_to,
        to_address=to,
        subject=finished.subject,
        text=finished.as_text(),
        language=finished.language,
    )
    # Not the id that a dispatch would have: this mail is looked at and never handed over.
    digest = hashlib.sha256(message.to_bytes()).hexdigest()[:32]
    domain = section.sender_address.rpartition("@")[2]
    return build(message, message_id=f"<{digest}@{domain}>", date=at)
