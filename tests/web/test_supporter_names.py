"""Names of the world on their whole way: form, check page, confirmation, mail, paper."""

from __future__ import annotations

import email
import email.policy
import io
import re
import unicodedata
from datetime import UTC, datetime, timedelta
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.utils import parseaddr
from html import unescape
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from pypdf import PdfReader

from app.core.text import first_direction
from app.delivery.channels.maildir import Maildir
from app.delivery.worker import Worker
from app.letters.paper import missing_glyphs
from tests.cast import SAM
from tests.end_to_end.mailbox import read_mail, text_of
from tests.web.conftest import Demonstration, House
from tests.web.supporter import Page, Supporter, link

NAMES = (
    "S.",
    "Sukarno",
    "Sam Åström",
    "O’Brien",
    "Seán O'Casey",
    "Anne-Marie de l’Étoile",
    "María José Ñandú Güell",
    "João Gonçalves",
    "Łukasz Żółć",
    "Đorđe Šćepanović",
    "Þórður Ægisson",
    "İpek Işık Çağrı",
    "Nguyễn Thị Ánh",
    "Jiří Dvořák ml.",
    "X Æ A-12",
    "Müller-Lüdenscheidt",
    "Kahurangi Māhuika",
    "ʻAukaʻi Kealoha",
    "Ọláyínká Adébáyọ̀",
    "Ștefan Țepeș",
    "Жанболат Мамай",
    "Әсел Құдайбергенқызы",
    "Ївга Ґудзь",
    "Ђорђе Љубишић",
    "Μαρία Παπαδοπούλου",
    "Գայանե Խաչատրյան",
    "ნინო ჩხეიძე",
    "שָׂרָה כֹּהֵן",
    "محمد علی",
    "مريم بنت عبد الله",
    "نیم‌فاصله مهدی‌زاده",
    "عبدالرحمن ابن ع.",
    "नरेन्द्र शर्मा",
    "শ্রীময়ী চট্টোপাধ্যায়",
    "தமிழ்செல்வி",
    "สมชาย เข็มกลัด",
    "မြတ်နိုးသူ",
    "山田 太郎",
    "王小明",
    "김하늘",
    "Ada " * 29 + "Adan",
)
PRESIDENT = 1
OURS = "letters@outcry.example"


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.check("I10")
def test_a_name_is_shown_mailed_and_printed_as_it_was_typed(
    client: FlaskClient, demo: Demonstration, house: House, tmp_path: Path, name: str
) -> None:
    assert unicodedata.is_normalized("NFC", name)
    supporter = Supporter(client)
    path = demo.mamai

    checked = supporter.send(path, "check", name=name, sentence="")
    assert checked.status_code == 200, Page(checked.text).words[:600]
    assert Page(checked.text).values["name"] == [name]
    assert f'<p class="writer"><bdi>{name}</bdi></p>' in unescape(checked.text)

    assert supporter.send(path, "send", name=name, sentence="").status_code == 200
    assert client.post(link(house, "confirm")).status_code == 303
    assert name in unescape(client.get(link(house, "status")).text)

    deliver(house, tmp_path / "mail")
    letter = next(mail for mail in read_mail(tmp_path / "mail") if "kz" in str(mail["To"]))
    assert display_name(letter) == name
    # From an address of ours, and answers go where the section says; the writer's stays with us.
    assert letter["From"].addresses[0].addr_spec == OURS
    assert SAM.email not in letter.as_string()
    # In an English letter a name from right to left is held together by what nobody sees.
    held = f"\u200e\u2068{name}\u2069" if first_direction(name) == "rtl" else name
    assert text_of(letter).rstrip().splitlines()[-1] == held

    printed = client.get(f"{link(house, 'status')}/print/{PRESIDENT}.pdf")
    assert printed.status_code == 200
    pages = PdfReader(io.BytesIO(printed.data)).pages
    text = as_read("".join(page.extract_text() for page in pages))
    if missing := missing_glyphs(name):
        # No font of ours has the letter: the sheet says which, and the mail has gone.
        assert all(f"U+{ord(letter):04X}" in text for letter in "".join(missing))
    elif any(is_shaped(letter) for letter in name):
        # This reader gives back what runs from right to left as it is seen, and what is drawn as
        # one shape of several letters in pieces.
        assert set(as_read(name)) <= set(text)
    else:
        assert as_read(name) in text


