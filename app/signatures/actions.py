"""Sign, confirm, withdraw, report: what a supporter does, each in one transaction."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Collection
from contextlib import suppress
from datetime import date, datetime
from random import Random, SystemRandom
from typing import Final
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
from app.core.tokens import Keys, new_nonce
from app.delivery import actions as delivery
from app.delivery.message import Attachment, Message
from app.delivery.models import Dispatch, DispatchState, Lane
from app.letters.coach import fingerprint_of
from app.letters.directions import mail_text
from app.letters.fax import print_fax
from app.letters.paper import paper_in
from app.letters.render import FinishedLetter
from app.notices.allowance import DAYS_AHEAD, find_day
from app.notices.links import Links
from app.signatures import notices, queries, rules
from app.signatures.compose import compose_letters, finished_letter, mix_seed
from app.signatures.models import (
    SEALED,
    ConsentPurpose,
    GivenConsent,
    Letter,
    LetterChannel,
    Signature,
    SignatureState,
)
from app.signatures.outdated import hold_if_outdated
from app.signatures.watch import Mark
from app.signatures.watch import written as written_marks
from app.tally.actions import Labels, count
from app.tally.models import Figure

# Nobody who knows some of the times can work out the others.
_CHANCE: Final = SystemRandom()
HASH_BYTES = 32


class _TakenBack(Exception):
    """Ends a savepoint without keeping what was written in it."""


def sign(
    session: Session,
    keys: Keys,
    campaign: Campaign,
    form: rules.SignForm,
    *,
    links: Links,
    now: datetime,
    marks: Collection[Mark] = (),
    not_before: datetime | None = None,
) -> None:
    """Store a signature and ask its address to confirm it.

    The caller shows the same page whatever happened here: a new signature, the same form again, a
    person who has written already, an address that is being pestered. The difference goes by mail.
    And it takes the same time: what is not kept is written too, and taken back.
    """
    require_accepting(campaign, now)
    rules.require_consent(form)
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
    is_erased_address = is_erased(session, keys, mailbox)
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
    has_written = first is not None and set(form.targets) <= written
    # The slow way may lead past midnight: the mail counts on the day on which it leaves.
    leaves = max(now, not_before or now)
    due_at = (
        find_day(session, keys, mailbox, now, days=1)
        if has_written
        else find_day(session, keys, mailbox, leaves, days=DAYS_AHEAD)
    )
    signature = _fresh(seal, campaign, form, now)
    signature.person_hash, signature.address_hash = person_hash, address_hash
    signature.form_hash, signature.content_hash = form_hash, content_hash
    signature.marks = written_marks(marks)
    chosen = [target for target in form.targets if has_written or target not in written]
    signature.letters = _letters(session, seal, campaign, form, signature, chosen, now)

    def keep(*, asks: bool) -> None:
        session.add(signature)
        session.flush()  # the notice's key and the counts are about rows that exist
        count(session, Figure.STARTED, labels_of(signature), day_of(now))
        if asks:
            notices.confirm(session, keys, seal, signature, links, now, due_at=due_at or leaves)

    # Whoever lives at an erased address has asked never to hear from us again.
    may_write = due_at is not None and not is_erased_address
    tells = may_write and has_written
    with suppress(_TakenBack), session.begin_nested():
        # One mail is written on every way: this one, or the one that says there was a letter.
        keep(asks=not tells)
        if has_written or not may_write:
            raise _TakenBack
    if tells and first is not None:
        notices.already_wrote(session, keys, seal, first, links, now)


def confirm(
    session: Session,
    keys: Keys,
    signature: Signature,
    *,
    links: Links,
    now: datetime,
    chance: Random = _CHANCE,
) -> None:
    """Make a signature count and put its letters into the outbox. Twice is harmless.

    In a campaign of high risk each letter waits for a moment of its own, drawn by `chance`.
    """
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
            due_at = rules.leaves_at(campaign, now, chance.random())
            letter.dispatch = enqueue_letter(
                session, seal, letter, finished, answers, now, due_at=due_at
            )
            hold_if_outdated(session, letter, letter.dispatch, now)
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
    for consent in signature.consents:
        consent.withdrawn_on = consent.withdrawn_on or day_of(now)
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


def forget_lookups(session: Session, signature: Signature) -> None:
    """Let go of every value by which somebody could be looked up; nobody can ask for them again."""
    ids = [letter.dispatch_id for letter in signature.letters if letter.dispatch_id is not None]
    for dispatch_id in ids:
        session.execute(
            update(Dispatch)
            .where(Dispatch.id == dispatch_id)
            .values(once_key=f"erased:{dispatch_id.hex}")
        )
    signature.person_hash = secrets.token_bytes(HASH_BYTES)
    signature.address_hash = secrets.token_bytes(HASH_BYTES)
    signature.content_hash = secrets.token_bytes(HASH_BYTES)


def stop_answers(signature: Signature, now: datetime) -> None:
    """Pass no more answers on; the letter itself stays as it is."""
    signature.answers_to_me = False
    for consent in signature.consents:
        if consent.purpose is ConsentPurpose.ANSWERS:
            consent.withdrawn_on = consent.withdrawn_on or day_of(now)


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
        # The name itself is used for telling people apart, by its hash, and then let go.
        sealed_name=sealed(form.signed_as, "name"),
        sealed_email=sealed(form.email, "email"),
        sealed_sentence=sealed(form.sentence, "sentence"),
        sealed_town=sealed(form.town, "town"),
        sealed_about=sealed(form.about, "about"),
        writer_form=form.writer_form,
        turn=form.turn,
        consent_version=rules.CONSENT_VERSION,
        consents=[
            GivenConsent(
                purpose=purpose,
                version=rules.CONSENT_VERSION,
                language=form.page_language,
                given_on=day_of(now),
            )
            for purpose in ConsentPurpose
            if purpose is ConsentPurpose.LETTER or form.answers_to_me
        ],
        keep_nothing=form.keep_nothing,
        answers_to_me=form.answers_to_me,
        tell_me=form.tell_me,
        signed_on=day_of(now),
        link_ends_at=rules.link_ends_at(campaign, now),
    )


def _letters(
    session: Session,
    seal: Seal,
    campaign: Campaign,
    form: rules.SignForm,
    signature: Signature,
    chosen: Collection[uuid.UUID],
    now: datetime,
) -> list[Letter]:
    """One letter for each target that is not written to yet, its edited body sealed."""
    templates = current_templates(session, campaign.id)
    day = local_day(campaign, now)
    letters = []
    for preview in compose_letters(campaign, templates, form, signature.form_hash, day):
        if preview.target.id in chosen:
            row = uuid.uuid4()
            body = "\n\n".join(preview.letter.body()) if preview.is_edited else ""
            letters.append(
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
    return letters


def enqueue_letter(
    session: Session,
    seal: Seal,
    letter: Letter,
    finished: FinishedLetter,
    answers: queries.OpenedAnswers,
    now: datetime,
    *,
    again: str = "",
    address: str = "",
    fax: str = "",
    due_at: datetime | None = None,
) -> Dispatch:
    """Put one letter into the outbox, to the office's e-mail address unless another way is given.

    `again` names the address or `fax` number that replaces one that failed.
    """
    campaign = letter.signature.campaign
    return delivery.enqueue(
        session,
        seal,
        letter_message(letter, finished, answers, address=address, fax=fax),
        once_key=f"{letter_key(letter)}{again}",
        lane=Lane.LETTER,
        now=now,
        due_at=due_at,
        is_mixed=campaign.high_risk,
        expires_at=campaign.closes_at,
        gate=campaign.gate,
        time_zone=letter.target.authority.time_zone,
        keep_local=campaign.demonstration is not None,
        counted_as=labels_of(letter.signature, letter),
    )


def letter_key(letter: Letter) -> str:
    """What is unique about a letter, however it leaves.

    By person, not by form: however often somebody signs, one letter reaches each target.
    """
    signature = letter.signature
    person = signature.person_hash.hex()
    return f"letter:{signature.campaign_id.hex}:{person}:{letter.target_id.hex}"


def letter_message(
    letter: Letter,
    finished: FinishedLetter,
    answers: queries.OpenedAnswers,
    *,
    address: str = "",
    fax: str = "",
) -> Message:
    """The mail that carries a finished letter to its office, or its sheet to a fax machine."""
    section = letter.signature.campaign.section
    if fax:
        sheet = print_fax(finished, fax, paper=paper_in(letter.signature.country))
        return Message(
            # What a gateway says of its work is no answer of the office, and goes to the section.
            sender_name=section.sender_name,
            sender_address=section.sender_address,
            reply_to=section.reply_to,
            to_address="",
            to_fax=fax,
            subject=finished.subject,
            # Many gateways print a text as a page of its own.
            text="",
            language=finished.language,
            attachments=(Attachment("letter.pdf", "application/pdf", sheet),),
        )
    return Message(
        # From ours, with the writer's name: the writer's own address would fail DMARC.
        sender_name=answers.name,
        sender_address=section.sender_address,
        reply_to=section.reply_to,
        # An address of ours stands for the writer's own, which the office never sees.
        relay_answers=section.relay_answers or letter.signature.answers_to_me,
        to_address=address or rules.email_of(letter.target.authority),
        subject=finished.subject,
        text=mail_text(finished),
        language=finished.language,
    )
