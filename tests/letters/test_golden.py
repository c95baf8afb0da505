"""Reviewers read letters: both demonstration campaigns, every audience, in twelve languages.

`SNAPSHOTS=write ./run python -m pytest tests/letters/test_golden.py` writes the files anew, to be
read in the diff by somebody who writes the language.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.orm import Session

from app.authorities.models import ContactKind
from app.authorities.offices import point_of
from app.campaigns.models import Campaign, LetterTemplate
from app.campaigns.queries import current_templates
from app.campaigns.sources import concerned_in, people_in, source_of
from app.core.db import connect, unit_of_work
from app.core.tokens import Keys
from app.delivery.message import Message, build
from app.letters.directions import mail_text
from app.letters.offers import offered_forms
from app.letters.paper import print_letters
from app.letters.render import FinishedLetter
from app.signatures.compose import Given, letter_to_read
from app.signatures.rules import addressed, email_of
from tests.builders import the_demonstration
from tests.conftest import ROOT

SNAPSHOTS = ROOT / "tests" / "snapshots" / "letters"
AGAIN = "SNAPSHOTS=write ./run python -m pytest tests/letters/test_golden.py"
CHOICES = "choices.txt"
WRITING = os.environ.get("SNAPSHOTS") == "write"
DAY = date(2026, 6, 1)
AT = datetime(2026, 6, 1, 9, 30, tzinfo=UTC)
AUDIENCES = (
    ("mamai", "authorities"),
    ("dosmagambetov", "authorities"),
    ("dosmagambetov", "medical"),
)
# The name and the sentence of a writer in each language; neither tells a gender.
WRITERS = {
    "en": ("Sam Supporter", "I teach at a school and follow this case closely."),
    "fr": ("Dominique Lefèvre", "J’enseigne dans une école et je suis cette affaire de près."),
    "es": ("Guadalupe Núñez", "Doy clases en una escuela y sigo este caso de cerca."),
    "de": (
        "Kim Größmann",
        "Ich unterrichte an einer Schule und verfolge diesen Fall aufmerksam.",
    ),
    "it": ("Andrea Nicolò", "Insegno in una scuola e seguo questo caso con attenzione."),
    "pt": ("Darci Gonçalves", "Dou aulas em uma escola e acompanho este caso de perto."),
    "ru": ("Саша Черненко", "Я преподаю в школе и внимательно слежу за этим делом."),
    "uk": ("Женя Щербань", "Я викладаю в школі й уважно стежу за цією справою."),
    "pl": ("Maria Żółć", "Uczę w szkole i uważnie śledzę tę sprawę."),
    "ar": ("نور الهادي", "أعمل في التدريس وأتابع هذه القضية عن كثب."),
    "fa": ("شادی کیانی", "در مدرسه تدریس می‌کنم و این پرونده را با دقت دنبال می‌کنم."),
    "tr": ("Deniz Işık", "Bir okulda öğretmenlik yapıyor ve bu davayı yakından takip ediyorum."),
}
CASES = [(*audience, language) for audience in AUDIENCES for language in WRITERS]


@pytest.fixture(scope="module")
def desk(sqlite_template: Path, tmp_path_factory: Any) -> Iterator[tuple[Session, dict[str, Any]]]:
    """Both campaigns, loaded once: nothing here changes them."""
    file = tmp_path_factory.mktemp("golden") / "letters.db"
    shutil.copy(sqlite_template, file)
    found = connect(f"sqlite:///{file}")
    with unit_of_work(found.writing) as session:
        names = dict.fromkeys(name for name, _ in AUDIENCES)
        keys = Keys.of(b"k" * 32)
        yield session, {name: the_demonstration(session, keys, name) for name in names}
    found.dispose()


def letters_of(
    session: Session, campaign: Campaign, audience: str, language: str
) -> list[tuple[str, FinishedLetter]]:
    """The letter to each target of an audience, with its e-mail address where it has one."""
    templates = current_templates(session, campaign.id)
    name, sentence = WRITERS[language]
    given = Given(name=name, sentence=sentence)
    letters = []
    for target in addressed(campaign):
        if target.audience.key == audience:
            preview = letter_to_read(campaign, templates, target, language, given, DAY)
            assert preview.letter.language == language
            reachable = point_of(target.authority, ContactKind.EMAIL) is not None
            letters.append((email_of(target.authority) if reachable else "", preview.letter))
    return letters


def as_text(letters: list[FinishedLetter]) -> str:
    """The first letter whole; of the others what differs, which is who is addressed and how."""
    first = letters[0]
    parts = [*first.address, "", first.date, "", first.subject, "", first.as_text()]
    for other in letters[1:]:
        assert (other.subject, other.body()) == (first.subject, first.body())
        parts += ["---", *other.address, "", other.salutation, "", other.closing, ""]
    return "\n".join(parts)


def as_mail(letter: FinishedLetter, to: str) -> bytes:
    message = Message(
        sender_name=letter.writer,
        sender_address="letters@act.example.org",
        reply_to="section@example.org",
        to_address=to,
        subject=letter.subject,
        text=mail_text(letter),
        language=letter.language,
    )
    return build(message, message_id="<0123456789abcdef@act.example.org>", date=AT)


def as_read_from_paper(letter: FinishedLetter, folder: Path) -> str:
    if shutil.which("pdftotext") is None:
        pytest.skip("pdftotext (poppler-utils) is not installed")
    file = folder / "letter.pdf"
    file.write_bytes(print_letters([letter]))
    command = ["pdftotext", "-enc", "UTF-8", str(file), "-"]
    read = subprocess.run(command, check=True, capture_output=True, timeout=30).stdout.decode()
    pages = [page for page in read.split("\f") if page.strip()]
    assert len(pages) == 1, "an office reads one page"
    # Widths of spaces and empty lines are poppler's; words and their order are ours.
    lines = (" ".join(line.split()) for line in pages[0].splitlines())
    return "\n".join(line for line in lines if line) + "\n"


def compare(written: bytes, campaign: str, file: str) -> None:
    path = SNAPSHOTS / campaign / file
    if WRITING:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(written)
    assert path.exists(), f"no {path.name}: write it with {AGAIN}"
    known = path.read_bytes()
    assert written == known, f"{path.name} reads otherwise; if that is right: {AGAIN}"


@pytest.mark.parametrize(("name", "audience", "language"), CASES)
def test_a_letter_reads_as_its_snapshot_does(
    desk: tuple[Session, dict[str, Campaign]], name: str, audience: str, language: str
) -> None:
    session, campaigns = desk
    letters = letters_of(session, campaigns[name], audience, language)
    text = as_text([letter for _, letter in letters])
    compare(text.encode(), name, f"{audience}.{language}.txt")


@pytest.mark.parametrize(("name", "audience", "language"), CASES)
def test_a_mail_has_the_bytes_of_its_snapshot(
    desk: tuple[Session, dict[str, Campaign]], name: str, audience: str, language: str
) -> None:
    session, campaigns = desk
    letters = letters_of(session, campaigns[name], audience, language)
    to, letter = next((to, letter) for to, letter in letters if to)
    compare(as_mail(letter, to), name, f"{audience}.{language}.eml")


@pytest.mark.parametrize(("name", "audience", "language"), CASES)
def test_a_printed_letter_is_read_back_as_its_snapshot(
    desk: tuple[Session, dict[str, Campaign]],
    tmp_path: Path,
    name: str,
    audience: str,
    language: str,
) -> None:
    session, campaigns = desk
    letters = letters_of(session, campaigns[name], audience, language)
    letter = next(letter for to, letter in letters if to)
    read = as_read_from_paper(letter, tmp_path)
    compare(read.encode(), name, f"{audience}.{language}.pdf.txt")


def test_no_snapshot_is_left_of_a_letter_that_is_written_no_more() -> None:
    if WRITING:
        pytest.skip("the files are being written")
    shapes = ("txt", "eml", "pdf.txt")
    wanted = {f"{name}/{key}.{language}.{end}" for name, key, language in CASES for end in shapes}
    wanted.add(f"mamai/{CHOICES}")
    found = {path.relative_to(SNAPSHOTS).as_posix() for path in SNAPSHOTS.rglob("*.*")}
    assert found == wanted


def test_what_a_writer_may_choose_reads_as_its_snapshot_does(
    desk: tuple[Session, dict[str, Campaign]],
) -> None:
    session, campaigns = desk
    campaign = campaigns["mamai"]
    written = {template.language: template for template in _templates(session, campaign)}
    choices = []
    for language in WRITERS:
        source = source_of(written[language])
        offered = offered_forms(
            source,
            people=people_in(campaign, language),
            concerned=concerned_in(campaign, language),
        )
        choices += [language, *(f"{form}: {sample}" for form, sample in offered)]
        choices += [f"{slot}: {' | '.join(texts)}" for slot, texts in source.variants] + [""]
    compare("\n".join(choices).encode(), "mamai", CHOICES)


def _templates(session: Session, campaign: Campaign) -> Iterable[LetterTemplate]:
    return current_templates(session, campaign.id).values()
