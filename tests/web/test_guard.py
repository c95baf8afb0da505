"""Floods of forms, and the people who write meanwhile: nobody is refused, nobody is bombed."""

from __future__ import annotations

import html
import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from altcha import Challenge, Payload, solve_challenge
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from app.core.db import unit_of_work
from app.core.erasures import remember_erasure
from app.delivery.models import Dispatch
from app.reminders.models import ReminderRequest
from app.signatures.models import Signature
from app.signatures.watch import SLOW_OF_NETWORK, Limits, Watch
from app.state import State, keep_state, state_of
from tests.cast import SAM
from tests.web.conftest import Demonstration, House
from tests.web.supporter import ANSWERS, Page, Supporter, link

OFFICE = "203.0.113.9"
ELSEWHERE = "198.51.100.4"


@pytest.fixture
def strict(app: Flask) -> Supporter:
    """A supporter whom every form takes less time than it should, however busy the machine is."""
    state = state_of(app)
    limits = Limits(fill_seconds=3600)
    keep_state(app, State(state.settings, state.database, state.keys, Watch(limits)))
    return Supporter(app.test_client())


@pytest.fixture
def patient(app: Flask) -> Supporter:
    """The same, where nobody is too fast."""
    state = state_of(app)
    limits = Limits(fill_seconds=0)
    keep_state(app, State(state.settings, state.database, state.keys, Watch(limits)))
    return Supporter(app.test_client())


def solution_of(page: str) -> str:
    """What the widget would put into the form."""
    asked = json.loads(html.unescape(re.findall(r'data-challenge="([^"]+)"', page)[0]))
    challenge = Challenge.from_dict(asked)
    found = solve_challenge(challenge)
    assert found is not None
    return Payload(challenge, found).to_base64()


def signed_from(
    supporter: Supporter, path: str, network: str, number: int, **more: str
) -> TestResponse:
    data = {
        "form": supporter.note(path),
        **ANSWERS,
        "email": f"person-{number}@gmail.com",
        "name": f"Person {number}",
        **more,
    }
    return supporter.client.post(
        f"/en{path}/send", data=data, environ_overrides={"REMOTE_ADDR": network}
    )


def dispatches(house: House) -> list[Dispatch]:
    with house.database.reading() as session:
        return list(session.scalars(select(Dispatch)))


def marks(house: House) -> list[str]:
    with house.database.reading() as session:
        return [signature.marks for signature in session.scalars(select(Signature))]


def test_a_form_faster_than_anybody_reads_is_asked_for_work_and_loses_nothing(
    strict: Supporter, house: House, demo: Demonstration
) -> None:
    before = house.fingerprint()
    answer = strict.send(demo.mamai, "send", sentence="Words of « my » own & <b>more</b>")
    assert answer.status_code == 200
    assert house.fingerprint() == before
    page = Page(answer.text)
    for name, value in {**ANSWERS, "sentence": "Words of « my » own & <b>more</b>"}.items():
        assert page.values[name] == ([value] if isinstance(value, str) else value), name
    fields = {name: values for name, values in page.values.items() if name}
    solved = {**fields, "altcha": solution_of(answer.text)}
    sent = strict.client.post(f"/en{demo.mamai}/send", data=solved)
    assert "We sent a message" in sent.text
    assert marks(house) == ["fast solved"]


def test_work_for_one_form_opens_no_other(
    strict: Supporter, house: House, demo: Demonstration
) -> None:
    answer = strict.send(demo.mamai, "send")
    solution = solution_of(answer.text)
    for wrong in (solution, "", "rubbish", solution[:-4]):
        again = strict.send(demo.mamai, "send", altcha=wrong)
        assert "data-challenge" in again.text
    assert house.count(Signature) == 0


def test_a_field_that_nobody_sees_is_filled_in_by_programs(
    patient: Supporter, house: House, demo: Demonstration
) -> None:
    checked = patient.send(demo.mamai, "check", homepage="https://spam.example")
    fields = Page(checked.text).values
    assert fields["homepage"] == ["https://spam.example"], "the check page carries it along"
    answer = patient.client.post(
        f"/en{demo.mamai}/send", data={k: v for k, v in fields.items() if k}
    )
    assert "data-challenge" in answer.text
    assert house.count(Signature) == 0


def test_without_a_script_the_mail_comes_later(
    strict: Supporter, house: House, demo: Demonstration
) -> None:
    answer = strict.send(demo.mamai, "send", slow="1")
    assert "You took the slow way" in answer.text
    assert marks(house) == ["fast slow"]
    (mail,) = dispatches(house)
    assert mail.due_at > datetime.now(UTC) + timedelta(minutes=10)


def test_whoever_is_not_suspicious_is_never_slowed_down(
    patient: Supporter, house: House, demo: Demonstration
) -> None:
    patient.send(demo.mamai, "send", slow="1", altcha="rubbish", email="sam@gmail.com")
    (mail,) = dispatches(house)
    assert mail.due_at <= datetime.now(UTC)
    assert marks(house) == [""]


def test_the_slow_way_has_few_turns_for_one_network(
    strict: Supporter, house: House, demo: Demonstration
) -> None:
    answers = [
        signed_from(strict, demo.mamai, OFFICE, number, slow="1")
        for number in range(SLOW_OF_NETWORK + 1)
    ]
    assert [answer.status_code for answer in answers] == [200] * SLOW_OF_NETWORK + [429]
    assert "The slow way is full" in answers[-1].text
    assert Page(answers[-1].text).values["email"] == [f"person-{SLOW_OF_NETWORK}@gmail.com"]
    assert house.count(Signature) == SLOW_OF_NETWORK
    elsewhere = signed_from(strict, demo.mamai, ELSEWHERE, 99, slow="1")
    assert elsewhere.status_code == 200


