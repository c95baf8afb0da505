"""The scripted newcomer: plain HTTP, no script, no cookie. A letter must leave, once."""

from __future__ import annotations

import base64
import html
import io
import json
import quopri
import re
import sqlite3
import sys
import time
import urllib.parse
from concurrent.futures import ThreadPoolExecutor
from email.message import EmailMessage
from pathlib import Path

import pytest
from pypdf import PdfReader

from app import create_app
from config import Settings
from tests.conftest import SHARED
from tests.end_to_end.mailbox import confirm_link, links_of, mail_to, text_of, wait_for
from tests.end_to_end.plain import Answer, Reader
from tests.end_to_end.running import Running

SEED = SHARED / "urgent-actions" / "seeds" / "seed-000-fr-odf-appeal-dosmagambetov.json"
MAMAI, DOSMAGAMBETOV = "mamai", "dosmagambetov"
PRESIDENT = "udp@udp-rk.kz"
WITHIN = 10.0
# What the pages call a way to an office, and the name of it in the example's data.
WAYS = {"E-mail:": "emails", "Phone:": "phones", "Fax:": "faxes", "Web form:": "contact_form"}


def open_campaign(
    service: Running, reader: Reader, name: str = MAMAI, language: str = "en"
) -> Answer:
    home = reader.get(f"{service.base}/{language}/")
    return reader.get(home.link(name))


def sign(
    service: Running, who: str, sentence: str, *, language: str = "en", name: str = MAMAI
) -> tuple[Reader, Answer]:
    """Fill in the form and look at the check page; nothing is sent by that."""
    reader = Reader()
    page = open_campaign(service, reader, name, language)
    numbers = [str(n + 1) for n in range(page.text.count('name="targets"'))]
    answered = reader.submit(
        page,
        "/check",
        name=who,
        email=address_of(who),
        country="SE",
        sentence=sentence,
        letter_language=language,
        targets=numbers,
    )
    assert answered.status == 200, answered.words[:500]
    return reader, answered


def address_of(who: str) -> str:
    return f"{who.partition(' ')[0].lower()}.writes@example.org"


def confirmation(service: Running, who: str) -> EmailMessage:
    found = wait_for(lambda: mail_to(service.mail, address_of(who), "/confirm"), WITHIN)
    assert found, f"no confirmation for {who} within {WITHIN} s"
    return found[-1]


def letters_saying(service: Running, sentence: str) -> list[EmailMessage]:
    """Letters to authorities with these words; mails to the writer quote them and do not count."""
    return [
        message
        for message in mail_to(service.mail, "@", sentence)
        if "example.org" not in str(message["To"])
    ]


def state_of(service: Running) -> list[tuple[object, ...]]:
    """Everything about signatures and letters that a press could change."""
    with sqlite3.connect(f"file:{service.var}/outcry.db?mode=ro", uri=True) as connection:
        return [
            *connection.execute("SELECT id, state, nonce FROM signature ORDER BY id"),
            *connection.execute("SELECT id, dispatch_id, reported_done_on FROM letter ORDER BY id"),
            *connection.execute("SELECT id, state FROM reminder_request ORDER BY id"),
        ]


def test_the_service_answers_soon_after_a_cold_start(
    service: Running, capsys: pytest.CaptureFixture[str]
) -> None:
    with capsys.disabled():
        sys.stdout.write(f"\n/healthz answered {service.seconds_to_answer:.1f} s after the start\n")
    assert service.seconds_to_answer < 90
    assert Reader().get(f"{service.base}/readyz").json() == {"status": "ready"}


