"""Coming back: what a report or an answer changes, and how little a forged one does."""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from aiosmtpd.smtp import SMTP, Envelope
from aiosmtpd.smtp import Session as Talk

from app.core.db import Database, unit_of_work
from app.core.tokens import Keys
from app.delivery.actions import note_bounce
from app.delivery.arrivals import Arrival, Came, take_in
from app.delivery.models import DispatchState, Lane
from app.delivery.outgoing import Outgoing
from app.delivery.queries import count_by_state, list_answers
from app.delivery.returns import Forged, NotOurs, Purpose, Returns
from app.tally.models import Figure
from tests.delivery.outbox import Outbox, a_message, a_sink
from tests.delivery.test_reports import ASKER, dsn, note

DOMAIN = "back.act.example.org"


@pytest.fixture
def outbox(database: Database, keys: Keys, tmp_path: Path) -> Iterator[Outbox]:
    opened = Outbox.on(database, keys, tmp_path / "mail")
    yield opened
    opened.hang_up()


@pytest.fixture
def returns(keys: Keys) -> Returns:
    return Returns(keys, DOMAIN)


def come(
    outbox: Outbox,
    returns: Returns,
    raw: bytes,
    *,
    to: Purpose | str = Purpose.BOUNCES,
    sender: str = "",
    once_key: str = "letter:1",
) -> Arrival:
    recipient = returns.address(to, outbox.get(once_key).id) if isinstance(to, Purpose) else str(to)
    with unit_of_work(outbox.database.writing) as session:
        return take_in(
            session, returns, raw, recipient=recipient, sender=sender, now=outbox.clock.now
        )


def sent(outbox: Outbox, *once_keys: str) -> None:
    for once_key in once_keys or ("letter:1",):
        outbox.put(once_key)
    outbox.worker().drain()


def test_what_leaves_names_the_way_back(outbox: Outbox, returns: Returns) -> None:
    outbox.put("letter:1", message=a_message(reply_to="a@section.example.org", relay_answers=True))
    outbox.put("letter:2", message=a_message(reply_to="a@section.example.org"))
    senders: list[str] = []
    with a_sink() as sink:

        async def note_sender(
            _server: SMTP, _talk: Talk, envelope: Envelope, address: str, _options: list[str]
        ) -> str:
            senders.append(address)
            envelope.mail_from = address
            return "250 OK"

        sink.handle_MAIL = note_sender  # type: ignore[attr-defined]
        outbox.worker(sink.port, outgoing=Outgoing(returns=returns)).drain()
        both = b"".join(sink.accepted)

    ids = {outbox.get(key).id for key in ("letter:1", "letter:2")}
    assert {returns.read(address).dispatch for address in senders} == ids
    assert {returns.read(address).purpose for address in senders} == {Purpose.BOUNCES}
    answers = returns.address(Purpose.ANSWERS, outbox.get("letter:1").id)
    assert both.count(b"Reply-To: " + answers.encode()) == 1
    assert both.count(b"Reply-To: a@section.example.org") == 1
    assert both.count(b"From: Olena for Outcry <letters@act.example.org>") == 2


def test_a_report_moves_sent_to_bounced_once(outbox: Outbox, returns: Returns) -> None:
    sent(outbox, "letter:1", "letter:2")

    assert come(outbox, returns, dsn(status="5.1.1")).came is Came.NOTED
    assert come(outbox, returns, dsn(status="5.1.1")).came is Came.KNOWN
    assert come(outbox, returns, dsn("failed", "4.2.2"), once_key="letter:2").came is Came.NOTED

    assert (outbox.state(), outbox.get().reason) == (DispatchState.BOUNCED, "hard_5.1.1")
    assert outbox.get("letter:2").reason == "soft_4.2.2"
    assert outbox.counted(Figure.BOUNCED) == 2
    assert outbox.counted(Figure.HANDED_OVER) == 2, "it was handed over, and came back"


def test_no_report_disables_a_mailbox(outbox: Outbox, returns: Returns) -> None:
    sent(outbox)
    come(outbox, returns, dsn(status="5.1.1"))
    outbox.put("letter:2")
    outbox.worker().drain()
    assert outbox.state("letter:2") is DispatchState.SENT


def test_delayed_noise_and_machines_move_nothing(outbox: Outbox, returns: Returns) -> None:
    sent(outbox)
    assert come(outbox, returns, dsn("delayed", "4.4.1")).came is Came.IGNORED
    assert come(outbox, returns, dsn("relayed", "2.0.0")).came is Came.IGNORED
    assert come(outbox, returns, note(), sender=ASKER).came is Came.IGNORED
    assert come(outbox, returns, note("X-Autoreply: yes")).came is Came.NOTED
    assert come(outbox, returns, note("X-Autoreply: yes")).came is Came.KNOWN
    assert outbox.state() is DispatchState.SENT
    assert outbox.get().auto_answered


