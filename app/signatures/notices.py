"""What we write to a supporter about their own act: the values of each notice, and its one key."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime

from sqlalchemy.orm import Session

from app.authorities.offices import office_in, usable_points
from app.campaigns.models import Campaign, CampaignText
from app.core.db import day_of
from app.core.sealing import Seal
from app.core.tokens import Keys
from app.delivery.models import Channel, DispatchState
from app.letters.directions import mail_text
from app.notices.actions import send, sender_of
from app.notices.links import Links
from app.notices.rules import Enclosed
from app.sections.models import AfterDeadline
from app.signatures.compose import finished_letter
from app.signatures.models import Letter, LetterChannel, Signature
from app.signatures.outdated import what_changed
from app.signatures.queries import (
    CONFIRM,
    DATA,
    STATUS,
    OpenedAnswers,
    find_embassy_for,
    open_answers,
    token_of,
)
from app.signatures.rules import LADDER, LINK_LIVES, delete_on


def confirm(
    session: Session,
    keys: Keys,
    seal: Seal,
    signature: Signature,
    links: Links,
    now: datetime,
    *,
    due_at: datetime | None = None,
    name: str = "confirm",
) -> None:
    """M1, and M6 by the name `confirm_reminder`: the page with the button."""
    token = token_of(keys, signature, CONFIRM)
    values = _about(signature) | {
        "targets": _offices(signature, signature.letters),
        "letter_language": signature.letter_language,
        "confirm_link": links.confirm(signature.page_language, token),
        "link_ends_at": signature.link_ends_at,
        "time_zone": signature.campaign.time_zone,
        "forget_days": LINK_LIVES.days,
    }
    _send(
        session,
        keys,
        links,
        seal,
        signature,
        name,
        values,
        now,
        expires_at=signature.link_ends_at,
        due_at=due_at,
    )


def already_wrote(
    session: Session, keys: Keys, seal: Seal, signature: Signature, links: Links, now: datetime
) -> None:
    """M2: the page said what it says to everybody; this says that there was a letter already."""
    values = _about(signature) | {
        "targets": _offices(signature, signature.letters),
        "written_on": signature.confirmed_on or signature.signed_on,
        "status_link": _status(keys, signature, links),
    }
    # Once a day at most: nobody can be pestered by sending the form again and again.
    _send(
        session, keys, links, seal, signature, "already_wrote", values, now, again=str(now.date())
    )


def thank_you(
    session: Session, keys: Keys, seal: Seal, signature: Signature, links: Links, now: datetime
) -> None:
    """M3: which mail servers have taken the letter, its text, and what is left to print."""
    answers = open_answers(seal, signature)
    sent = [
        letter
        for letter in signature.letters
        if letter.dispatch is not None and letter.dispatch.state is DispatchState.SENT
    ]
    by_hand = [
        letter
        for letter in signature.letters
        if letter.channel is not LetterChannel.EMAIL and letter not in sent
    ]
    faxed = [
        letter
        for letter in sent
        if letter.dispatch is not None and letter.dispatch.channel is Channel.FAX
    ]
    values = _about(signature) | {
        "handed_over": _offices(signature, [letter for letter in sent if letter not in faxed]),
        "faxed": _offices(signature, faxed),
        "to_print": _offices(signature, by_hand),
        "letters": [_enclosed(signature, letter, answers) for letter in sent],
        "status_link": _status(keys, signature, links),
        # Who wants nothing kept is forgotten within minutes of this mail.
        "deleted_on": day_of(now) if signature.keep_nothing else delete_on(signature.campaign),
    }
    _send(session, keys, links, seal, signature, "thank_you", values, now)


def not_delivered(
    session: Session,
    keys: Keys,
    seal: Seal,
    signature: Signature,
    letter: Letter,
    links: Links,
    now: datetime,
) -> None:
    """M4: nothing of ours reaches the office; here is the next way, and the others after it."""
    kinds = {point.kind for point in usable_points(letter.target.authority)}
    ways = [str(way) for kind, way in LADDER if kind in kinds and way is not LetterChannel.EMAIL]
    if find_embassy_for(session, letter) is not None:
        ways.append("embassy")
    values = _about(signature) | {
        "office": _office(signature, letter),
        "ways": ways,
        "status_link": f"{_status(keys, signature, links)}#letter-{letter.target.position}",
    }
    _send(session, keys, links, seal, signature, "not_delivered", values, now, again=letter.id.hex)


def held(
    session: Session, keys: Keys, seal: Seal, letter: Letter, links: Links, now: datetime
) -> None:
    """A person looks at the letter before it leaves, or leaves again."""
    signature = letter.signature
    values = _about(signature) | {
        "office": _office(signature, letter),
        "reason": letter.dispatch.reason if letter.dispatch else "",
        "status_link": _status(keys, signature, links),
    }
    _send(session, keys, links, seal, signature, "held", values, now, again=letter.id.hex)


def facts_changed(
    session: Session,
    keys: Keys,
    seal: Seal,
    signature: Signature,
    letters: list[Letter],
    links: Links,
    now: datetime,
) -> None:
    """M23: letters written on facts that have changed wait for their writer's word."""
    campaign = signature.campaign
    values = _about(signature) | {
        "note": what_changed(session, campaign),
        "targets": _offices(signature, letters),
        "closes_at": campaign.closes_at,
        "time_zone": campaign.time_zone,
        "status_link": f"{_status(keys, signature, links)}#changed",
    }
    again = str(campaign.gate.epoch)
    _send(session, keys, links, seal, signature, "facts_changed", values, now, again=again)