def test_a_newcomer_signs_confirms_and_one_letter_leaves(service: Running) -> None:
    who, sentence = "Sunniva Åkerblom", "I repair violins in Trondheim."
    reader, check = sign(service, who, sentence)
    assert sentence in check.words
    assert "Your Excellency," in check.words
    assert "Zhanbolat Mamay" in check.words
    assert state_of_person(service, who) == [], "looking at the letter stored something"

    sent = reader.submit(check, "/send", consent="1")
    assert sent.status == 200
    assert "s…@example.org" in sent.words
    assert sent.headers["Cache-Control"] == "no-store"
    link = confirm_link(confirmation(service, who))

    before = state_of(service)
    for look in (reader.get, reader.head, reader.get):
        shown = look(link)
        assert shown.status == 200
    shown = reader.get(link)
    assert state_of(service) == before, "looking at the link changed something"
    assert letters_saying(service, sentence) == []

    pressed = time.monotonic()
    assert reader.submit(shown, "/confirm").status == 200
    letters = wait_for(lambda: letters_saying(service, sentence), WITHIN)
    assert time.monotonic() - pressed < WITHIN
    assert len(letters) == 1
    letter = text_of(letters[0])
    assert [one.addr_spec for one in letters[0]["To"].addresses] == [PRESIDENT]
    assert "Your Excellency," in letter
    assert "Zhanbolat Mamay" in letter
    assert who in letter
    assert sentence in letter
    assert address_of(who) not in letters[0].as_string()

    again = reader.post(link, {})
    assert again.status == 200
    time.sleep(2)
    assert len(letters_saying(service, sentence)) == 1, "a second press sent a second letter"
    assert reader.cookies_offered == []


@pytest.mark.parametrize("language", ["fr", "ru"])
def test_the_letter_leaves_in_the_language_that_was_chosen(service: Running, language: str) -> None:
    person = {"fr": "Janbolat Mamaï", "ru": "Жанболат"}[language]
    salutation = {
        "fr": "Monsieur le Président de la République,",
        "ru": "Глубокоуважаемый господин Президент!",
    }[language]
    who, sentence = f"Writer{language} Öström", f"Une phrase, своя, {language}."
    reader, check = sign(service, who, sentence, language=language)
    reader.submit(check, "/send", consent="1")
    link = confirm_link(confirmation(service, who))
    reader.submit(reader.get(link), "/confirm")
    letters = wait_for(lambda: letters_saying(service, sentence), WITHIN)
    assert len(letters) == 1
    letter = text_of(letters[0])
    assert person in letter
    assert salutation in letter
    assert letters[0]["Content-Language"] == language


def test_sending_the_same_form_again_and_again_is_one_letter(service: Running) -> None:
    who, sentence = "Tora Lindqvist", "I grow apples by a lake."
    reader, check = sign(service, who, sentence)
    first = reader.submit(check, "/send", consent="1")
    assert first.status == 200
    with ThreadPoolExecutor(8) as crowd:
        again = list(
            crowd.map(lambda _n: Reader().submit(check, "/send", consent="1").status, range(8))
        )
    assert again == [200] * 8
    link = confirm_link(confirmation(service, who))
    with ThreadPoolExecutor(8) as crowd:
        pressed = list(crowd.map(lambda _n: Reader().post(link, {}).status, range(8)))
    assert pressed == [200] * 8
    assert wait_for(lambda: letters_saying(service, sentence), WITHIN)
    time.sleep(2)
    assert len(letters_saying(service, sentence)) == 1
    assert len(mail_to(service.mail, address_of(who), "/confirm")) == 1


@pytest.mark.check("J5")
def test_the_same_form_sent_eight_times_at_once_is_one_signature(service: Running) -> None:
    who, sentence = "Ylva Norén", "I build boats."
    _reader, check = sign(service, who, sentence)
    with ThreadPoolExecutor(8) as crowd:
        answers = list(
            crowd.map(lambda _n: Reader().submit(check, "/send", consent="1").status, range(8))
        )
    assert answers == [200] * 8
    assert confirmation(service, who)
    time.sleep(2)
    assert len(mail_to(service.mail, address_of(who), "/confirm")) == 1
    assert letters_saying(service, sentence) == [], "a letter left without a confirmation"


def test_who_writes_a_second_time_sees_the_same_page_and_gets_another_mail(
    service: Running,
) -> None:
    who = "Disa Hallström"
    reader, check = sign(service, who, "I keep bees.")
    first = reader.submit(check, "/send", consent="1")
    reader.submit(reader.get(confirm_link(confirmation(service, who))), "/confirm")
    assert wait_for(lambda: letters_saying(service, "I keep bees."), WITHIN)

    reader, check = sign(service, who, "I keep more bees.")
    second = reader.submit(check, "/send", consent="1")
    assert second.words == first.words, "the page tells whether an address has written before"
    known = len(mail_to(service.mail, address_of(who), "/confirm"))
    assert wait_for(lambda: mail_to(service.mail, address_of(who), "")[known + 1 :], WITHIN)
    assert letters_saying(service, "I keep more bees.") == []
    assert known == 1


