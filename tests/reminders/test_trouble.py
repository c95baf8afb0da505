"""Trouble on the way: organisers hear of it, held writers too, each once."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.accounts.models import RoleName
from app.authorities.models import ContactKind, ContactState
from app.authorities.offices import point_of
from app.campaigns.models import Campaign
from app.core.tokens import Keys
from app.delivery.models import Dispatch, DispatchState, Lane
from app.reminders import staff
from app.signatures import upkeep
from app.signatures.actions import confirm, withdraw
from app.signatures.models import Signature
from app.signatures.rules import addressed
from tests.builders import LINKS, NOON, a_campaign, a_form, a_signature, an_account
from tests.cast import AMAL, KOFI, NOOR, OLENA, SAM


@pytest.fixture
def campaign(session: Session, keys: Keys) -> Campaign:
    found = a_campaign(session, keys)
    for who in (OLENA, AMAL):
        an_account(session, who)
    an_account(session, KOFI, (RoleName.COORDINATOR,))
    for who in (SAM, NOOR):
        signature = a_signature(session, keys, found, a_form(found, who=who))
        confirm(session, keys, signature, links=LINKS, now=NOON)
    session.flush()
    return found


def letters_become(session: Session, state: DispatchState, **values: object) -> None:
    session.execute(
        update(Dispatch).where(Dispatch.lane == Lane.LETTER).values(state=state, **values)
    )
    session.expire_all()


def told(session: Session) -> Counter[str]:
    names = (key.split(":")[1] for key in session.scalars(select(Dispatch.once_key)))
    return Counter(name for name in names if name in ("held", "letters_held", "address_doubtful"))


def test_organisers_and_writers_hear_of_letters_that_wait_for_a_person(
    session: Session, keys: Keys, campaign: Campaign
) -> None:
    assert staff.tell_of_held(session, keys, links=LINKS, now=NOON) == 0
    letters_become(session, DispatchState.HELD, reason="no_answer")
    assert staff.tell_of_held(session, keys, links=LINKS, now=NOON) == 2
    session.flush()
    assert staff.tell_of_held(session, keys, links=LINKS, now=NOON) == 0, "twice is harmless"
    assert told(session) == {"held": 2, "letters_held": 2}


def test_organisers_hear_of_held_letters_once_a_day_and_each_writer_of_their_own(
    session: Session, keys: Keys, campaign: Campaign
) -> None:
    first, second = session.scalars(select(Dispatch).where(Dispatch.lane == Lane.LETTER)).all()
    for dispatch, now in (
        (first, NOON),
        (second, NOON + timedelta(hours=1)),
    ):
        dispatch.state = DispatchState.HELD
        session.flush()
        staff.tell_of_held(session, keys, links=LINKS, now=now)
        session.flush()
    assert told(session) == {"held": 2, "letters_held": 2}


def test_who_took_a_held_letter_back_hears_nothing(
    session: Session, keys: Keys, campaign: Campaign
) -> None:
    letters_become(session, DispatchState.HELD, reason="outdated")
    for signature in session.scalars(select(Signature)):
        withdraw(session, signature, NOON)
    session.flush()
    staff.tell_of_held(session, keys, links=LINKS, now=NOON)
    session.flush()
    assert told(session)["held"] == 0


def test_organisers_hear_of_an_address_that_does_not_exist_each_once(
    session: Session, keys: Keys, campaign: Campaign
) -> None:
    point = point_of(addressed(campaign)[0].authority, ContactKind.EMAIL)
    assert point is not None
    point.state = ContactState.DOUBTFUL  # from the document: nothing new
    session.flush()
    assert staff.tell_of_doubts(session, keys, links=LINKS, now=NOON) == 0

    point.state = ContactState.OK
    letters_become(session, DispatchState.FAILED, reason="smtp_550", reply_code=550)
    upkeep.settle(session, keys, links=LINKS, now=NOON)
    session.flush()
    for _ in range(2):
        assert staff.tell_of_doubts(session, keys, links=LINKS, now=NOON) == 2
        session.flush()
    assert told(session) == {"address_doubtful": 2}
    later = NOON + timedelta(days=3)
    assert staff.tell_of_doubts(session, keys, links=LINKS, now=later) == 0


def test_a_full_mailbox_is_no_news_for_organisers(
    session: Session, keys: Keys, campaign: Campaign
) -> None:
    letters_become(session, DispatchState.FAILED, reason="smtp_552", reply_code=552)
    upkeep.settle(session, keys, links=LINKS, now=NOON)
    session.flush()
    assert staff.tell_of_doubts(session, keys, links=LINKS, now=NOON) == 0
