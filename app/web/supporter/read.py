"""The way without a name: one letter to read, copy and print. Nothing is asked, nothing is kept."""

from __future__ import annotations

from flask import abort, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.campaigns.models import Campaign
from app.campaigns.queries import current_templates, get_public_campaign
from app.core.i18n import current_language
from app.letters.paper import Paper, paper_in
from app.letters.sender import SenderRefused
from app.letters.spoken import phone_script
from app.signatures.rules import addressed, default_letter_language, letter_languages
from app.web.audience import Audience, open_to
from app.web.state import now, reading
from app.web.supporter import sheets, shown


@open_to(Audience.PUBLIC)
def letter(ref: str, number: int, **_slug: str) -> ResponseReturnValue:
    found = get_public_campaign(reading(), ref)
    return _letter_page(found, number, sheets.Sender())


@open_to(Audience.PUBLIC)
def letter_pdf(ref: str, number: int, kind: str = "letter", **_slug: str) -> ResponseReturnValue:
    found = get_public_campaign(reading(), ref)
    one = _letter(found, number, _offered(found))
    answer = sheets.sheet(kind, found, one.recipient.target, one.letter, paper_here())
    answer.headers["Vary"] = "Accept-Language"
    return answer


@open_to(Audience.SUPPORTER)
def letter_pdf_from(
    ref: str, number: int, kind: str = "letter", **slug: str
) -> ResponseReturnValue:
    """The sheet with the address of its writer, who posts it here; it is kept nowhere."""
    try:
        return letter_pdf(ref, number, kind, **slug)
    except SenderRefused as refusal:
        found = get_public_campaign(reading(), ref)
        return _letter_page(found, number, sheets.sender_again(refusal)), 422


@open_to(Audience.PUBLIC)
def labels_pdf(ref: str, **_slug: str) -> ResponseReturnValue:
    found = get_public_campaign(reading(), ref)
    offered = _offered(found)
    wanted = request.args.get("letter", "")
    language = wanted if wanted in offered else offered[0]
    answer = sheets.labels(found, language, paper_here())
    answer.headers["Vary"] = "Accept-Language"
    return answer


@open_to(Audience.PUBLIC)
def letter_form(ref: str, number: int, **_slug: str) -> ResponseReturnValue:
    found = get_public_campaign(reading(), ref)
    one = _letter(found, number, _offered(found))
    page = shown.shown_campaign(found, current_language(), now())
    back = url_for(
        "supporter.letter",
        ref=found.reference,
        slug=found.slug,
        number=number,
        letter=one.letter.language,
    )
    return sheets.form_page(page, one.letter, back)


def _letter_page(found: Campaign, number: int, sender: sheets.Sender) -> str:
    offered = _offered(found)
    one = _letter(found, number, offered)
    return render_template(
        "supporter/letter.html",
        page=shown.shown_campaign(found, current_language(), now()),
        letter=one,
        programs=sheets.program_links(one.recipient, one.letter),
        phone_script=phone_script(one.letter),
        recipients=shown.recipients(found, current_language()),
        offered=offered,
        sender=sender,
        now=now(),
    )


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
