"""What the writer of an outdated letter says: it goes as it is, or the new one goes."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy.orm import Session

from app.campaigns.rules import require_accepting
from app.core.tokens import Keys
from app.delivery import actions as delivery
from app.delivery.models import Dispatch
from app.letters.coach import fingerprint_of
from app.signatures import queries
from app.signatures.actions import letter_message
from app.signatures.compose import finished_letter
from app.signatures.models import Letter, Signature
from app.signatures.outdated import asks_writer, newest_template
from app.tally.actions import Labels


class Answer(StrEnum):
    """What a writer says: my letter as it is, or the campaign's new one."""

    AS_IS = "as_is"
    NEW = "new"


def decide_letters(
    session: Session, keys: Keys, signature: Signature, said: Answer, now: datetime
) -> int:
    """Let the letters go that wait for their writer; return how many. Twice is harmless.

    The new letter takes the place of the old one, with the edits that were made to that; name,
    own sentence and everything else that the writer gave stay.
    """
    waiting = [letter for letter in signature.letters if asks_writer(letter)]
    if not waiting:
        return 0
    require_accepting(signature.campaign, now)
    for letter in waiting:
        dispatch = letter.dispatch
        if dispatch is None:
            continue
        delivery.retry(session, dispatch.id, now)
        letter.held_told = False
        if said is Answer.NEW:
            _write_anew(session, keys, letter, dispatch)
    return len(waiting)


def _write_anew(session: Session, keys: Keys, letter: Letter, dispatch: Dispatch) -> None:
    signature = letter.signature
    seal = queries.seal_of(session, keys, signature)
    letter.template = newest_template(session, letter)
    letter.language = letter.template.language
    letter.sealed_body = None
    answers = queries.open_answers(seal, signature)
    finished = finished_letter(signature.campaign, signature, letter, answers)
    letter.fingerprint = fingerprint_of(finished, queries.likeness_key(seal))
    going = delivery.message_of(seal, dispatch)
    delivery.replace_queued(
        session,
        seal,
        dispatch,
        letter_message(letter, finished, answers, address=going.to_address, fax=going.to_fax),
        once_key=dispatch.once_key,
        # In the books it is the letter that it was.
        counted_as=Labels.from_json(dispatch.counted_as or {}),
    )
