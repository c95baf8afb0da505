"""What else a letter can be made into: a fax sheet, an envelope, labels, a text for a form.

The same for a letter that was signed and for one that is only read; nothing is kept of either.
"""

from __future__ import annotations

from dataclasses import dataclass

from flask import Response, make_response, render_template, request
from flask.typing import ResponseReturnValue

from app.authorities.models import ContactKind
from app.authorities.offices import point_of
from app.campaigns.models import Campaign, Target
from app.core.i18n import gettext
from app.letters.fax import print_fax
from app.letters.labels import print_envelope, print_labels
from app.letters.limits import fitted_text
from app.letters.links import MailLink, MailProgram, mail_link
from app.letters.paper import Paper, print_letters
from app.letters.render import FinishedLetter
from app.letters.sender import SenderFault, SenderRefused, sender_lines
from app.signatures.compose import addresses_of
from app.web.supporter import shown
from app.web.supporter.shown import ShownCampaign

# What forms of authorities commonly take.
USUAL_LIMIT = 2000
LONGEST_LIMIT = 100_000


@dataclass(frozen=True, slots=True)
class ProgramLink:
    """A mail program by its name, and the link that opens the letter in it."""

    program: MailProgram
    link: MailLink

    @property
    def name(self) -> str:
        """A name of its own, in every language; empty for whatever the machine opens."""
        return "" if self.program is MailProgram.OWN else self.program.value.title()


@dataclass(frozen=True, slots=True)
class Sender:
    """The field for the writer's postal address: what was typed, and what is wrong with it."""

    typed: str = ""
    error: str = ""


def sender_again(refusal: SenderRefused) -> Sender:
    """The field with what was typed in it and, in words, why it cannot be printed."""
    if refusal.fault is SenderFault.TOO_LONG:
        error = gettext(
            "The address is too long for the sheet: six lines of sixty characters at most."
        )
    else:
        error = gettext("The address holds a character that cannot be printed. Type it by hand.")
    return Sender(_typed_sender(), error)


def sheet(
    kind: str,
    campaign: Campaign,
    target: Target,
    letter: FinishedLetter,
    paper: Paper,
    *,
    envelope: tuple[str, ...] = (),
) -> Response:
    """A letter as one of the sheets that its writer can take: letter, fax or envelope.

    The envelope is the office's own unless another address is given: that of an embassy.

    The address of a writer who gave one comes with this very request, never with the address of
    the page, which is logged on the way; nothing of it is kept. `SenderRefused` if it is no such.
    """
    sender = sender_lines(_typed_sender())
    match kind:
        case "fax":
            point = point_of(target.authority, ContactKind.FAX)
            printed = print_fax(letter, point.value if point else "", paper=paper)
        case "envelope" | "embassy":
            printed = print_envelope(
                envelope or letter.address,
                title=letter.subject,
                language=letter.language,
                sender=sender,
                paper=paper,
            )
        case _:
            printed = print_letters([letter], paper=paper, sender=sender)
    return as_file(printed, f"{campaign.slug}-{target.position}-{kind}.pdf")


def labels(campaign: Campaign, language: str, paper: Paper) -> Response:
    """The addresses of every target that takes post, to stick on envelopes."""
    addresses = addresses_of(campaign, language)
    printed = print_labels(addresses, title=campaign.slug, language=language, paper=paper)
    return as_file(printed, f"{campaign.slug}-labels.pdf")


def form_page(page: ShownCampaign, letter: FinishedLetter, back: str) -> ResponseReturnValue:
    """The letter in as many characters as a web form takes, and what had to stay out."""
    at_most = min(max(request.args.get("at_most", USUAL_LIMIT, type=int), 1), LONGEST_LIMIT)
    return render_template(
        "supporter/form_text.html",
        page=page,
        letter=letter,
        fitted=fitted_text(letter, at_most),
        at_most=at_most,
        back=back,
    )


def program_links(recipient: shown.Recipient, letter: FinishedLetter) -> list[ProgramLink]:
    """Links to every mail program, where the office has an e-mail address."""
    address = next((point.value for point in recipient.values("email")), "")
    if not address:
        return []
    return [ProgramLink(program, mail_link(letter, address, program)) for program in MailProgram]


def _typed_sender() -> str:
    return request.form.get("sender", "")


def as_file(printed: bytes, name: str) -> Response:
    """A PDF that browsers show."""
    answer = make_response(printed)
    answer.headers["Content-Type"] = "application/pdf"
    answer.headers["Content-Disposition"] = f'inline; filename="{name}"'
    # A letter to print is no page: nobody is to find it by a search.
    answer.headers["X-Robots-Tag"] = "noindex"
    return answer