@pytest.mark.check("J4")
def test_opening_every_link_of_every_mail_changes_nothing(service: Running) -> None:
    who = "Ragna Sjöberg"
    reader, check = sign(service, who, "I teach.")
    reader.submit(check, "/send", consent="1")
    confirmation(service, who)
    page = open_campaign(service, reader)
    reader.submit(page, "/remind", email="ragna.reminded@example.org")
    assert wait_for(lambda: mail_to(service.mail, "ragna.reminded@example.org"), WITHIN)
    settled = state_of(service)
    ours = [
        link.rstrip(".,;)")
        for message in mail_to(service.mail, "ragna.")
        for link in links_of(message)
        if link.startswith(service.base)
    ]
    assert len(set(ours)) >= 2
    for link in dict.fromkeys(ours):
        assert reader.head(link).status == 200, link
        assert reader.get(link).status == 200, link
    assert state_of(service) == settled
    assert letters_saying(service, "I teach.") == []
    assert reader.cookies_offered == []


def test_a_refused_form_comes_back_as_it_was_typed(service: Running) -> None:
    reader = Reader()
    page = open_campaign(service, reader)
    back = reader.submit(
        page, "/check", name="", email="not an address", sentence="Kept <words> & more", country=""
    )
    assert back.status == 422
    form = back.form("/check")
    assert form.fields["email"] == ["not an address"]
    assert form.fields["sentence"] == ["Kept <words> & more"]
    for message in (
        "Enter the name you want under the letter",
        "Enter an e-mail address like name@example.org",
    ):
        assert back.words.count(message) == 2, "in the summary and at the field"


def test_the_ten_offices_offer_exactly_the_ways_that_the_document_gives(service: Running) -> None:
    if not SEED.exists():
        pytest.skip(f"the documents are not here: {SEED}")
    wanted = json.loads(SEED.read_text(encoding="utf-8"))["targets"]
    assert len(wanted) == 10
    reader = Reader()
    page = open_campaign(service, reader, DOSMAGAMBETOV)
    assert page.text.count('name="targets"') == 10
    for number, target in enumerate(wanted, start=1):
        letter = reader.get(page.link("/letter/1").replace("/letter/1", f"/letter/{number}"))
        found = ways_on(letter)
        assert found["emails"] == target["emails"], number
        assert found["phones"] == target["phones"], number
        assert found["faxes"] == target["faxes"], number
        form = target["contact_form"]
        assert found["contact_form"] == ([form] if form else []), number
        assert bool(found["post"]) == target["has_postal_address"], number


def test_an_office_without_an_address_for_mail_gets_a_sheet_to_print(service: Running) -> None:
    who, sentence = "Embla Nyström", "I sing in a choir."
    reader, check = sign(service, who, sentence, name=DOSMAGAMBETOV)
    assert "Send 10 letters" in check.text
    reader.submit(check, "/send", consent="1")
    status = reader.submit(reader.get(confirm_link(confirmation(service, who))), "/confirm")
    page = open_campaign(service, reader, DOSMAGAMBETOV)
    by_mail, by_hand = set(), {}
    for number in range(1, 11):
        shown = reader.get(page.link("/letter/1").replace("/letter/1", f"/letter/{number}"))
        ways = ways_on(shown)
        if ways["emails"]:
            by_mail.add(ways["emails"][0])
        else:
            by_hand[number] = ways["post"][0]
    assert len(by_mail) == 6
    assert len(by_hand) == 4

    def arrived() -> list[EmailMessage]:
        found = letters_saying(service, sentence)
        return found if len(found) >= len(by_mail) else []

    letters = wait_for(arrived, WITHIN)
    to = sorted(str(message["To"]) for message in letters)
    assert len(letters) == len(by_mail)
    assert all(any(address in one for one in to) for address in by_mail)

    status = reader.get(status.address)
    assert status.words.count("For you to do") == len(by_hand)
    for number, address in by_hand.items():
        answered = reader.get(status.link(f"/print/{number}.pdf"))
        assert answered.headers["Content-Type"] == "application/pdf"
        assert answered.headers["Cache-Control"] == "no-store"
        document = PdfReader(io.BytesIO(answered.body))
        assert len(document.pages) == 1
        printed = " ".join(document.pages[0].extract_text().split())
        for line in address.splitlines():
            assert " ".join(line.split()) in printed, (number, line, printed)
        assert who in printed
        assert sentence in printed


