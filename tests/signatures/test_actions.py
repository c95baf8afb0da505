"""Sign, confirm, withdraw: on both databases, with the real outbox and its worker."""

from __future__ import annotations

from datetime import timedelta
from email import message_from_binary_file, policy
from email.message import EmailMessage
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.campaigns.life import close_expired, pause
from app.campaigns.models import Campaign
from app.campaigns.queries import get_campaign_by_id
from app.campaigns.rules import CampaignClosed, CampaignPaused
from app.core.beside import Beside
from app.core.db import Database, unit_of_work
from app.core.tokens import BadToken, Keys, make_token
from app.delivery.channels.maildir import Maildir
from app.delivery.models import Dispatch, DispatchState, Lane
from app.delivery.worker import Worker
from app.signatures.actions import confirm, report_done, sign, withdraw
from app.signatures.models import LetterChannel, Signature, SignatureState
from app.signatures.queries import get_by_token, token_key, token_of
from app.signatures.rules import FormReused, Gone, LinkExpired
from app.signatures.upkeep import destroy_kept, forget_unconfirmed, remind_unconfirmed, settle
from app.tally.models import Figure
from app.tally.queries import totals
from tests.builders import LINKS, NOON, a_campaign, a_form, a_signature, an_account
from tests.cast import NOOR, OLENA, SAM, Person


@pytest.fixture
def campaign(session: Session, keys: Keys) -> Campaign:
    return a_campaign(session, keys)


def letters_in(session: Session) -> list[Dispatch]:
    return list(session.scalars(select(Dispatch).where(Dispatch.lane == Lane.LETTER)))


def notices_in(session: Session) -> list[str]:
    keys = session.scalars(select(Dispatch.once_key).where(Dispatch.lane == Lane.NOTICE))
    return sorted(key.split(":")[1] for key in keys)


def test_signing_stores_a_pending_signature_and_asks_for_confirmation(
    session: Session, keys: Keys, campaign: Campaign
) -> None:
    signature = a_signature(session, keys, campaign)
    assert signature.state is SignatureState.PENDING
    assert notices_in(session) == ["confirm"]
    assert letters_in(session) == []


def test_confirming_twice_sends_one_letter_per_target(
    session: Session, keys: Keys, campaign: Campaign
) -> None:
    signature = a_signature(session, keys, campaign)
    confirm(session, keys, signature, links=LINKS, now=NOON)
    confirm(session, keys, signature, links=LINKS, now=NOON)
    assert [row.state for row in letters_in(session)] == [DispatchState.QUEUED]


def test_the_same_form_again_is_the_same_signature(
    session: Session, keys: Keys, campaign: Campaign
) -> None:
    form = a_form(campaign, form_key="one")
    sign(session, keys, campaign, form, links=LINKS, now=NOON)
    sign(session, keys, campaign, form, links=LINKS, now=NOON)
    assert session.scalar(select(func.count()).select_from(Signature)) == 1
    assert notices_in(session) == ["confirm"]


def test_the_same_form_with_other_content_is_refused(
    session: Session, keys: Keys, campaign: Campaign
) -> None:
    sign(session, keys, campaign, a_form(campaign, form_key="one"), links=LINKS, now=NOON)
    other = a_form(campaign, form_key="one", sentence="Something else.")
    with pytest.raises(FormReused):
        sign(session, keys, campaign, other, links=LINKS, now=NOON)


def test_two_forms_of_one_person_make_one_letter(
    session: Session, keys: Keys, campaign: Campaign
) -> None:
    first, second = (a_signature(session, keys, campaign) for _ in range(2))
    confirm(session, keys, first, links=LINKS, now=NOON)
    confirm(session, keys, second, links=LINKS, now=NOON)
    assert len(letters_in(session)) == 1
    assert totals(session, campaign.id, (Figure.CONFIRMED,))[Figure.CONFIRMED] == 1


def test_who_has_written_already_is_told_by_mail_and_nothing_is_stored(
    session: Session, keys: Keys, campaign: Campaign
) -> None:
    confirm(session, keys, a_signature(session, keys, campaign), links=LINKS, now=NOON)
    sign(session, keys, campaign, a_form(campaign), links=LINKS, now=NOON)
    assert session.scalar(select(func.count()).select_from(Signature)) == 1
    assert notices_in(session) == ["already_wrote", "confirm"]


def test_two_people_may_share_an_address_and_a_third_may_not(
    session: Session, keys: Keys, campaign: Campaign
) -> None:
    for name in ("Sam", "Alex"):
        form = a_form(campaign, who=Person(name, SAM.email))
        confirm(session, keys, a_signature(session, keys, campaign, form), links=LINKS, now=NOON)
    third = a_form(campaign, who=Person("Kim", SAM.email))
    sign(session, keys, campaign, third, links=LINKS, now=NOON)
    assert len(letters_in(session)) == 2
    assert "already_wrote" in notices_in(session)


