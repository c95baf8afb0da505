"""When an address fails or is corrected: what came back moves, what arrived does not."""

from __future__ import annotations

import io
from datetime import datetime, timedelta

import pytest
from pypdf import PdfReader
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.authorities.models import Authority, ContactKind, ContactPoint, ContactState, Office
from app.authorities.offices import point_of
from app.campaigns.models import Campaign
from app.core.tokens import Keys
from app.delivery.actions import note_bounce
from app.delivery.claims import Holder, Outcome, claim_due, settle
from app.delivery.message import Message
from app.delivery.models import Channel, Dispatch, DispatchState, Lane, Mailbox
from app.signatures import upkeep
from app.signatures.actions import confirm, report_done, withdraw
from app.signatures.ladder import count_came_back, note_came_back, send_again, step_down
from app.signatures.models import Letter, LetterChannel, Signature
from app.signatures.queries import seal_of
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


OLD, FAX = "old-office@ministry.example.org", "+7 7172 74 56 31"
VALUES = {
    "email": NEW,
    "form": "https://ministry.example.org/contact",
    "fax": FAX,
    "post": "Ministry\n1 Example Street\nAstana",
    "phone": "+7 7172 74 56 32",
}


def reached_by(campaign: Campaign, *kinds: str) -> Authority:
    """The first office, with one old e-mail address and these other ways, in this order."""
    authority = addressed(campaign)[0].authority
    authority.contact_points[:] = [
        ContactPoint(position=at, kind=ContactKind(kind), value=value, state=ContactState.OK)
        for at, (kind, value) in enumerate(
            [("email", OLD), *((kind, VALUES[kind]) for kind in kinds)], 1
        )
    ]
    return authority


def comes_back(session: Session, keys: Keys, reason: str = "smtp_550", **row: object) -> None:
    """Every letter that waits fails, and the clock looks."""
    values = {"state": DispatchState.FAILED, "reason": reason, "reply_code": 550, **row}
    session.flush()
    session.execute(
        update(Dispatch)
        .where(Dispatch.lane == Lane.LETTER, Dispatch.state == DispatchState.QUEUED)
        .values(**values)
    )
    session.expire_all()


def look(session: Session, keys: Keys, *, fax: bool = False, now: datetime = NOON) -> None:
    upkeep.settle(session, keys, links=LINKS, now=now, fax=fax)
    session.flush()
    session.expire_all()


def told(session: Session, keys: Keys, signature: Signature) -> list[str]:
    """The mails that say a letter did not arrive."""
    seal = seal_of(session, keys, signature)
    return [
        Message.from_bytes(
            seal.open_bytes(row.payload, table="dispatch", column="payload", row=row.id)
        ).text
        for row in session.scalars(
            select(Dispatch).where(Dispatch.once_key.startswith("notice:not_delivered"))
        )
        if row.payload
    ]


def test_a_letter_goes_down_the_ladder_by_itself_and_its_writer_hears_of_the_last_step(
    session: Session, keys: Keys, campaign: Campaign
) -> None:
    reached_by(campaign, "email", "form", "fax", "post")
    letter = waiting_letter(session, keys, campaign)

    comes_back(session, keys)
    look(session, keys, fax=True)
    assert queued_to(session) == [NEW], "the next e-mail address"
    assert told(session, keys, letter.signature) == []

    comes_back(session, keys)
    look(session, keys, fax=True)
    assert queued_to(session) == ["fax:+77172745631"], "what else leaves by itself"
    assert letter.channel is LetterChannel.FAX
    assert letter.dispatch is not None
    assert letter.dispatch.channel is Channel.FAX
    assert told(session, keys, letter.signature) == []

    comes_back(session, keys, "sendfax_refused")
    for _ in range(2):
        look(session, keys, fax=True)
    assert queued_to(session) == []
    assert letter.channel is LetterChannel.FORM, "the first one a person can go"
    (mail,) = told(session, keys, letter.signature)
    assert mail.index("web page") < mail.index("#letter-1") < mail.index("by fax")
    counted = totals(session, campaign.id, tuple(Figure))
    assert (counted[Figure.QUEUED], counted[Figure.CANCELLED]) == (3, 2)
    assert counted[Figure.TO_PRINT] == 1


