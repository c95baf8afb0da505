"""Letters that leave together: only where a deadline needs it, and each of them once."""

from __future__ import annotations

import email
import io
import threading
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import pytest
from pypdf import PdfReader
from sqlalchemy import func, select, update

from app.authorities.models import ContactKind, ContactState
from app.authorities.offices import point_of
from app.campaigns.life import extend
from app.campaigns.queries import get_campaign_by_id
from app.core.db import Database, unit_of_work
from app.core.tokens import Keys
from app.delivery import booking
from app.delivery.actions import close_gate, note_answer, note_bounce, retry
from app.delivery.budgets import Budget, Hours
from app.delivery.channels.base import (
    Envelope,
    HandOver,
    NeverWill,
    Receipt,
    Steps,
    TryLater,
    Unknown,
)
from app.delivery.channels.maildir import Maildir
from app.delivery.channels.smtp import Relay, RelayAddress
from app.delivery.digests import count_letters, list_digests
from app.delivery.models import Dispatch, DispatchState, Lane, Mailbox, MailboxUse, Span
from app.delivery.queries import count_by_state, list_failed, list_held
from app.delivery.worker import Worker
from app.letters.digest import FILE_AT_MOST
from app.reminders.outlook import EventKind, foresee
from app.signatures.actions import confirm, withdraw
from app.signatures.answers import find_way_back
from app.signatures.digests import decide, digest_writer
from app.signatures.ladder import step_down
from app.signatures.models import Letter, Signature
from app.signatures.own_data import erase_address
from app.signatures.rules import addressed
from app.tally.models import Figure
from app.tally.queries import totals
from tests.builders import LINKS, NOON, a_campaign, a_form, a_signature
from tests.cast import Person
from tests.delivery.outbox import Clock, Killed, a_sink, killing

MINUTE = timedelta(minutes=1)


@dataclass
class Desk:
    """One campaign whose only mailbox gets four letters a minute, and what writers do with it."""

    database: Database
    keys: Keys
    folder: Path
    campaign: uuid.UUID
    clock: Clock
    workers: list[Worker] = field(default_factory=list)

    def write(self, *names: str) -> None:
        with unit_of_work(self.database.writing) as session:
            campaign = get_campaign_by_id(session, self.campaign)
            for name in names:
                who = Person(name, f"{name.replace(' ', '.').lower()}@example.org")
                form = a_form(campaign, who=who, sentence=f"{name} asks for it.")
                signature = a_signature(session, self.keys, campaign, form, self.clock.now)
                confirm(session, self.keys, signature, links=LINKS, now=self.clock.now)

    def budget(self, **figures: object) -> None:
        hours = figures.pop("hours", Hours())
        with unit_of_work(self.database.writing) as session:
            mailbox = session.scalars(select(Mailbox)).one()
            ceilings = {Span(name): value for name, value in figures.items()}
            booking.set_budget(session, mailbox, ceilings=ceilings, hours=hours, now=self.clock.now)

    def decide(self) -> int:
        with unit_of_work(self.database.writing) as session:
            return decide(session, self.keys, self.clock.now)

    def worker(self, *, at_most: int = FILE_AT_MOST, **options: object) -> Worker:
        worker = Worker(
            self.database,
            self.keys,
            **{
                "local": Maildir(self.folder),
                "relay": None,
                "name": "test",
                "lease": timedelta(seconds=60),
                "clock": self.clock,
                "lanes": (Lane.LETTER,),
                "write_digest": digest_writer(self.keys, at_most),
                **options,
            },
        )
        self.workers.append(worker)
        return worker

    def states(self) -> dict[DispatchState, int]:
        with self.database.reading() as session:
            return {
                state: times
                for state, times in count_by_state(session, Lane.LETTER).items()
                if times
            }

    def counted(self, figure: Figure) -> int:
        with self.database.reading() as session:
            return totals(session, self.campaign, tuple(Figure))[figure]

    def digests(self, *states: DispatchState) -> list[Dispatch]:
        with self.database.reading() as session:
            found = select(Dispatch).where(Dispatch.opened_at.is_not(None))
            if states:
                found = found.where(Dispatch.state.in_(states))
            return list(session.scalars(found.order_by(Dispatch.opened_at)))

    def mails(self) -> list[EmailMessage]:
        found = sorted((self.folder / "new").glob("*"))
        return [email.message_from_bytes(path.read_bytes(), policy=default) for path in found]

    def used(self, span: Span) -> int:
        with self.database.reading() as session:
            booked = select(func.sum(MailboxUse.used)).where(MailboxUse.span == span)
            return session.scalar(booked) or 0

    def require_sum(self, letters: int) -> None:
        """Every letter that was ever queued stands in one state, and in one column."""
        assert sum(self.states().values()) == letters
        assert self.counted(Figure.QUEUED) == letters
        ends = {
            Figure.HANDED_OVER: (DispatchState.SENT, DispatchState.BOUNCED),
            Figure.FAILED: (DispatchState.FAILED,),
            Figure.HELD: (DispatchState.HELD,),
            Figure.CANCELLED: (DispatchState.CANCELLED,),
        }
        for figure, states in ends.items():
            there = sum(self.states().get(state, 0) for state in states)
            assert self.counted(figure) == there, figure


