"""Where an answer of an office goes: to the section, or to the writer who has asked for it.

The office has an address of ours and never the writer's. What it sent travels as a file inside a
mail of ours: nothing in it is loaded or shown before the writer opens it, and pressing "answer"
writes to the section and not to the office.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from app.authorities.offices import office_in
from app.core.sealing import KeyDestroyed
from app.core.tokens import Keys
from app.delivery.message import Attachment, Message
from app.delivery.models import Dispatch
from app.notices.actions import sender_of
from app.notices.compose import compose
from app.notices.links import Links
from app.signatures.models import Letter, Signature
from app.signatures.notices import text_in
from app.signatures.queries import DATA, WITH_LETTERS, open_answers, seal_of, token_of

# No type that a mail program shows by itself.
_AS_FILE = ("answer.eml", "application/octet-stream")


@dataclass(frozen=True, slots=True)
class WayBack:
    """Where an answer to a letter is passed on to, and in whose name."""

    sender_address: str
    reply_to: str
    keep_local: bool
    # The mail that takes it to its writer, without the answer in it yet.
    to_writer: Message | None = None

    @property
    def address(self) -> str:
        return self.to_writer.to_address if self.to_writer else self.reply_to


def find_way_back(
    session: Session, keys: Keys, dispatch_id: UUID, *, links: Links
) -> WayBack | None:
    """Where an answer to a letter goes; None if the dispatch carries no letter.

    An answer to a digest answers every letter in it, and goes to the section alone.
    """
    carried = (
        select(Letter)
        .join(Dispatch, Dispatch.id == Letter.dispatch_id)
        .where(or_(Dispatch.id == dispatch_id, Dispatch.carried_by == dispatch_id))
        .limit(1)
    )
    letter = session.scalars(carried).one_or_none()
    if letter is None or letter.dispatch is None:
        return None
    wanted = select(Signature).where(Signature.id == letter.signature_id).options(*WITH_LETTERS)
    signature = session.scalars(wanted).one()
    section = signature.campaign.section
    return WayBack(
        section.sender_address,
        section.reply_to,
        letter.dispatch.keep_local,
        to_writer=(
            _to_writer(session, keys, signature, letter, links)
            if letter.dispatch_id == dispatch_id
            else None
        ),
    )


def with_answer(mail: Message, raw: bytes) -> Message:
    """The mail to the writer with what the office sent, as a file."""
    name, kind = _AS_FILE
    return Message(
        sender_name=mail.sender_name,
        sender_address=mail.sender_address,
        to_address=mail.to_address,
        subject=mail.subject,
        text=mail.text,
        language=mail.language,
        reply_to=mail.reply_to,
        html=mail.html,
        headers=mail.headers,
        attachments=(Attachment(name, kind, raw),),
    )


def _to_writer(
    session: Session, keys: Keys, signature: Signature, letter: Letter, links: Links
) -> Message | None:
    if not signature.answers_to_me or signature.sealed_email is None:
        return None
    try:
        email = open_answers(seal_of(session, keys, signature), signature).email
    except KeyDestroyed:
        return None
    campaign, language = signature.campaign, signature.page_language
    text, sender = text_in(campaign, language), sender_of(campaign.section)
    composed = compose(
        "answer",
        language=language,
        sender_name=sender.name,
        postal_address=sender.postal_address,
        values={
            "title": text.title,
            "title_language": text.language,
            "sensitive": campaign.sensitive,
            "office": office_in(letter.target.authority, language).title,
        },
        data_link=links.data(language, token_of(keys, signature, DATA)),
    )
    return Message(
        sender_name=sender.name,
        sender_address=sender.address,
        to_address=email,
        subject=composed.subject,
        text=composed.text,
        language=composed.language,
        reply_to=sender.reply_to,
        html=composed.html,
    )