def is_shaped(letter: str) -> bool:
    return (
        unicodedata.bidirectional(letter) in ("R", "AL")
        or unicodedata.combining(letter) > 0
        or (unicodedata.category(letter) in ("Mn", "Mc"))
    )


REFUSED = {
    "control": "Sam\x07",
    "escape": "Sam\x1b[31m",
    "override": "Sam \u202egnp",
    "isolate": "\u2066Sam\u2069",
    "encoded-word": "=?utf-8?q?Sam=0ABcc?=",
    "pile": "Z" + "\u0301" * 9,
    "private-use": "Sam\ue000",
    "lost": "Sam\ufffd",
}
KIND = {
    "en": "The name holds a character that cannot be printed",
    "fr": "Le nom contient un caractère",
    "ru": "В имени есть символ, который нельзя напечатать",
}


@pytest.mark.parametrize("language", KIND)
@pytest.mark.parametrize("bad", REFUSED.values(), ids=REFUSED.keys())
def test_what_could_deceive_is_refused_at_the_field_in_kind_words(
    client: FlaskClient, demo: Demonstration, language: str, bad: str
) -> None:
    page = refused(client, demo, language, bad)
    assert KIND[language] in page.words
    assert "name-error" in page.ids


def test_half_a_character_is_refused(client: FlaskClient, demo: Demonstration) -> None:
    """A browser cannot send one; a program can, as bytes that are no text."""
    note = Supporter(client).note(demo.mamai)
    fields = {"form": note, "email": "sam@example.org", "country": "SE", "targets": "1"}
    head = 'Content-Disposition: form-data; name="{}"\r\n\r\n'
    parts = [(head.format(name) + text).encode() for name, text in fields.items()]
    parts.append(head.format("name").encode() + b"Sam\xed\xa0\x80")
    body = b"".join(b"--x\r\n" + part + b"\r\n" for part in parts) + b"--x--\r\n"
    answer = client.post(
        f"/en{demo.mamai}/check", data=body, content_type="multipart/form-data; boundary=x"
    )
    assert answer.status_code == 422
    assert KIND["en"] in answer.text


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "Write the name in letters, please"),
        ("fr", "Écrivez le nom en lettres"),
        ("ru", "Напишите имя буквами, пожалуйста"),
    ],
)
@pytest.mark.parametrize("name", ["Kim 👩‍🚒", "❤️ Sam", "🇫🇷"])
@pytest.mark.check("I10")
def test_a_picture_is_refused_kindly(
    client: FlaskClient, demo: Demonstration, language: str, words: str, name: str
) -> None:
    assert words in refused(client, demo, language, name).words


def test_a_name_of_121_letters_is_too_long_in_any_script(
    client: FlaskClient, demo: Demonstration
) -> None:
    for letter in ("n", "क्षि", "각", "g̈"):
        page = refused(client, demo, "en", letter * 121)
        assert "The name is 1 character too long" in page.words
        fits = Supporter(client).send(demo.mamai, "check", name=letter * 120)
        assert fits.status_code == 200


def refused(client: FlaskClient, demo: Demonstration, language: str, name: str) -> Page:
    data = {
        "form": Supporter(client).note(demo.mamai),
        "name": name,
        "email": "sam@example.org",
        "country": "SE",
        "targets": ["1"],
        "letter_language": "en",
    }
    answer = client.post(f"/{language}{demo.mamai}/check", data=data)
    assert answer.status_code == 422
    return Page(answer.text)


def display_name(letter: EmailMessage) -> str:
    """As RFC 2047 reads it; the library's newer parser doubles spaces between encoded words."""
    raw = email.message_from_bytes(letter.as_bytes(policy=email.policy.compat32))["From"]
    return parseaddr(str(make_header(decode_header(raw))))[0]


def deliver(house: House, folder: Path) -> None:
    later = datetime.now(UTC) + timedelta(minutes=5)
    Worker(
        house.database,
        house.keys,
        local=Maildir(folder),
        relay=None,
        name="names",
        lease=timedelta(minutes=1),
        clock=lambda: later,
    ).drain()


def as_read(text: str) -> str:
    """Without what a line break on paper or a reader of PDF files puts between letters."""
    return re.sub(r"\s", "", unicodedata.normalize("NFC", text))