def names(count: int) -> list[str]:
    return [f"Writer {chr(65 + n // 26)}{chr(97 + n % 26)}" for n in range(count)]


def text_of(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def letters_in(mail: EmailMessage) -> str:
    (attachment,) = mail.iter_attachments()
    reader = PdfReader(io.BytesIO(attachment.get_content()))
    return " ".join(" ".join(page.extract_text().split()) for page in reader.pages)


@pytest.fixture
def desk(database: Database, keys: Keys, tmp_path: Path) -> Iterator[Desk]:
    with unit_of_work(database.writing) as session:
        campaign = a_campaign(session, keys, closes_at=NOON + timedelta(hours=2)).id
    opened = Desk(database, keys, tmp_path / "mail", campaign, Clock(NOON))
    yield opened
    for worker in opened.workers:
        worker.close()


@pytest.fixture
def crowd(desk: Desk) -> Desk:
    """Eight letters, of which at most five would leave before the end."""
    desk.write(*names(8))
    desk.budget(minute=4, hour=3)
    return desk


def test_a_digest_is_chosen_when_the_deadline_needs_it_and_not_otherwise(desk: Desk) -> None:
    desk.write(*names(8))
    assert desk.decide() == 0, "at the usual pace they are through in a few minutes"
    desk.budget(minute=4, hour=3)
    assert desk.decide() == 1
    assert desk.decide() == 0, "deciding twice changes nothing"
    (digest,) = desk.digests()
    with desk.database.reading() as session:
        assert count_letters(session, digest.id) == 8
    desk.require_sum(8)


def test_one_mail_carries_every_letter_and_each_is_counted_once(crowd: Desk) -> None:
    crowd.decide()
    crowd.worker().drain()
    (mail,) = crowd.mails()
    text, printed = text_of(mail), letters_in(mail)
    for name in names(8):
        assert f". {name}\n" in text
        assert f"{name} asks for it." in printed
    assert "Number of letters: 8" in text
    assert "example.org" not in text, "no writer's address"
    assert crowd.states() == {DispatchState.SENT: 8}
    assert crowd.counted(Figure.HANDED_OVER) == crowd.counted(Figure.IN_DIGEST) == 8
    crowd.require_sum(8)
    assert crowd.used(Span.EVER) == crowd.used(Span.MINUTE) == 1, "one mail"
    assert crowd.worker().drain() == 0
    with crowd.database.reading() as session:
        left = select(func.count()).where(
            Dispatch.payload.is_not(None), Dispatch.lane == Lane.LETTER
        )
        assert session.scalar(left) == 0, "no words stay"


def test_it_is_dissolved_as_long_as_nobody_has_claimed_it(crowd: Desk) -> None:
    crowd.decide()
    crowd.budget(minute=10, hour=120)
    assert crowd.decide() == 1
    assert crowd.digests(DispatchState.QUEUED) == []
    crowd.clock.pass_by(MINUTE)
    crowd.worker().run_once(limit=50)
    assert crowd.states() == {DispatchState.SENT: 8}
    assert crowd.counted(Figure.IN_DIGEST) == 0
    crowd.require_sum(8)


def test_an_extension_dissolves_it_and_the_letters_have_the_new_deadline(crowd: Desk) -> None:
    crowd.decide()
    with unit_of_work(crowd.database.writing) as session:
        campaign = get_campaign_by_id(session, crowd.campaign)
        last_day = (NOON + timedelta(days=30)).date()
        extend(
            session, campaign, None, last_day=last_day, last_time="23:59", note="More.", now=NOON
        )
    assert crowd.decide() == 1
    assert crowd.digests(DispatchState.QUEUED) == []
    for _ in range(4):
        crowd.clock.pass_by(timedelta(hours=1))
        crowd.worker().drain()
    assert crowd.clock.now > NOON + timedelta(hours=2), "the old deadline"
    assert crowd.states() == {DispatchState.SENT: 8}
    assert crowd.counted(Figure.IN_DIGEST) == 0


def test_who_writes_later_waits_for_the_next_one(crowd: Desk) -> None:
    crowd.decide()
    crowd.worker().drain()
    crowd.write(*(f"Late {name}" for name in names(9)))
    crowd.clock.pass_by(30 * MINUTE)
    assert crowd.decide() == 0, "the last one is not an hour ago"
    crowd.clock.pass_by(31 * MINUTE)
    assert crowd.decide() == 1
    crowd.worker().drain()
    assert len(crowd.mails()) == 2
    assert crowd.states() == {DispatchState.SENT: 17}
    crowd.require_sum(17)


def test_what_does_not_fit_takes_the_next_mail_at_once(
    crowd: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.letters.digest.GROUP", 3)
    crowd.decide()
    crowd.worker(at_most=1).drain()
    mails = crowd.mails()
    crowd.clock.pass_by(MINUTE)
    crowd.worker(at_most=1).drain()
    mails = crowd.mails()
    assert len(mails) == 3
    assert sorted(text_of(mail).count(". Writer") for mail in mails) == [2, 3, 3]
    assert len({mail["Message-ID"] for mail in mails}) == 3
    assert crowd.states() == {DispatchState.SENT: 8}
    crowd.require_sum(8)


def test_whoever_is_erased_is_not_in_it(crowd: Desk, tmp_path: Path) -> None:
    crowd.decide()
    with unit_of_work(crowd.database.writing) as session:
        gone = erase_address(
            session, crowd.keys, "writer.aa@example.org", now=NOON, beside=tmp_path / "erased"
        )
    assert gone == (1, 1)
    crowd.worker().drain()
    (mail,) = crowd.mails()
    assert "Writer Aa" not in text_of(mail) + letters_in(mail)
    assert "Number of letters: 7" in text_of(mail)
    assert crowd.states() == {DispatchState.SENT: 7, DispatchState.CANCELLED: 1}
    crowd.require_sum(8)


@pytest.mark.parametrize("step", ["claimed", "written", "connected", "before_data"])
def test_whoever_takes_it_back_while_it_is_written_is_not_in_it(crowd: Desk, step: str) -> None:
    crowd.decide()
    done: list[str] = []

    def at(reached: str) -> None:
        if reached == step and not done:
            done.append(step)
            take_back(crowd)

    worker = crowd.worker(at=at)
    worker.drain()
    worker.drain()
    (mail,) = crowd.mails()
    assert done
    assert text_of(mail).count(". Writer") == 7
    assert crowd.states() == {DispatchState.SENT: 7, DispatchState.CANCELLED: 1}
    assert crowd.used(Span.EVER) == 1
    crowd.require_sum(8)


@pytest.mark.parametrize("step", ["dot_flag", "dot_sent", "answered"])
def test_what_has_begun_to_leave_cannot_be_taken_back(crowd: Desk, step: str) -> None:
    crowd.decide()
    done: list[str] = []

    def at(reached: str) -> None:
        if reached == step and not done:
            done.append(step)
            assert take_back(crowd) == 0

    crowd.worker(at=at).drain()
    assert crowd.states() == {DispatchState.SENT: 8}
    crowd.require_sum(8)


def take_back(desk: Desk) -> int:
    with unit_of_work(desk.database.writing) as session:
        riding = select(Letter.signature_id).join(Dispatch, Dispatch.id == Letter.dispatch_id)
        one = session.scalars(riding.where(Dispatch.carried_by.is_not(None)).limit(1)).one()
        return withdraw(session, session.get_one(Signature, one), desk.clock.now)


@pytest.mark.parametrize(
    "step",
    [
        "claimed",
        "written",
        "connected",
        "before_data",
        "dot_flag",
        "dot_sent",
        "answered",
        "marked",
    ],
)
def test_a_worker_that_dies_at_any_step_leaves_one_mail(crowd: Desk, step: str) -> None:
    crowd.decide()
    with pytest.raises(Killed):
        crowd.worker(at=killing(step)).drain()
    with unit_of_work(crowd.database.writing) as session:
        session.execute(
            update(Dispatch)
            .where(Dispatch.state == DispatchState.SENDING)
            .values(lease_until=NOON - timedelta(days=300))
        )
    assert crowd.decide() == 0
    crowd.clock.pass_by(MINUTE)
    crowd.worker().drain()
    crowd.clock.pass_by(2 * MINUTE)
    crowd.worker().drain()
    assert len(crowd.mails()) == 1
    assert crowd.states() == {DispatchState.SENT: 8}
    assert crowd.counted(Figure.IN_DIGEST) == 8
    crowd.require_sum(8)
    assert crowd.used(Span.EVER) == 1


def test_deciding_dies_with_its_transaction(crowd: Desk) -> None:
    with crowd.database.writing() as session:
        assert decide(session, crowd.keys, NOON) == 1
        # No commit: whoever decided was killed before it.
    assert crowd.digests() == []
    assert crowd.decide() == 1


def test_nothing_leaves_after_the_close(crowd: Desk) -> None:
    crowd.decide()
    close(crowd)
    crowd.worker().drain()
    assert crowd.mails() == []
    assert crowd.states() == {DispatchState.CANCELLED: 8}
    crowd.require_sum(8)


@pytest.mark.parametrize("step", ["written", "before_data"])
def test_a_close_stops_what_is_about_to_leave(crowd: Desk, step: str) -> None:
    crowd.decide()

    def at(reached: str) -> None:
        if reached == step:
            close(crowd)

    crowd.worker(at=at).drain()
    assert crowd.mails() == []
    assert crowd.states() == {DispatchState.CANCELLED: 8}
    crowd.require_sum(8)


def test_a_close_past_the_dot_lets_one_mail_finish_and_says_so(crowd: Desk) -> None:
    crowd.decide()

    def at(reached: str) -> None:
        if reached == "dot_flag":
            with unit_of_work(crowd.database.writing) as session:
                campaign = get_campaign_by_id(session, crowd.campaign)
                report = close_gate(session, campaign.gate, "stopped", NOON)
                assert (report.cancelled, report.in_flight) == (0, 8)

    crowd.worker(at=at).drain()
    assert crowd.states() == {DispatchState.SENT: 8}
    crowd.require_sum(8)


def close(desk: Desk) -> None:
    with unit_of_work(desk.database.writing) as session:
        campaign = get_campaign_by_id(session, desk.campaign)
        close_gate(session, campaign.gate, "stopped", desk.clock.now)


def test_too_late_is_too_late_for_a_digest(crowd: Desk) -> None:
    crowd.decide()
    crowd.clock.pass_by(timedelta(hours=2))
    crowd.worker().drain()
    assert crowd.mails() == []
    assert crowd.states() == {DispatchState.CANCELLED: 8}
    crowd.require_sum(8)
    assert crowd.decide() == 0


def test_held_and_suppressed_letters_stay_out(crowd: Desk) -> None:
    with unit_of_work(crowd.database.writing) as session:
        one = select(Dispatch.id).where(Dispatch.lane == Lane.LETTER).limit(1).scalar_subquery()
        session.execute(update(Dispatch).where(Dispatch.id == one).values(state=DispatchState.HELD))
        session.execute(update(Mailbox).values(suppressed=True))
    assert crowd.decide() == 0
    with unit_of_work(crowd.database.writing) as session:
        session.execute(update(Mailbox).values(suppressed=False))
    assert crowd.decide() == 1
    crowd.worker().drain()
    assert crowd.states() == {DispatchState.SENT: 7, DispatchState.HELD: 1}


def test_an_office_that_wants_no_mail_gets_no_digest_either(crowd: Desk) -> None:
    crowd.decide()
    with unit_of_work(crowd.database.writing) as session:
        authority = addressed(get_campaign_by_id(session, crowd.campaign))[0].authority
        point = point_of(authority, ContactKind.EMAIL)
        assert point is not None
        point.state = ContactState.REFUSED
        session.flush()
        assert step_down(session, crowd.keys, authority, NOON) == 8
    crowd.worker().drain()
    assert crowd.mails() == []
    assert crowd.states() == {DispatchState.FAILED: 8}
    crowd.require_sum(8)


def test_the_list_of_what_will_happen_knows_when_the_digest_leaves(crowd: Desk) -> None:
    crowd.budget(minute=4, hour=3, hours=Hours(opens=12 * 60 + 30, closes=13 * 60))
    assert crowd.decide() == 1
    assert crowd.worker().drain() > 0
    assert crowd.mails() == []
    with crowd.database.reading() as session:
        campaign = get_campaign_by_id(session, crowd.campaign)
        foreseen = foresee(session, crowd.keys, NOON, NOON + timedelta(days=1), crowd.clock.now)
        letters = [event for event in foreseen if event.kind is EventKind.LETTERS]
        assert [(event.at, event.count) for event in letters] == [(NOON, 8)]
        (shown,) = list_digests(session, campaign.gate_id)
    assert (shown.at, shown.letters) == (NOON + 30 * MINUTE, 8)
    crowd.clock.pass_by(30 * MINUTE)
    crowd.worker().drain()
    assert crowd.states() == {DispatchState.SENT: 8}


class Answering:
    """An outlet whose server says something else than "taken"."""

    can_tell = False
    patience = timedelta()

    def __init__(self, error: Exception, times: int = 1) -> None:
        self.error, self.times, self.taken = error, times, 0

    # Its parameters are those of every way out.
    def send(self, envelope: Envelope, content: bytes, *, message_id: str, steps: Steps) -> Receipt:  # noqa: ARG002
        steps.connected()
        steps.before_data()
        steps.before_body()
        if self.times:
            self.times -= 1
            raise self.error
        self.taken += 1
        return Receipt(250, "q1")

    # Here, too.
    def has(self, message_id: str, hand_over: HandOver) -> None:  # noqa: ARG002
        return None

    def hang_up(self) -> None:
        pass

    def close(self) -> None:
        pass


def test_a_deferred_digest_leaves_later_and_a_refused_one_waits_for_a_person(crowd: Desk) -> None:
    crowd.decide()
    crowd.worker(relay=Answering(TryLater(451))).run_once()
    assert crowd.states() == {DispatchState.QUEUED: 8}
    crowd.clock.pass_by(2 * MINUTE)
    crowd.worker(relay=Answering(NeverWill(554))).run_once()
    assert crowd.states() == {DispatchState.FAILED: 8}
    crowd.require_sum(8)
    with crowd.database.reading() as session:
        (shown,) = list_failed(session)
        one = session.scalars(select(Dispatch.id).where(Dispatch.carried_by == shown.id)).first()
    assert shown.is_digest
    with unit_of_work(crowd.database.writing) as session:
        assert retry(session, one, crowd.clock.now).id == shown.id, "they go together again"
    assert crowd.states() == {DispatchState.QUEUED: 8}
    crowd.require_sum(8)
    crowd.clock.pass_by(timedelta(hours=1))  # its server complained, and what failed was booked
    crowd.worker().drain()
    assert crowd.states() == {DispatchState.SENT: 8}
    crowd.require_sum(8)


def test_an_unknown_end_is_risked_once_and_then_a_person_decides(crowd: Desk) -> None:
    crowd.decide()
    outlet = Answering(Unknown(), times=2)
    for _ in range(2):
        crowd.worker(relay=outlet).run_once()
        if crowd.states() == {DispatchState.QUEUED: 8}:
            assert take_back(crowd) == 1
        crowd.clock.pass_by(2 * MINUTE)
    assert crowd.states() == {DispatchState.HELD: 7, DispatchState.CANCELLED: 1}
    crowd.require_sum(8)
    with crowd.database.reading() as session:
        (shown,) = list_held(session)
    with unit_of_work(crowd.database.writing) as session:
        retry(session, shown.id, crowd.clock.now)
    crowd.worker(relay=outlet).run_once()
    assert outlet.taken == 1
    assert crowd.states() == {DispatchState.SENT: 7, DispatchState.CANCELLED: 1}
    crowd.require_sum(8)


def test_whoever_asks_back_what_may_have_left_keeps_no_words_here(crowd: Desk) -> None:
    crowd.decide()

    def at(reached: str) -> None:
        if reached == "dot_flag":
            take_back(crowd)

    crowd.worker(relay=Answering(Unknown()), at=at).run_once()
    assert crowd.states() == {DispatchState.QUEUED: 7, DispatchState.HELD: 1}
    crowd.require_sum(8)
    with crowd.database.reading() as session:
        held = select(Dispatch).where(Dispatch.state == DispatchState.HELD)
        assert session.scalars(held).one().payload is None


def test_many_workers_and_the_clock_at_once_send_each_letter_once(crowd: Desk) -> None:
    ready, broken = threading.Barrier(3), list[BaseException]()

    def again(work: Callable[[], object]) -> None:
        ready.wait()
        try:
            for _ in range(6):
                work()
        except Exception as error:  # noqa: BLE001 - whatever it is, the test must hear of it
            broken.append(error)

    one, two = crowd.worker(), crowd.worker()
    works = (crowd.decide, one.run_once, two.run_once)
    threads = [threading.Thread(target=again, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert broken == []
    crowd.budget(minute=20, hour=100)  # what was left alone, if the clock came late
    crowd.worker().drain()
    said = [
        text_of(mail) + (letters_in(mail) if list(mail.iter_attachments()) else "")
        for mail in crowd.mails()
    ]
    for name in names(8):
        assert sum(f"{name} asks for it." in text for text in said) == 1, name
    assert crowd.states() == {DispatchState.SENT: 8}
    crowd.require_sum(8)


def test_a_bounce_and_an_answer_are_those_of_every_letter(crowd: Desk) -> None:
    crowd.decide()
    crowd.worker().drain()
    (digest,) = crowd.digests()
    with unit_of_work(crowd.database.writing) as session:
        assert note_answer(session, digest.id, NOON, is_automatic=False)
        assert note_bounce(session, digest.id, "5.1.1", is_hard=True, now=NOON)
        assert not note_bounce(session, digest.id, "5.1.1", is_hard=True, now=NOON)
        way = find_way_back(session, crowd.keys, digest.id, links=LINKS)
        assert way is not None
        assert way.to_writer is None, "an answer to all of them is no one writer's"
    assert crowd.states() == {DispatchState.BOUNCED: 8}
    assert crowd.counted(Figure.BOUNCED) == 8
    crowd.require_sum(8)
    with crowd.database.reading() as session:
        answered = select(func.count()).where(Dispatch.answered_on.is_not(None))
        assert session.scalar(answered.where(Dispatch.opened_at.is_(None))) == 8


def test_a_mailbox_that_does_not_open_before_the_end_gets_no_digest(desk: Desk) -> None:
    desk.write(*names(3))
    desk.budget(minute=1, hours=Hours(days="7"))  # NOON is a Monday
    assert desk.decide() == 0
    assert desk.worker().drain() > 0
    assert desk.mails() == []


def test_a_full_day_has_a_place_for_a_digest_and_no_ceiling_is_passed(desk: Desk) -> None:
    desk.write(*names(8))
    desk.budget(minute=200, hour=200, day=100)
    with unit_of_work(desk.database.writing) as session:
        mailbox = session.scalars(select(Mailbox)).one()
        budget = Budget.of(mailbox, NOON)
        day = budget.starts(Span.DAY, NOON)
        session.add(MailboxUse(mailbox_id=mailbox.id, span=Span.DAY, starts=day, used=99))
    desk.worker().drain()
    assert desk.mails() == [], "the last place is not for one letter alone"
    assert desk.decide() == 1
    desk.worker().drain()
    assert len(desk.mails()) == 1
    assert desk.states() == {DispatchState.SENT: 8}
    assert desk.used(Span.DAY) == 100


def test_the_real_wire_takes_one_mail_from_the_organisation(crowd: Desk) -> None:
    crowd.decide()
    with a_sink(data_size_limit=2**25) as sink:
        relay = Relay(RelayAddress.from_url(f"smtp://127.0.0.1:{sink.port}"), timeout=20)
        crowd.worker(relay=relay).drain()
        (raw,) = sink.accepted
    mail = email.message_from_bytes(raw, policy=default)
    (digest,) = crowd.digests()
    assert digest.state is DispatchState.SENT
    assert digest.queue_id == "4ABC-1"
    assert "Writer" not in mail["From"]
    assert mail["Content-Language"] == "en"
    (file,) = mail.iter_attachments()
    assert (file.get_filename(), file.get_content_type()) == ("letters.pdf", "application/pdf")


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_two_thousand_letters_leave_in_one_mail_of_a_size_that_is_taken(desk: Desk) -> None:
    for start in range(0, 2_000, 100):
        desk.write(*(f"Writer {number:04}" for number in range(start, start + 100)))
    assert desk.decide() == 1, "a thousand a day, and two hours left"
    desk.worker().drain()
    (path,) = (desk.folder / "new").glob("*")
    assert path.stat().st_size < 10_240_000, "what Postfix takes unless told otherwise"
    (mail,) = desk.mails()
    text = text_of(mail)
    assert all(f". Writer {number:04}\n" in text for number in range(2_000))
    (file,) = mail.iter_attachments()
    assert len(PdfReader(io.BytesIO(file.get_content())).pages) > 2_000
    assert desk.states() == {DispatchState.SENT: 2_000}
    assert desk.counted(Figure.IN_DIGEST) == desk.counted(Figure.HANDED_OVER) == 2_000
    assert desk.used(Span.EVER) == 1
    desk.require_sum(2_000)
