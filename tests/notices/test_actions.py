from __future__ import annotations

from email import message_from_bytes, policy

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.core.sealing import Seal, new_seal
from app.core.tokens import Keys
from app.delivery.message import Message, build
from app.delivery.models import Dispatch, DispatchState, Lane
from app.notices.actions import Sender, send
from app.notices.rules import NOTICES, WrongValues
from tests.builders import NOON
from tests.cast import SAM
from tests.notices.samples import PAGE, values_of

SENDER = Sender(
    "Outcry Demonstration",
    "letters@example.org",
    "desk@example.org",
    "1 Letter Street\n1200 Geneva",
)


@pytest.fixture
def seal(session: Session, keys: Keys) -> Seal:
    return new_seal(session, keys)


def send_to_sam(
    session: Session, seal: Seal, name: str = "confirm", **different: object
) -> Dispatch:
    return send(
        session,
        seal,
        SENDER,
        name=name,
        to_address=SAM.email,
        language="ru",
        once_key=f"notice:{name}:1",
        values=values_of(name, "ru") | different,
        now=NOON,
    )


def message_of(seal: Seal, dispatch: Dispatch) -> Message:
    assert dispatch.payload is not None
    raw = seal.open_bytes(dispatch.payload, table="dispatch", column="payload", row=dispatch.id)
    return Message.from_bytes(raw)


def test_a_notice_waits_in_its_own_lane_behind_no_gate(session: Session, seal: Seal) -> None:
    dispatch = send_to_sam(session, seal)
    assert dispatch.state is DispatchState.QUEUED
    assert dispatch.lane is Lane.NOTICE
    assert dispatch.gate_id is None
    assert dispatch.counted_as is None


def test_the_same_notice_asked_for_twice_is_sent_once(session: Session, seal: Seal) -> None:
    assert send_to_sam(session, seal).id == send_to_sam(session, seal).id
    assert session.scalar(select(func.count()).select_from(Dispatch)) == 1


def test_nothing_is_queued_for_a_notice_that_cannot_be_written(
    session: Session, seal: Seal
) -> None:
    with pytest.raises(WrongValues):
        send_to_sam(session, seal, surname="Supporter")
    assert session.scalar(select(func.count()).select_from(Dispatch)) == 0


@pytest.mark.parametrize("name", NOTICES)
def test_every_notice_can_be_built_and_read_again(session: Session, seal: Seal, name: str) -> None:
    message = message_of(seal, send_to_sam(session, seal, name))
    raw = build(message, message_id="<1@example.org>", date=NOON)
    mail = message_from_bytes(raw, policy=policy.default)
    text, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert mail["Subject"] == message.subject
    assert mail["To"] == SAM.email
    assert mail["Reply-To"] == "desk@example.org"
    assert mail["Content-Language"] == "ru"
    # RFC 3834: programs that answer by themselves leave us alone.
    assert mail["Auto-Submitted"] == "auto-generated"
    assert text is not None
    assert text.get_content().replace("\r\n", "\n") == message.text
    assert html is not None
    assert html.get_content().replace("\r\n", "\n") == message.html


def test_a_reminder_can_be_stopped_with_one_click(session: Session, seal: Seal) -> None:
    headers = dict(message_of(seal, send_to_sam(session, seal, "reminder")).headers)
    assert headers["List-Unsubscribe"] == f"<{PAGE}/en/reminders/abc/stop>"
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_a_notice_about_ones_own_letter_has_nothing_to_unsubscribe(
    session: Session, seal: Seal
) -> None:
    headers = dict(message_of(seal, send_to_sam(session, seal)).headers)
    assert headers == {"Auto-Submitted": "auto-generated"}