def test_an_address_gets_three_confirmations_a_day_and_the_rest_later(
    session: Session, keys: Keys, campaign: Campaign
) -> None:
    for number in range(12):
        form = a_form(campaign, who=Person(f"Name {number}", MANY))
        sign(session, keys, campaign, form, links=LINKS, now=NOON)
    due = session.scalars(select(Dispatch.due_at).where(Dispatch.lane == Lane.NOTICE)).all()
    days = [(moment - NOON).days for moment in due]
    assert sorted(days) == [0, 0, 0, 1, 1, 1, 2, 2, 2]


def test_mails_that_wait_past_midnight_count_on_the_day_on_which_they_leave(
    session: Session, keys: Keys, campaign: Campaign
) -> None:
    evening, night = NOON.replace(hour=23), NOON.replace(hour=23) + timedelta(hours=2)
    for number in range(12):
        form = a_form(campaign, who=Person(f"Name {number}", MANY))
        now, turn = (evening, night) if number % 2 else (night, None)
        sign(session, keys, campaign, form, links=LINKS, now=now, not_before=turn)
    due = session.scalars(select(Dispatch.due_at).where(Dispatch.lane == Lane.NOTICE)).all()
    days = [(moment - night).days for moment in due]
    assert sorted(days) == [0, 0, 0, 1, 1, 1, 2, 2, 2]


MANY = "many+tag@example.org"


def test_nothing_is_signed_or_confirmed_from_the_deadline_on(
    session: Session, keys: Keys, campaign: Campaign
) -> None:
    signature = a_signature(session, keys, campaign)
    assert campaign.closes_at is not None
    with pytest.raises(CampaignClosed):
        sign(session, keys, campaign, a_form(campaign), links=LINKS, now=campaign.closes_at)
    signature.link_ends_at = campaign.closes_at
    with pytest.raises(CampaignClosed):
        confirm(session, keys, signature, links=LINKS, now=campaign.closes_at)
    confirm(
        session, keys, signature, links=LINKS, now=campaign.closes_at - timedelta(microseconds=1)
    )
    assert signature.state is SignatureState.CONFIRMED


def test_a_paused_campaign_takes_no_confirmation(
    session: Session, keys: Keys, campaign: Campaign
) -> None:
    signature = a_signature(session, keys, campaign)
    pause(session, campaign, an_account(session, OLENA), "Checking.", NOON)
    with pytest.raises(CampaignPaused):
        confirm(session, keys, signature, links=LINKS, now=NOON)


def test_a_link_lives_seven_days(session: Session, keys: Keys, campaign: Campaign) -> None:
    signature = a_signature(session, keys, campaign)
    with pytest.raises(LinkExpired):
        confirm(session, keys, signature, links=LINKS, now=NOON + timedelta(days=7))


def test_a_link_for_one_purpose_opens_nothing_else(
    session: Session, keys: Keys, campaign: Campaign
) -> None:
    signature = a_signature(session, keys, campaign)
    token = token_of(keys, signature, "status")
    assert get_by_token(session, keys, token, "status").id == signature.id
    for wrong in (
        token[:-2] + ("AA" if not token.endswith("AA") else "BB"),
        make_token(token_key(keys), "status", signature.id, b"another nonce 16"),
    ):
        with pytest.raises(BadToken):
            get_by_token(session, keys, wrong, "status")
    with pytest.raises(BadToken):
        get_by_token(session, keys, token, "confirm")


def test_withdrawing_takes_the_waiting_letter_back_and_forgets_the_writer(
    session: Session, keys: Keys, campaign: Campaign
) -> None:
    signature = a_signature(session, keys, campaign)
    confirm(session, keys, signature, links=LINKS, now=NOON)
    assert withdraw(session, signature, NOON) == 1
    assert signature.sealed_email is None
    session.expire_all()
    assert [row.state for row in letters_in(session)] == [DispatchState.CANCELLED]
    with pytest.raises(Gone):
        confirm(session, keys, signature, links=LINKS, now=NOON)


def test_who_does_not_confirm_is_reminded_once_and_then_forgotten(
    session: Session, keys: Keys, campaign: Campaign
) -> None:
    signature = a_signature(session, keys, campaign)
    for hours in (1, 143, 145, 146):
        remind_unconfirmed(session, keys, links=LINKS, now=NOON + timedelta(hours=hours))
    assert notices_in(session) == ["confirm", "confirm_reminder"]
    assert forget_unconfirmed(session, NOON + timedelta(days=6)) == 0
    assert forget_unconfirmed(session, NOON + timedelta(days=7)) == 1
    assert forget_unconfirmed(session, NOON + timedelta(days=7)) == 0
    session.refresh(signature)
    assert (signature.state, signature.sealed_name) == (SignatureState.FORGOTTEN, None)


