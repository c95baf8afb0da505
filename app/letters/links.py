"""Links that open a letter in the writer's own mail program, or in the web page of their mail."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import quote

from app.letters.render import FinishedLetter

# Beyond about this length, mail programs on some systems cut the link or do not open at all. A
# Cyrillic or Arabic letter takes six of these characters for one of its own.
LONGEST = 1600


class MailProgram(StrEnum):
    """Where the writer reads mail."""

    OWN = "own"
    GMAIL = "gmail"
    OUTLOOK = "outlook"
    YAHOO = "yahoo"


_COMPOSE = {
    MailProgram.GMAIL: ("https://mail.google.com/mail/?view=cm&fs=1&to={to}", "su", "body"),
    MailProgram.OUTLOOK: (
        "https://outlook.live.com/mail/0/deeplink/compose?to={to}",
        "subject",
        "body",
    ),
    MailProgram.YAHOO: ("https://compose.mail.yahoo.com/?to={to}", "subject", "body"),
}


@dataclass(frozen=True, slots=True)
class MailLink:
    """A link; when the letter is too long for it, the letter has to be copied and pasted."""

    href: str
    must_copy: bool


def mail_link(letter: FinishedLetter, to: str, program: MailProgram = MailProgram.OWN) -> MailLink:
    """The link that opens a new message with the letter in it, or with address and subject only."""
    # RFC 6068: lines end in CRLF, and everything else that means something is percent-encoded.
    whole = _link(program, to, letter.subject, letter.as_text().rstrip("\n").replace("\n", "\r\n"))
    if len(whole) <= LONGEST:
        return MailLink(whole, must_copy=False)
    for subject in (letter.subject, ""):
        href = _link(program, to, subject, "")
        if len(href) <= LONGEST:
            break
    return MailLink(href, must_copy=True)


def _link(program: MailProgram, to: str, subject: str, body: str) -> str:
    if program is MailProgram.OWN:
        # The at sign is the one delimiter of an address that stays as it is.
        address, subject_name, body_name = f"mailto:{quote(to, safe='@')}", "subject", "body"
    else:
        compose, subject_name, body_name = _COMPOSE[program]
        address = compose.format(to=quote(to, safe=""))
    given = ((subject_name, subject), (body_name, body))
    query = "&".join(f"{name}={quote(text, safe='')}" for name, text in given if text)
    if not query:
        return address
    return f"{address}{'&' if '?' in address else '?'}{query}"