def test_an_answer_is_counted_once_by_office_with_its_days(
    outbox: Outbox, returns: Returns
) -> None:
    sent(outbox, "letter:1", "letter:2", "letter:3")
    outbox.clock.pass_by(timedelta(days=4))
    for _ in range(2):
        came = come(outbox, returns, note(), to=Purpose.ANSWERS, sender=ASKER)
        assert (came.came, came.dispatch) == (Came.ANSWER, outbox.get().id)
    outbox.clock.pass_by(timedelta(days=6))
    come(outbox, returns, note(), to=Purpose.ANSWERS, sender=ASKER, once_key="letter:2")
    come(outbox, returns, note("Precedence: bulk"), to=Purpose.ANSWERS, once_key="letter:3")

    with outbox.database.reading() as session:
        (office,) = list_answers(session)
    assert (office.letters, office.answered, office.automatic) == (3, 2, 1)
    assert office.usual_days == 7, "half way between four and ten"


@pytest.mark.parametrize(
    "state", [s for s in DispatchState if s not in (DispatchState.SENT, DispatchState.SENDING)]
)
def test_only_what_was_handed_over_can_come_back(
    outbox: Outbox, returns: Returns, state: DispatchState
) -> None:
    outbox.put()
    outbox.set(state=state)
    assert come(outbox, returns, dsn()).came is Came.KNOWN
    assert outbox.state() is state
    assert outbox.counted(Figure.BOUNCED) == 0


def test_a_report_that_is_faster_than_the_worker_comes_again(
    outbox: Outbox, returns: Returns
) -> None:
    outbox.put()
    outbox.set(state=DispatchState.SENDING, lease_until=outbox.clock.now)
    assert come(outbox, returns, dsn()).came is Came.TOO_EARLY
    assert outbox.state() is DispatchState.SENDING


def test_a_thousand_forged_reports_change_nothing(outbox: Outbox, returns: Returns) -> None:
    sent(outbox, *(f"letter:{n}" for n in range(10)))
    ids = [outbox.get(f"letter:{n}").id for n in range(10)]
    foreign = Returns(Keys.of(b"x" * 32), DOMAIN)
    chance = random.Random(7)
    with outbox.database.reading() as session:
        before = count_by_state(session)

    said = set()
    for n in range(1000):
        row = ids[n % 10]
        true = returns.address(Purpose.BOUNCES, row)
        at = chance.randrange(len("bounces+"), len(true) - len(DOMAIN) - 1)
        other = chance.choice([c for c in "abcdefghijklmnopqrstuvwxyz234567" if c != true[at]])
        forged = [
            foreign.address(Purpose.BOUNCES, row),
            true[:at] + other + true[at + 1 :],
            returns.address(Purpose.ANSWERS, row).replace("answers", "bounces"),
            true.replace("@", "aa@"),
            f"bounces+{row.hex}@{DOMAIN}",
        ][n % 5]
        said.add(come(outbox, returns, dsn(), to=forged).came)

    assert said == {Came.FORGED}
    with outbox.database.reading() as session:
        assert count_by_state(session) == before
    assert outbox.counted(Figure.BOUNCED) == 0


def test_an_address_says_one_thing_in_any_case_of_its_letters(returns: Returns) -> None:
    row = uuid.uuid4()
    for purpose in Purpose:
        address = returns.address(purpose, row)
        assert len(address.partition("@")[0]) <= 64
        for written in (address, address.upper(), f"<{address}>"):
            found = returns.read(written)
            assert (found.purpose, found.dispatch) == (purpose, row)


@pytest.mark.parametrize(
    "address",
    ["", "x", "bounces@" + DOMAIN, "postmaster@" + DOMAIN, "other+abc@" + DOMAIN, "bounces+a@x.y"],
)
def test_nobody_lives_at_another_address(returns: Returns, address: str) -> None:
    with pytest.raises(NotOurs):
        returns.read(address)


@pytest.mark.parametrize("token", ["", "a", "é" * 48, "1" * 48, "a" * 48, "a" * 5000, "a b"])
def test_a_token_that_is_none_is_forged(returns: Returns, token: str) -> None:
    with pytest.raises(Forged):
        returns.read(f"bounces+{token}@{DOMAIN}")


def test_a_notice_comes_back_without_a_figure(outbox: Outbox, returns: Returns) -> None:
    outbox.put("notice:1", lane=Lane.NOTICE)
    outbox.worker().drain()
    outbox.set("notice:1", counted_as=None)
    with unit_of_work(outbox.database.writing) as session:
        row = outbox.get("notice:1").id
        assert note_bounce(session, row, "5.1.1", is_hard=True, now=outbox.clock.now)
    assert outbox.state("notice:1") is DispatchState.BOUNCED
    assert outbox.counted(Figure.BOUNCED) == 0
