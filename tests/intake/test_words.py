"""Every doubt that a reading can have is told in a sentence of its own, in each language."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from app.core.i18n import speaking
from app.intake.codes import CAUTIONS, DOUBTED
from app.intake.parsing import read_action
from app.intake.plan import Finding, Own, propose
from app.intake.readers.document import Note, NoteCode, Reason, Unreadable
from app.intake.words import label_of, told_of, told_of_caution, told_of_note, why_unreadable
from tests.conftest import SHARED

VAGUE = "it may be read in more than one way"
DOCUMENTS = sorted(Path(__file__).parent.glob("**/*.txt")) + sorted(
    (Path(SHARED) / "urgent-actions").glob("**/*.txt")
)


@pytest.mark.parametrize("language", ["en", "fr", "ru"])
def test_every_code_of_ours_has_a_sentence_without_holes(language: str) -> None:
    with speaking(language):
        said = [
            *(why_unreadable(Unreadable(reason, "7")) for reason in Reason),
            *(told_of_note(Note(code, "7")) for code in NoteCode),
            *(told_of(Finding("body", "", False, 0, 0, str(own))) for own in Own),
        ]
    assert all(said)
    assert not [words for words in said if "%" in words or VAGUE in words]
    assert len(set(said)) == len(said)


def test_every_doubt_that_the_parser_knows_has_its_own_words() -> None:
    said = {code: told_of(Finding("body", "", False, 0, 0, code, "7")) for code in DOUBTED}
    said |= {code: told_of_caution(code, {"printed": "7"}) for code in CAUTIONS}
    assert {code for code, words in said.items() if VAGUE in words or "%" in words} == set()


def test_every_doubt_about_the_documents_we_have_is_told_in_its_own_words() -> None:
    vague = set()
    for path in DOCUMENTS:
        reading = read_action(path.read_text(encoding="utf-8"), today=date(2026, 11, 25))
        proposal = propose(reading, date(2026, 11, 25))
        for one in proposal.to_check():
            words = told_of(one)
            assert "%(" not in words
            assert "“”" not in words, one
            if VAGUE in words:
                vague.add(one.reason)
        for caution in proposal.cautions:
            if VAGUE in told_of_caution(caution.code, caution.parameters):
                vague.add(caution.code)
    assert vague == set()


def test_the_second_of_a_kind_has_its_number() -> None:
    assert label_of("target-1-faxes") == "Fax numbers"
    assert label_of("target-2-faxes") == "Fax numbers (2)"
    assert label_of("demand-3") == "What is asked for (3)"
