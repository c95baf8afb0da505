"""What a filter makes of our mail: SpamAssassin with its local rules, in every language we write.

A letter that a ministry's filter takes for spam is a letter nobody reads.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from app.campaigns.queries import current_templates
from app.core.db import Database, unit_of_work
from app.core.tokens import Keys
from app.delivery.dkim import make_keys, read_signers, signed
from app.delivery.message import Message, build
from app.notices.compose import compose
from app.signatures.compose import Given, letter_to_read
from app.signatures.rules import addressed
from tests.builders import the_demonstration
from tests.delivery.test_message import NOW
from tests.letters.test_golden import WRITERS
from tests.notices import samples

LETTERS_AT_MOST = 1.0
NOTICES_AT_MOST = 2.0
RULE_AT_MOST = 1.0
LANGUAGES = ("en", "fr", "es", "de", "it", "pt", "ru", "uk", "pl", "ar", "fa", "tr")
NOTICE_LANGUAGES = ("en", "fr", "ru")

# The verdict as one header of a name of our own, so that no words of a mail can look like it.
PREFS = """
report_safe 0
fold_headers 0
clear_headers
add_header all Verdict _SCORE_ _TESTSSCORES(,)_
"""
_VERDICT = re.compile(r"^X-Spam-Verdict: (-?[\d.]+) (.*)$", re.MULTILINE)

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]


def judged(mails: Mapping[str, bytes], folder: Path) -> dict[str, tuple[float, dict[str, float]]]:
    """Points of each mail, and of each rule it met, from one run of the real program."""
    program = shutil.which("spamassassin")
    if program is None:
        if os.environ.get("CI"):
            pytest.fail("spamassassin is not installed")
        pytest.skip("spamassassin is not installed")
    box = b"".join(
        b"From a@b.example Tue May 12 12:34:00 2026\n"
        + re.sub(rb"(?m)^(?=From )", b">", raw.replace(b"\r\n", b"\n"))
        + b"\n"
        for raw in mails.values()
    )
    prefs = folder / "prefs"
    prefs.write_text(PREFS)
    said = subprocess.run(
        [program, "--local", "--mbox", f"--prefspath={prefs}"],
        input=box,
        capture_output=True,
        check=True,
        env={**os.environ, "HOME": str(folder), "LC_ALL": "C"},
    ).stdout.decode("utf-8", "replace")
    verdicts = _VERDICT.findall(said)
    assert len(verdicts) == len(mails)
    found = {}
    for name, (points, tests) in zip(mails, verdicts, strict=True):
        rules = dict(each.split("=") for each in tests.split(",") if "=" in each)
        found[name] = float(points), {rule: float(points) for rule, points in rules.items()}
    return found


def finished(message: Message, name: str, folder: Path) -> bytes:
    if not folder.exists():
        make_keys(folder, "s1")
    raw = build(message, message_id=f"<{name.encode().hex()[:32]:0<32}@act.example.org>", date=NOW)
    return signed(raw, read_signers(folder, "s1", "act.example.org"))


def letters_of(session: Session, keys: Keys, folder: Path) -> dict[str, bytes]:
    mails = {}
    for demonstration in ("mamai", "dosmagambetov"):
        campaign = the_demonstration(session, keys, demonstration)
        templates = current_templates(session, campaign.id)
        met = set()
        for number, target in enumerate(addressed(campaign)):
            for language in LANGUAGES:
                # In English each office, elsewhere one of each audience: more takes minutes.
                if language != "en" and (target.audience_id, language) in met:
                    continue
                met.add((target.audience_id, language))
                writer, sentence = WRITERS[language]
                given = Given(name=writer, sentence=sentence)
                letter = letter_to_read(
                    campaign, templates, target, language, given, date(2026, 6, 1)
                ).letter
                assert letter.language == language
                name = f"{demonstration} {number} {language}"
                message = Message(
                    sender_name=writer,
                    sender_address="letters@act.example.org",
                    reply_to="answers@act.example.org",
                    to_address="office@ministry.example.org",
                    subject=letter.subject,
                    text=letter.as_text(),
                    language=language,
                )
                mails[name] = finished(message, name, folder)
    return mails


def require_at_most(most: float, found: Mapping[str, tuple[float, dict[str, float]]]) -> None:
    over = {name: said for name, said in found.items() if said[0] > most}
    loud = {
        name: rule
        for name, (_, rules) in found.items()
        for rule, points in rules.items()
        if points > RULE_AT_MOST
    }
    assert (over, loud) == ({}, {})


def test_no_letter_looks_like_spam(sqlite_database: Database, keys: Keys, tmp_path: Path) -> None:
    with unit_of_work(sqlite_database.writing) as session:
        mails = letters_of(session, keys, tmp_path / "dkim")
    found = judged(mails, tmp_path)
    assert {name.rpartition(" ")[2] for name in found} == set(LANGUAGES)
    require_at_most(LETTERS_AT_MOST, found)


def test_no_notice_looks_like_spam(tmp_path: Path) -> None:
    mails = {}
    for language in NOTICE_LANGUAGES:
        for case in samples.CASES:
            notice = compose(
                samples.name_of(case),
                language=language,
                sender_name="Outcry Example",
                postal_address="1 Example Street, Exampletown",
                values=samples.values_of(case, language),
            )
            name = f"{case} {language}"
            message = Message(
                sender_name="Outcry Example",
                sender_address="letters@act.example.org",
                reply_to="answers@act.example.org",
                to_address="sam@supporters.example.org",
                subject=notice.subject,
                text=notice.text,
                html=notice.html,
                language=language,
                headers=(("Auto-Submitted", "auto-generated"),),
            )
            mails[name] = finished(message, name, tmp_path / "dkim")
    require_at_most(NOTICES_AT_MOST, judged(mails, tmp_path))


def test_the_filter_does_see_spam(tmp_path: Path) -> None:
    bait = "XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X"
    message = Message("A", "a@act.example.org", "b@c.example", "FREE MONEY!!!", bait, "en")
    found = judged({"bait": finished(message, "bait", tmp_path / "dkim")}, tmp_path)
    assert found["bait"][0] > 100