def test_nothing_a_supporter_wrote_stands_in_clear_in_the_service_s_folder(
    service: Running,
) -> None:
    who, sentence = "Hjalmar Zetterqvist", "I mend umbrellas in Skellefteå."
    reader, check = sign(service, who, sentence)
    reader.submit(check, "/send", consent="1")
    message = confirmation(service, who)
    assert clear_traces(service, who, sentence) == [], "before the confirmation"
    reader.submit(reader.get(confirm_link(message)), "/confirm")
    assert clear_traces(service, who, sentence) == [], "while the letter leaves"
    assert wait_for(lambda: letters_saying(service, sentence), WITHIN)
    assert clear_traces(service, who, sentence) == [], "after the letter has left"
    waiting, check = sign(service, "Zacharias Björkegren", "I wait for the bus.")
    waiting.submit(check, "/send", consent="1")
    confirmation(service, "Zacharias Björkegren")
    assert clear_traces(service, "Zacharias Björkegren", "I wait for the bus.") == []


def test_the_local_mail_is_shown_to_this_machine_only(service: Running, tmp_path: Path) -> None:
    shown = Reader().get(f"{service.base}/dev/mail")
    assert shown.status == 200
    for n, settings in enumerate(
        (
            {"mail_url": "smtp://127.0.0.1:25"},
            {"proxy_hops": 1},
            {"host": "0.0.0.0"},  # an outer address
        )
    ):
        app = create_app(Settings(var=tmp_path / str(n), **settings))
        for path in ("/dev/mail", "/dev/mail/x", "/dev/mail/x/0"):
            assert app.test_client().get(path).status_code == 404, settings


def state_of_person(service: Running, who: str) -> list[EmailMessage]:
    return mail_to(service.mail, address_of(who))


def ways_on(letter: Answer) -> dict[str, list[str]]:
    """The ways to an office as its letter's page shows them, under "Where it goes"."""
    part = letter.text.partition("Where it goes")[2].partition("</ul>")[0]
    found: dict[str, list[str]] = {name: [] for name in (*WAYS.values(), "post")}
    for words, value in re.findall(r"([A-Z][\w -]+:)\s*<(?:bdi|a|span)[^>]*>([^<]*)<", part):
        found[{**WAYS, "Post:": "post"}[words]].append(html.unescape(value).strip())
    return found


def clear_traces(service: Running, who: str, sentence: str) -> list[str]:
    """Where a name, an address or words stand readable, in whatever usual spelling."""
    given, family = who.split()
    last_word = sentence.rstrip(".").rpartition(" ")[2]
    secrets = [given, family, address_of(who), sentence, last_word]
    spellings = {
        spelled
        for secret in secrets
        for text in (secret, secret.casefold(), secret.upper())
        for spelled in _spellings(text)
        if len(spelled) > 4
    }
    return [
        f"{path.relative_to(service.var)}: {spelled!r}"
        for path in service.var.parent.rglob("*")
        if path.is_file() and service.mail not in path.parents
        for content in (path.read_bytes(),)
        for spelled in spellings
        if spelled in content
    ]


def _spellings(text: str) -> set[bytes]:
    plain = text.encode()
    return {
        plain,
        text.encode("utf-16-le"),
        quopri.encodestring(plain).strip(),
        urllib.parse.quote(text).encode(),
        urllib.parse.quote_plus(text).encode(),
        json.dumps(text)[1:-1].encode(),
        # In base64 a word looks different at each of three places; the middle of it is sure.
        *(base64.b64encode(b" " * n + plain)[4:-4] for n in range(3)),
    }
