"""S3 and S4: the pages behind the links in our mails. Looking changes nothing; a press does."""

from __future__ import annotations

from contextlib import suppress

from flask import abort, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from app.campaigns.rules import CampaignClosed, CampaignHidden, CampaignPaused
from app.core.db import unit_of_work
from app.core.i18n import current_language
from app.core.sealing import KeyDestroyed
from app.followers.actions import take_up_wish
from app.letters.paper import paper_in
from app.letters.render import FinishedLetter
from app.letters.sender import SenderRefused
from app.signatures.actions import confirm, report_done, withdraw
from app.signatures.deciding import Answer, decide_letters
from app.signatures.models import Letter, Signature, SignatureState
from app.signatures.outdated import what_changed
from app.signatures.queries import CONFIRM, STATUS, get_by_token, token_of
from app.signatures.rules import Gone, LinkExpired, is_invalidated
from app.web.audience import Audience, open_to
from app.web.state import database, keys, links, now, reading, watch
from app.web.supporter import sheets, shown
from app.web.supporter.progress import embassy_of, opened_signature, standings

# While letters wait, the page looks again by itself: every 20 seconds, for five minutes.
LOOK_AGAIN_SECONDS = 20
LOOKS = 15


@open_to(Audience.SUPPORTER)
def ask(token: str) -> ResponseReturnValue:
    # Mail scanners open every link they see, some with scripts on. Looking must change nothing.
    signature = _signature(reading(), token, CONFIRM)
    if signature.state is SignatureState.CONFIRMED:
        return redirect(_status_address(signature), 303)
    if signature.state is not SignatureState.PENDING:
        return _gone(signature)
    too_late = signature.link_ends_at <= now()
    return _confirm_page(signature, token, too_late=too_late)


@open_to(Audience.SUPPORTER)
def confirm_letters(token: str) -> ResponseReturnValue:
    try:
        with unit_of_work(database().writing) as session:
            signature = _signature(session, token, CONFIRM, lock=True)
            confirm(session, keys(), signature, links=links(), now=now())
            take_up_wish(session, keys(), signature, now())
            address, reference = _status_address(signature), signature.campaign.reference
        watch().confirm(reference, now())
    except Gone:
        return _gone(_signature(reading(), token, CONFIRM))
    except (LinkExpired, CampaignClosed, CampaignPaused):
        return _confirm_page(_signature(reading(), token, CONFIRM), token, too_late=True)
    return redirect(address, 303)


@open_to(Audience.SUPPORTER)
def status(token: str) -> ResponseReturnValue:
    signature = _signature(reading(), token, STATUS)
    if signature.state is SignatureState.FORGOTTEN or is_invalidated(signature):
        return _gone(signature)
    found = opened_signature(reading(), keys(), signature)
    rows = standings(reading(), found, now())
    looked = min(request.args.get("look", 1, type=int), LOOKS)
    again = any(row.is_moving for row in rows) and looked < LOOKS
    answer = make_response(
        render_template(
            "supporter/status.html",
            page=shown.shown_campaign(signature.campaign, current_language(), now()),
            found=found,
            rows=rows,
            token=token,
            changed=what_changed(reading(), signature.campaign),
            others=_not_written_to(signature),
            looks_again=again,
            last_look=LOOKS,
            now=now(),
        )
    )
    if again:
        # A header and not a meta element: it can be left out of the page's own text, and the page
        # offers a link that stops it (WCAG 2.2.1).
        answer.headers["Refresh"] = (
            f"{LOOK_AGAIN_SECONDS}; url={url_for('supporter.status', token=token, look=looked + 1)}"
        )
    return answer


@open_to(Audience.SUPPORTER)
def print_sheets(token: str) -> ResponseReturnValue:
    return _print_page(_signature(reading(), token, STATUS), token, sheets.Sender())


@open_to(Audience.SUPPORTER)
def print_pdf(token: str, number: int, kind: str = "letter") -> ResponseReturnValue:
    signature = _signature(reading(), token, STATUS)
    letter = _finished(signature, number)
    row = _letter(signature, number)
    paper = paper_in(signature.country)
    embassy = embassy_of(reading(), row) if kind == "embassy" else None
    if kind == "embassy" and embassy is None:
        abort(404)
    lines = embassy.address if embassy else letter.address
    return sheets.sheet(kind, signature.campaign, row.target, letter, paper, envelope=lines)


