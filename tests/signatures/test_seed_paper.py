"""The letters of the two real urgent actions, on paper, in all twelve languages."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from pypdf import PdfReader
from sqlalchemy.orm import Session

from app.campaigns.queries import current_templates
from app.core.tokens import Keys
from app.letters.fax import print_fax
from app.letters.frames import languages_with_frames
from app.letters.paper import Paper, print_letters
from app.letters.render import FinishedLetter
from app.signatures.actions import local_day
from app.signatures.compose import Given, letter_to_read
from app.signatures.rules import addressed
from tests.builders import NOON, a_campaign
from tests.letters.pdf import page_texts, tool

MARKS = re.compile(r"[^\w]|[\u064b-\u0655\u0670\u200c\u200d]")


def seed_letters(session: Session, keys: Keys, name: str, language: str) -> list[FinishedLetter]:
    campaign = a_campaign(session, keys, name=name)
    templates = current_templates(session, campaign.id)
    day = local_day(campaign, NOON)
    found = [
        letter_to_read(
            campaign, templates, target, language, Given("Şükran O’Brien", sentence="—"), day
        ).letter
        for target in addressed(campaign)
    ]
    assert {letter.language for letter in found} == {language}
    return found


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("name", ["mamai", "dosmagambetov"])
@pytest.mark.parametrize("language", languages_with_frames())
def test_a_seed_letter_is_one_page_sound_tagged_and_read_back(
    session: Session, keys: Keys, name: str, language: str, tmp_path: Path
) -> None:
    letters = seed_letters(session, keys, name, language)
    for paper in Paper:
        pages = PdfReader(io.BytesIO(print_letters(letters, paper=paper))).pages
        assert len(pages) == len(letters)
    printed = print_letters(letters[:1])
    assert "No syntax or stream encoding errors found" in tool("qpdf", printed, tmp_path, "--check")
    said = tool("pdfinfo", printed, tmp_path)
    assert re.search(r"Tagged: +yes", said)
    assert re.search(r"JavaScript: +no", said)
    for row in tool("pdffonts", printed, tmp_path).splitlines()[2:]:
        assert row.split()[-5:-2] == ["yes", "yes", "yes"]
    read = tool("pdftotext", printed, tmp_path)
    assert "(?)" not in read
    place = 0
    flat = MARKS.sub("", read)
    for part in letters[0].paragraphs:
        words = [word for raw in part.text.split() if (word := MARKS.sub("", raw))]
        found = sum(word in flat for word in words)
        assert found >= 0.97 * len(words), [word for word in words if word not in flat]
        if words and (begins := flat.find(words[0], place)) >= 0:
            place = begins
    assert len(page_texts(print_fax(letters[0], "+7 7172"))) <= 3
