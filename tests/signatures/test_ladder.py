"""When an address fails or is corrected: what came back moves, what arrived does not."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.authorities.models import ContactKind, ContactPoint, ContactState
from app.authorities.offices import point_of
from app.campaigns.models import Campaign
from app.core.tokens import Keys
from app.delivery.claims import Holder, Outcome, claim_due, settle
from app.delivery.models import Dispatch, DispatchState, Lane, Mailbox
from app.signatures import upkeep
from app.signatures.actions import confirm, withdraw
from app.signatures.ladder import count_came_back, send_again, step_down
from app.signatures.models import Letter, Signature
from app.signatures.rules import addressed
from app.tally.models import Figure
from app.tally.queries import totals
from tests.builders import LINKS, NOON, a_campaign, a_form, a_signature
from tests.cast import NOOR, SAM

NEW = "new-office@ministry.example.org"


@pytest.fixture
def campaign(session: Session, keys: Keys) -> Campaign:
    return a_campaign(session, keys)


def email_point(campaign: Campaign) -> ContactPoint:
    point = point_of(addressed(campaign)[0].authority, ContactKind.EMAIL)
    assert point is not None
    return point


def two_letters(session: Session, keys: Keys, campaign: Campaign, code: int = 550) -> None:
    """Sam's letter is refused, Noor's is taken."""
    for who in (SAM, NOOR):
        signature = a_signature(session, keys, campaign, a_form(campaign, who=who))
        confirm(session, keys, signature, links=LINKS, now=NOON)
    session.flush()
    claims, _ = claim_due(
        session, keys, 20, Holder("here", tuple(Lane), timedelta(minutes=1)), NOON, only_local=False
    )
    letters = {d.id for d in session.scalars(select(Dispatch).where(Dispatch.lane == Lane.LETTER))}
    refused, taken = [claim for claim in claims if claim.id in letters]
    no = Outcome(DispatchState.FAILED, f"smtp_{code}", reply_code=code)
    assert settle(session, refused, no, NOON)
    assert settle(session, taken, Outcome(DispatchState.SENT), NOON)
    session.expire_all()


def queued_to(session: Session) -> list[str]:
    to = (
        select(Mailbox.address)
        .join(Dispatch, Dispatch.mailbox_id == Mailbox.id)
        .where(Dispatch.state == DispatchState.QUEUED)
    )
    return list(session.scalars(to))


def test_a_corrected_address_gets_only_what_came_back(
    session: Session, keys: Keys, campaign: Campaign
) -> None:
    two_letters(session, keys, campaign)
    authority = addressed(campaign)[0].authority
    assert count_came_back(session, authority) == 0, "the address is still the old one"
    assert send_again(session, keys, authority, NOON) == 0
    email_point(campaign).value = NEW
    session.flush()
    assert count_came_back(session, authority) == 1

    assert send_again(session, keys, authority, NOON) == 1
    session.flush()

    assert queued_to(session) == [NEW]
    assert send_again(session, keys, authority, NOON) == 0, "twice is harmless"
    counted = totals(session, campaign.id, tuple(Figure))
    ends = (Figure.HANDED_OVER, Figure.FAILED, Figure.CANCELLED)
    assert [counted[figure] for figure in ends] == [1, 0, 1]
    assert counted[Figure.QUEUED] == 3


def test_nothing_is_sent_again_after_the_end(
    session: Session, keys: Keys, campaign: Campaign
) -> None:
    two_letters(session, keys, campaign)
    email_point(campaign).value = NEW
    session.flush()
    assert campaign.closes_at is not None
    authority = addressed(campaign)[0].authority
    assert send_again(session, keys, authority, campaign.closes_at) == 0
    assert queued_to(session) == []


def test_who_took_the_letter_back_is_not_sent_again(
    session: Session, keys: Keys, campaign: Campaign
) -> None:
    two_letters(session, keys, campaign)
    email_point(campaign).value = NEW
    for signature in session.scalars(select(Signature)):
        withdraw(session, signature, NOON)
    session.flush()
    assert count_came_back(session, addressed(campaign)[0].authority) == 0


@pytest.mark.parametrize(
    ("code", "state"),
    [(550, ContactState.DOUBTFUL), (552, ContactState.OK), (554, ContactState.OK)],
)
def test_an_address_that_does_not_exist_is_doubted_and_never_switched_off(
    session: Session, keys: Keys, campaign: Campaign, code: int, state: ContactState
) -> None:
    email_point(campaign).state = ContactState.OK
    two_letters(session, keys, campaign, code)
    upkeep.settle(session, keys, links=LINKS, now=NOON)
    assert email_point(campaign).state is state
    told = select(Dispatch.once_key).where(Dispatch.once_key.startswith("notice:not_delivered"))
    assert len(session.scalars(told).all()) == 1, "exactly the one whose letter came back"
    assert session.scalars(select(Letter).where(Letter.settled)).all()


def test_a_refusal_by_the_old_address_says_nothing_about_the_new_one(
    session: Session, keys: Keys, campaign: Campaign
) -> None:
    two_letters(session, keys, campaign)
    point = email_point(campaign)
    point.state, point.value = ContactState.OK, NEW
    session.flush()
    upkeep.settle(session, keys, links=LINKS, now=NOON)
    assert point.state is ContactState.OK


def waiting_letter(session: Session, keys: Keys, campaign: Campaign) -> Letter:
    signature = a_signature(session, keys, campaign)
    confirm(session, keys, signature, links=LINKS, now=NOON)
    session.flush()
    return signature.letters[0]


def test_who_wants_no_email_gets_none_and_the_writer_hears_of_the_other_ways(
    session: Session, keys: Keys, campaign: Campaign
) -> None:
    letter = waiting_letter(session, keys, campaign)
    email_point(campaign).state = ContactState.REFUSED
    session.flush()

    assert step_down(session, keys, letter.target.authority, NOON) == 1
    assert step_down(session, keys, letter.target.authority, NOON) == 0

    assert queued_to(session) == []
    for _ in range(2):
        upkeep.settle(session, keys, links=LINKS, now=NOON)
    told = select(Dispatch.once_key).where(Dispatch.once_key.startswith("notice:not_delivered"))
    assert len(session.scalars(told).all()) == 1
    assert totals(session, campaign.id, (Figure.FAILED,))[Figure.FAILED] == 1


def test_the_next_email_address_is_taken_before_paper(
    session: Session, keys: Keys, campaign: Campaign
) -> None:
    letter = waiting_letter(session, keys, campaign)
    authority = letter.target.authority
    email_point(campaign).state = ContactState.REFUSED
    authority.contact_points.append(
        ContactPoint(position=99, kind=ContactKind.EMAIL, value=NEW, state=ContactState.OK)
    )
    session.flush()

    assert step_down(session, keys, authority, NOON) == 1

    assert queued_to(session) == [NEW]
    upkeep.settle(session, keys, links=LINKS, now=NOON)
    told = select(Dispatch.once_key).where(Dispatch.once_key.startswith("notice:not_delivered"))
    assert session.scalars(told).all() == [], "nobody needs to do anything"


def test_an_address_that_is_wanted_is_left_alone(
    session: Session, keys: Keys, campaign: Campaign
) -> None:
    letter = waiting_letter(session, keys, campaign)
    assert step_down(session, keys, letter.target.authority, NOON) == 0
    assert len(queued_to(session)) == 1