def test_a_fax_carries_the_letter_and_waits_behind_the_gate(
    session: Session, keys: Keys, campaign: Campaign
) -> None:
    reached_by(campaign, "fax")
    letter = waiting_letter(session, keys, campaign)
    comes_back(session, keys)
    look(session, keys, fax=True)
    row = letter.dispatch
    assert row is not None
    assert row.payload is not None
    assert (row.gate_id, row.expires_at) == (campaign.gate_id, campaign.closes_at)
    seal = seal_of(session, keys, letter.signature)
    message = Message.from_bytes(
        seal.open_bytes(row.payload, table="dispatch", column="payload", row=row.id)
    )
    assert message.to_fax == "+77172745631"
    (sheet,) = message.attachments
    pages = [page.extract_text() for page in PdfReader(io.BytesIO(sheet.content)).pages]
    assert "+77172745631" in pages[0]
    assert SAM.name in pages[-1]


@pytest.mark.parametrize(
    ("kinds", "channel"),
    [
        (("phone", "post", "fax", "form"), LetterChannel.FORM),
        (("phone", "post", "fax"), LetterChannel.FAX),
        (("phone", "post"), LetterChannel.POST),
        (("phone",), LetterChannel.PHONE),
        ((), LetterChannel.EMAIL),
    ],
)
def test_without_a_fax_line_the_next_step_is_the_writers(
    session: Session,
    keys: Keys,
    campaign: Campaign,
    kinds: tuple[str, ...],
    channel: LetterChannel,
) -> None:
    reached_by(campaign, *kinds)
    letter = waiting_letter(session, keys, campaign)
    comes_back(session, keys)
    look(session, keys)
    assert letter.channel is channel
    assert queued_to(session) == []
    assert len(told(session, keys, letter.signature)) == 1
    printed = totals(session, campaign.id, (Figure.TO_PRINT,))[Figure.TO_PRINT]
    assert printed == bool(kinds)


@pytest.mark.parametrize("number", ["see above", "+7 7172 74 56 31 ext. 5", "12345"])
def test_a_number_that_cannot_be_dialled_stays_a_sheet(
    session: Session, keys: Keys, campaign: Campaign, number: str
) -> None:
    reached_by(campaign, "fax").contact_points[1].value = number
    letter = waiting_letter(session, keys, campaign)
    comes_back(session, keys)
    look(session, keys, fax=True)
    assert queued_to(session) == []
    assert letter.channel is LetterChannel.FAX
    assert len(told(session, keys, letter.signature)) == 1


def an_embassy(session: Session, campaign: Campaign, country: str) -> Authority:
    authority = addressed(campaign)[0].authority
    embassy = Authority(
        section_id=campaign.section_id,
        key=f"embassy-{country}",
        country=authority.country,
        embassy_in=country,
        time_zone="UTC",
        languages=["en"],
        offices=[
            Office(
                language="en",
                role="Ambassador",
                name="",
                institution="Embassy of Example",
                salutation="Excellency,",
                closing="Yours,",
            )
        ],
        contact_points=[
            ContactPoint(position=1, kind=ContactKind.POST, value="2 Embassy Row\n111 30 Stockholm")
        ],
    )
    session.add(embassy)
    session.flush()
    return embassy


@pytest.mark.parametrize(("country", "channel"), [("SE", "post"), ("FR", "email")])
def test_the_last_step_is_the_embassy_in_the_writers_own_country(
    session: Session, keys: Keys, campaign: Campaign, country: str, channel: str
) -> None:
    reached_by(campaign)
    an_embassy(session, campaign, country)
    letter = waiting_letter(session, keys, campaign)
    comes_back(session, keys)
    look(session, keys)
    (mail,) = told(session, keys, letter.signature)
    assert ("embassy in your country" in mail) == (country == "SE")
    assert letter.channel == channel


def test_a_full_box_moves_the_letter_and_disables_nothing(
    session: Session, keys: Keys, campaign: Campaign
) -> None:
    authority = reached_by(campaign)
    waiting_letter(session, keys, campaign)
    comes_back(session, keys, "soft_4.2.2", state=DispatchState.BOUNCED, reply_code=250)
    look(session, keys)
    assert authority.contact_points[0].state is ContactState.OK
    noor = a_signature(session, keys, campaign, a_form(campaign, who=NOOR))
    confirm(session, keys, noor, links=LINKS, now=NOON)
    session.flush()
    assert queued_to(session) == [OLD], "the next letter still goes to a ministry's only address"


