"""Confirmed letters that go by post, opened one by one for somebody who carries them to an office.

Nothing that is opened here is kept: each letter leaves memory with the group it is printed in. A
writer's e-mail address is never opened.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload

from app.audit.actions import note
from app.campaigns.models import Campaign, Target
from app.core.errors import NotFound
from app.core.i18n import long_date
from app.core.sealing import Seal, get_seal
from app.core.tokens import Keys
from app.letters.handing import Cover
from app.letters.render import FinishedLetter
from app.signatures.actions import local_day
from app.signatures.compose import addressed_in, finished_letter
from app.signatures.models import Letter, LetterChannel, Signature, SignatureState
from app.signatures.queries import OpenedAnswers
from app.signatures.rules import addressed

# As many rows as are printed together.
_GROUP = 50


def target_numbered(campaign: Campaign, number: int) -> Target:
    """The target by its number on the page."""
    for target in addressed(campaign):
        if target.position == number:
            return target
    raise NotFound


def count_to_hand_over(session: Session, target: Target) -> int:
    found: int = session.scalar(_by_post(select(func.count()).select_from(Letter), target)) or 0
    return found


def cover_for(session: Session, campaign: Campaign, target: Target, now: datetime) -> Cover:
    """What the cover says, in the language that most of the letters to the target are in."""
    counted = _by_post(select(Letter.language, func.count().label("letters")), target)
    languages = session.execute(counted.group_by(Letter.language)).all()
    usual = [*campaign.letter_languages, "en"][0]
    language = max(languages, key=lambda row: row.letters).language if languages else usual
    letters = sum(row.letters for row in languages)
    return cover_in(campaign, target, language, letters, local_day(campaign, now))


def cover_in(campaign: Campaign, target: Target, language: str, letters: int, on: date) -> Cover:
    """What the cover says, in a language."""
    titles = {text.language: text.title for text in campaign.texts}
    return Cover(
        language=language,
        to=addressed_in(target, language),
        organisation=campaign.organisation or campaign.section.sender_name,
        campaign=titles.get(language) or next(iter(titles.values()), campaign.slug),
        letters=letters,
        date=long_date(on, language),
    )


def note_handing(
    session: Session, actor: str, campaign: Campaign, target: Target, letters: int, now: datetime
) -> None:
    """Write down who took how many letters out in clear, before the first one is opened."""
    note(
        session,
        actor,
        "letters.hand_over",
        about=("campaign", str(campaign.id)),
        now=now,
        target=target.position,
        letters=letters,
    )


def letters_to_hand_over(
    session: Session, keys: Keys, campaign: Campaign, target: Target
) -> Iterator[FinishedLetter]:
    """Every confirmed letter by post to the target, in an order that tells nothing."""
    seal = get_seal(session, keys, campaign.key_id)
    last: UUID | None = None
    while group := _group(session, target, last):
        for letter in group:
            yield finished_letter(campaign, letter.signature, letter, answers_in(seal, letter))
        last = group[-1].id
        for letter in group:
            session.expunge(letter.signature)  # and with it those of its letters that it knows
            if letter in session:
                session.expunge(letter)


def _group(session: Session, target: Target, last: UUID | None) -> Sequence[Letter]:
    # Ids are random, so their order is not that of signing.
    wanted = _by_post(select(Letter), target).options(
        joinedload(Letter.signature), joinedload(Letter.template), joinedload(Letter.target)
    )
    if last is not None:
        wanted = wanted.where(Letter.id > last)
    found: Sequence[Letter] = session.scalars(wanted.order_by(Letter.id).limit(_GROUP)).all()
    return found


def _by_post(asked: Any, target: Target) -> Any:
    return asked.join(Signature, Signature.id == Letter.signature_id).where(
        Letter.target_id == target.id,
        Letter.channel == LetterChannel.POST,
        Signature.state == SignatureState.CONFIRMED,
        Signature.sealed_name.is_not(None),
    )


def answers_in(seal: Seal, letter: Letter) -> OpenedAnswers:
    """What its writer gave for one letter; the address stays closed."""
    signature = letter.signature

    def opened(sealed: bytes | None, column: str) -> str:
        if sealed is None:
            return ""
        return seal.open(sealed, table="signature", column=column, row=signature.id)

    name = opened(signature.sealed_name, "name")
    edited = letter.sealed_body
    return OpenedAnswers(
        name,
        "",
        opened(signature.sealed_sentence, "sentence"),
        opened(signature.sealed_town, "town"),
        opened(signature.sealed_about, "about"),
        {letter.id: seal.open(edited, table="letter", column="body", row=letter.id)}
        if edited is not None
        else {},
    )
