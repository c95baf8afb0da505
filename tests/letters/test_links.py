from __future__ import annotations

from dataclasses import replace
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from app.letters.links import LONGEST, MailProgram, mail_link
from app.letters.render import FinishedLetter, Paragraph, ParagraphKind

SHORT = FinishedLetter(
    language="fr",
    direction="ltr",
    date="",
    address=(),
    salutation="Monsieur le Président,",
    subject="Libération d’Ada & 100 % de justice ?",
    paragraphs=(Paragraph(ParagraphKind.TEXT, "Je vous écris = #1 + «très» inquiet·e."),),
    closing="Avec respect,",
    writer="Sam",
)
LONG = replace(SHORT, paragraphs=(Paragraph(ParagraphKind.TEXT, "Слово " * 60),))
NAMES = {
    MailProgram.OWN: ("subject", "body"),
    MailProgram.GMAIL: ("su", "body"),
    MailProgram.OUTLOOK: ("subject", "body"),
    MailProgram.YAHOO: ("subject", "body"),
}


@pytest.mark.parametrize("program", MailProgram)
def test_a_link_carries_the_letter_with_line_ends_of_mail(program: MailProgram) -> None:
    link = mail_link(SHORT, "udp@example.org", program)
    subject, body = NAMES[program]
    asked = parse_qs(urlsplit(link.href).query, strict_parsing=True)
    assert asked[subject] == [SHORT.subject]
    assert asked[body] == [SHORT.as_text().rstrip("\n").replace("\n", "\r\n")]
    assert not link.must_copy
    assert link.href.isascii()
    assert not set(link.href) & set(" \r\n\"'<>+")


def test_a_mailto_link_is_as_the_standard_writes_it() -> None:
    letter = replace(SHORT, subject="Hi", paragraphs=(), salutation="A", closing="", writer="B")
    assert mail_link(letter, "a@example.org").href == (
        "mailto:a@example.org?subject=Hi&body=A%0D%0A%0D%0AB"
    )


@pytest.mark.parametrize(
    "address", ["a+b@example.org", "a&cc=x@example.org", "a?b=c@example.org", "a%0d@example.org"]
)
def test_an_address_can_add_nothing_to_the_link(address: str) -> None:
    href = mail_link(SHORT, address).href
    path, _, query = href.removeprefix("mailto:").partition("?")
    assert unquote(path) == address
    assert set(parse_qs(query)) == {"subject", "body"}
    assert "+" not in href


@pytest.mark.parametrize("program", MailProgram)
def test_a_letter_too_long_for_a_link_has_to_be_copied(program: MailProgram) -> None:
    link = mail_link(LONG, "a@example.org", program)
    assert link.must_copy
    assert "body=" not in link.href
    assert "a%40example.org" in link.href or "a@example.org" in link.href
    assert parse_qs(urlsplit(link.href).query)[NAMES[program][0]] == [LONG.subject]


def test_the_limit_is_of_the_encoded_link() -> None:
    def of(length: int) -> FinishedLetter:
        return replace(SHORT, paragraphs=(Paragraph(ParagraphKind.TEXT, "x" * length),))

    room = LONGEST - len(mail_link(of(0), "a@example.org").href) - len("%0D%0A%0D%0A")
    assert len(mail_link(of(room), "a@example.org").href) == LONGEST
    assert not mail_link(of(room), "a@example.org").must_copy
    assert mail_link(of(room + 1), "a@example.org").must_copy


def test_a_subject_that_is_too_long_goes_too() -> None:
    link = mail_link(replace(LONG, subject="Слово " * 60), "a@example.org")
    assert link.href == "mailto:a@example.org"
    assert link.must_copy
