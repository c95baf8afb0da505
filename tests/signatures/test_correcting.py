"""A correction on both databases: what is kept, what waits, and who that person is by now."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.tokens import Keys
from app.delivery.message import Message
from app.delivery.models import Dispatch, Lane
from app.letters.coach import fingerprint_of
from app.signatures.actions import confirm
from app.signatures.compose import finished_letter
from app.signatures.correcting import Correction, correct
from app.signatures.queries import find_confirmed, likeness_key, open_answers, seal_of
from app.signatures.rules import FormErrors
from tests.builders import LINKS, NOON, a_campaign, a_form, a_signature
from tests.cast import NOOR, SAM

SAID = Correction("Sam Astrom", "NO", "I am a midwife.", "Bergen")


def test_the_words_the_letter_and_the_person_change_together(session: Session, keys: Keys) -> None:
    campaign = a_campaign(session, keys)
    signature = a_signature(session, keys, campaign, a_form(campaign, sentence="I am a nurse."))
    confirm(session, keys, signature, links=LINKS, now=NOON)
    before = signature.person_hash
    correct(session, keys, signature, SAID, NOON)
    session.flush()
    session.expire_all()
    seal = seal_of(session, keys, signature)
    answers = open_answers(seal, signature)
    assert (answers.name, answers.sentence, answers.town) == (SAID.name, SAID.sentence, SAID.town)
    assert answers.email == SAM.email
    row = session.scalars(select(Dispatch).where(Dispatch.lane == Lane.LETTER)).one()
    place = {"table": "dispatch", "column": "payload"}
    letter = Message.from_bytes(seal.open_bytes(row.payload or b"", row=row.id, **place))
    assert SAID.name in letter.text
    assert "nurse" not in letter.text
    # Of the new words, whether or not a word that changed is among those that are kept of them.
    finished = finished_letter(campaign, signature, signature.letters[0], answers)
    assert signature.letters[0].fingerprint == fingerprint_of(finished, likeness_key(seal))
    assert find_confirmed(session, campaign.id, before) is None
    assert find_confirmed(session, campaign.id, signature.person_hash) is signature
    assert signature.person_hash.hex() in row.once_key


def test_one_who_waits_for_a_confirmation_confirms_the_corrected_words(
    session: Session, keys: Keys
) -> None:
    campaign = a_campaign(session, keys)
    signature = a_signature(session, keys, campaign)
    correct(session, keys, signature, replace(SAID, sentence="", town=""), NOON)
    assert (signature.sealed_sentence, signature.sealed_town) == (None, None)
    confirm(session, keys, signature, links=LINKS, now=NOON)
    seal = seal_of(session, keys, signature)
    row = session.scalars(select(Dispatch).where(Dispatch.lane == Lane.LETTER)).one()
    place = {"table": "dispatch", "column": "payload"}
    letter = Message.from_bytes(seal.open_bytes(row.payload or b"", row=row.id, **place))
    assert letter.sender_name == SAID.name


def test_nobody_becomes_somebody_who_has_written(session: Session, keys: Keys) -> None:
    campaign = a_campaign(session, keys)
    for name in (SAM.name, NOOR.name):
        form = a_form(campaign, who=replace(SAM, name=name))
        signature = a_signature(session, keys, campaign, form)
        confirm(session, keys, signature, links=LINKS, now=NOON)
    with pytest.raises(FormErrors):
        correct(session, keys, signature, replace(SAID, name=SAM.name.upper()), NOON)
    assert open_answers(seal_of(session, keys, signature), signature).name == NOOR.name