@open_to(Audience.SUPPORTER)
def print_pdf_from(token: str, number: int, kind: str = "letter") -> ResponseReturnValue:
    """The sheet with the address of its writer, who posts it here; it is kept nowhere."""
    try:
        return print_pdf(token, number, kind)
    except SenderRefused as refusal:
        signature = _signature(reading(), token, STATUS)
        return _print_page(signature, token, sheets.sender_again(refusal)), 422


@open_to(Audience.SUPPORTER)
def print_labels(token: str) -> ResponseReturnValue:
    signature = _signature(reading(), token, STATUS)
    paper = paper_in(signature.country)
    return sheets.labels(signature.campaign, signature.letter_language, paper)


@open_to(Audience.SUPPORTER)
def form_text(token: str, number: int) -> ResponseReturnValue:
    signature = _signature(reading(), token, STATUS)
    page = shown.shown_campaign(signature.campaign, current_language(), now())
    back = url_for("supporter.status", token=token, _anchor=f"letter-{number}")
    return sheets.form_page(page, _finished(signature, number), back)


@open_to(Audience.SUPPORTER)
def done(token: str, number: int) -> ResponseReturnValue:
    with unit_of_work(database().writing) as session:
        signature = _signature(session, token, STATUS, lock=True)
        report_done(session, _letter(signature, number), now())
    return redirect(url_for("supporter.status", token=token, _anchor=f"letter-{number}"), 303)


@open_to(Audience.SUPPORTER)
def decide(token: str) -> ResponseReturnValue:
    """A letter written on old facts goes as it is, or the new one goes."""
    said = request.form.get("say", "")
    # Where letters cannot leave at the moment the page says so, and still asks.
    with suppress(CampaignClosed, CampaignPaused), unit_of_work(database().writing) as session:
        signature = _signature(session, token, STATUS, lock=True)
        if said in set(Answer):
            decide_letters(session, keys(), signature, Answer(said), now())
    return redirect(url_for("supporter.status", token=token), 303)


@open_to(Audience.SUPPORTER)
def withdraw_signature(token: str) -> ResponseReturnValue:
    with unit_of_work(database().writing) as session:
        signature = _signature(session, token, STATUS, lock=True)
        withdraw(session, signature, now())
    return redirect(url_for("supporter.status", token=token), 303)


def _signature(session: Session, token: str, purpose: str, *, lock: bool = False) -> Signature:
    signature = get_by_token(session, keys(), token, purpose, lock=lock)
    if signature.campaign.hidden:
        raise CampaignHidden
    return signature


def _confirm_page(signature: Signature, token: str, *, too_late: bool) -> ResponseReturnValue:
    try:
        found = opened_signature(reading(), keys(), signature)
    except KeyDestroyed:
        return _gone(signature)
    page = shown.shown_campaign(signature.campaign, current_language(), now())
    may_send = page.state.takes_letters and not too_late
    shown_page = render_template(
        "supporter/confirm.html",
        page=page,
        rows=standings(reading(), found, now()),
        token=token,
        may_send=may_send,
    )
    return shown_page, 200 if may_send else 409


def _print_page(signature: Signature, token: str, sender: sheets.Sender) -> str:
    found = opened_signature(reading(), keys(), signature)
    return render_template(
        "supporter/print.html",
        page=shown.shown_campaign(signature.campaign, current_language(), now()),
        rows=standings(reading(), found, now()),
        token=token,
        sender=sender,
    )


def _gone(signature: Signature) -> ResponseReturnValue:
    page = shown.shown_campaign(signature.campaign, current_language(), now())
    gone = render_template(
        "supporter/gone.html",
        page=page,
        is_withdrawn=signature.state is SignatureState.WITHDRAWN,
        is_invalidated=is_invalidated(signature),
    )
    return gone, 410


def _letter(signature: Signature, number: int) -> Letter:
    found = next((one for one in signature.letters if one.target.position == number), None)
    if found is None:
        abort(404)
    return found


def _finished(signature: Signature, number: int) -> FinishedLetter:
    """A letter in the words it leaves with, as long as those are kept."""
    rows = standings(reading(), opened_signature(reading(), keys(), signature), now())
    row = next((row for row in rows if row.number == number), None)
    if row is None or row.letter is None:
        abort(404)
    return row.letter


def _not_written_to(signature: Signature) -> list[shown.Recipient]:
    written = {letter.target_id for letter in signature.letters}
    return [
        recipient
        for recipient in shown.recipients(signature.campaign, current_language())
        if recipient.target.id not in written
    ]


def _status_address(signature: Signature) -> str:
    return url_for("supporter.status", token=token_of(keys(), signature, STATUS))