def test_a_hard_bounce_is_a_doubt(session: Session, keys: Keys, campaign: Campaign) -> None:
    authority = reached_by(campaign)
    waiting_letter(session, keys, campaign)
    comes_back(session, keys, "hard_5.1.1", state=DispatchState.BOUNCED, reply_code=250)
    look(session, keys)
    assert authority.contact_points[0].state is ContactState.DOUBTFUL


def test_a_letter_that_bounces_long_after_it_was_taken_is_told_too(
    session: Session, keys: Keys, campaign: Campaign
) -> None:
    reached_by(campaign, "post")
    letter = waiting_letter(session, keys, campaign)
    comes_back(session, keys, "", state=DispatchState.SENT, payload=None, reply_code=250)
    look(session, keys)
    assert letter.settled
    assert letter.dispatch is not None
    note_came_back(session, letter.dispatch.id)
    session.expire_all()
    assert letter.settled, "it has not come back"

    note_bounce(session, letter.dispatch.id, "5.1.1", is_hard=True, now=NOON)
    note_came_back(session, letter.dispatch.id)
    session.expire_all()
    look(session, keys)

    assert len(told(session, keys, letter.signature)) == 1
    assert letter.channel is LetterChannel.POST


def test_what_bounced_goes_to_the_corrected_address_and_never_to_one_that_failed(
    session: Session, keys: Keys, campaign: Campaign
) -> None:
    authority = reached_by(campaign, "email", "post")
    letter = waiting_letter(session, keys, campaign)
    for _ in range(2):
        comes_back(session, keys, "hard_5.1.1", state=DispatchState.BOUNCED, payload=None)
        look(session, keys)
    assert letter.channel is LetterChannel.POST
    assert count_came_back(session, authority) == 0, "both addresses have failed"
    assert send_again(session, keys, authority, NOON) == 0

    authority.contact_points[0].value = "right@ministry.example.org"
    session.flush()
    assert count_came_back(session, authority) == 1
    assert send_again(session, keys, authority, NOON) == 1
    session.flush()
    assert queued_to(session) == ["right@ministry.example.org"]
    assert letter.channel is LetterChannel.EMAIL
    assert totals(session, campaign.id, (Figure.TO_PRINT,))[Figure.TO_PRINT] == 0


def test_a_letter_that_its_writer_has_taken_there_is_not_sent_again(
    session: Session, keys: Keys, campaign: Campaign
) -> None:
    authority = reached_by(campaign, "post")
    letter = waiting_letter(session, keys, campaign)
    comes_back(session, keys)
    look(session, keys)
    report_done(session, letter, NOON)
    authority.contact_points[0].value = NEW
    session.flush()
    assert count_came_back(session, authority) == 0
    assert send_again(session, keys, authority, NOON) == 0


def test_after_the_end_nothing_moves_and_the_writer_is_told(
    session: Session, keys: Keys, campaign: Campaign
) -> None:
    reached_by(campaign, "email", "fax")
    letter = waiting_letter(session, keys, campaign)
    comes_back(session, keys)
    assert campaign.closes_at is not None
    look(session, keys, fax=True, now=campaign.closes_at)
    assert queued_to(session) == []
    assert len(told(session, keys, letter.signature)) == 1


def test_a_letter_that_cannot_be_written_is_not_tried_elsewhere(
    session: Session, keys: Keys, campaign: Campaign
) -> None:
    reached_by(campaign, "email", "fax")
    waiting_letter(session, keys, campaign)
    comes_back(session, keys, "cannot_be_built")
    look(session, keys, fax=True)
    assert queued_to(session) == []


def test_an_address_that_is_wanted_is_left_alone(
    session: Session, keys: Keys, campaign: Campaign
) -> None:
    letter = waiting_letter(session, keys, campaign)
    assert step_down(session, keys, letter.target.authority, NOON) == 0
    assert len(queued_to(session)) == 1
