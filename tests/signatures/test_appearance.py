"""How somebody stands under a letter, and what is not kept of them then."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.sealing import get_seal
from app.core.tokens import Keys
from app.delivery.models import Dispatch, DispatchState, Lane
from app.signatures.actions import confirm
from app.signatures.appearance import Appearance, initials, signed_as
from app.signatures.models import Signature, SignatureState
from app.signatures.queries import open_answers
from app.signatures.upkeep import forget_delivered, settle
from tests.builders import LINKS, NOON, a_campaign, a_form, a_signature


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        ("Sam Åström", "S. Å."),
        ("Sam Å\u0328ström", "S. Å\u0328."),
        ("Anna-Maria de la Cruz", "A. M. D. L. C."),
        ("иван петров", "И. П."),
        ("مريم", "م."),
        ("李", "李."),
        ("‘Noor’", "N."),
    ],
)
def test_initials_are_whole_letters(name: str, letters: str) -> None:
    assert initials(name) == letters


def test_each_way_to_sign() -> None:
    said = {"name": "Sam Åström", "town": "Uppsala", "alias": "a teacher in Lisbon"}
    assert signed_as(Appearance.NAME, **said) == "Sam Åström"
    assert signed_as(Appearance.INITIALS, **said) == "S. Å., Uppsala"
    assert signed_as(Appearance.INITIALS, **{**said, "town": ""}) == "S. Å."
    assert signed_as(Appearance.ALIAS, **said) == "a teacher in Lisbon"


def test_of_somebody_who_signs_without_a_name_none_is_kept(session: Session, keys: Keys) -> None:
    campaign = a_campaign(session, keys)
    form = replace(
        a_form(campaign), appearance=Appearance.ALIAS, alias="a teacher in Lisbon", town="Lisbon"
    )
    signature = a_signature(session, keys, campaign, form)
    confirm(session, keys, signature, links=LINKS, now=NOON)
    session.flush()

    seal = get_seal(session, keys, campaign.key_id)
    assert open_answers(seal, signature).name == "a teacher in Lisbon"
    letter = session.scalars(select(Dispatch).where(Dispatch.lane == Lane.LETTER)).one()
    assert letter.payload is not None
    sent = seal.open_bytes(letter.payload, table="dispatch", column="payload", row=letter.id)
    assert "a teacher in Lisbon" in sent.decode()
    assert form.name not in sent.decode()
    assert form.email not in sent.decode()


def test_the_same_person_is_known_under_another_line(session: Session, keys: Keys) -> None:
    campaign = a_campaign(session, keys)
    confirm(session, keys, a_signature(session, keys, campaign), links=LINKS, now=NOON)
    again = replace(a_form(campaign), appearance=Appearance.INITIALS)
    with pytest.raises(AssertionError):  # the builder finds no second signature
        a_signature(session, keys, campaign, again)


def delivered(session: Session, dispatch: Dispatch) -> None:
    dispatch.payload, dispatch.state, dispatch.finished_at = None, DispatchState.SENT, NOON
    session.flush()


def test_who_wants_nothing_kept_is_gone_once_it_is_delivered(session: Session, keys: Keys) -> None:
    campaign = a_campaign(session, keys)
    signature = a_signature(session, keys, campaign, a_form(campaign, keep_nothing=True))
    person, address = signature.person_hash, signature.address_hash
    confirm(session, keys, signature, links=LINKS, now=NOON)
    session.flush()
    assert forget_delivered(session, NOON) == 0, "the letter has not left"
    letter = session.scalars(select(Dispatch).where(Dispatch.lane == Lane.LETTER)).one()
    delivered(session, letter)
    assert forget_delivered(session, NOON) == 0, "its writer has not been told"

    assert settle(session, keys, links=LINKS, now=NOON) == 1
    assert forget_delivered(session, NOON) == 1
    session.flush()
    session.expire_all()

    assert signature.state is SignatureState.CONFIRMED
    assert signature.sealed_name is signature.sealed_email is signature.sealed_sentence is None
    assert person != signature.person_hash
    assert address != signature.address_hash
    assert person.hex() not in session.get_one(Dispatch, letter.id).once_key
    told = session.scalars(select(Dispatch).where(Dispatch.lane == Lane.NOTICE)).all()
    assert any("thank_you" in notice.once_key for notice in told), "and its last mail is there"
    assert forget_delivered(session, NOON) == 0


def test_a_letter_to_print_can_be_printed_for_a_week(session: Session, keys: Keys) -> None:
    campaign = a_campaign(session, keys, name="dosmagambetov")
    form = a_form(campaign, targets=(3,), keep_nothing=True)
    signature = a_signature(session, keys, campaign, form)
    confirm(session, keys, signature, links=LINKS, now=NOON)
    session.flush()
    assert [letter.dispatch for letter in signature.letters] == [None]
    assert forget_delivered(session, NOON + timedelta(days=6)) == 0
    assert forget_delivered(session, NOON + timedelta(days=7)) == 1
    assert signature.sealed_name is None


def test_everybody_else_is_kept_until_the_day_that_was_shown(session: Session, keys: Keys) -> None:
    campaign = a_campaign(session, keys)
    signature = a_signature(session, keys, campaign)
    confirm(session, keys, signature, links=LINKS, now=NOON)
    session.flush()
    delivered(session, session.scalars(select(Dispatch).where(Dispatch.lane == Lane.LETTER)).one())
    settle(session, keys, links=LINKS, now=NOON)
    assert forget_delivered(session, NOON + timedelta(days=8)) == 0
    assert session.scalars(select(Signature)).one().sealed_email is not None