def test_many_from_one_network_are_asked_for_work_and_others_are_not(
    patient: Supporter, house: House, demo: Demonstration
) -> None:
    burst = Limits().network_burst
    for number in range(burst):
        assert "We sent" in signed_from(patient, demo.mamai, OFFICE, number).text
    one_more = signed_from(patient, demo.mamai, "203.0.113.200", burst)
    assert "data-challenge" in one_more.text
    assert "We sent" in signed_from(patient, demo.mamai, ELSEWHERE, burst + 1).text
    assert house.count(Signature) == burst + 1


def test_a_mailbox_to_throw_away_is_flagged_and_not_refused(
    patient: Supporter, house: House, demo: Demonstration
) -> None:
    answer = patient.send(demo.mamai, "send", email="x@mailinator.com")
    fields = {name: values for name, values in Page(answer.text).values.items() if name}
    solved = {**fields, "altcha": solution_of(answer.text)}
    assert "We sent" in patient.client.post(f"/en{demo.mamai}/send", data=solved).text
    assert marks(house) == ["disposable solved"]


def test_a_thousand_forms_for_one_address_are_three_mails_a_day(
    patient: Supporter, house: House, demo: Demonstration
) -> None:
    """As many as a test has time for; the rule is the same."""
    texts = set()
    for number in range(30):
        path = demo.mamai if number % 2 else demo.dosmagambetov
        # Spellings of one mailbox, other names, two campaigns.
        email = f"victim+{number}@example.org" if number % 3 else "VICTIM@example.org"
        answer = patient.send(path, "send", name=f"Name {number}", email=email)
        if number % 3 == 0 and number % 2:
            texts.add(without_form(answer.text).replace(f"Name {number}", "Name"))
    assert len(texts) == 1
    mails = dispatches(house)
    soon = datetime.now(UTC) + timedelta(hours=1)
    assert len([mail for mail in mails if mail.due_at <= soon]) == 3
    assert len(mails) == 9


def test_reminders_count_among_the_three(
    patient: Supporter, house: House, demo: Demonstration
) -> None:
    for _ in range(3):
        patient.client.post(f"/en{demo.mamai}/remind", data={"email": SAM.email})
    patient.send(demo.mamai, "send")
    mails = dispatches(house)
    now = datetime.now(UTC)
    assert len([mail for mail in mails if mail.due_at <= now]) == 3
    assert len([mail for mail in mails if mail.due_at > now + timedelta(hours=20)]) == 1


def test_wishes_of_one_network_have_an_end_and_keep_the_address(
    patient: Supporter, house: House, demo: Demonstration
) -> None:
    def ask(number: int) -> TestResponse:
        return patient.client.post(
            f"/en{demo.mamai}/remind",
            data={"email": f"person-{number}@example.org"},
            environ_overrides={"REMOTE_ADDR": OFFICE},
        )

    burst = Limits().network_burst
    assert [ask(number).status_code for number in range(burst + 1)] == [200] * burst + [429]
    assert "person-77@example.org" in ask(77).text
    assert house.count(ReminderRequest) == burst


def without_form(text: str) -> str:
    return re.sub(r'name="form" value="[^"]+"', "", text)


def test_new_known_blocked_and_erased_look_the_same_byte_for_byte(
    patient: Supporter, house: House, client: FlaskClient, demo: Demonstration
) -> None:
    first = patient.send(demo.mamai, "send")
    pending = patient.send(demo.mamai, "send")
    client.post(link(house, "confirm", "pending"))
    known = patient.send(demo.mamai, "send")
    for _ in range(9):
        blocked = patient.send(demo.mamai, "send")
    state = state_of(client.application)
    with unit_of_work(house.database.writing) as session:
        beside = state.settings.erasures
        remember_erasure(session, house.keys, SAM.email, datetime.now(UTC).date(), beside)
    erased = patient.send(demo.mamai, "send")
    answers = (first, pending, known, blocked, erased)
    assert {answer.status_code for answer in answers} == {200}
    assert len({without_form(answer.text) for answer in answers}) == 1
    assert len({len(answer.data) for answer in answers}) == 1
    ignored = {"Date"}
    heads = [{k: v for k, v in answer.headers if k not in ignored} for answer in answers]
    assert all(head == heads[0] for head in heads)


def test_what_is_taken_back_leaves_nothing(
    patient: Supporter, house: House, client: FlaskClient, demo: Demonstration
) -> None:
    """The known and the blocked cost the same work, and none of it stays."""
    patient.send(demo.mamai, "send")
    client.post(link(house, "confirm", "pending"))
    rows = house.count(Signature)
    mails = len(dispatches(house))
    patient.send(demo.mamai, "send")
    assert house.count(Signature) == rows
    # The one that says that there was a letter already.
    assert len(dispatches(house)) == mails + 1
    patient.send(demo.mamai, "send")
    patient.send(demo.mamai, "send")
    assert len(dispatches(house)) == mails + 1
    assert house.count(Signature) == rows


def test_no_trace_of_a_network_is_stored(
    strict: Supporter, house: House, demo: Demonstration
) -> None:
    for number in range(4):
        signed_from(strict, demo.mamai, "192.0.2.213", number, slow="1")
    assert house.count(Signature) == 4
    path = house.database.engine.url.database
    assert path is not None
    stored = b"".join(Path(f"{path}{ending}").read_bytes() for ending in ("", "-wal"))
    assert b"192.0.2" not in stored