def not_posted(
    session: Session,
    keys: Keys,
    seal: Seal,
    signature: Signature,
    post_by: date,
    links: Links,
    now: datetime,
) -> None:
    """M5: the letters that their writer wanted to post are still to be printed."""
    waiting = [
        letter
        for letter in signature.letters
        if letter.channel is LetterChannel.POST
        and letter.dispatch_id is None
        and letter.reported_done_on is None
    ]
    values = _about(signature) | {
        "targets": _offices(signature, waiting),
        "post_by": post_by,
        "status_link": _status(keys, signature, links),
    }
    ends = signature.campaign.closes_at
    _send(session, keys, links, seal, signature, "not_posted", values, now, expires_at=ends)


def data_deletion(
    session: Session, keys: Keys, seal: Seal, signature: Signature, links: Links, now: datetime
) -> None:
    """M12: what is kept goes soon; until then it can be seen and copied."""
    token = token_of(keys, signature, DATA)
    values = _about(signature) | {
        "is_deleted": False,
        "deleted_on": delete_on(signature.campaign),
        "own_data_link": links.data(signature.page_language, token),
    }
    _send(session, keys, links, seal, signature, "data_deletion", values, now)


def did_not_leave(
    session: Session,
    keys: Keys,
    seal: Seal,
    signature: Signature,
    letters: list[Letter],
    reason: str,
    links: Links,
    now: datetime,
) -> None:
    """M22: the date passed, or the campaign was stopped, before the letter could leave."""
    campaign = signature.campaign
    values = _about(signature) | {
        "targets": _offices(signature, letters),
        "reason": reason,
        "closes_at": campaign.closes_at,
        "time_zone": campaign.time_zone,
        "status_link": _status(keys, signature, links),
        "ask_section": campaign.section.after_deadline is AfterDeadline.ASK_SECTION,
    }
    _send(session, keys, links, seal, signature, "did_not_leave", values, now)


def text_in(campaign: Campaign, language: str) -> CampaignText:
    """The campaign's text in a language, or in the nearest it is written in."""
    by_language = {text.language: text for text in campaign.texts}
    for spoken in (language, "en", campaign.document_language, *by_language):
        if spoken in by_language:
            return by_language[spoken]
    raise LookupError(campaign.id)


def _send(
    session: Session,
    keys: Keys,
    links: Links,
    seal: Seal,
    signature: Signature,
    name: str,
    values: dict[str, object],
    now: datetime,
    *,
    again: str = "",
    expires_at: datetime | None = None,
    due_at: datetime | None = None,
) -> None:
    campaign = signature.campaign
    address = open_answers(seal, signature).email
    if not address:
        return
    send(
        session,
        seal,
        sender_of(campaign.section),
        name=name,
        to_address=address,
        language=signature.page_language,
        once_key=f"notice:{name}:{signature.id.hex}:{again}",
        values=values,
        now=now,
        due_at=due_at,
        expires_at=expires_at,
        keep_local=campaign.demonstration is not None,
        data_link=links.data(signature.page_language, token_of(keys, signature, DATA)),
    )


def _about(signature: Signature) -> dict[str, object]:
    text = text_in(signature.campaign, signature.page_language)
    return {
        "title": text.title,
        "title_language": text.language,
        "sensitive": signature.campaign.sensitive,
    }


def _status(keys: Keys, signature: Signature, links: Links) -> str:
    return links.status(signature.page_language, token_of(keys, signature, STATUS))


def _offices(signature: Signature, letters: Iterable[Letter]) -> list[str]:
    ordered = sorted(letters, key=lambda letter: letter.target.position)
    return [_office(signature, letter) for letter in ordered]


def _office(signature: Signature, letter: Letter) -> str:
    return office_in(letter.target.authority, signature.page_language).title


def _enclosed(signature: Signature, letter: Letter, answers: OpenedAnswers) -> Enclosed:
    finished = finished_letter(signature.campaign, signature, letter, answers)
    return Enclosed(_office(signature, letter), finished.language, mail_text(finished))
