"""Putting right what a writer has said of themselves, for as long as none of it has left."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from app.core.addresses import same_mailbox
from app.core.db import day_of
from app.core.errors import Refused
from app.core.leases import lock_for_transaction
from app.core.sealing import Seal
from app.core.text import fold
from app.core.tokens import Keys
from app.delivery.actions import replace_queued
from app.delivery.message import Message
from app.delivery.models import DispatchState
from app.delivery.queries import find_dispatch
from app.letters.coach import fingerprint_of
from app.signatures import queries, rules
from app.signatures.actions import labels_of, letter_key, letter_message
from app.signatures.compose import finished_letter
from app.signatures.models import Letter, LetterChannel, Signature, SignatureState
from app.tally.actions import Labels, count
from app.tally.models import Figure

FIELDS = ("name", "sentence", "town")


class HasLeft(Refused):
    """A letter has left, or is leaving, with the words as they were."""

    code = "letter_has_left"


@dataclass(frozen=True, slots=True)
class Correction:
    """What the writer says now. The address cannot be changed: it is what has confirmed."""

    name: str
    country: str
    sentence: str
    town: str


def may_correct(signature: Signature) -> bool:
    """Whether everything that the writer gave is still here only."""
    if signature.state not in (SignatureState.PENDING, SignatureState.CONFIRMED):
        return False
    return all(
        letter.reported_done_on is None
        and (letter.dispatch is None or letter.dispatch.state is DispatchState.QUEUED)
        for letter in signature.letters
    )


def check_correction(typed: Mapping[str, str]) -> Correction:
    """Turn what was typed into a correction, or refuse with every error at once."""
    name, country, sentence, town = rules.check_person(typed)
    return Correction(name, country, sentence, town)


def correct(
    session: Session, keys: Keys, signature: Signature, said: Correction, now: datetime
) -> None:
    """Keep the new words instead of the old ones, here and in every letter that waits.

    All or nothing: a letter that begins to leave meanwhile refuses it, so that a writer never sees
    other words here than an office has got.
    """
    if not may_correct(signature):
        raise HasLeft
    seal = queries.seal_of(session, keys, signature)
    given = queries.open_answers(seal, signature)
    person = signature.person_hash
    # Whoever signed as "a teacher in Lisbon" is told apart by a name that nobody keeps.
    if said.name != given.name:
        person = seal.lookup("person", same_mailbox(given.email), fold(said.name))
    if person != signature.person_hash:
        lock_for_transaction(session, f"person:{person.hex()}")
        if queries.find_confirmed(session, signature.campaign_id, person) is not None:
            raise rules.FormErrors({"name": rules.FieldError("name_has_written")})
    before, old_keys = _counted(signature), [letter_key(each) for each in signature.letters]
    signature.person_hash, signature.country = person, said.country
    for field in FIELDS:
        text = getattr(said, field)
        sealed = seal.close(text, table="signature", column=field, row=signature.id)
        setattr(signature, f"sealed_{field}", sealed if text else None)
    if signature.state is SignatureState.CONFIRMED:
        for letter, old_key in zip(signature.letters, old_keys, strict=True):
            _write_anew(session, seal, letter, old_key)
    _count_anew(session, before, _counted(signature), now)


def _write_anew(session: Session, seal: Seal, letter: Letter, old_key: str) -> None:
    signature, dispatch = letter.signature, letter.dispatch
    answers = queries.open_answers(seal, signature)
    finished = finished_letter(signature.campaign, signature, letter, answers)
    letter.fingerprint = fingerprint_of(finished, queries.likeness_key(seal))
    if dispatch is None:
        return
    if dispatch.payload is None:
        raise HasLeft
    opened = seal.open_bytes(dispatch.payload, table="dispatch", column="payload", row=dispatch.id)
    going = Message.from_bytes(opened)
    # What follows the person in the key says which address of the office it goes to by now.
    once_key = letter_key(letter) + dispatch.once_key.removeprefix(old_key)
    known = find_dispatch(session, once_key)
    if known is not None and known.id != dispatch.id:
        raise rules.FormErrors({"name": rules.FieldError("name_has_written")})
    if not replace_queued(
        session,
        seal,
        dispatch,
        letter_message(letter, finished, answers, address=going.to_address, fax=going.to_fax),
        once_key=once_key,
        counted_as=labels_of(signature, letter),
    ):
        raise HasLeft


def _counted(signature: Signature) -> list[tuple[Figure, Labels]]:
    """What this signature has been counted as so far, letter by letter."""
    found = [(Figure.STARTED, labels_of(signature))]
    if signature.state is SignatureState.CONFIRMED:
        found.append((Figure.CONFIRMED, labels_of(signature)))
        for letter in signature.letters:
            by_us = letter.channel is LetterChannel.EMAIL
            figure = Figure.QUEUED if by_us else Figure.TO_PRINT
            found.append((figure, labels_of(signature, letter)))
    return found


def _count_anew(
    session: Session,
    before: list[tuple[Figure, Labels]],
    after: list[tuple[Figure, Labels]],
    now: datetime,
) -> None:
    """Another country takes its letters along, so that the sums of each stay right."""
    for old, new in zip(before, after, strict=True):
        if old != new:
            count(session, old[0], old[1], day_of(now), -1)
            count(session, new[0], new[1], day_of(now))
