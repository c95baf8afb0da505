"""The way without a name: one letter to read, copy and print. Nothing is asked, nothing is kept."""

from __future__ import annotations

from flask import Response, abort, make_response, render_template, request
from flask.typing import ResponseReturnValue

from app.campaigns.models import Campaign
from app.campaigns.queries import current_templates, get_public_campaign
from app.core.i18n import current_language
from app.letters.paper import Paper, paper_in, print_letters
from app.letters.render import FinishedLetter
from app.signatures.rules import addressed, default_letter_language, letter_languages
from app.web.audience import Audience, open_to
from app.web.state import now, reading
from app.web.supporter import shown


@open_to(Audience.PUBLIC)
def letter(ref: str, number: int, **_slug: str) -> ResponseReturnValue:
    found = get_public_campaign(reading(), ref)
    offered = _offered(found)
    return render_template(
        "supporter/letter.html",
        page=shown.shown_campaign(found, current_language(), now()),
        letter=_letter(found, number, offered),
        recipients=shown.recipients(found, current_language()),
        offered=offered,
        now=now(),
    )


@open_to(Audience.PUBLIC)
def letter_pdf(ref: str, number: int, **_slug: str) -> ResponseReturnValue:
    found = get_public_campaign(reading(), ref)
    shown_letter = _letter(found, number, _offered(found))
    answer = pdf(shown_letter.letter, f"{found.slug}-{number}.pdf", paper_here())
    answer.headers["Vary"] = "Accept-Language"
    return answer


def pdf(letter: FinishedLetter, name: str, paper: Paper) -> Response:
    """One letter on paper, as a file that browsers show."""
    answer = make_response(print_letters([letter], paper=paper))
    answer.headers["Content-Type"] = "application/pdf"
    answer.headers["Content-Disposition"] = f'inline; filename="{name}"'
    # A letter to print is no page: nobody is to find it by a search.
    answer.headers["X-Robots-Tag"] = "noindex"
    return answer


def paper_here() -> Paper:
    """The paper of the country that the browser's first language names."""
    first = next(iter(request.accept_languages.values()), "")
    return paper_in(first.rpartition("-")[2].upper())


def _letter(found: Campaign, number: int, offered: list[str]) -> shown.ShownLetter:
    target = next((one for one in addressed(found) if one.position == number), None)
    if target is None:
        abort(404)
    wanted = request.args.get("letter", "")
    usual = default_letter_language(found, offered, current_language())
    language = wanted if wanted in offered else usual
    templates = current_templates(reading(), found.id)
    return shown.read_letter(found, templates, target, language, now())


def _offered(found: Campaign) -> list[str]:
    return letter_languages(found, current_templates(reading(), found.id), current_language())
