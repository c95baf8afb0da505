"""Sign, confirm, withdraw, report: what a supporter does, each in one transaction."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import update
from sqlalchemy.orm import Session

from app.campaigns.models import Campaign
from app.campaigns.queries import current_templates
from app.campaigns.rules import require_accepting
from app.core.db import day_of
from app.core.erasures import is_erased
from app.core.leases import lock_for_transaction
from app.core.sealing import Seal, get_seal
from app.core.throttle import hit
from app.core.tokens import Keys, keyed_hash, new_nonce
from app.delivery import actions as delivery
from app.delivery.message import Message
from app.delivery.models import Dispatch, DispatchState, Lane
from app.letters.coach import fingerprint_of
from app.letters.render import FinishedLetter
from app.notices.links import Links
from app.signatures import notices, queries, rules
from app.signatures.compose import compose_letters, finished_letter, mix_seed
from app.signatures.models import SEALED, Letter, LetterChannel, Signature, SignatureState
from app.tally.actions import Labels, count
from app.tally.models import Figure

_A_DAY = timedelta(days=1)
# A fourth mail to one address waits for the next day, a seventh for the one after; then no more.
_DAYS_AHEAD = 3


def sign(
    session: Session,
    keys: Keys,
    campaign: Campaign,
    form: rules.SignForm,
    *,
    links: Links,
    now: datetime,
) -> None:
    """Store a signature and ask its address to confirm it.

    The caller shows the same page whatever happened here: a new signature, the same form again, a
    person who has written already, an address that is being pestered. The difference goes by mail.
    """
    require_accepting(campaign, now)
    seal = get_seal(session, keys, campaign.key_id)
    form_hash = mix_seed(keys, campaign, form.form_key)
    content_hash = seal.lookup("form", *form.content)
    # A double press arrives twice at the same moment: the second waits and finds the first.
    lock_for_transaction(session, f"form:{form_hash.hex()}")
    known = queries.find_by_form(session, form_hash)
    if known is not None:
        if known.content_hash != content_hash:
            raise rules.FormReused
        return
    mailbox, name = rules.person_of(form)
    if is_erased(session, keys, mailbox):
        return  # whoever lives there has asked never to hear from us again
    person_hash, address_hash = (
        seal.lookup("person", mailbox, name),
        seal.lookup("mailbox", mailbox),
    )
    written = queries.targets_written_to(session, campaign.id, person_hash)
    first = queries.find_confirmed(session, campaign.id, person_hash)
    others = queries.count_other_names(session, campaign.id, address_hash, person_hash)
    if first is None and others >= rules.NAMES_PER_ADDRESS:
        first = queries.find_confirmed_from(session, campaign.id, address_hash)
        written = set(form.targets)
    if first is not None and set(form.targets) <= written:
        notices.already_wrote(session, keys, seal, first, links, now)
        return
    due_at = _due(session, keys, mailbox, now)
    if due_at is None:
        return
    signature = _fresh(seal, campaign, form, now)
    signature.person_hash, signature.address_hash = person_hash, address_hash
    signature.form_hash, signature.content_hash = form_hash, content_hash
    templates = current_templates(session, campaign.id)
    chosen = [target for target in form.targets if target not in written]
    for preview in compose_letters(campaign, templates, form, form_hash, local_day(campaign, now)):
        if preview.target.id in chosen:
            row = uuid.uuid4()
            body = "\n\n".join(preview.letter.body()) if preview.is_edited else ""
            signature.letters.append(
                Letter(
                    id=row,
                    target=preview.target,
                    template=preview.template,
                    channel=preview.channel,
                    language=preview.template.language,
                    sealed_body=(
                        seal.close(body, table="letter", column="body", row=row) if body else None
                    ),
                )
            )
    session.add(signature)
    session.flush()  # the notice's key and the counts are about rows that exist
    count(session, Figure.STARTED, labels_of(signature), day_of(now))
    notices.confirm(session, keys, seal, signature, links, now, due_at=due_at)


def confirm(
    session: Session, keys: Keys, signature: Signature, *, links: Links, now: datetime
) -> None:
    """Make a signature count and put its letters into the outbox. Twice is harmless."""
    campaign = signature.campaign
    if signature.state is SignatureState.CONFIRMED:
        return
    if signature.state is not SignatureState.PENDING:
        raise rules.Gone
    require_accepting(campaign, now)
    if signature.link_ends_at <= now:
        raise rules.LinkExpired
    lock_for_transaction(session, f"person:{signature.person_hash.hex()}")
    address, person = signature.address_hash, signature.person_hash
    if queries.count_other_names(session, campaign.id, address, person) >= rules.NAMES_PER_ADDRESS:
        raise rules.TooManyNames
    seal = queries.seal_of(session, keys, signature)
    is_new = queries.find_confirmed(session, campaign.id, signature.person_hash) is None
    signature.state = SignatureState.CONFIRMED
    # The day that stands in the letter, on the calendar of the campaign's own place.
    signature.confirmed_on = local_day(campaign, now)
    if is_new:
        count(session, Figure.CONFIRMED, labels_of(signature), day_of(now))
    answers = queries.open_answers(seal, signature)
    likeness_key = queries.likeness_key(seal)
    # In one order for everybody: two confirmations that meet a new mailbox each must not wait for
    # one another.
    for letter in sorted(signature.letters, key=lambda letter: letter.target.position):
        finished = finished_letter(campaign, signature, letter, answers)
        letter.fingerprint = fingerprint_of(finished, likeness_key)
        if letter.channel is LetterChannel.EMAIL:
            letter.dispatch = enqueue_letter(session, seal, letter, finished, answers, now)
        else:
            letter.settled = True
            count(session, Figure.TO_PRINT, labels_of(signature, letter), day_of(now))
    if all(letter.settled for letter in signature.letters):
        notices.thank_you(session, keys, seal, signature, links, now)


def withdraw(session: Session, signature: Signature, now: datetime) -> int:
    """Take back what has not left and forget who asked; return how many letters were stopped."""
    if signature.state not in (SignatureState.PENDING, SignatureState.CONFIRMED):
        return 0
    waiting = [letter.dispatch for letter in signature.letters if letter.dispatch is not None]
    stopped = delivery.cancel(session, waiting, "withdrawn", now)
    for dispatch in waiting:
        # The letter was never sent, so whoever writes again later may send it.
        session.execute(
            update(Dispatch)
            .where(Dispatch.id == dispatch.id, Dispatch.state == DispatchState.CANCELLED)
            .values(once_key=f"withdrawn:{dispatch.id.hex}")
        )
    forget(signature, SignatureState.WITHDRAWN)
    for letter in signature.letters:
        letter.settled = True
    count(session, Figure.WITHDRAWN, labels_of(signature), day_of(now))
    return stopped


def report_done(session: Session, letter: Letter, now: datetime) -> None:
    """The supporter says that a letter was posted, faxed, submitted or said. Counted once."""
    if letter.reported_done_on is not None or letter.channel is LetterChannel.EMAIL:
        return
    if letter.signature.state is not SignatureState.CONFIRMED:
        raise rules.Gone
    letter.reported_done_on = day_of(now)
    count(session, Figure.SELF_REPORTED, labels_of(letter.signature, letter), day_of(now))


def forget(signature: Signature, state: SignatureState) -> None:
    """Let go of everything personal; the row stays for the counts."""
    signature.state = state
    for column in SEALED:
        setattr(signature, column, None)
    for letter in signature.letters:
        letter.sealed_body = letter.fingerprint = None


def labels_of(signature: Signature, letter: Letter | None = None) -> Labels:
    """What an event of this signature is counted under."""
    return Labels(
        campaign=signature.campaign_id,
        country="" if signature.country == rules.NO_COUNTRY else signature.country,
        letter_language=letter.language if letter else signature.letter_language,
        page_language=signature.page_language,
        channel=str(letter.channel) if letter else "",
        target=str(letter.target_id) if letter else "",
    )


def local_day(campaign: Campaign, now: datetime) -> date:
    return now.astimezone(ZoneInfo(campaign.time_zone)).date()


def _fresh(seal: Seal, campaign: Campaign, form: rules.SignForm, now: datetime) -> Signature:
    row = uuid.uuid4()

    def sealed(text: str, column: str) -> bytes | None:
        return seal.close(text, table="signature", column=column, row=row) if text else None

    return Signature(
        id=row,
        campaign=campaign,
        state=SignatureState.PENDING,
        nonce=new_nonce(),
        page_language=form.page_language,
        letter_language=form.letter_language,
        country=form.country,
        sealed_name=sealed(form.name, "name"),
        sealed_email=sealed(form.email, "email"),
        sealed_sentence=sealed(form.sentence, "sentence"),
        sealed_town=sealed(form.town, "town"),
        sealed_about=sealed(form.about, "about"),
        writer_form=form.writer_form,
        turn=form.turn,
        consent_version=rules.CONSENT_VERSION,
        signed_on=day_of(now),
        link_ends_at=rules.link_ends_at(campaign, now),
    )


def enqueue_letter(
    session: Session,
    seal: Seal,
    letter: Letter,
    finished: FinishedLetter,
    answers: queries.OpenedAnswers,
    now: datetime,
    *,
    again: str = "",
) -> Dispatch:
    """Put one letter into the outbox; `again` names the address that replaces one that failed."""
    signature, campaign = letter.signature, letter.signature.campaign
    return delivery.enqueue(
        session,
        seal,
        letter_message(letter, finished, answers),
        once_key=f"{letter_key(letter)}{again}",
        lane=Lane.LETTER,
        now=now,
        expires_at=campaign.closes_at,
        gate=campaign.gate,
        mailbox_address=rules.email_of(letter.target.authority),
        time_zone=letter.target.authority.time_zone,
        keep_local=campaign.demonstration is not None,
        counted_as=labels_of(signature, letter),
    )


def letter_key(letter: Letter) -> str:
    """By person, not by form: however often somebody signs, one letter reaches each target."""
    signature = letter.signature
    person = signature.person_hash.hex()
    return f"letter:{signature.campaign_id.hex}:{person}:{letter.target_id.hex}"


def letter_message(
    letter: Letter, finished: FinishedLetter, answers: queries.OpenedAnswers
) -> Message:
    """The mail that carries a finished letter to its office."""
    section = letter.signature.campaign.section
    return Message(
        # From ours, with the writer's name: the writer's own address would fail DMARC.
        sender_name=answers.name,
        sender_address=section.sender_address,
        reply_to=section.reply_to,
        relay_answers=section.relay_answers,
        to_address=rules.email_of(letter.target.authority),
        subject=finished.subject,
        text=finished.as_text(),
        language=finished.language,
    )


def _due(session: Session, keys: Keys, mailbox: str, now: datetime) -> datetime | None:
    """When a confirmation may go to this mailbox: today, or the first day with room; else never.

    Counted over all campaigns under a key of the day, so that the counters cannot be joined with
    anything and say nothing tomorrow.
    """
    for ahead in range(_DAYS_AHEAD):
        moment = now + ahead * _A_DAY
        key = keys.derive(f"confirmations-{moment.astimezone(UTC).date()}")
        if hit(session, keyed_hash(key, mailbox), _A_DAY, moment) <= rules.CONFIRMATIONS_A_DAY:
            return moment
    return None
