"""flask intake: read an urgent action and say what is in it, or make a draft of it."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import click

from app.accounts.models import Account
from app.accounts.queries import find_by_email
from app.authorities.queries import list_book
from app.cli.state import now, refuse, state
from app.core.db import day_of, unit_of_work
from app.core.errors import Refused
from app.core.i18n import is_language
from app.intake.drafting import Source, make_draft
from app.intake.duplicates import find_earlier, find_offices, with_known
from app.intake.model import Reading
from app.intake.parsing import read_action
from app.intake.plan import Proposal, propose
from app.intake.readers.child import read_stranger
from app.intake.readers.document import BYTES_AT_MOST, Document, Unreadable
from app.intake.words import label_of, told_of, told_of_caution, told_of_note, why_unreadable
from app.sections.actions import default_section

KINDS = (".txt", ".md", ".html", ".htm", ".pdf", ".docx", ".odt", ".eml")
_WIDE = 60

FILE = click.Path(exists=True, path_type=Path, allow_dash=True)
ONE_FILE = click.Path(exists=True, dir_okay=False, path_type=Path, allow_dash=True)
LANGUAGE = click.option("--language", default="", help="Of the document, if it is known.")


@click.group()
def intake() -> None:
    """Urgent actions as they arrive: PDF, Word, OpenDocument, web, mail or text."""


@intake.command("read")
@click.argument("file", type=FILE)
@click.option("--json", "as_json", is_flag=True, help="For programs: the schema and the evidence.")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Of a folder: where one JSON file a document is written.",
)
@LANGUAGE
def read(file: Path, *, as_json: bool, out: Path | None, language: str) -> None:
    """Print what was found in FILE, or in every file of a folder. Changes nothing.

    Nothing leaves this machine. A file that cannot be read is said, and ends the command with 1.
    """
    _require_language(language)
    files = sorted(_documents_in(file)) if file.is_dir() else [file]
    if not files:
        refuse(f"There is no document in {file}.")
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
    failed = 0
    told: list[dict[str, Any]] = []
    with _progress(files, is_shown=file.is_dir()) as each:
        for path in each:
            try:
                document, reading = _read(path, language)
            except Unreadable as refusal:
                click.echo(f"{path}: {why_unreadable(refusal)}.", err=True)
                failed += 1
                continue
            if out is not None:
                _write(out / f"{path.stem}.json", _schema(path, reading))
            elif as_json:
                told.append(_schema(path, reading))
            else:
                click.echo("\n".join(_table(path, document, reading)))
    if as_json and out is None:
        # One document is one object; a folder is a list of them.
        found = told if file.is_dir() else next(iter(told), None)
        if found is not None:
            click.echo(json.dumps(found, ensure_ascii=False, indent=2))
    if failed:
        raise SystemExit(1)


@intake.command("import")
@click.argument("file", type=ONE_FILE)
@click.option("--by", "email", default="", help="Whose draft it is: an organiser's e-mail address.")
@LANGUAGE
def import_command(file: Path, *, email: str, language: str) -> None:
    """Make a draft campaign of FILE. What is doubtful is noted in the draft; nothing is published.

    Without --by the draft belongs to nobody yet, in the section of this installation.
    """
    _require_language(language)
    running, at = state(), now()
    try:
        document, reading = _read(file, language)
        if not reading.is_action:
            refuse(f"{file} asks nobody to write to anybody. Nothing was made.")
        with unit_of_work(running.database.writing) as session:
            by = _organiser(find_by_email(session, email), email) if email else None
            section = by.section if by else default_section(session)
            proposal = propose(reading, day_of(at))
            offices = find_offices(
                list_book(session, section.id), proposal.plan.targets, proposal.plan.country
            )
            earlier = find_earlier(session, section.id, proposal.plan)
            plan = with_known(proposal.plan, offices, earlier)
            unchecked = proposal.to_check()
            source = Source(
                document.text, unchecked, {one.field: told_of(one) for one in unchecked}
            )
            made = make_draft(session, running.keys, section, plan, source, by=by, now=at)
            reference = made.reference
    except Unreadable as refusal:
        refuse(f"{file}: {why_unreadable(refusal)}.")
    except Refused as error:
        refuse(f"No draft was made ({error}).")
    else:
        click.echo(f"{reference}: a draft, with {len(unchecked)} things to check.")
        for line in _lines(proposal, only_open=True):
            click.echo(line)


def _read(path: Path, language: str) -> tuple[Document, Reading]:
    if str(path) == "-":
        data = sys.stdin.buffer.read(BYTES_AT_MOST + 1)
    else:
        with path.open("rb") as source:
            data = source.read(BYTES_AT_MOST + 1)
    document = read_stranger(data)
    return document, read_action(document.text, language=language or None, today=day_of(now()))


def _documents_in(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        if path.is_file() and path.suffix.lower() in KINDS:
            yield path


class _progress:  # noqa: N801 - used like the function that it wraps
    """Click's bar on the error output; none for one file, nor where nobody looks."""

    def __init__(self, files: list[Path], *, is_shown: bool) -> None:
        self._bar = click.progressbar(files, label="Reading", file=sys.stderr, hidden=not is_shown)

    def __enter__(self) -> Iterable[Path]:
        return self._bar.__enter__()

    def __exit__(self, *error: object) -> None:
        self._bar.render_finish()


def _schema(path: Path, reading: Reading) -> dict[str, Any]:
    return reading.as_schema() | {"source": path.name}


def _write(path: Path, schema: dict[str, Any]) -> None:
    path.write_text(json.dumps(schema, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def _table(path: Path, document: Document, reading: Reading) -> Iterator[str]:
    proposal = propose(reading, day_of(now()))
    yield f"{path} ({document.kind}): {reading.kind.value.replace('_', ' ')}"
    for note in document.notes:
        yield f"  {told_of_note(note)}."
    if not reading.is_action:
        yield "  It asks nobody to write to anybody."
        return
    yield from _lines(proposal)
    for caution in proposal.cautions:
        yield f"  {told_of_caution(caution.code, caution.parameters)}."
    missing = proposal.plan.missing()
    if missing:
        yield "  missing: " + "; ".join(label_of(name) for name in missing)


def _lines(proposal: Proposal, *, only_open: bool = False) -> Iterator[str]:
    for one in proposal.findings:
        if only_open and one.is_sure:
            continue
        words = " / ".join(one.value.split("\n"))
        words = words if len(words) <= _WIDE else f"{words[: _WIDE - 1]}…"
        state_of_it = "found" if one.is_sure else "check"
        yield f"  {state_of_it}  {label_of(one.field)}: {words}  [{one.reason}] {told_of(one)}."


def _organiser(account: Account | None, email: str) -> Account:
    if account is None:
        refuse(f"There is no account {email}.")
        raise AssertionError
    return account


def _require_language(language: str) -> None:
    if language and not is_language(language):
        refuse(f"{language} is no language: two letters, like fr.")