def test_each_target_of_ten_takes_the_way_that_its_document_gives(
    session: Session, keys: Keys
) -> None:
    campaign = a_campaign(session, keys, name="dosmagambetov")
    form = a_form(campaign, targets=range(1, 11), letter_language="fr")
    signature = a_signature(session, keys, campaign, form)
    confirm(session, keys, signature, links=LINKS, now=NOON)
    ways = {letter.target.position: letter.channel for letter in signature.letters}
    assert ways == {
        1: LetterChannel.EMAIL,
        2: LetterChannel.EMAIL,
        3: LetterChannel.POST,
        4: LetterChannel.EMAIL,
        5: LetterChannel.FAX,
        6: LetterChannel.EMAIL,
        7: LetterChannel.FORM,
        8: LetterChannel.EMAIL,
        9: LetterChannel.POST,
        10: LetterChannel.EMAIL,
    }
    assert len(letters_in(session)) == 6
    counted = totals(session, campaign.id, (Figure.QUEUED, Figure.TO_PRINT))
    assert counted == {Figure.QUEUED: 6, Figure.TO_PRINT: 4}
    by_hand = next(letter for letter in signature.letters if letter.target.position == 3)
    report_done(session, by_hand, NOON)
    report_done(session, by_hand, NOON)
    assert totals(session, campaign.id, (Figure.SELF_REPORTED,))[Figure.SELF_REPORTED] == 1


def test_a_closed_campaign_cancels_what_waits_and_tells_the_writer(
    session: Session, keys: Keys, campaign: Campaign
) -> None:
    signature = a_signature(session, keys, campaign)
    confirm(session, keys, signature, links=LINKS, now=NOON)
    assert campaign.closes_at is not None
    assert close_expired(session, campaign.closes_at - timedelta(seconds=1)) == []
    assert close_expired(session, campaign.closes_at) == [campaign.id]
    assert close_expired(session, campaign.closes_at) == []
    session.expire_all()
    settle(session, keys, links=LINKS, now=campaign.closes_at)
    settle(session, keys, links=LINKS, now=campaign.closes_at)
    assert [row.state for row in letters_in(session)] == [DispatchState.CANCELLED]
    assert notices_in(session) == ["confirm", "did_not_leave"]


def test_thirty_days_after_the_end_nobody_is_left(
    session: Session, keys: Keys, campaign: Campaign, tmp_path: Path
) -> None:
    beside = Beside(tmp_path / "keys")
    signature = a_signature(session, keys, campaign)
    confirm(session, keys, signature, links=LINKS, now=NOON)
    end = campaign.closes_at
    assert end is not None
    close_expired(session, end)
    assert destroy_kept(session, end + timedelta(days=30) - timedelta(seconds=1), beside) == 0
    assert destroy_kept(session, end + timedelta(days=30), beside) == 1
    assert destroy_kept(session, end + timedelta(days=30), beside) == 0
    session.refresh(signature)
    assert (signature.sealed_name, signature.sealed_email) == (None, None)


def test_a_confirmed_letter_leaves_whole_and_its_writer_is_thanked(
    database: Database, keys: Keys, tmp_path: Path
) -> None:
    with unit_of_work(database.writing) as session:
        campaign = a_campaign(session, keys)
        form = a_form(campaign, who=NOOR, sentence="I teach in Lisbon.", letter_language="ru")
        confirm(session, keys, a_signature(session, keys, campaign, form), links=LINKS, now=NOON)
    worker = Worker(
        database,
        keys,
        local=Maildir(tmp_path / "mail"),
        relay=None,
        name="test",
        lease=timedelta(seconds=15),
        clock=lambda: NOON,
    )
    for _ in range(2):
        worker.drain()
        with unit_of_work(database.writing) as session:
            settle(session, keys, links=LINKS, now=NOON)
    mails = [read(path) for path in (tmp_path / "mail" / "new").iterdir()]
    (letter,) = [mail for mail in mails if "udp@udp-rk.kz" in mail["To"]]
    text = letter.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert "Глубокоуважаемый господин Президент!" in text
    assert "Жанболат Мамай" in text
    assert "I teach in Lisbon." in text
    assert text.rstrip().endswith("Noor")
    assert "Noor" in letter["From"]
    assert NOOR.email not in letter.as_string()
    to_noor = [mail["Subject"] for mail in mails if NOOR.email in mail["To"]]
    assert len(to_noor) == 2
    with database.reading() as session:
        campaign = get_campaign_by_id(session, campaign.id)
        assert totals(session, campaign.id, (Figure.HANDED_OVER,))[Figure.HANDED_OVER] == 1


def read(path: Path) -> EmailMessage:
    with path.open("rb") as source:
        return message_from_binary_file(source, policy=policy.default)  # type: ignore[return-value]
