"""flask letter: one finished letter as it would leave, without anybody signing."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from uuid import UUID

import click

from app.authorities.models import ContactKind
from app.authorities.offices import point_of
from app.campaigns.models import Campaign, LetterTemplate, Target
from app.campaigns.queries import current_templates, get_campaign
from app.cli.state import now, refuse, state
from app.core.db import unit_of_work
from app.core.errors import NotFound, Refused
from app.core.text import clean_line
from app.delivery.message import Message, build
from app.letters.agreement import WriterForm
from app.letters.directions import mail_text
from app.letters.fax import print_fax
from app.letters.handing import hand_over
from app.letters.labels import print_envelope, print_labels
from app.letters.limits import fitted_text
from app.letters.links import mail_link
from app.letters.paper import Paper, print_letters
from app.letters.render import FinishedLetter
from app.letters.spoken import phone_script
from app.signatures.actions import local_day
from app.signatures.compose import Given, addresses_of, letter_to_read
from app.signatures.handing import (
    cover_for,
    letters_to_hand_over,
    note_handing,
    target_numbered,
)
from app.signatures.rules import addressed, email_of

# Whoever has the shell, in the log of who did what.
OPERATOR = "operator"
_FORMS = [form.value for form in WriterForm]
# Nobody's signature: the turns of the command are the same on every machine.
_SEED = b"flask letter render"


class Shape(StrEnum):
    """What a letter can be made into."""

    TEXT = "text"
    EML = "eml"
    PDF = "pdf"
    MAILTO = "mailto"
    FAX = "fax"
    PHONE = "phone"
    FORM = "form"
    LABELS = "labels"
    ENVELOPE = "envelope"


@dataclass(frozen=True, slots=True)
class _Wish:
    """What was asked for besides the letter itself."""

    shape: Shape
    paper: Paper
    sender: tuple[str, ...]
    at_most: int | None


class NoAddress(Refused):
    """The target has no e-mail address, so there is no mail to it."""

    code = "no_email_address"


class NoLetters(Refused):
    """Nobody's confirmed letter goes to this target by post."""

    code = "no_letters"


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
@click.option(
    "--as", "shape", type=click.Choice([str(shape) for shape in Shape]), default=Shape.TEXT.value
)
@click.option("--paper", type=click.Choice([str(paper) for paper in Paper]), default=Paper.A4.value)
@click.option("--sender", multiple=True, help="A line of the writer's address; may be repeated.")
@click.option("--at-most", type=click.IntRange(1), help="Characters that a web form takes.")
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
    paper: str,
    sender: tuple[str, ...],
    at_most: int | None,
    out: Path | None,
) -> None:
    """Write the letter to one target of a campaign. Nothing is stored and nothing leaves."""
    at = now()
    try:
        lines = tuple(clean_line(line) for line in sender)
        wish = _Wish(Shape(shape), Paper(paper), lines, at_most)
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
            content = _shaped(wish, campaign, target, finished, at)
    except Refused as error:
        refuse(f"There is no such letter ({error.code}).")
        return
    if out is None:
        click.echo(content, nl=False)
    else:
        out.write_bytes(content)


@letter.command("batch")
@click.argument("reference")
@click.option("--target", "number", type=int, default=1, help="Its number on the page, from 1.")
@click.option("--paper", type=click.Choice([str(paper) for paper in Paper]), default=Paper.A4.value)
@click.option(
    "--out", required=True, type=click.Path(dir_okay=False, path_type=Path), help="A file to write."
)
def batch_command(reference: str, *, number: int, paper: str, out: Path) -> None:
    """Write every confirmed letter by post to one target into one PDF, to hand over together.

    The file holds names and words of supporters in clear: it is yours to keep safe and to destroy.
    """
    at, running = now(), state()
    try:
        with running.database.reading() as session:
            campaign = get_campaign(session, reference)
            target = target_numbered(campaign, number)
            cover = cover_for(session, campaign, target, at)
            if not cover.letters:
                raise NoLetters
            with unit_of_work(running.database.writing) as writing:
                note_handing(writing, OPERATOR, campaign, target, cover.letters, at)
            letters = letters_to_hand_over(session, running.keys, campaign, target)
            _write_batch(hand_over(cover, letters, Paper(paper)), out, cover.letters)
    except Refused as error:
        refuse(f"There is nothing to hand over ({error.code}).")


def _write_batch(pieces: Iterator[tuple[int, bytes]], out: Path, letters: int) -> None:
    # For its owner alone, from the first byte on.
    descriptor = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        told = 0
        for done, piece in pieces:
            file.write(piece)
            if done != told:
                click.echo(f"{done} of {letters} letters", err=True)
            told = done


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
    wish: _Wish, campaign: Campaign, target: Target, finished: FinishedLetter, at: datetime
) -> bytes:
    match wish.shape:
        case Shape.TEXT:
            return finished.as_text().encode()
        case Shape.PHONE:
            return phone_script(finished).encode()
        case Shape.FORM:
            return _for_form(finished, wish.at_most).encode()
        case Shape.EML:
            return _mail(campaign, _email(target), finished, at)
        case Shape.MAILTO:
            return _link(_email(target), finished)
        case _:
            return _printed(wish, campaign, target, finished)


def _printed(wish: _Wish, campaign: Campaign, target: Target, finished: FinishedLetter) -> bytes:
    title, language = finished.subject, finished.language
    match wish.shape:
        case Shape.FAX:
            point = point_of(target.authority, ContactKind.FAX)
            return print_fax(finished, point.value if point else "", paper=wish.paper)
        case Shape.LABELS:
            everybody = addresses_of(campaign, language)
            return print_labels(everybody, title=title, language=language, paper=wish.paper)
        case Shape.ENVELOPE:
            return print_envelope(
                finished.address,
                title=title,
                language=language,
                sender=wish.sender,
                paper=wish.paper,
            )
        case _:
            return print_letters([finished], paper=wish.paper, sender=wish.sender)


def _email(target: Target) -> str:
    if point_of(target.authority, ContactKind.EMAIL) is None:
        raise NoAddress
    return email_of(target.authority)


def _for_form(finished: FinishedLetter, at_most: int | None) -> str:
    fitted = fitted_text(finished, at_most)
    if not fitted.fits:
        click.echo("Even the demands alone are longer than that.", err=True)
    for sentence in fitted.left_out:
        click.echo(f"Left out: {sentence}", err=True)
    return fitted.text


def _link(to: str, finished: FinishedLetter) -> bytes:
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
        text=mail_text(finished),
        language=finished.language,
    )
    # Not the id that a dispatch would have: this mail is looked at and never handed over.
    digest = hashlib.sha256(message.to_bytes()).hexdigest()[:32]
    domain = section.sender_address.rpartition("@")[2]
    return build(message, message_id=f"<{digest}@{domain}>", date=at)
